//! Whatever comes from a platform: once, however often it is delivered, and in any order. What belongs together is one
//! transaction of the tenant; two that concern the same person wait for each other at the identity's row, which makes one
//! contact and one open conversation of webhooks that race.
//!
//! An echo is the platform's word about a message of ours. It settles our own (found by marker, by the platform's id, or by
//! its text while nobody knows what became of it); any other was typed by a human in the platform's own app, and silences
//! the machine. What we say in public is addressed to nobody: it stands where the comment does that it answers. What answers
//! nobody's comment (a post of our own) opens no conversation.

mod places;

use serde_json::{Value, json};
use time::OffsetDateTime;

use self::places::{Author, advance, conversation, human_spoke, of_message, write};
use super::{
    AuthorKind, Direction, Kind, MessageState, Status,
    attachments::NewAttachment,
    marks, sending,
    texts::{clean, clean_id, clean_json},
};
use crate::{
    channels::{
        Surface,
        accounts::{self, Receiving},
    },
    contacts::identities::{self, At, Identity, Person},
    ids::{ChannelAccountId, ContactId, ConversationId, MessageId},
    problems::{Problem, Result},
    tenancy::TenantTx,
};

/// Something that came, in our words.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub surface: Surface,
    /// The post or root that a comment is about; empty for direct messages.
    pub thread_key: String,
    /// The person on the other side: who wrote, or whom an echo was sent to. `None`: the platform does not say.
    pub person: Option<Person>,
    /// When it happened, as the platform says.
    pub provider_at: OffsetDateTime,
    pub what: What,
    /// As it came, for what we do not know yet.
    pub raw: Option<Value>,
}

#[derive(Debug, Clone)]
pub enum What {
    /// The person wrote.
    Message(NewMessage),
    /// We wrote, or somebody in our name.
    Echo {
        message: NewMessage,
        /// Ours, if the platform gave it back.
        marker: Option<String>,
    },
    Edited {
        platform_id: String,
        text: String,
    },
    Unsent {
        platform_id: String,
    },
    /// `None`: taken back.
    Reaction {
        platform_id: String,
        emoji: Option<String>,
    },
    /// The person has read what we wrote.
    Read(UpTo),
    Delivered(UpTo),
    /// Nobody knows what it is. It stays where it was kept raw.
    Unknown,
}

/// How far the person has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpTo {
    /// Everything that was sent until then.
    Time(OffsetDateTime),
    /// This message and what was before it.
    Message(String),
}

#[derive(Debug, Clone)]
pub struct NewMessage {
    pub kind: Kind,
    /// `None` where the platform has none; then nothing protects from receiving it twice.
    pub platform_id: Option<String>,
    pub text: String,
    pub reply_to_platform_id: Option<String>,
    pub attachments: Vec<NewAttachment>,
    /// What belongs to it beside the text: the payload of a button, the story that was answered.
    pub context: Option<Value>,
    /// The person came to us with it: any direct message, a mention, a reply to us.
    pub is_invitation: bool,
}

/// What became of something that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A new message of the person, or of a human in the platform's own app.
    New { message: MessageId, conversation: ConversationId, contact: ContactId, is_first: bool },
    /// It is here already.
    Duplicate { message: MessageId, conversation: ConversationId },
    /// It changed this message; an echo of our own did so too.
    Applied { message: MessageId, conversation: ConversationId },
    /// Everything up to a time was delivered or read in this conversation.
    Reached { conversation: ConversationId },
    /// What it is about has not come yet; it waits for it.
    Kept,
    /// It answers something that is not here, and that may be on its way.
    Early,
    /// There is nothing to do about it.
    Ignored,
}

/// What came, made fit to be kept; but for what it is.
#[derive(Debug)]
pub(super) struct Item {
    pub surface: Surface,
    pub thread_key: String,
    pub person: Option<Person>,
    pub provider_at: OffsetDateTime,
    raw: Option<Value>,
}

