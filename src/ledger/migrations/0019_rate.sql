-- A rate that runs were given is shared by all that send for the account: the largest at work, when it was last asked for, and when the
-- next send is due; null: none was given.
alter table pace add column fixed_rate real;
alter table pace add column fixed_asked_at integer;
alter table pace add column fixed_next_at real;
