-- What the operator calls a broadcast (--label); null: nothing.
alter table broadcasts add column label text;
