-- How long people may wait for an answer: a target of the workspace, by which the inbox tells what is due.

-- Null: the workspace never decided.
alter table settings add column first_response_minutes int check (first_response_minutes between 1 and 10080);
comment on table settings is 'What the workspace decided: its security policy, and when answers are due; one row.';

-- The target in force; the one place that knows what holds where nobody decided.
create function first_response_minutes() returns int
language sql stable
begin atomic
    select coalesce((select s.first_response_minutes from settings s), 60);
end;

revoke execute on function first_response_minutes() from public;
grant execute on function first_response_minutes() to socialai_app;
