-- Mail that the demo keeps belongs to a workspace: an administrator reads only what was sent for theirs.
alter table system.outbox_mails add column tenant_id uuid;
comment on column system.outbox_mails.tenant_id is 'Whose administrator may read it; null for mail to people of several workspaces.';
