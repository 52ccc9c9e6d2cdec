//! Notes: what colleagues write about a conversation, for each other. They never leave the workspace.

use serde::Serialize;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::get as conversation;
use crate::{
    audit::Entry,
    ids::{ConversationId, NoteId, UserId},
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    users,
};

const LONGEST: usize = 10_000;
const MOST_MENTIONS: usize = 20;

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = ConversationNote)]
pub struct Note {
    pub id: NoteId,
    pub conversation_id: ConversationId,
    /// Null: a program wrote it.
    pub author_id: Option<UserId>,
    /// What the author was called then.
    pub author_name: String,
    pub body: String,
    /// Users who are meant to see it.
    pub mentions: Vec<UserId>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub edited_at: Option<OffsetDateTime>,
}

const COLUMNS: &str = "id, conversation_id, author_id, author_name, body, mentions, created_at, edited_at";

fn checked_body(body: &str) -> Result<&str, Problem> {
    let body = body.trim();
    if body.is_empty() || body.chars().count() > LONGEST || body.contains('\0') {
        return Err(Problem::field("body", "A note has 1 to 10,000 characters."));
    }
    Ok(body)
}

/// Those who are mentioned are users here, each once.
async fn checked_mentions(tx: &mut TenantTx, mentions: &[UserId]) -> Result<Vec<UserId>> {
    let mut wanted = mentions.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.len() > MOST_MENTIONS {
        return Err(Problem::field("mentions", "A note mentions at most 20 users.").into());
    }
    let known: i64 =
        sqlx::query_scalar("select count(*) from users where id = any($1)").bind(&wanted).fetch_one(tx.conn()).await?;
    if usize::try_from(known).ok() != Some(wanted.len()) {
        return Err(Problem::field("mentions", "Somebody who is mentioned is not a user of this workspace.").into());
    }
    Ok(wanted)
}

/// Writes a note; `author` is `None` for a program.
pub async fn write(
    tx: &mut TenantTx,
    id: ConversationId,
    author: Option<UserId>,
    body: &str,
    mentions: &[UserId],
) -> Result<Note> {
    conversation(tx, id).await?;
    let body = checked_body(body)?;
    let mentions = checked_mentions(tx, mentions).await?;
    let author_name = match author {
        Some(user) => users::get(tx, user).await?.name,
        None => tx.actor().kind.name().to_owned(),
    };
    let (note, now) = (NoteId::fresh(), tx.now());
    sqlx::query(
        "insert into conversation_notes (id, conversation_id, author_id, author_name, body, mentions, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(note)
    .bind(id)
    .bind(author)
    .bind(author_name)
    .bind(body)
    .bind(&mentions)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let after = json!({ "note": note, "mentions": mentions });
    tx.record(Entry::new("conversation_note.written", "conversation", id).changed(json!({}), after));
    get(tx, note).await
}

pub async fn get(tx: &mut TenantTx, id: NoteId) -> Result<Note> {
    find(tx, id, "").await
}

async fn find(tx: &mut TenantTx, id: NoteId, lock: &'static str) -> Result<Note> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from conversation_notes where id = ").push_bind(id);
    tx.scope().and_part_of_conversation(&mut query, "conversation_id");
    query.push(lock);
    let note = query.build_query_as().fetch_optional(tx.conn()).await?;
    note.ok_or_else(|| Problem::missing("note").into())
}

/// Newest first, after the one with this time and id.
pub async fn list(
    tx: &mut TenantTx,
    conversation: ConversationId,
    after: Option<(OffsetDateTime, NoteId)>,
    limit: i64,
) -> Result<Vec<Note>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from conversation_notes where conversation_id = ").push_bind(conversation);
    tx.scope().and_part_of_conversation(&mut query, "conversation_id");
    if let Some((at, id)) = after {
        query.push(" and (created_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by created_at desc, id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// Only who wrote a note changes it.
pub async fn change(tx: &mut TenantTx, id: NoteId, author: UserId, body: &str, mentions: &[UserId]) -> Result<Note> {
    let note = own(tx, id, author).await?;
    let body = checked_body(body)?;
    let mentions = checked_mentions(tx, mentions).await?;
    let now = tx.now();
    sqlx::query("update conversation_notes set body = $2, mentions = $3, edited_at = $4 where id = $1")
        .bind(id)
        .bind(body)
        .bind(&mentions)
        .bind(now)
        .execute(tx.conn())
        .await?;
    let (old, new) = (json!({ "mentions": note.mentions }), json!({ "note": id, "mentions": mentions }));
    tx.record(Entry::new("conversation_note.changed", "conversation", note.conversation_id).changed(old, new));
    get(tx, id).await
}

pub async fn remove(tx: &mut TenantTx, id: NoteId, author: UserId) -> Result<()> {
    let note = own(tx, id, author).await?;
    sqlx::query("delete from conversation_notes where id = $1").bind(id).execute(tx.conn()).await?;
    let removed = Entry::new("conversation_note.removed", "conversation", note.conversation_id);
    tx.record(removed.changed(json!({ "note": id }), json!({})));
    Ok(())
}

async fn own(tx: &mut TenantTx, id: NoteId, author: UserId) -> Result<Note> {
    let note = find(tx, id, " for update").await?;
    if note.author_id == Some(author) {
        return Ok(note);
    }
    Err(Problem::new(Code::Forbidden, "Only who wrote a note can change or remove it.").into())
}
