-- At which hours a broadcast may go out. quiet_hours as 21:00-08:00, in each person's time zone; opens_at: nobody before; local_time as 09:00:
-- nobody before it is that late where they are, for the first time since local_since. time_zone: of people whose own is not known.
-- min_gap: min_conversation_gap_seconds of its sends.
alter table broadcasts add column quiet_hours text;
alter table broadcasts add column opens_at integer;
alter table broadcasts add column local_time text;
alter table broadcasts add column local_since integer;
alter table broadcasts add column time_zone text;
alter table broadcasts add column min_gap integer;
