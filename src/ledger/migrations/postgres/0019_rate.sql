-- A rate that runs were given is shared by all that send for the account: as SQLite's.
alter table pace add column fixed_rate float8, add column fixed_asked_at int8, add column fixed_next_at float8;
