-- Reasons of failures and codes of refusals are asked for by the hour in which the message was claimed, as all counters are. The
-- first index holds all that is asked for, so that no row is read.
drop index sends_failed;
create index sends_failed on sends (broadcast, claimed_at, failure, failed_at, delivered_at, read_at, clicked_at)
  where failed_at is not null and delivered_at is null and read_at is null and clicked_at is null;
drop index sends_refused;
create index sends_refused on sends (broadcast, claimed_at, code) where state = 3;

-- What was told of a person without a send of theirs: opt-ins, events of sends elsewhere or on the wire.
create index events_of_person on events (recipient) where send is null and recipient is not null;
