-- What Meta calls a Page, as it last said: for people who read its ID.
create table pages (
  page text not null primary key,
  name text not null
) strict, without rowid;
