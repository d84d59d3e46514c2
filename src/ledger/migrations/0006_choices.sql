-- The newest stop or resume of a person that was told by Page and PSID, without a token: for tokens that turn out to be theirs.
create table choices (
  page      text    not null,
  psid      text    not null,
  at        integer not null,
  opted_out integer not null,
  primary key (page, psid)
) strict, without rowid;
-- All tokens of a person.
create index recipients_of_person on recipients (psid, page) where psid is not null;
-- What Meta did about a Page (kind 8).
create index events_policy on events (page) where kind = 8;

-- An event dated ahead outranked all that came later. None counts as later than when it was received; for those that came before, that
-- is now at the latest.
update recipients set opt_at = min(opt_at, unixepoch() * 1000), optin_at = min(optin_at, unixepoch() * 1000),
  suppressed_at = min(suppressed_at, unixepoch() * 1000)
  where max(coalesce(opt_at, 0), coalesce(optin_at, 0), coalesce(suppressed_at, 0)) > unixepoch() * 1000;
