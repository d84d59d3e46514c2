-- Nothing of a broadcast goes out after this time: as SQLite's.
alter table broadcasts add column closes_at int8;
