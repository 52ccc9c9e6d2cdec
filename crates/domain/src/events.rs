//! The catalogue of domain events: what may be published, in which version, and who may hear it. Outbound webhooks, live
//! updates and (later) analytics all read these and no others. `docs/reference/events.md` is written from this table.
//!
//! Every audit entry of a workspace is published as the event of the same name, so what is audited is heard of. Other
//! events are published by the functions that make them true.
//!
//! Versions: fields may be added to the data of an event at any time. Anything else is a new version, sent beside the old.

use std::time::Duration;

use serde_json::{Value, json};
use socialai_queue::facts::{self, Fact, NewFact};

use crate::{
    audit::{Actor, Entry},
    ids::TenantId,
    permissions::Permission,
    problems::Result,
    tenancy::{Databases, TenantTx},
};

/// One kind of event.
#[derive(Debug)]
pub struct Event {
    pub name: &'static str,
    pub version: i16,
    /// A sentence for who chooses it.
    pub summary: &'static str,
    /// Needed to hear it in live updates and to read it in a delivery's log.
    pub heard_with: Permission,
    /// Whether webhook endpoints can have it. Some are only for the workspace's own pages.
    pub is_public: bool,
}

macro_rules! events {
    ($($name:literal, $version:literal, $permission:ident, $public:ident, $summary:literal;)*) => {
        pub const CATALOGUE: &[Event] = &[$(Event {
            name: $name, version: $version, summary: $summary, heard_with: Permission::$permission, is_public: $public,
        }),*];
    };
}

