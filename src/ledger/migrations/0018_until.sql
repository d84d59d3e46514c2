-- Nothing of a broadcast goes out after this time (--until); null: as long as its campaign goes on.
alter table broadcasts add column closes_at integer;
