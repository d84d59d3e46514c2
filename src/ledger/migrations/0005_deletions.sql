-- Campaigns that a command is about to delete at Meta. A row is written before the request and removed once the campaign's pending rows
-- are closed, so that the next run finishes a command that was cut off in between. uuid names the lock file of the command.
create table deletions (
  id         integer primary key,
  uuid       text    not null unique,
  ad_account text    not null,
  campaign   text    not null,
  who        text    not null,
  started_at integer not null
) strict;
