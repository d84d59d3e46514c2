-- An old copy of a ledger is found out, and nothing goes out until a person says since when it is out of date.
-- identity names the file in the folder runs that says how far this ledger has got; steps is what is compared with it.
alter table ledger add column identity text not null default '';
update ledger set identity = lower(hex(randomblob(16)));
alter table ledger add column steps integer not null default 0;
-- Why nothing may be planned or claimed: restored, refused; null: it may. Of restored: what the copy knows until, and what was seen of it.
alter table ledger add column gate text;
alter table ledger add column gate_from integer;
alter table ledger add column gate_until integer;
-- Once a person accepted an old copy: when that was, and until when everybody's cool-down lasts.
alter table ledger add column restored_at integer not null default 0;
alter table ledger add column nobody_before integer not null default 0;
