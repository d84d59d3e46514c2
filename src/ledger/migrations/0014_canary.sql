-- A broadcast that goes to a few people first. asked: 1% or a number of people; wait in milliseconds; max_failed as a share; hears: 0 if it is
-- judged without events. listing: its people, once they are chosen. sent_at: when the last of them was asked, which begins the wait.
create table canaries (
  broadcast  integer primary key references broadcasts (id),
  asked      text    not null,
  wait       integer not null,
  max_failed real    not null,
  hears      integer not null,
  listing    integer,
  sent_at    integer,
  passed_at  integer
) strict;
