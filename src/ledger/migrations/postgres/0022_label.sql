-- What the operator calls a broadcast: as SQLite's.
alter table broadcasts add column label text;
