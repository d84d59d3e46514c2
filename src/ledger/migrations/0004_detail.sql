-- What an event says besides its columns: why delivery failed, or what an opt-in said. It is read from Meta's JSON once, when the
-- event comes.
alter table events add column detail text;
-- Of events that came before: those that wait, and opt-ins. Both are found by an index.
update events set detail = case when json_valid(raw) then raw ->> '$.error_message' end where how = 3;
update events set detail = case when json_valid(raw) then lower(raw ->> '$.optin.notification_messages_status') end
  where send is null and recipient is not null and kind = 5;
