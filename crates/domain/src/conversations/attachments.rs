//! Attachments: what came with a message or goes with one. The bytes are in the object store, whose keys this file keeps; who
//! fetches and looks at them is a job. An attachment that cannot be kept stays as a placeholder that says why. [`uploads`] are
//! files that somebody wants to send, [`links`] let platforms fetch them, [`sniff`] tells what bytes are.

pub mod links;
pub mod sniff;
pub mod uploads;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use socialai_queue::jobs::{Queue, Task};
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{
    About,
    texts::{clean_id, clean_json},
};
use crate::{
    channels::{Platform, Surface},
    ids::{AttachmentId, ChannelAccountId, ContactId, ConversationId, MessageId},
    problems::{Problem, Result},
    queues,
    scope::Scope,
    tenancy::TenantTx,
};

/// Nothing larger is kept.
pub const LARGEST_BYTES: usize = 25 * 1024 * 1024;
const MOST_OF_A_MESSAGE: usize = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = AttachmentKind)]
pub enum AttachmentKind {
    Image,
    Audio,
    Video,
    File,
    Sticker,
    Share,
    Location,
    Unknown,
}

impl AttachmentKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Sticker => "sticker",
            Self::Share => "share",
            Self::Location => "location",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = AttachmentState)]
pub enum AttachmentState {
    /// There is nothing to fetch.
    None,
    Waiting,
    Stored,
    /// Too large, or nothing that may be kept.
    Refused,
    Failed,
}

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
pub struct Attachment {
    pub id: AttachmentId,
    pub message_id: Option<MessageId>,
    pub kind: AttachmentKind,
    pub file_name: Option<String>,
    pub state: AttachmentState,
    pub state_reason: Option<String>,
    /// Found by looking at the bytes.
    pub content_type: Option<String>,
    pub size_bytes: Option<i64>,
    #[serde(skip)]
    pub object_key: Option<String>,
    /// Where the platform has it; signed, and soon expired.
    #[serde(skip)]
    pub remote_url: Option<String>,
    #[serde(skip)]
    pub remote_id: Option<String>,
    #[serde(skip)]
    pub account_id: Option<ChannelAccountId>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

const COLUMNS: &str =
    "id, message_id, kind, file_name, state, state_reason, content_type, size_bytes, object_key, remote_url,
    remote_id, account_id, created_at";

/// An attachment as something that came names it.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    pub kind: AttachmentKind,
    pub remote_url: Option<String>,
    pub remote_id: Option<String>,
    pub file_name: Option<String>,
    pub raw: Option<Value>,
}

/// Fetches the bytes of an attachment while the platform still has them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FetchAttachment {
    pub attachment: AttachmentId,
}

impl Task for FetchAttachment {
    const KIND: &'static str = "channels.fetch_attachment";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        self.attachment.to_string()
    }
}

/// Removes objects that nothing refers to any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemoveObjects {
    /// Never empty.
    pub keys: Vec<String>,
}

impl Task for RemoveObjects {
    const KIND: &'static str = "channels.remove_objects";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        self.keys.first().map_or_else(String::new, |key| key.chars().take(200).collect())
    }
}

