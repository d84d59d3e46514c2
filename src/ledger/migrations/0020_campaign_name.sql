-- What the campaign of a broadcast was called when it was last sent with; null: sent before this was kept.
alter table broadcasts add column campaign_name text;