events! {
    "user.added", 1, UsersRead, true, "Somebody joined the workspace.";
    "user.created_by_sso", 1, UsersRead, true, "Somebody joined by logging in through single sign-on.";
    "user.renamed", 1, UsersRead, true, "Somebody's name changed.";
    "user.role_changed", 1, UsersRead, true, "Somebody got another role.";
    "user.status_changed", 1, UsersRead, true, "Somebody was disabled or enabled.";
    "user.removed", 1, UsersRead, true, "Somebody left the workspace.";
    "user.password_reset", 1, UsersManage, true, "Somebody set a new password by a reset link.";
    "user.password_reset_sent", 1, UsersManage, true, "A password reset link was sent.";
    "user.mfa_reset", 1, UsersManage, true, "Somebody's second factors were removed.";
    "user.factors_changed", 1, UsersManage, true, "Somebody changed their second factors.";
    "user.sso_linked", 1, UsersManage, true, "Somebody was linked to an account of single sign-on.";
    "invitation.created", 1, UsersManage, true, "Somebody was invited.";
    "invitation.renewed", 1, UsersManage, true, "An invitation was sent again.";
    "invitation.revoked", 1, UsersManage, true, "An invitation was withdrawn.";
    "invitation.accepted", 1, UsersManage, true, "Somebody accepted an invitation.";
    "session.opened", 1, UsersManage, true, "Somebody logged in.";
    "session.ended", 1, UsersManage, true, "Somebody was logged out.";
    "api_key.created", 1, ApiKeysRead, true, "An API key was made.";
    "api_key.rotated", 1, ApiKeysRead, true, "An API key got a new secret.";
    "api_key.revoked", 1, ApiKeysRead, true, "An API key was revoked.";
    "settings.changed", 1, SettingsRead, true, "The security policy of the workspace changed, or when answers are due.";
    "tenant.renamed", 1, SettingsRead, true, "The workspace got another name.";
    "tenant.status_changed", 1, SettingsRead, true, "The workspace was suspended or activated.";
    "tenant.weight_changed", 1, SettingsRead, false, "The workspace got another share of the workers.";
    "sso.changed", 1, SsoRead, true, "The single sign-on settings changed.";
    "sso.removed", 1, SsoRead, true, "Single sign-on was switched off.";
    "sso.log_in_tested", 1, SsoRead, false, "A log-in through single sign-on was tried out.";
    "audit_log.exported", 1, AuditRead, true, "The audit log was downloaded.";
    "job.died", 1, WorkRead, true, "Work was given up and waits among the dead letters.";
    "dead_letters.replayed", 1, WorkRead, true, "Dead letters were tried again.";
    "dead_letters.discarded", 1, WorkRead, true, "Dead letters were discarded.";
    "effect.unknown", 1, WorkRead, true, "It is not known whether an act on another system took place.";
    "effect.settled", 1, WorkRead, true, "It was found out whether an act on another system took place.";
    "effect.settled_by_hand", 1, WorkRead, false, "Somebody said what became of an act on another system.";
    "webhook_endpoint.created", 1, WebhooksRead, true, "A webhook endpoint was added.";
    "webhook_endpoint.changed", 1, WebhooksRead, true, "A webhook endpoint was changed.";
    "webhook_endpoint.removed", 1, WebhooksRead, true, "A webhook endpoint was removed.";
    "webhook_endpoint.secret_rotated", 1, WebhooksRead, true, "A webhook endpoint got a new secret.";
    "webhook_endpoint.disabled", 1, WebhooksRead, true, "A webhook endpoint was switched off, by hand or after days of failures.";
    "webhook_endpoint.enabled", 1, WebhooksRead, true, "A webhook endpoint was switched on again.";
    "webhook_delivery.changed", 1, WebhooksRead, false, "A delivery to a webhook endpoint was tried.";
    "webhook_delivery.replayed", 1, WebhooksRead, false, "Somebody sent deliveries again.";
    "webhook.test", 1, WebhooksRead, true, "A test that an administrator sent to an endpoint.";
    "alert_rule.changed", 1, AlertsRead, true, "An alert rule was changed.";
    "alert_target.created", 1, AlertsRead, true, "An alert target was added.";
    "alert_target.changed", 1, AlertsRead, true, "An alert target was changed.";
    "alert_target.removed", 1, AlertsRead, true, "An alert target was removed.";
    "alert_target.tested", 1, AlertsRead, false, "A test alert was sent to a target.";
    "alert.raised", 1, AlertsRead, true, "A rule was broken and an alert went out.";
    "alert.resolved", 1, AlertsRead, true, "What an alert was about is over.";
    "message.received", 1, ConversationsRead, true, "Somebody wrote to the workspace.";
    "message.updated", 1, ConversationsRead, true, "A message was edited, taken back, reacted to, delivered or read, its attachments came, or the platform said when it was sent.";
    "reply.written", 1, ConversationsRead, true, "An answer was written and waits to be sent.";
    "reply.sent", 1, ConversationsRead, true, "An answer has been sent.";
    "reply.failed", 1, ConversationsRead, true, "An answer was refused or given up.";
    "reply.sent_elsewhere", 1, ConversationsRead, true, "Somebody answered in the platform's own app.";
    "conversation.opened", 1, ConversationsRead, true, "A conversation began.";
    "conversation.assigned", 1, ConversationsRead, true, "A conversation was given to somebody, or to nobody.";
    "conversation.snoozed", 1, ConversationsRead, true, "A conversation was put off.";
    "conversation.woken", 1, ConversationsRead, true, "A conversation that was put off is open again.";
    "conversation.closed", 1, ConversationsRead, true, "A conversation was closed.";
    "conversation.reopened", 1, ConversationsRead, true, "A closed conversation was opened again.";
    "conversation.machine_paused", 1, ConversationsRead, true, "Somebody told the machine to be silent in a conversation.";
    "conversation.machine_resumed", 1, ConversationsRead, true, "Somebody let the machine go on in a conversation.";
    "conversation.changed", 1, ConversationsRead, false, "A conversation was read, claimed or let go.";
    "conversation_note.written", 1, ConversationsRead, true, "Somebody wrote a note about a conversation.";
    "conversation_note.changed", 1, ConversationsRead, true, "A note about a conversation was changed.";
    "conversation_note.removed", 1, ConversationsRead, true, "A note about a conversation was removed.";
    "contact.changed", 1, ConversationsRead, true, "What is known of a contact was changed.";
    "contact.merged", 1, ConversationsRead, true, "Two contacts became one.";
    "contact.parted", 1, ConversationsRead, true, "Contacts that had become one were parted again.";
    "contact.erased", 1, ConversationsRead, true, "Everything of a person was erased, because a platform asked for it.";
    "canned_reply.created", 1, ConversationsRead, true, "A canned reply was added.";
    "canned_reply.changed", 1, ConversationsRead, true, "A canned reply was changed.";
    "canned_reply.removed", 1, ConversationsRead, true, "A canned reply was removed.";
    "saved_view.created", 1, ConversationsRead, false, "A view of the inbox was saved.";
    "saved_view.changed", 1, ConversationsRead, false, "A view of the inbox was changed.";
    "saved_view.removed", 1, ConversationsRead, false, "A view of the inbox was removed.";
    "channel_account.connected", 1, ChannelsRead, true, "An account was connected, for the first time or again.";
    "channel_account.changed", 1, ChannelsRead, true, "The settings of a channel account were changed.";
    "channel_account.state_changed", 1, ChannelsRead, true, "A channel account works better or worse than before.";
    "channel_account.disconnected", 1, ChannelsRead, true, "An account was disconnected.";
    "channel_app.saved", 1, ChannelsRead, true, "The workspace's own app at a platform was set.";
    "channel_app.removed", 1, ChannelsRead, true, "The workspace's own app at a platform was removed.";
    "channel_gap.opened", 1, ChannelsRead, true, "Messages of a channel account may be missing from now on.";
    "channel_gap.closed", 1, ChannelsRead, true, "A time in which messages may be missing is over.";
}