/// Those of a message that has just come, with the jobs that fetch them.
pub(super) async fn add(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    message: MessageId,
    new: &[NewAttachment],
) -> Result<()> {
    let now = tx.now();
    for (nth, attachment) in new.iter().take(MOST_OF_A_MESSAGE).enumerate() {
        let id = AttachmentId::fresh();
        let url = attachment.remote_url.as_deref().map(clean_url).filter(|url| !url.is_empty());
        let is_there = url.is_some() || attachment.remote_id.is_some();
        let state = if is_there { AttachmentState::Waiting } else { AttachmentState::None };
        sqlx::query(
            "insert into attachments (id, message_id, account_id, nth, kind, remote_url, remote_id, file_name, state, raw,
                created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(id)
        .bind(message)
        .bind(account)
        .bind(i16::try_from(nth).unwrap_or(i16::MAX))
        .bind(attachment.kind)
        .bind(url)
        .bind(attachment.remote_id.as_deref().map(clean_id))
        .bind(attachment.file_name.as_deref().map(clean_name))
        .bind(state)
        .bind(attachment.raw.clone().map(clean_json))
        .bind(now)
        .execute(tx.conn())
        .await?;
        if state == AttachmentState::Waiting {
            tx.enqueue(&FetchAttachment { attachment: id })?;
        }
    }
    Ok(())
}

/// Addresses longer than that are not fetched; they are in `raw`.
fn clean_url(url: &str) -> String {
    if url.len() > 8_000 || url.chars().any(char::is_control) { String::new() } else { url.to_owned() }
}

/// A name to show and to offer for saving: no path, nothing that turns its end around.
fn clean_name(name: &str) -> String {
    let is_plain = |c: &char| {
        !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(is_plain).take(200).collect()
}

/// Bytes that were fetched or uploaded, looked at and put away.
#[derive(Debug, Clone)]
pub struct Stored {
    pub object_key: String,
    pub content_type: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
}

impl Attachment {
    /// What a browser shows or plays and cannot run; by the bytes.
    pub fn is_media(&self) -> bool {
        let kind = self.content_type.as_deref().and_then(|kind| kind.split('/').next());
        matches!(kind, Some("image" | "audio" | "video"))
    }
}

pub async fn get(tx: &mut TenantTx, id: AttachmentId) -> Result<Attachment> {
    let (mut query, scope) = (QueryBuilder::new("select "), tx.scope());
    query.push(COLUMNS).push(" from attachments where id = ").push_bind(id);
    if scope != Scope::Workspace {
        // What somebody uploaded and did not send yet is theirs.
        query.push(" and (message_id is null and created_by = ").push_bind(tx.actor().id.clone());
        query.push(" or exists (select from messages m where m.id = message_id");
        scope.and_part_of_conversation(&mut query, "m.conversation_id");
        query.push("))");
    }
    let found = query.build_query_as().fetch_optional(tx.conn()).await?;
    found.ok_or_else(|| Problem::missing("attachment").into())
}

/// Of several messages, in their order.
pub(crate) async fn of_messages(tx: &mut TenantTx, messages: &[MessageId]) -> Result<Vec<Attachment>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from attachments where message_id = any(").push_bind(messages.to_vec());
    query.push(") order by message_id, nth");
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// Its bytes are there. When the message was taken back meanwhile, they have to go again.
pub async fn stored(tx: &mut TenantTx, id: AttachmentId, stored: &Stored) -> Result<()> {
    let now = tx.now();
    let done = sqlx::query(
        "update attachments set state = 'stored', state_reason = null, object_key = $2, content_type = $3, size_bytes = $4,
            sha256 = $5, stored_at = $6
         where id = $1 and state <> 'stored'",
    );
    let done = done.bind(id).bind(&stored.object_key).bind(&stored.content_type).bind(stored.size_bytes);
    let done = done.bind(&stored.sha256).bind(now).execute(tx.conn()).await?;
    if done.rows_affected() == 0 {
        let is_there: Option<Option<String>> = sqlx::query_scalar("select object_key from attachments where id = $1")
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
        if is_there.flatten().as_ref() != Some(&stored.object_key) {
            tx.enqueue(&RemoveObjects { keys: vec![stored.object_key.clone()] })?;
        }
        return Ok(());
    }
    announce(tx, id).await
}

/// There is nothing to be had, for that reason; the placeholder stays.
pub async fn not_stored(tx: &mut TenantTx, id: AttachmentId, state: AttachmentState, reason: &str) -> Result<()> {
    let done = sqlx::query("update attachments set state = $2, state_reason = $3 where id = $1 and state = 'waiting'");
    if done.bind(id).bind(state).bind(reason).execute(tx.conn()).await?.rows_affected() == 0 {
        return Ok(());
    }
    announce(tx, id).await
}

async fn announce(tx: &mut TenantTx, id: AttachmentId) -> Result<()> {
    #[derive(FromRow)]
    struct Of {
        message_id: MessageId,
        conversation: ConversationId,
        account: ChannelAccountId,
        contact: ContactId,
        platform: Platform,
        surface: Surface,
    }
    let of: Option<Of> = sqlx::query_as(
        "select m.id as message_id, c.id as conversation, c.account_id as account, c.contact_id as contact, c.platform, c.surface
         from attachments a join messages m on m.tenant_id = a.tenant_id and m.id = a.message_id
         join conversations c on c.tenant_id = m.tenant_id and c.id = m.conversation_id where a.id = $1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    if let Some(Of { message_id, conversation, account, contact, platform, surface }) = of {
        let about = About { conversation, account, contact, platform, surface };
        let what = serde_json::json!({ "id": message_id, "change": "attachment" });
        about.publish_message(tx, "message.updated", message_id, what);
    }
    Ok(())
}

/// Of messages that were taken back or erased: rows and bytes. Answers how many there were.
pub(crate) async fn remove_of(tx: &mut TenantTx, messages: &[MessageId]) -> Result<usize> {
    let gone: Vec<Option<String>> =
        sqlx::query_scalar("delete from attachments where message_id = any($1) returning object_key")
            .bind(messages)
            .fetch_all(tx.conn())
            .await?;
    let count = gone.len();
    remove_objects(tx, gone)?;
    Ok(count)
}

/// Objects that one job removes.
const KEYS_OF_A_JOB: usize = 500;

fn remove_objects(tx: &mut TenantTx, keys: Vec<Option<String>>) -> Result<()> {
    let keys: Vec<_> = keys.into_iter().flatten().collect();
    for keys in keys.chunks(KEYS_OF_A_JOB) {
        tx.enqueue(&RemoveObjects { keys: keys.to_vec() })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_have_no_path_and_do_not_pretend() {
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("C:\\temp\\a.txt"), "a.txt");
        assert_eq!(clean_name("photo\u{202e}gnp.exe\n"), "photognp.exe");
    }
}
