-- At which hours a broadcast may go out: as SQLite's.
alter table broadcasts
  add column opens_at    int8,
  add column local_since int8,
  add column min_gap     int8,
  add column quiet_hours text,
  add column local_time  text,
  add column time_zone   text;
