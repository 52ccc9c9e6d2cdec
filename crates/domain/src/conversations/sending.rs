//! What the job does with an answer. Each function is one transaction's part: begin, dispatch, write down how it ended; the
//! call itself is made between the last two, by who holds a [`Sent`]. `recording` is what follows from a call or from reading
//! back, `states` what a message goes through whoever says so.
//!
//! Platforms know no idempotency key, so an answer of which nobody knows whether it arrived is never sent again blindly: the
//! platform's echo settles it, or reading back does ([`Next::Settle`]). An echo may well come before the answer to the call;
//! then the message is sent already when the call is written down, and nothing is lost by it.

mod recording;
mod states;

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_queue::{
    jobs::{Queue, Task},
    retry::Schedule,
};
use sqlx::FromRow;
use time::OffsetDateTime;

pub use self::recording::{After, Ended, record, send_again};
pub(super) use self::states::{Thread, find_in_thread, find_marked, find_under_way, happened_at, seen_at_the_platform};
use self::states::{arrived, fail, is_there};
use super::{
    AuthorKind, Conversation, MessageState,
    attachments::{self, Attachment},
    lock, replies,
};
use crate::{
    channel_policy::Writer,
    channels::{
        Platform, Surface,
        accounts::{self, State},
        credentials::{self, Credentials},
    },
    effects::{self, Claimed, Dispatched, Effect, Finding, Standing, Unsettled},
    ids::{ChannelAccountId, ConversationId, EffectId, MessageId, UserId, encode_uuid},
    problems::{Code, Result},
    queues,
    tenancy::TenantTx,
};

/// Kind of the effect in the ledger.
pub const EFFECT: &str = "channel.reply";
/// A call is surely over so long after its dispatch: then what is not there did not take place.
pub const CALLS_LAST: time::Duration = time::Duration::minutes(2);

/// One answer on its way. Those of a conversation go one after the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deliver {
    pub message: MessageId,
    pub conversation: ConversationId,
}

impl Task for Deliver {
    const KIND: &'static str = "channels.deliver";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        self.conversation.to_string()
    }
}

/// How often an answer is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub retries: Schedule,
}

impl Default for Patience {
    fn default() -> Self {
        const RETRIES: Schedule = Schedule(&[60, 300, 900]);
        Self { retries: RETRIES }
    }
}

/// Ours, for the platform's echo to bring back.
pub fn marker(message: MessageId) -> String {
    format!("socialai:{}", encode_uuid(message.0))
}

/// What a job has to do.
#[derive(Debug)]
pub enum Next {
    /// The answer has ended.
    Nothing,
    /// It waits for somebody to connect the account again. Nothing is lost; ask again later.
    Wait {
        reason: String,
    },
    Send(Box<Sending>),
    /// It was sent once, and whether it arrived is not known: read back, and say what was found.
    Settle(Box<Settling>),
}

/// An answer as connectors need it.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub message: MessageId,
    pub conversation: ConversationId,
    pub platform: Platform,
    pub surface: Surface,
    /// External id of the account.
    pub account: String,
    /// External id of the person; empty for those whom the platform does not name.
    pub recipient: String,
    pub thread_key: String,
    pub reply_to: Option<String>,
    pub text: String,
    pub quick_replies: Vec<String>,
    pub attachments: Vec<Attachment>,
    pub marker: String,
    /// To be sent under the platform's tag for what humans write by hand.
    pub needs_human_agent_tag: bool,
    /// As the circuit breaker is called.
    pub remote: String,
}

/// An answer that may be sent once it is on record as dispatched.
#[derive(Debug)]
pub struct Sending {
    pub outgoing: Outgoing,
    pub credentials: Credentials,
    place: Place,
    claimed: Claimed,
}

/// An answer that is on record as sent, and now may be.
#[derive(Debug)]
pub struct Sent {
    place: Place,
    dispatched: Dispatched,
}