/// Receives one thing. Doing it again changes nothing.
pub async fn receive(tx: &mut TenantTx, account: ChannelAccountId, item: Incoming) -> Result<Received> {
    let account = accounts::hear(tx, account).await?;
    let Incoming { what, .. } = item;
    if account.ignores_comments && item.surface == Surface::Comment && matches!(what, What::Message(_)) {
        return Ok(Received::Ignored);
    }
    let item = Item {
        surface: item.surface,
        thread_key: clean_id(&item.thread_key),
        person: item.person,
        provider_at: plausible(item.provider_at, tx.now()),
        raw: item.raw.map(clean_json),
    };
    match what {
        What::Message(message) => person_wrote(tx, &account, &item, cleaned(message)).await,
        What::Echo { message, marker } => echo(tx, &account, &item, cleaned(message), marker.as_deref()).await,
        What::Edited { platform_id, text } => {
            marks::change(tx, &account, &item, &clean_id(&platform_id), marks::Mark::Edited { text: clean(&text) })
                .await
        }
        What::Unsent { platform_id } => {
            marks::change(tx, &account, &item, &clean_id(&platform_id), marks::Mark::Unsent).await
        }
        What::Reaction { platform_id, emoji } => {
            let mark = marks::Mark::Reaction { emoji: emoji.as_deref().map(clean_id) };
            marks::change(tx, &account, &item, &clean_id(&platform_id), mark).await
        }
        What::Read(UpTo::Message(id)) => marks::change(tx, &account, &item, &clean_id(&id), marks::Mark::Read).await,
        What::Delivered(UpTo::Message(id)) => {
            marks::change(tx, &account, &item, &clean_id(&id), marks::Mark::Delivered).await
        }
        What::Read(UpTo::Time(until)) => marks::reach(tx, &account, &item, until, MessageState::Read).await,
        What::Delivered(UpTo::Time(until)) => marks::reach(tx, &account, &item, until, MessageState::Delivered).await,
        What::Unknown => Ok(Received::Ignored),
    }
}

/// A platform's time that is far ahead of ours would keep a conversation on top of every list, and its window open.
fn plausible(at: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    // What PostgreSQL keeps; finer digits would not read back as written.
    let at = at.replace_nanosecond(at.microsecond() * 1_000).unwrap_or(at);
    if at > now + time::Duration::minutes(5) || at.year() < 2004 { now } else { at }
}

fn cleaned(message: NewMessage) -> NewMessage {
    NewMessage {
        platform_id: message.platform_id.as_deref().map(clean_id).filter(|id| !id.is_empty()),
        text: clean(&message.text),
        reply_to_platform_id: message.reply_to_platform_id.as_deref().map(clean_id),
        context: message.context.map(clean_json),
        ..message
    }
}

/// Whom a thing is about. Of comments whose author the platform does not name, those of a thread are one person's.
pub(super) fn person(item: &Item) -> Option<Person> {
    match &item.person {
        Some(person) => Some(person.clone()),
        None if item.surface == Surface::Comment => {
            Some(Person { external_id: format!("unknown/{}", item.thread_key), ..Person::default() })
        }
        None => None,
    }
}

pub(super) async fn identity(tx: &mut TenantTx, account: &Receiving, item: &Item) -> Result<Option<Identity>> {
    match person(item) {
        Some(person) => Ok(Some(identity_of(tx, account, &person).await?)),
        None => Ok(None),
    }
}

async fn identity_of(tx: &mut TenantTx, account: &Receiving, person: &Person) -> Result<Identity> {
    let at = At { platform: account.platform, account: &account.external_id };
    identities::take(tx, at, account.id, person).await
}

async fn person_wrote(tx: &mut TenantTx, account: &Receiving, item: &Item, message: NewMessage) -> Result<Received> {
    let identity = identity(tx, account, item).await?;
    let identity = identity.ok_or_else(|| Problem::field("person", "A message without anybody who wrote it."))?;
    if let Some(known) = known(tx, account, message.platform_id.as_deref()).await? {
        return Ok(Received::Duplicate { message: known.id, conversation: known.conversation_id });
    }
    let (place, is_first) = conversation(tx, account, &identity, item, true).await?;
    let author = Author { direction: Direction::In, kind: AuthorKind::Contact };
    let id = write(tx, account, &place, item, &message, author).await?;
    advance(tx, &place, item, &message).await?;
    let about = place.about(account, item.surface);
    marks::apply_pending(tx, account.id, message.platform_id.as_deref(), id).await?;
    if is_first {
        about.publish(tx, "conversation.opened");
    } else if place.status == Status::Closed {
        about.publish(tx, "conversation.reopened");
    } else if place.status == Status::Snoozed {
        about.publish(tx, "conversation.woken");
    }
    about.publish_message(tx, "message.received", id, json!({ "id": id, "kind": message.kind, "direction": "in" }));
    Ok(Received::New { message: id, conversation: place.id, contact: identity.contact_id, is_first })
}

