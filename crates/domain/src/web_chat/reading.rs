//! The conversation as the visitor may see it: what they wrote and what has been sent to them. Notes, names beyond the one that
//! is meant for visitors, payloads of other systems and answers that were refused do not leave here.
//!
//! What changed is read from the facts, which rise in the order of commits. A place is good for half a day and so many facts
//! of the workspace; who comes later reads anew, which a client has to be able to do anyway.

use serde::Serialize;
use socialai_queue::facts::Fact;
use sqlx::{FromRow, QueryBuilder};
use time::{Duration, OffsetDateTime};

pub use super::shown::{Attachment, From, QuickReply, Shown};
use super::{sessions::Session, visiting, widgets::Widget};
use crate::{
    channels::{Platform, Surface},
    conversations::{
        AuthorKind, Direction, MessageState,
        attachments::{self, AttachmentState},
    },
    events,
    ids::{AttachmentId, ConversationId, MessageId, TenantId},
    problems::{Code, Problem, Result},
    tenancy::{Databases, TenantTx},
};

/// Messages of a page.
const PAGE: i64 = 100;
/// Facts of a workspace that one look goes through.
const LOOKS_AT: i64 = 20_000;
/// A place in the facts is believed for so long; they are kept for a day at least.
const PLACES_LAST: Duration = Duration::hours(12);
/// Facts get their place so soon after their commit, clocks of servers that differ included.
const PLACED_WITHIN: Duration = Duration::minutes(10);

/// Messages, and the place from which to go on.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = WebChatPage)]
pub struct Page {
    /// The oldest first.
    pub messages: Vec<Shown>,
    pub cursor: String,
    pub has_more: bool,
    /// The last message that the visitor has seen.
    pub visitor_read_up_to: Option<MessageId>,
    /// The last of the visitor's messages that the company has seen.
    pub company_read_up_to: Option<MessageId>,
}

#[derive(FromRow)]
struct Row {
    id: MessageId,
    direction: Direction,
    author_kind: AuthorKind,
    author_name: Option<String>,
    platform_id: Option<String>,
    text: String,
    quick_replies: Vec<String>,
    provider_at: OffsetDateTime,
    edited_at: Option<OffsetDateTime>,
    unsent_at: Option<OffsetDateTime>,
    state: Option<MessageState>,
}

/// Those of a conversation that its visitor may see.
const SELECT: &str =
    "select m.id, m.direction, m.author_kind, u.name as author_name, m.platform_id, m.text, m.quick_replies,
        m.provider_at, m.edited_at, m.unsent_at, m.state
    from messages m left join users u on u.tenant_id = m.tenant_id and u.id = m.author_id
    where (m.direction = 'in' or m.state in ('sent', 'delivered', 'read')) and m.conversation_id = ";

impl Row {
    fn shown(self, widget: &Widget, attachments: Vec<Attachment>) -> Shown {
        let from = match self.author_kind {
            AuthorKind::Contact => From::Visitor,
            AuthorKind::Machine => From::Machine,
            AuthorKind::User | AuthorKind::Platform => From::Agent,
        };
        let name = self.author_name.filter(|_| from == From::Agent).and_then(|name| widget.agent_names().of(&name));
        let reply = |title: String| QuickReply { payload: title.clone(), title };
        Shown {
            id: self.id,
            client_id: visiting::client_id(self.direction, self.platform_id.as_deref()),
            from,
            name,
            text: self.text,
            at: self.provider_at,
            attachments,
            quick_replies: self.quick_replies.into_iter().map(reply).collect(),
            is_unsent: self.unsent_at.is_some(),
            edited_at: self.edited_at,
        }
    }
}

/// The visitor's conversation; `None` before the first message.
pub async fn conversation(tx: &mut TenantTx, session: &Session) -> Result<Option<ConversationId>> {
    let found = sqlx::query_scalar(
        "select c.id from channel_accounts a
         join contact_identities i on i.tenant_id = a.tenant_id and i.platform = $3 and i.scope = a.external_id
            and i.external_id = $2
         join conversations c on c.tenant_id = i.tenant_id and c.identity_id = i.id and c.account_id = a.id
            and c.surface = $4 and c.thread_key = ''
         where a.id = $1 order by (c.status <> 'closed') desc, c.id desc limit 1",
    )
    .bind(session.account)
    .bind(&session.visitor)
    .bind(Platform::WebChat)
    .bind(Surface::Message);
    Ok(found.fetch_optional(tx.conn()).await?)
}

