//! A conversation as it is read: its messages by the platform's time, each with its attachments and reactions; and search
//! through all of them.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{
    AuthorKind, COLUMNS as CONVERSATION, Conversation, Direction, Kind, MessageState, WITH_CONTACT,
    attachments::{self, Attachment},
};
use crate::{
    ids::{ContactId, ConversationId, EffectId, MessageId, UserId},
    problems::{Problem, Result},
    scope::Scope,
    tenancy::TenantTx,
};

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// Order of arrival within the conversation.
    pub seq: i64,
    pub direction: Direction,
    pub author_kind: AuthorKind,
    /// The user who wrote it, where it was one.
    pub author_id: Option<UserId>,
    pub kind: Kind,
    /// The platform's own id.
    pub platform_id: Option<String>,
    pub reply_to_platform_id: Option<String>,
    /// As it was written: a text, never anything to be run or shown as HTML.
    pub text: String,
    pub quick_replies: Vec<String>,
    /// The payload of a button, the story that was answered; in the platform's words.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub context: Option<Value>,
    /// When it was written, as the platform says; what conversations are shown by.
    #[serde(with = "time::serde::rfc3339")]
    pub provider_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub edited_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub unsent_at: Option<OffsetDateTime>,
    /// How far an outgoing one came; null for the others.
    pub state: Option<MessageState>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub state_at: Option<OffsetDateTime>,
    /// Why it is refused, unknown, failed, or still queued.
    pub state_reason: Option<String>,
    pub effect_id: Option<EffectId>,
    #[sqlx(skip)]
    pub attachments: Vec<Attachment>,
    #[sqlx(skip)]
    pub reactions: Vec<Reaction>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MessageReaction)]
pub struct Reaction {
    pub emoji: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

const COLUMNS: &str = "m.id, m.conversation_id, m.seq, m.direction, m.author_kind, m.author_id, m.kind, m.platform_id,
    m.reply_to_platform_id, m.text, m.quick_replies, m.context, m.provider_at, m.received_at, m.edited_at, m.unsent_at, m.state,
    m.state_at, m.state_reason, m.effect_id";

/// Place of a message in a conversation as it is shown.
pub type At = (OffsetDateTime, i64);

/// Messages of a conversation, the newest first, before this place.
pub async fn timeline(
    tx: &mut TenantTx,
    conversation: ConversationId,
    before: Option<At>,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from messages m where m.conversation_id = ").push_bind(conversation);
    tx.scope().and_part_of_conversation(&mut query, "m.conversation_id");
    if let Some((at, seq)) = before {
        query.push(" and (m.provider_at, m.seq) < (").push_bind(at).push(", ").push_bind(seq).push(")");
    }
    query.push(" order by m.provider_at desc, m.seq desc limit ").push_bind(limit);
    let messages = query.build_query_as().fetch_all(tx.conn()).await?;
    complete(tx, messages).await
}

pub async fn get(tx: &mut TenantTx, id: MessageId) -> Result<Message> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from messages m where m.id = ").push_bind(id);
    tx.scope().and_part_of_conversation(&mut query, "m.conversation_id");
    let found = query.build_query_as().fetch_all(tx.conn()).await?;
    let found = complete(tx, found).await?.pop();
    found.ok_or_else(|| Problem::missing("message").into())
}

/// As it came from the platform, for who has to find out what went wrong.
pub async fn raw(tx: &mut TenantTx, id: MessageId) -> Result<Option<Value>> {
    let mut query = QueryBuilder::new("select m.raw from messages m where m.id = ");
    query.push_bind(id);
    tx.scope().and_part_of_conversation(&mut query, "m.conversation_id");
    let raw: Option<Option<Value>> = query.build_query_scalar().fetch_optional(tx.conn()).await?;
    raw.ok_or_else(|| Problem::missing("message").into())
}

