-- What the campaign of a broadcast was called: as SQLite's.
alter table broadcasts add column campaign_name text;
