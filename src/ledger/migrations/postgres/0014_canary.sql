-- A broadcast that goes to a few people first: as SQLite's.
create table canaries (
  broadcast  int8   primary key references broadcasts (id),
  wait       int8   not null,
  max_failed float8 not null,
  listing    int8,
  sent_at    int8,
  passed_at  int8,
  hears      int2   not null,
  asked      text   not null
);
