-- On which server, in which of its lives, the ledger was last written, and whether a standby had each commit.
alter table ledger add column server text, add column replicated int2 not null default 0;
