-- A broadcast with several messages: as SQLite's.
alter table broadcasts add column split text;
alter table sends add column arm int2;
