-- What Meta calls a Page: as SQLite's.
create table pages (
  page text collate "C" primary key,
  name text not null
);
