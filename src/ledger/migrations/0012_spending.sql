-- What Meta said an ad account spent on a day, which begins at that time in the account's zone: in thousandths of the currency's smallest
-- unit. On a server a claim under a spend limit locks the day's row.
create table spending (
  ad_account text    not null,
  day        integer not null,
  spent      integer not null default 0,
  primary key (ad_account, day)
) strict, without rowid;
