-- A broadcast with several messages. split: its arms as JSON, in the order in which sends name them; null: one message.
alter table broadcasts add column split text;
alter table sends add column arm integer;