/// When a message of the conversation was written.
pub(super) async fn time_of(
    tx: &mut TenantTx,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Option<OffsetDateTime>> {
    let at = sqlx::query_scalar("select provider_at from messages where id = $1 and conversation_id = $2");
    Ok(at.bind(message).bind(conversation).fetch_optional(tx.conn()).await?)
}

pub(super) async fn one(
    tx: &mut TenantTx,
    widget: &Widget,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Option<Shown>> {
    let found = by_ids(tx, conversation, &[message]).await?;
    Ok(show(tx, widget, found).await?.pop())
}

/// With what goes along.
async fn show(tx: &mut TenantTx, widget: &Widget, rows: Vec<Row>) -> Result<Vec<Shown>> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let files = attachments::of_messages(tx, &ids).await?;
    let of = |message: MessageId| {
        let its = files.iter().filter(|file| file.message_id == Some(message) && file.state == AttachmentState::Stored);
        its.map(Attachment::of).collect()
    };
    Ok(rows.into_iter().map(|row| (of(row.id), row)).map(|(files, row)| row.shown(widget, files)).collect())
}

/// A file of a message that its visitor may see.
pub async fn attachment(tx: &mut TenantTx, session: &Session, id: AttachmentId) -> Result<attachments::Attachment> {
    let missing = || Problem::missing("attachment");
    let file = attachments::get(tx, id).await?;
    let conversation = conversation(tx, session).await?.ok_or_else(missing)?;
    let message = file.message_id.ok_or_else(missing)?;
    let is_shown = !by_ids(tx, conversation, &[message]).await?.is_empty();
    if is_shown { Ok(file) } else { Err(missing().into()) }
}

async fn by_ids(tx: &mut TenantTx, conversation: ConversationId, ids: &[MessageId]) -> Result<Vec<Row>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(conversation).push(" and m.id = any(").push_bind(ids.to_vec());
    query.push(") order by m.provider_at, m.seq");
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// The place after everything that is committed at this moment. To be asked before reading, in no transaction.
pub async fn place(databases: &Databases, tenant: TenantId) -> Result<i64> {
    let newest = events::now(databases, tenant).await?;
    Ok(newest.max(oldest_to_come(databases.now())))
}

/// No fact that is not there yet gets a lower place. Keeps places young where nothing happens for days.
fn oldest_to_come(now: OffsetDateTime) -> i64 {
    position_at(now - PLACED_WITHIN)
}

/// Places are microseconds.
fn position_at(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(0)
}

/// Reads a place that a client sends back. One that is unknown or too old is refused: the client reads anew.
pub fn parse_place(text: &str, now: OffsetDateTime) -> Result<i64, Problem> {
    let known = text
        .parse()
        .ok()
        .filter(|place| (position_at(now - PLACES_LAST)..=position_at(now + PLACED_WITHIN)).contains(place));
    known.ok_or_else(too_old)
}

fn too_old() -> Problem {
    Problem::new(Code::InvalidCursor, "This place in the conversation is unknown or too old; read it without one.")
}

/// The newest messages. `place` is where to go on, asked for before this transaction began.
pub async fn newest(tx: &mut TenantTx, widget: &Widget, session: &Session, place: i64) -> Result<Page> {
    let Some(conversation) = conversation(tx, session).await? else { return Ok(Page::empty(place)) };
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(conversation).push(" order by m.provider_at desc, m.seq desc limit ").push_bind(PAGE);
    let mut rows: Vec<Row> = query.build_query_as().fetch_all(tx.conn()).await?;
    rows.reverse();
    page(tx, widget, session, conversation, rows, Place { cursor: place, has_more: false }).await
}

/// What was made or changed after a place.
pub async fn changed(tx: &mut TenantTx, widget: &Widget, session: &Session, after: i64) -> Result<Page> {
    let now = tx.now();
    let Some(conversation) = conversation(tx, session).await? else {
        return Ok(Page::empty(after.max(oldest_to_come(now))));
    };
    let seen = seen_after(tx, conversation, after).await?;
    let (mut ids, mut cursor, mut has_more) = (Vec::new(), seen.until, false);
    for one in seen.changes {
        let Some(id) = one.message.filter(|id| !ids.contains(id)) else { continue };
        if ids.len() == usize::try_from(PAGE).unwrap_or_default() {
            has_more = true;
            cursor = one.position - 1;
            break;
        }
        ids.push(id);
    }
    if !has_more {
        cursor = cursor.max(oldest_to_come(now));
    }
    let rows = by_ids(tx, conversation, &ids).await?;
    page(tx, widget, session, conversation, rows, Place { cursor, has_more }).await
}

struct Place {
    cursor: i64,
    has_more: bool,
}

impl Page {
    fn empty(cursor: i64) -> Self {
        Self {
            messages: Vec::new(),
            cursor: cursor.to_string(),
            has_more: false,
            visitor_read_up_to: None,
            company_read_up_to: None,
        }
    }
}

async fn page(
    tx: &mut TenantTx,
    widget: &Widget,
    session: &Session,
    conversation: ConversationId,
    rows: Vec<Row>,
    place: Place,
) -> Result<Page> {
    deliver(tx, session, &rows).await?;
    let marks = marks(tx, conversation).await?;
    Ok(Page {
        messages: show(tx, widget, rows).await?,
        cursor: place.cursor.to_string(),
        has_more: place.has_more,
        visitor_read_up_to: marks.visitor,
        company_read_up_to: marks.company,
    })
}

/// What the visitor's page is given has been delivered.
async fn deliver(tx: &mut TenantTx, session: &Session, rows: &[Row]) -> Result<()> {
    let is_new = |row: &&Row| row.state == Some(MessageState::Sent);
    match rows.iter().filter(is_new).map(|row| row.provider_at).max() {
        Some(until) => visiting::got(tx, session, until).await,
        None => Ok(()),
    }
}

#[derive(FromRow)]
struct Marks {
    visitor: Option<MessageId>,
    company: Option<MessageId>,
}

/// How far both sides have read. Of the visitor's messages, the company has seen all but the newest `unread_count`.
async fn marks(tx: &mut TenantTx, conversation: ConversationId) -> Result<Marks> {
    let marks = sqlx::query_as(
        "select (select m.id from messages m where m.tenant_id = c.tenant_id and m.conversation_id = c.id
                and m.provider_at <= c.read_until and (m.direction = 'in' or m.state in ('sent', 'delivered', 'read'))
                order by m.provider_at desc, m.seq desc limit 1) as visitor,
            (select m.id from messages m where m.tenant_id = c.tenant_id and m.conversation_id = c.id
                and m.direction = 'in' order by m.provider_at desc, m.seq desc limit 1 offset c.unread_count) as company
         from conversations c where c.id = $1",
    );
    let marks: Option<Marks> = marks.bind(conversation).fetch_optional(tx.conn()).await?;
    Ok(marks.unwrap_or(Marks { visitor: None, company: None }))
}

