-- Changes of campaigns at Meta (pause, resume, edit). A row is written before the request (done = 0) and marked or removed after it, so that
-- the next command finds one that was cut off; those that are done stay for a day, because Meta limits how often a budget is changed.
-- campaign is the message's ID, edit the change as JSON, uuid names the lock file of the command.
create table edits (
  id             integer primary key,
  uuid           text    not null unique,
  ad_account     text    not null,
  campaign       text    not null,
  edit           text    not null,
  changes_budget integer not null,
  done           integer not null,
  who            text    not null,
  started_at     integer not null
) strict;