/// The event of that name, in its newest version.
pub fn find(name: &str) -> Option<&'static Event> {
    CATALOGUE.iter().filter(|event| event.name == name).max_by_key(|event| event.version)
}

/// What an audit entry says, to those who are told. The actor stays in the audit log.
pub(crate) fn of_entry(entry: &Entry) -> NewFact {
    let version = find(entry.action).map_or(1, |event| event.version);
    let key = format!("{}/{}", entry.entity_kind, entry.entity_id);
    NewFact::new(entry.action, version, key, data(entry.entity_kind, &entry.entity_id, entry.changes.clone()))
}

/// The data of an event: what it is about, and what changed in it.
pub fn data(entity_kind: &str, entity_id: &str, changes: Option<Value>) -> Value {
    let mut data = json!({ "entity": { "kind": entity_kind, "id": entity_id } });
    if let (Some(changes), Some(fields)) = (changes, data.as_object_mut()) {
        fields.insert("changes".to_owned(), changes);
    }
    data
}

/// Events of this tenant after a position, in their order.
pub async fn read_after(tx: &mut TenantTx, position: i64, limit: i64) -> Result<Vec<Fact>> {
    let tenant = tx.tenant().0;
    Ok(facts::read_of(tx.conn(), tenant, position, limit).await?)
}

/// The position after everything that is committed at this moment. Events that still wait for theirs are placed first.
pub async fn now(databases: &Databases, tenant: TenantId) -> Result<i64> {
    const TRIES: u32 = 50;
    let place = databases.place(tenant).await?;
    for _ in 0..TRIES {
        let mut tx = databases.system_at(place.shard.as_deref(), Actor::system("live")).await?;
        facts::place(tx.engine(), 1000).await?;
        let waiting: bool = sqlx::query_scalar("select exists (select from system.outbox where tenant_id = $1)")
            .bind(tenant)
            .fetch_one(tx.engine())
            .await?;
        let newest = facts::newest(tx.engine()).await?;
        tx.commit().await?;
        if !waiting {
            return Ok(newest);
        }
        // Another process is placing them.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut tx = databases.system_at(place.shard.as_deref(), Actor::system("live")).await?;
    let newest = facts::newest(tx.engine()).await?;
    tx.rollback().await?;
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_there_once_and_explains_itself() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|event| (event.name, event.version)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len());
        for event in CATALOGUE {
            assert_eq!(event.name.split('.').count(), 2, "{}", event.name);
            assert!(event.summary.ends_with('.'), "{}", event.name);
        }
    }

    #[test]
    fn event_of_an_audit_entry_says_what_it_is_about_and_what_changed() {
        let entry = Entry::new("user.renamed", "user", "usr_1").changed(json!({ "name": "A" }), json!({ "name": "B" }));
        let fact = of_entry(&entry);
        assert_eq!((fact.kind.as_str(), fact.key.as_str()), ("user.renamed", "user/usr_1"));
        assert_eq!(fact.data["entity"], json!({ "kind": "user", "id": "usr_1" }));
        assert_eq!(fact.data["changes"]["after"]["name"], "B");
    }
}
