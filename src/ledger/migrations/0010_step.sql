-- How many steps a run has made: on a server, where another machine may end it, each of its transactions begins there.
alter table runs add column step integer not null default 0;
