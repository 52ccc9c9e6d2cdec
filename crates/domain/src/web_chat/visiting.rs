//! What a visitor does. A message makes contact and conversation when it is the first, as on any channel; it is named by the
//! visitor and the client's own id of it, so that it is said once however often it is sent.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    reading::{self, Shown},
    sessions::{self, Profile, Session},
    widgets::Widget,
};
use crate::{
    channels::Surface,
    contacts::{self, identities::Person},
    conversations::{
        Direction, Kind,
        receiving::{Incoming, NewMessage as Wrote, Received, UpTo, What, receive},
    },
    ids::{ContactId, ConversationId, MessageId},
    problems::{Error, Problem, Result},
    tenancy::TenantTx,
};

/// In UTF-16 units, as browsers count.
pub const LONGEST_TEXT: usize = 4_000;
const LONGEST_PAYLOAD: usize = 1_000;

/// A message of a visitor.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Made once for what the visitor meant to say.
    pub client_id: Uuid,
    pub text: String,
    /// The payload of the button that was pressed.
    pub quick_reply: Option<String>,
}

/// Receives a message. The same one again changes nothing and gets the same answer.
pub async fn write(tx: &mut TenantTx, widget: &Widget, session: &Session, new: &NewMessage) -> Result<Shown> {
    check(new)?;
    let what = What::Message(Wrote {
        kind: if new.quick_reply.is_some() { Kind::Postback } else { Kind::Text },
        platform_id: Some(platform_id(session, new.client_id)),
        text: new.text.clone(),
        reply_to_platform_id: None,
        attachments: Vec::new(),
        context: context(session.profile.as_ref(), new.quick_reply.as_deref()),
        is_invitation: true,
    });
    let now = tx.now();
    let (message, conversation) = match receive(tx, session.account, item(session, now, what)).await? {
        Received::New { message, conversation, contact, .. } => {
            introduce(tx, session, contact).await?;
            // Who writes has seen what stands above.
            reach(tx, session, What::Read(UpTo::Time(now))).await?;
            (message, conversation)
        }
        Received::Duplicate { message, conversation } => (message, conversation),
        other => return Err(Error::Fault(format!("a visitor's message was received as {other:?}"))),
    };
    reading::one(tx, widget, conversation, message).await?.ok_or_else(|| Problem::missing("message").into())
}

fn check(new: &NewMessage) -> Result<(), Problem> {
    if new.text.trim().is_empty() {
        return Err(Problem::field("text", "There is nothing to send."));
    }
    let length = new.text.encode_utf16().count();
    if length > LONGEST_TEXT {
        return Err(Problem::field("text", format!("The text has {length} of 4,000 characters.")));
    }
    if new.quick_reply.as_ref().is_some_and(|payload| payload.len() > LONGEST_PAYLOAD) {
        return Err(Problem::field("quick_reply", "A button's payload has at most 1,000 bytes."));
    }
    Ok(())
}

/// Unique at the account: nobody can take the place of another visitor's message.
fn platform_id(session: &Session, client_id: Uuid) -> String {
    format!("{}/{client_id}", session.visitor)
}

/// What belongs to a message beside its text; to the first of a session, what the visitor told before.
fn context(profile: Option<&Profile>, quick_reply: Option<&str>) -> Option<Value> {
    let mut context = Map::new();
    if let Some(payload) = quick_reply {
        context.insert("payload".to_owned(), json!(payload));
    }
    if let Some(profile) = profile {
        let told = [("page_url", &profile.page_url), ("language", &profile.language)];
        for (name, text) in told {
            if let Some(text) = text {
                context.insert(name.to_owned(), json!(text));
            }
        }
        if !profile.fields.is_empty() {
            context.insert("fields".to_owned(), json!(profile.fields));
        }
    }
    (!context.is_empty()).then_some(Value::Object(context))
}

fn item(session: &Session, at: OffsetDateTime, what: What) -> Incoming {
    let name = session.profile.as_ref().and_then(|profile| profile.name.clone());
    Incoming {
        surface: Surface::Message,
        thread_key: String::new(),
        person: Some(Person { external_id: session.visitor.clone(), name, ..Person::default() }),
        provider_at: at,
        what,
        raw: None,
    }
}

/// What the visitor told of themselves becomes the contact's, where nobody knows better.
async fn introduce(tx: &mut TenantTx, session: &Session, contact: ContactId) -> Result<()> {
    let Some(profile) = &session.profile else { return Ok(()) };
    if let Some(email) = &profile.email {
        let known = contacts::get(tx, contact).await?;
        if known.email.is_none() {
            contacts::set_addresses(tx, contact, Some(email), known.phone.as_deref()).await?;
        }
    }
    sessions::forget_profile(tx, session).await
}

/// The visitor has seen this message and all before it.
pub async fn read(tx: &mut TenantTx, session: &Session, up_to: MessageId) -> Result<()> {
    let missing = || Problem::missing("message");
    let conversation = reading::conversation(tx, session).await?.ok_or_else(missing)?;
    let at = reading::time_of(tx, conversation, up_to).await?.ok_or_else(missing)?;
    reach(tx, session, What::Read(UpTo::Time(at))).await
}

/// The visitor's page has everything that was sent until then.
pub(super) async fn got(tx: &mut TenantTx, session: &Session, until: OffsetDateTime) -> Result<()> {
    reach(tx, session, What::Delivered(UpTo::Time(until))).await
}

async fn reach(tx: &mut TenantTx, session: &Session, mark: What) -> Result<()> {
    let now = tx.now();
    receive(tx, session.account, item(session, now, mark)).await.map(|_| ())
}

/// The client's own id in a platform id of ours.
pub(super) fn client_id(direction: Direction, platform_id: Option<&str>) -> Option<String> {
    let (_, client_id) = platform_id.filter(|_| direction == Direction::In)?.rsplit_once('/')?;
    Some(client_id.to_owned())
}

/// Where somebody is typing: the visitor's conversation, once there is one.
pub async fn place(tx: &mut TenantTx, session: &Session) -> Result<Option<ConversationId>> {
    reading::conversation(tx, session).await
}
