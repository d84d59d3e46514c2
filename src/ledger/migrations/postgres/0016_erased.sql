-- People who were erased: as SQLite's.
alter table ledger add column erasure_key bytea;
alter table recipients add column erased_at int8;
alter table fetches add column erased int8 not null default 0;
