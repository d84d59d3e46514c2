-- The ledger. All times are milliseconds since 1970-01-01 UTC. Never edit this file: add a numbered one.

-- One row. newest_at is the newest time this ledger has seen, so that a clock behind it is found out before anything is planned.
create table ledger (
  id         integer primary key check (id = 1),
  graph_host text,
  newest_at  integer not null default 0
) strict;
insert into ledger (id) values (1);

-- One row for each subscription token ever seen. key is the first half of SHA-256(token).
create table recipients (
  id                         integer primary key,
  key                        blob    not null unique,
  token                      text    not null,
  page                       text    not null,
  blocked_until              integer not null default 0,
  blocked_until_before_claim integer,
  next_eligible_at           integer,
  expires_at                 integer,
  time_zone                  text,
  psid                       text,
  suppressed                 text,              -- why; null: not suppressed
  suppressed_at              integer
) strict;

create table audiences (
  id          integer primary key,
  page        text    not null,
  name        text    not null,
  rows        integer not null default 0,
  imported_at integer,                          -- null: an import that did not finish
  source      text    not null
) strict;
create index audiences_named on audiences (page, name, imported_at);

create table audience_rows (
  audience   integer not null references audiences (id),
  recipient  integer not null references recipients (id),
  row_values text,
  primary key (audience, recipient)
) strict, without rowid;

create table broadcasts (
  id          integer primary key,
  page        text    not null,
  ad_account  text    not null,
  campaign    text    not null,
  fingerprint blob    not null,
  repeat      integer not null default 0,
  message     text    not null,
  new_message integer not null default 0,      -- 1: may go to people whom another message of the campaign reached
  created_at  integer not null,
  finished_at integer,
  unique (page, campaign, fingerprint, repeat)
) strict;

-- A list given to a broadcast. It counts once planned_at is committed.
create table listings (
  id         integer primary key,
  broadcast  integer not null references broadcasts (id),
  source     text    not null,
  rows       integer not null,
  rows_hash  blob    not null,
  created_at integer not null,
  planned_at integer,
  unique (broadcast, rows_hash)
) strict;

create table runs (
  id         integer primary key,
  uuid       text    not null unique,          -- names its lock file
  broadcast  integer not null references broadcasts (id),
  host       text    not null,
  pid        integer not null,
  started_at integer not null,
  ended_at   integer,
  why        text
) strict;
create index runs_open on runs (id) where ended_at is null;

-- state: 0 pending, 1 claimed, 2 accepted, 3 refused, 4 skipped, 5 unknown.
create table sends (
  id             integer primary key,
  broadcast      integer not null,
  recipient      integer not null,
  listing        integer not null,             -- the listing whose values stand; the row can go out once that one is planned
  state          integer not null default 0,
  not_before     integer not null default 0,
  laters         integer not null default 0,
  first_later_at integer,
  row_values     text,
  reason         text,
  run            integer,
  claimed_at     integer,
  finished_at    integer,
  tracking_id    text,
  http_status    integer,
  code           integer,
  subcode        integer,
  fbtrace_id     text,
  attempts       integer not null default 0,
  echoed_at      integer,
  delivered_at   integer,
  read_at        integer,
  clicked_at     integer,
  failed_at      integer,
  failure        text,
  attribution    text
) strict;
-- At most one row for a person in a broadcast; also the way from a webhook's token and campaign to its send.
create unique index sends_once on sends (broadcast, recipient);
-- What may go out next, first due first. Its head is where the writer claims.
create index sends_pending on sends (broadcast, not_before) where state = 0;
-- What a dead run left behind.
create index sends_claimed on sends (run) where state = 1;
-- Every doubt of the ledger.
create index sends_unknown on sends (broadcast) where state = 5;

create table listing_rows (
  listing integer not null,
  send    integer not null,
  primary key (listing, send)
) strict, without rowid;

-- Sums kept in the commits that they count, so that a report does not scan. hour: hours since 1970.
create table counters (
  broadcast integer not null,
  hour      integer not null,
  what      text    not null,
  n         integer not null,
  primary key (broadcast, hour, what)
) strict, without rowid;

-- How many rows of a broadcast are in each state, kept likewise.
create table states (
  broadcast integer not null,
  state     integer not null,
  n         integer not null,
  primary key (broadcast, state)
) strict, without rowid;

-- What was learned of an ad account's limits, and the one budget that all processes on this ledger share.
create table pace (
  ad_account   text    primary key,
  rate         real    not null,               -- sends a second that the limits seem to allow
  usage        real,                           -- the last usage told, of 1
  next_at      real    not null default 0,     -- when the next send is due, in milliseconds
  paused_until integer not null default 0,
  refusals     integer not null default 0,     -- rate refusals in a row
  updated_at   integer not null default 0
) strict;

create table audit (
  id      integer primary key,
  at      integer not null,
  who     text    not null,
  command text    not null,
  what    text    not null
) strict;