/// The last of the visitor's messages that the company has seen.
pub async fn company_read_up_to(tx: &mut TenantTx, conversation: ConversationId) -> Result<Option<MessageId>> {
    Ok(marks(tx, conversation).await?.company)
}

/// A fact of the conversation, as far as it matters to its visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub position: i64,
    /// The message that was made or changed; `None`: something else of the conversation did.
    pub message: Option<MessageId>,
    pub is_new: bool,
}

impl Seen {
    /// `None`: it is about another conversation.
    pub fn of(fact: &Fact, conversation: ConversationId) -> Option<Self> {
        if fact.key != key(conversation) {
            return None;
        }
        let message = fact.data["message"]["id"].as_str();
        let change = fact.data["message"]["change"].as_str();
        Some(Self::new(fact.position, &fact.kind, message, change))
    }

    fn new(position: i64, kind: &str, message: Option<&str>, change: Option<&str>) -> Self {
        let is_new = matches!(kind, "message.received" | "reply.sent" | "reply.sent_elsewhere");
        let is_changed = kind == "message.updated" && matches!(change, Some("edited" | "unsent" | "attachment"));
        let message = message.filter(|_| is_new || is_changed).and_then(|id| id.parse().ok());
        Self { position, message, is_new }
    }
}

/// As facts of a conversation are keyed.
fn key(conversation: ConversationId) -> String {
    format!("conversation/{conversation}")
}

