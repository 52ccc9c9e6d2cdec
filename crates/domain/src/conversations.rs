//! Conversations: what people write to the workspace and what is answered, one for each person, account and place to talk.
//!
//! ```text
//! delivery ──► receive ──► message, conversation, fact
//!              reply ────► message, effect, job deliver ──► begin ─ dispatch ─ (call) ─ record, or settle
//! ```
//!
//! * [`receiving`]: whatever comes from a platform, once and in any order; [`marks`] are edits, reactions and what was read.
//! * [`replies`]: an answer is checked and written; [`sending`]: what the job does with it.
//! * [`actions`]: assign, put off, close, read, claim.
//! * [`lists`] and [`timeline`]: the inbox, a conversation, and search.
//! * [`attachments`], [`notes`], [`canned`], [`views`].
//!
//! Order of locks: the identity of the person, the conversation, its messages. Facts name ids and not texts: what a person
//! wrote can be taken back, and has to go when it is.

pub mod actions;
pub mod attachments;
pub mod canned;
pub mod lists;
pub mod marks;
pub mod notes;
pub mod receiving;
pub mod replies;
pub mod sending;
mod texts;
pub mod timeline;
pub mod views;

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_queue::facts::NewFact;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    channels::{Platform, Surface},
    events,
    ids::{ChannelAccountId, ContactId, ContactIdentityId, ConversationId, MessageId, UserId},
    problems::{Problem, Result},
    tenancy::TenantTx,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = ConversationStatus)]
pub enum Status {
    Open,
    Snoozed,
    Closed,
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Open, Self::Snoozed, Self::Closed];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Closed => "closed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = MessageDirection)]
pub enum Direction {
    In,
    Out,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = MessageAuthorKind)]
pub enum AuthorKind {
    Contact,
    User,
    Machine,
    /// Somebody typed it in the platform's own app.
    Platform,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = MessageKind)]
pub enum Kind {
    Text,
    Comment,
    Mention,
    Postback,
    Attachment,
    Unknown,
}

/// How far an outgoing message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = MessageState)]
pub enum MessageState {
    Queued,
    Sent,
    Delivered,
    Read,
    /// The channel's rules or the platform said no.
    Refused,
    /// It left, and nobody knows yet whether it arrived.
    Unknown,
    /// Given up.
    Failed,
}

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
pub struct Conversation {
    pub id: ConversationId,
    pub account_id: ChannelAccountId,
    pub identity_id: ContactIdentityId,
    pub contact_id: ContactId,
    /// Name of the contact; empty while nobody knows it.
    pub contact_name: String,
    pub contact_avatar_url: Option<String>,
    pub platform: Platform,
    pub surface: Surface,
    /// The post or root that comments are about; empty for direct messages.
    pub thread_key: String,
    pub status: Status,
    pub assignee_id: Option<UserId>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub snoozed_until: Option<OffsetDateTime>,
    /// Who is answering at the moment; only as long as `claimed_until` is not over.
    pub claimed_by: Option<UserId>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub claimed_until: Option<OffsetDateTime>,
    pub unread_count: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub last_activity_at: OffsetDateTime,
    /// When the person wrote last, in the platform's time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_inbound_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_outbound_at: Option<OffsetDateTime>,
    /// Since when the person waits for an answer.
    #[serde(with = "time::serde::rfc3339::option")]
    pub awaiting_since: Option<OffsetDateTime>,
    /// When their answer is due, by the workspace's first response target.
    #[serde(with = "time::serde::rfc3339::option")]
    pub answer_due_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub delivered_until: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub read_until: Option<OffsetDateTime>,
    /// Beginning of the newest message.
    pub preview: String,
    pub preview_direction: Direction,
    pub was_invited: bool,
    /// A human spoke, so the machine is silent.
    pub machine_paused: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub closed_at: Option<OffsetDateTime>,
}

pub(crate) const COLUMNS: &str = "c.id, c.account_id, c.identity_id, c.contact_id, p.name as contact_name,
    p.avatar_url as contact_avatar_url, c.platform, c.surface, c.thread_key, c.status, c.assignee_id, c.snoozed_until,
    c.claimed_by, c.claimed_until, c.unread_count, c.last_activity_at, c.last_inbound_at, c.last_outbound_at,
    c.awaiting_since, c.awaiting_since + make_interval(mins => (select first_response_minutes())) as answer_due_at,
    c.delivered_until, c.read_until, c.preview, c.preview_direction, c.was_invited, c.machine_paused,
    c.created_at, c.updated_at, c.closed_at";
pub(crate) const WITH_CONTACT: &str = " join contacts p on p.tenant_id = c.tenant_id and p.id = c.contact_id";

pub async fn get(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    find(tx, id, "").await
}

/// How many messages there are, in all conversations. Reads them all: for checks.
pub async fn count_messages(tx: &mut TenantTx) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("select count(*) from messages").fetch_one(tx.conn()).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Takes the conversation for this transaction.
pub(crate) async fn lock(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    find(tx, id, " for no key update of c").await
}

async fn find(tx: &mut TenantTx, id: ConversationId, lock: &'static str) -> Result<Conversation> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from conversations c").push(WITH_CONTACT).push(" where c.id = ").push_bind(id);
    tx.scope().and_conversation(&mut query);
    query.push(lock);
    let found = query.build_query_as().fetch_optional(tx.conn()).await?;
    found.ok_or_else(|| Problem::missing("conversation").into())
}

/// What a fact about a conversation, or about a message in it, tells: ids, and what filters need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub conversation: ConversationId,
    pub account: ChannelAccountId,
    pub contact: ContactId,
    pub platform: Platform,
    pub surface: Surface,
}

impl Conversation {
    pub(crate) fn about(&self) -> About {
        About {
            conversation: self.id,
            account: self.account_id,
            contact: self.contact_id,
            platform: self.platform,
            surface: self.surface,
        }
    }
}

impl About {
    fn data(self, entity_kind: &str, entity_id: &str) -> serde_json::Value {
        let mut data = events::data(entity_kind, entity_id, None);
        data["conversation"] = json!({
            "id": self.conversation, "account": self.account, "contact": self.contact, "platform": self.platform,
            "surface": self.surface,
        });
        data
    }

    /// Facts of a conversation are read in their order.
    fn key(self) -> String {
        format!("conversation/{}", self.conversation)
    }

    pub(crate) fn publish(self, tx: &mut TenantTx, event: &'static str) {
        let data = self.data("conversation", &self.conversation.to_string());
        tx.publish(NewFact::new(event, 1, self.key(), data));
    }

    /// `what` says more of the message: its kind, its state, what changed in it.
    pub(crate) fn publish_message(
        self,
        tx: &mut TenantTx,
        event: &'static str,
        id: MessageId,
        what: serde_json::Value,
    ) {
        let mut data = self.data("message", &id.to_string());
        data["message"] = what;
        tx.publish(NewFact::new(event, 1, self.key(), data));
    }
}
