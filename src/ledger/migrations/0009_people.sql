-- The people of a Page: fetched from Meta, chosen by filters, suppressed and erased by the operator.

-- The state of their re-opt-in in Meta's words, in lower case.
alter table recipients add column reoptin text;
-- Why the operator suppressed them, in the operator's words.
alter table recipients add column note text;

-- Audiences that are filled from Meta's token list and are not whole yet. cursor: where the next page begins; null: at the start.
-- asked: what was asked for, since a cursor belongs to its question.
create table fetches (
  audience   integer primary key references audiences (id),
  asked      text    not null,
  cursor     text,
  begun_at   integer not null,
  pages      integer not null default 0,
  rows       integer not null default 0,
  unreadable integer not null default 0,
  folded     integer not null default 0,
  new        integer not null default 0
) strict;

-- Who got messages, when, and what they did with them.
create index sends_reached on sends (recipient, finished_at, read_at, clicked_at) where state = 2;