/// Facts of a conversation after a place.
#[derive(Debug)]
pub struct SeenAfter {
    pub changes: Vec<Seen>,
    /// Everything until here was looked at.
    pub until: i64,
}

#[derive(FromRow)]
struct FactRow {
    position: i64,
    kind: String,
    message: Option<String>,
    change: Option<String>,
}

/// Refused like a place that is too old when too much happened since.
pub async fn seen_after(tx: &mut TenantTx, conversation: ConversationId, after: i64) -> Result<SeenAfter> {
    let tenant = tx.tenant();
    let (count, until): (i64, Option<i64>) = sqlx::query_as(
        "select count(*), max(position) from (
            select position from system.facts
            where tenant_id = $1 and position > $2 and (readers is null or readers = '{}') order by position limit $3) f",
    )
    .bind(tenant)
    .bind(after)
    .bind(LOOKS_AT)
    .fetch_one(tx.conn())
    .await?;
    if count >= LOOKS_AT {
        return Err(too_old().into());
    }
    let Some(until) = until else { return Ok(SeenAfter { changes: Vec::new(), until: after }) };
    let rows: Vec<FactRow> = sqlx::query_as(
        "select position, kind, data #>> '{message,id}' as message, data #>> '{message,change}' as change
         from system.facts
         where tenant_id = $1 and position > $2 and position <= $3 and key = $4 and (readers is null or readers = '{}')
         order by position",
    )
    .bind(tenant)
    .bind(after)
    .bind(until)
    .bind(key(conversation))
    .fetch_all(tx.conn())
    .await?;
    let seen = |row: FactRow| Seen::new(row.position, &row.kind, row.message.as_deref(), row.change.as_deref());
    Ok(SeenAfter { changes: rows.into_iter().map(seen).collect(), until })
}

/// A change as it is told to the visitor's page.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub position: i64,
    pub is_new: bool,
    pub message: Shown,
}

/// The messages behind changes, each once, at its newest and in the order of the changes. What the visitor may not see is left out.
pub async fn tell(
    tx: &mut TenantTx,
    widget: &Widget,
    session: &Session,
    conversation: ConversationId,
    changes: &[Seen],
) -> Result<Vec<Told>> {
    let ids: Vec<_> = changes.iter().filter_map(|seen| seen.message).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = by_ids(tx, conversation, &ids).await?;
    deliver(tx, session, &rows).await?;
    let told = show(tx, widget, rows).await?.into_iter().filter_map(|message| {
        let of_it = || changes.iter().filter(|seen| seen.message == Some(message.id));
        let position = of_it().map(|seen| seen.position).max()?;
        let is_new = of_it().any(|seen| seen.is_new);
        Some(Told { position, is_new, message })
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|told| told.position);
    Ok(told)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn places_are_good_for_half_a_day() {
        let now = datetime!(2026-11-29 12:00 UTC);
        let at = |time| position_at(time).to_string();
        assert!(parse_place(&at(now), now).is_ok());
        assert!(parse_place(&at(now - Duration::hours(11)), now).is_ok());
        for bad in [at(now - Duration::hours(13)), at(now + Duration::hours(1)), "0".into(), "-1".into(), "x".into()] {
            assert_eq!(parse_place(&bad, now).unwrap_err().code, Code::InvalidCursor, "{bad}");
        }
    }

    #[test]
    fn only_messages_that_were_made_or_changed_are_told() {
        let id = MessageId::fresh();
        let text = id.to_string();
        let message = |kind, change| Seen::new(1, kind, Some(&text), change).message;
        assert_eq!(message("message.received", None), Some(id));
        assert_eq!(message("reply.sent", None), Some(id));
        assert_eq!(message("message.updated", Some("edited")), Some(id));
        for (kind, change) in [("message.updated", Some("reaction")), ("reply.failed", None), ("reply.written", None)] {
            assert_eq!(message(kind, change), None, "{kind}");
        }
    }
}
