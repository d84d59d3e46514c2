-- What Meta said an ad account spent on a day: as SQLite's.
create table spending (
  day        int8 not null,
  spent      int8 not null default 0,
  ad_account text collate "C" not null,
  primary key (ad_account, day)
) with (fillfactor = 50);