async fn echo(
    tx: &mut TenantTx,
    account: &Receiving,
    item: &Item,
    message: NewMessage,
    marker: Option<&str>,
) -> Result<Received> {
    // Whom a thing is said to in public the platform does not tell; that makes nobody of them.
    let identity = match &item.person {
        Some(person) => Some(identity_of(tx, account, person).await?),
        None => None,
    };
    if let Some(known) = known(tx, account, message.platform_id.as_deref()).await? {
        sending::happened_at(tx, known.id, known.conversation_id, item.provider_at).await?;
        return Ok(Received::Duplicate { message: known.id, conversation: known.conversation_id });
    }
    let marked = match marker {
        Some(marker) => sending::find_marked(tx, account.id, &clean_id(marker)).await?,
        None => None,
    };
    if let Some(ours) = marked {
        return settle(tx, item, &message, ours).await;
    }
    let answered = message.reply_to_platform_id.as_deref();
    let (place, is_first) = if let Some(identity) = identity {
        conversation(tx, account, &identity, item, false).await?
    } else if item.surface == Surface::Message {
        return Ok(Received::Ignored);
    } else {
        // Some platforms put an answer to an answer below the first comment, which may be somebody else's.
        let thread = sending::Thread { account: account.id, remote: account.remote(), key: &item.thread_key };
        if let Some(ours) = sending::find_in_thread(tx, thread, answered, &message.text).await? {
            return settle(tx, item, &message, ours).await;
        }
        match of_message(tx, account, answered).await? {
            Some(place) => (place, false),
            None if answered.is_some() && !account.ignores_comments => return Ok(Received::Early),
            None => return Ok(Received::Ignored),
        }
    };
    if let Some(ours) = sending::find_under_way(tx, place.id, &message.text).await? {
        return settle(tx, item, &message, ours).await;
    }
    let author = Author { direction: Direction::Out, kind: AuthorKind::Platform };
    let id = write(tx, account, &place, item, &message, author).await?;
    human_spoke(tx, &place, item, &message).await?;
    let about = place.about(account, item.surface);
    marks::apply_pending(tx, account.id, message.platform_id.as_deref(), id).await?;
    if is_first {
        about.publish(tx, "conversation.opened");
    }
    let what = json!({ "id": id, "kind": message.kind, "direction": "out" });
    about.publish_message(tx, "reply.sent_elsewhere", id, what);
    Ok(Received::New { message: id, conversation: place.id, contact: place.contact_id, is_first })
}

async fn settle(
    tx: &mut TenantTx,
    item: &Item,
    message: &NewMessage,
    ours: (MessageId, ConversationId),
) -> Result<Received> {
    let (id, conversation) = ours;
    sending::seen_at_the_platform(tx, id, message.platform_id.as_deref(), item.provider_at).await?;
    Ok(Received::Applied { message: id, conversation })
}

#[derive(Debug, Clone, Copy)]
struct Known {
    id: MessageId,
    conversation_id: ConversationId,
}

/// The message with this id at the platform. Marks of it wait from now on until it is committed, see [`marks`].
async fn known(tx: &mut TenantTx, account: &Receiving, platform_id: Option<&str>) -> Result<Option<Known>> {
    let Some(platform_id) = platform_id else { return Ok(None) };
    let (id, conversation_id): (Option<MessageId>, Option<ConversationId>) = sqlx::query_as(
        "select m.id, m.conversation_id from (select pg_advisory_xact_lock(hashtextextended($1::text || $2, 13))) l
         left join messages m on m.account_id = $1 and m.platform_id = $2",
    )
    .bind(account.id)
    .bind(platform_id)
    .fetch_one(tx.conn())
    .await?;
    Ok(id.zip(conversation_id).map(|(id, conversation_id)| Known { id, conversation_id }))
}
