-- What webhooks told.

-- key: seconds of the event's time, then a hash of what makes two notices the same event. The time comes first so that the index
-- grows at its end, as events do. Never read for its parts.
-- kind: 0 echoed, 1 delivered, 2 read, 3 clicked, 4 failed, 5 opt-in, 6 upload status, 7 other.
-- how: 0 exact, 1 inferred, 2 ambiguous, 3 waits for the outcome of a request, 4 of no send in this ledger, null: not of a send.
create table events (
  id          integer primary key,
  key         blob    not null unique,
  kind        integer not null,
  page        text,
  recipient   integer,
  campaign    text,
  tracking_id text,
  mid         text,
  occurred_at integer not null,
  received_at integer not null,
  send        integer,
  how         integer,
  raw         text    not null
) strict;
-- Events to be judged again once a request's outcome is known.
create index events_waiting on events (recipient) where how = 3;

-- Sends that failed after they were accepted, for the reasons.
create index sends_failed on sends (broadcast, failed_at, failure)
  where failed_at is not null and delivered_at is null and read_at is null and clicked_at is null;
-- Refusals, for their codes.
create index sends_refused on sends (broadcast, finished_at, code) where state = 3;

-- The newest stop or resume of a person, and the newest opt-in event, so that their order does not matter.
alter table recipients add column opt_at integer;
alter table recipients add column opted_out integer;
alter table recipients add column optin_at integer;