/// An answer of which nobody knows whether it arrived.
#[derive(Debug)]
pub struct Settling {
    pub outgoing: Outgoing,
    pub credentials: Credentials,
    /// When it left.
    pub dispatched_at: Option<OffsetDateTime>,
    /// How often it was looked for in vain.
    pub tries: i32,
    place: Place,
    unsettled: Unsettled,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    message: MessageId,
    conversation: ConversationId,
    account: ChannelAccountId,
    effect: EffectId,
    attempts: i32,
}

#[derive(Debug, FromRow)]
struct Row {
    account_id: ChannelAccountId,
    effect_id: Option<EffectId>,
    author_kind: AuthorKind,
    author_id: Option<UserId>,
    state: Option<MessageState>,
    platform_id: Option<String>,
    reply_to_platform_id: Option<String>,
    text: String,
    quick_replies: Vec<String>,
    marker: Option<String>,
    attempts: i32,
    unsent_at: Option<OffsetDateTime>,
}

/// Looks what is left to do for an answer, and takes it.
pub async fn begin(tx: &mut TenantTx, task: &Deliver) -> Result<Next> {
    let conversation = match lock(tx, task.conversation).await {
        Err(error) if error.problem().is_some_and(|problem| problem.code == Code::NotFound) => {
            return Ok(Next::Nothing);
        }
        other => other?,
    };
    let row: Option<Row> = sqlx::query_as(
        "select account_id, effect_id, author_kind, author_id, state, platform_id, reply_to_platform_id, text, quick_replies,
            marker, attempts, unsent_at
         from messages where id = $1 for no key update",
    )
    .bind(task.message)
    .fetch_optional(tx.conn())
    .await?;
    let Some((row, effect)) = row.and_then(|row| row.effect_id.map(|effect| (row, effect))) else {
        return Ok(Next::Nothing);
    };
    let place = Place {
        message: task.message,
        conversation: conversation.id,
        account: row.account_id,
        effect,
        attempts: row.attempts,
    };
    match effects::take(tx, effect).await? {
        Standing::Ended(effect) => ended_elsewhere(tx, &conversation, &place, &row, &effect).await,
        Standing::Unsettled(unsettled) => unsettled_one(tx, &conversation, place, row, unsettled).await,
        Standing::Ready(claimed) => ready(tx, &conversation, place, row, claimed).await,
    }
}

/// Somebody settled the effect by hand, or the process died after it had ended: the message follows.
async fn ended_elsewhere(
    tx: &mut TenantTx,
    conversation: &Conversation,
    place: &Place,
    row: &Row,
    effect: &Effect,
) -> Result<Next> {
    if matches!(row.state, Some(MessageState::Queued | MessageState::Unknown)) {
        if effect.state == effects::State::Confirmed {
            let platform_id = effect.remote_ids.as_ref().and_then(|ids| ids["id"].as_str());
            arrived(tx, conversation, place.message, platform_id, None).await?;
        } else {
            let reason = effect.failure.clone().unwrap_or_default();
            fail(tx, conversation, place.message, MessageState::Failed, &reason).await?;
        }
    }
    Ok(Next::Nothing)
}

async fn unsettled_one(
    tx: &mut TenantTx,
    conversation: &Conversation,
    place: Place,
    row: Row,
    unsettled: Unsettled,
) -> Result<Next> {
    if row.platform_id.is_some() || row.state.is_some_and(is_there) {
        // Its echo came while nobody watched.
        unsettled.settle(tx, Finding::TookPlace { remote_ids: json!({ "id": row.platform_id }) }).await?;
        return Ok(Next::Nothing);
    }
    let credentials = match usable(tx, &place).await? {
        Ok(credentials) => credentials,
        Err(reason) => return Ok(Next::Wait { reason }),
    };
    let (dispatched_at, tries) = (unsettled.effect().dispatched_at, unsettled.effect().settle_tries);
    let outgoing = outgoing(tx, conversation, &place, row, false).await?;
    Ok(Next::Settle(Box::new(Settling { outgoing, credentials, dispatched_at, tries, place, unsettled })))
}