/// Adds what belongs to them, for all at once.
async fn complete(tx: &mut TenantTx, mut messages: Vec<Message>) -> Result<Vec<Message>> {
    if messages.is_empty() {
        return Ok(messages);
    }
    let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
    let mut files: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
    for file in attachments::of_messages(tx, &ids).await? {
        if let Some(message) = file.message_id {
            files.entry(message).or_default().push(file);
        }
    }
    let found: Vec<(MessageId, String, OffsetDateTime)> = sqlx::query_as(
        "select message_id, emoji, at from message_reactions where message_id = any($1) and emoji <> '' order by at, actor",
    )
    .bind(&ids)
    .fetch_all(tx.conn())
    .await?;
    let mut reactions: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
    for (message, emoji, at) in found {
        reactions.entry(message).or_default().push(Reaction { emoji, at });
    }
    for message in &mut messages {
        message.attachments = files.remove(&message.id).unwrap_or_default();
        message.reactions = reactions.remove(&message.id).unwrap_or_default();
    }
    Ok(messages)
}

/// A message that a search found, with its conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = MessageHit)]
pub struct Hit {
    pub message: Message,
    pub conversation: Conversation,
}

/// Messages that one search looks at.
const LOOKS_AT: i32 = 2_000;
/// The same where most of what is found is somebody else's.
const LOOKS_AT_FOR_OWN: i32 = 20_000;

/// Messages with all these words, the last of them at least as a beginning; those that came last first, before this one.
pub async fn search(tx: &mut TenantTx, words: &str, before: Option<MessageId>, limit: i64) -> Result<Vec<Hit>> {
    let mut ids = find(tx, words).await?;
    ids.retain(|id| before.is_none_or(|before| *id < before));
    ids.truncate(usize::try_from(limit).unwrap_or_default());
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from messages m where m.id = any(").push_bind(ids).push(") order by m.id desc");
    let messages: Vec<Message> = query.build_query_as().fetch_all(tx.conn()).await?;
    let messages = complete(tx, messages).await?;
    let wanted: Vec<_> = messages.iter().map(|message| message.conversation_id).collect();
    let conversations = by_ids(tx, wanted).await?;
    let hits = messages.into_iter().filter_map(|message| {
        let conversation = conversations.get(&message.conversation_id)?.clone();
        Some(Hit { message, conversation })
    });
    Ok(hits.collect())
}

/// Ids of messages with these words, the newest first and not all of very many.
pub(super) async fn find(tx: &mut TenantTx, words: &str) -> Result<Vec<MessageId>> {
    let scope = tx.scope();
    let looks_at = if scope == Scope::Workspace { LOOKS_AT } else { LOOKS_AT_FOR_OWN };
    let mut query = QueryBuilder::new("select found.id from find_messages(system.search_query(");
    query.push_bind(tx.tenant()).push(", ").push_bind(words.replace('\0', " ")).push("), ").push_bind(looks_at);
    query.push(") as found (id)");
    if scope != Scope::Workspace {
        query.push(" join messages m on m.id = found.id join conversations c on c.id = m.conversation_id where true");
        scope.and_conversation(&mut query);
    }
    query.push(" order by found.id desc limit ").push_bind(LOOKS_AT);
    Ok(query.build_query_scalar().fetch_all(tx.conn()).await?)
}

async fn by_ids(tx: &mut TenantTx, ids: Vec<ConversationId>) -> Result<HashMap<ConversationId, Conversation>> {
    let mut query = QueryBuilder::new("select ");
    query.push(CONVERSATION).push(" from conversations c").push(WITH_CONTACT);
    query.push(" where c.id = any(").push_bind(ids).push(")");
    tx.scope().and_conversation(&mut query);
    let found: Vec<Conversation> = query.build_query_as().fetch_all(tx.conn()).await?;
    Ok(found.into_iter().map(|conversation| (conversation.id, conversation)).collect())
}

/// What a contact said everywhere: their conversations, the newest activity first.
pub async fn of_contact(
    tx: &mut TenantTx,
    contact: ContactId,
    after: Option<(OffsetDateTime, ConversationId)>,
    limit: i64,
) -> Result<Vec<Conversation>> {
    let mut query = QueryBuilder::new("select ");
    query.push(CONVERSATION).push(" from conversations c").push(WITH_CONTACT);
    query.push(" where c.contact_id = ").push_bind(contact);
    tx.scope().and_conversation(&mut query);
    if let Some((at, id)) = after {
        query.push(" and (c.last_activity_at, c.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by c.last_activity_at desc, c.id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}
