-- How many people of a split got nothing, for reports.
create index sends_held_out on sends (broadcast) where state = 4 and reason = 'holdout';
