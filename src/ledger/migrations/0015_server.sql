-- On which server a ledger is, and whether a standby had all of it: as on a server, where they say whether another one took its place.
alter table ledger add column server text;
alter table ledger add column replicated integer not null default 0;
