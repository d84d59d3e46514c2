-- Reasons of failures and codes of refusals are asked for by the hour in which the message was claimed, as all counters are. The
-- first index holds all that is asked for, so that no row is read.
drop index sends_failed;
create index sends_failed on sends (broadcast, claimed_at, failure, failed_at, delivered_at, read_at, clicked_at)
  where failed_at is not null and delivered_at is null and read_at is null and clicked_at is null;
drop index sends_refused;
create index sends_refused on sends (broadcast, claimed_at, code) where state = 3;

-- What was told of a person without a send of theirs: opt-ins, events of sends elsewhere or on the wire.
create index events_of_person on events (recipient) where send is null and recipient is not null;

-- Requests after which the row was pending again; the last request of any other row stands in the row itself.
-- outcome: back (nothing was accepted, and nothing speaks against the person), later, or what the row was before a person put it
-- back: refused, unknown.
create table attempts (
  id          integer primary key,
  send        integer not null,
  claimed_at  integer not null,
  finished_at integer not null,
  outcome     text    not null,
  reason      text,
  code        integer,
  subcode     integer,
  fbtrace_id  text
) strict;
create index attempts_of_send on attempts (send);
