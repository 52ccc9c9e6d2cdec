-- The installation's own audit log is streamed to a collector like the tenants' logs.
alter table system.audit_heads add column streamed_seq bigint not null default 0;
comment on column system.audit_heads.streamed_seq is 'How far the log was sent to the collector of SOCIALAI_AUDIT_STREAM.';
