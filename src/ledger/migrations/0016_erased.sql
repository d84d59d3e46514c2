-- People who were erased. Of each token a row is left that has none: key is a keyed hash of what it was, psid another. The key of these hashes is
-- made when the first person is erased; null: nobody was.
alter table ledger add column erasure_key blob;
alter table recipients add column erased_at integer;
-- Entries of Meta's list that are of erased people.
alter table fetches add column erased integer not null default 0;