async fn ready(
    tx: &mut TenantTx,
    conversation: &Conversation,
    place: Place,
    row: Row,
    claimed: Claimed,
) -> Result<Next> {
    if row.state.is_none_or(|state| !matches!(state, MessageState::Queued | MessageState::Unknown)) {
        claimed.cancel(tx, "It is at the platform already, or was given up.").await?;
        return Ok(Next::Nothing);
    }
    if row.unsent_at.is_some() {
        return give_up(tx, conversation, &place, claimed, "It was taken back before it was sent.").await;
    }
    if row.author_kind == AuthorKind::Machine && conversation.machine_paused {
        return give_up(tx, conversation, &place, claimed, "A person took over before it was sent.").await;
    }
    let credentials = match usable(tx, &place).await? {
        Ok(credentials) => credentials,
        // A claim without a dispatch is taken anew by whoever comes next.
        Err(reason) => return Ok(Next::Wait { reason }),
    };
    let files = attachments::of_messages(tx, &[place.message]).await?;
    let media = replies::media(&files);
    let writer = if row.author_id.is_some() { Writer::Human } else { Writer::Machine };
    let verdict = replies::verdict(tx, conversation, &row.text, &media, row.quick_replies.len(), writer).await?;
    if let Some(refusal) = &verdict.refused {
        return give_up(tx, conversation, &place, claimed, &refusal.sentence).await;
    }
    let outgoing = outgoing(tx, conversation, &place, row, verdict.needs_human_agent_tag).await?;
    Ok(Next::Send(Box::new(Sending { outgoing, credentials, place, claimed })))
}

/// The tokens of the account, or why there are none to use.
async fn usable(tx: &mut TenantTx, place: &Place) -> Result<Result<Credentials, String>> {
    let account = accounts::get(tx, place.account).await?;
    match account.state {
        State::Disconnected => Ok(Err("The account is disconnected.".to_owned())),
        State::NeedsYou => Ok(Err(account.state_reason.unwrap_or_else(|| "The account needs somebody.".to_owned()))),
        State::Healthy | State::Degraded => Ok(Ok(credentials::open(tx, place.account).await?)),
    }
}

async fn outgoing(
    tx: &mut TenantTx,
    conversation: &Conversation,
    place: &Place,
    row: Row,
    needs_human_agent_tag: bool,
) -> Result<Outgoing> {
    let (account, recipient): (String, String) = sqlx::query_as(
        "select a.external_id, i.external_id from channel_accounts a, contact_identities i where a.id = $1 and i.id = $2",
    )
    .bind(place.account)
    .bind(conversation.identity_id)
    .fetch_one(tx.conn())
    .await?;
    let is_named = !recipient.starts_with("unknown/");
    Ok(Outgoing {
        message: place.message,
        conversation: conversation.id,
        platform: conversation.platform,
        surface: conversation.surface,
        remote: accounts::remote(conversation.platform, &account),
        account,
        recipient: if is_named { recipient } else { String::new() },
        thread_key: conversation.thread_key.clone(),
        reply_to: row.reply_to_platform_id,
        text: row.text,
        quick_replies: row.quick_replies,
        attachments: attachments::of_messages(tx, &[place.message]).await?,
        marker: row.marker.unwrap_or_else(|| marker(place.message)),
        needs_human_agent_tag,
    })
}

/// Nothing has left, and nothing will.
async fn give_up(
    tx: &mut TenantTx,
    conversation: &Conversation,
    place: &Place,
    claimed: Claimed,
    reason: &str,
) -> Result<Next> {
    claimed.cancel(tx, reason).await?;
    fail(tx, conversation, place.message, MessageState::Refused, reason).await?;
    Ok(Next::Nothing)
}

impl Sending {
    /// Records that it is being sent, and commits.
    pub async fn dispatch(self, tx: TenantTx) -> Result<Sent> {
        Ok(Sent { place: self.place, dispatched: self.claimed.dispatch(tx).await? })
    }
}
