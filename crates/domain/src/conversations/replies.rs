//! Answers: checked against the rules of the channel, and written together with the effect and the job that send them, in the
//! transaction of whoever asks. Either all of it is there or nothing is.
//!
//! A person who answers takes the conversation from the machine; while somebody has claimed it, nobody else answers it
//! unless they say that they take over.
//!
//! Where the channel takes either a text or one attachment as a message, an answer with more becomes several messages, each
//! with its own effect: first the text, then the attachments in their order. All of them are written, or none.

use serde_json::{Value, json};

use super::{
    About, AuthorKind, Conversation, Direction, Kind, MessageState, Status,
    attachments::{Attachment, uploads},
    lock, sending,
    texts::{clean, preview},
    timeline::{self, Message},
};
use crate::{
    audit::Entry,
    channel_policy::{self, Facts, Media, Rules, Verdict, Writer},
    channels::{Platform, Surface, accounts},
    effects::{self, Plan},
    ids::{AttachmentId, ConversationId, EffectId, MessageId, UserId},
    problems::{Code, Error, Problem, Result},
    tenancy::TenantTx,
};

/// Quick replies are buttons: short, and few.
const LONGEST_QUICK_REPLY: usize = 20;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// A person, who wrote it by hand or approved it as their own.
    Person(UserId),
    /// A program with an API key: recorded as the workspace's own, but not as written by hand.
    Program,
    /// Our own automation.
    Machine,
}

impl Author {
    const fn kind(self) -> AuthorKind {
        match self {
            Self::Person(_) | Self::Program => AuthorKind::User,
            Self::Machine => AuthorKind::Machine,
        }
    }

    const fn user(self) -> Option<UserId> {
        match self {
            Self::Person(user) => Some(user),
            Self::Program | Self::Machine => None,
        }
    }

    const fn writer(self) -> Writer {
        match self {
            Self::Person(_) => Writer::Human,
            Self::Program | Self::Machine => Writer::Machine,
        }
    }
}

/// An answer that is to be sent.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub text: String,
    /// Uploaded before, and not sent with anything yet.
    pub attachments: Vec<AttachmentId>,
    pub quick_replies: Vec<String>,
    /// The message that is answered; for comments, the newest of the person when it is left out.
    pub reply_to: Option<MessageId>,
    /// Answers although somebody else has claimed the conversation.
    pub takes_over: bool,
}

/// What the channel's rules say of a draft, without sending it. Empty drafts are refused as such; the limits and the window are
/// told in any case.
pub async fn check(tx: &mut TenantTx, id: ConversationId, draft: &Draft, author: Author) -> Result<Verdict> {
    let conversation = super::get(tx, id).await?;
    let files = uploads::take(tx, &draft.attachments).await?;
    verdict(tx, &conversation, &draft.text, &media(&files), draft.quick_replies.len(), author.writer()).await
}

/// Writes an answer and sees to it that it is sent.
pub async fn reply(tx: &mut TenantTx, id: ConversationId, draft: &Draft, author: Author) -> Result<Message> {
    let conversation = lock(tx, id).await?;
    may_speak(tx, &conversation, draft, author)?;
    let account = accounts::get(tx, conversation.account_id).await?;
    if account.state == accounts::State::Disconnected {
        return Err(Problem::of(Code::ChannelNotConnected).into());
    }
    let text = clean(draft.text.trim());
    let quick_replies = quick_replies(&draft.quick_replies)?;
    let files = uploads::take(tx, &draft.attachments).await?;
    let verdict = verdict(tx, &conversation, &text, &media(&files), quick_replies.len(), author.writer()).await?;
    if let Some(refusal) = verdict.refused {
        return Err(Problem::new(Code::ChannelRefuses, refusal.sentence).into());
    }
    let reply_to = answered(tx, &conversation, draft.reply_to).await?;
    let rules = channel_policy::of(conversation.platform, conversation.surface);
    let messages = messages(rules, &text, &quick_replies, reply_to, &files);
    let first = messages.first().map(|message| message.id);
    for mut new in messages {
        // What a visitor of a website is answered is there with the commit: their page reads this row, and nobody is called.
        if conversation.platform != Platform::WebChat {
            new.effect = Some(effects::plan(tx, plan(&conversation, new.id, account.remote())).await?);
        }
        write(tx, &conversation, &new, author).await?;
        advance(tx, &conversation, &new, author).await?;
        if new.effect.is_some() {
            tx.enqueue(&sending::Deliver { message: new.id, conversation: id })?;
        }
        announce(tx, conversation.about(), &new, author);
    }
    timeline::get(tx, first.ok_or_else(|| Problem::of(Code::ChannelRefuses))?).await
}

/// An answer as the messages that the channel takes. Buttons stand below the last, because the next message would hide them.
fn messages<'a>(
    rules: &Rules,
    text: &'a str,
    quick_replies: &'a [String],
    reply_to: Option<String>,
    files: &'a [Attachment],
) -> Vec<New<'a>> {
    let new =
        |text, files| New { id: MessageId::fresh(), effect: None, text, quick_replies: &[], reply_to: None, files };
    let mut messages = if rules.text_with_media || files.is_empty() {
        vec![new(text, files)]
    } else {
        let texts = Some(text).filter(|text| !text.is_empty()).map(|text| new(text, &[]));
        texts.into_iter().chain(files.chunks(1).map(|file| new("", file))).collect()
    };
    if let Some(first) = messages.first_mut() {
        first.reply_to = reply_to;
    }
    if let Some(last) = messages.last_mut() {
        last.quick_replies = quick_replies;
    }
    messages
}

/// Everything that does not depend on the channel.
fn may_speak(tx: &TenantTx, conversation: &Conversation, draft: &Draft, author: Author) -> Result<(), Problem> {
    let now = tx.now();
    let claimed_by = conversation.claimed_by.filter(|_| conversation.claimed_until.is_some_and(|until| until > now));
    let is_anothers = claimed_by.is_some() && claimed_by != author.user();
    match author {
        Author::Machine if conversation.machine_paused || claimed_by.is_some() => Err(Problem::of(Code::MachineSilent)),
        _ if is_anothers && !draft.takes_over => Err(Problem::of(Code::ConversationClaimed)),
        _ => Ok(()),
    }
}

fn quick_replies(given: &[String]) -> Result<Vec<String>, Problem> {
    let mut cleaned = Vec::with_capacity(given.len());
    for (place, text) in given.iter().enumerate() {
        let text = text.trim();
        let length = text.chars().count();
        if !(1..=LONGEST_QUICK_REPLY).contains(&length) || text.chars().any(char::is_control) {
            let sentence = format!("A quick reply has 1 to {LONGEST_QUICK_REPLY} printable characters.");
            return Err(Problem::field(format!("quick_replies[{place}]"), sentence));
        }
        cleaned.push(text.to_owned());
    }
    Ok(cleaned)
}

pub(super) fn media(files: &[Attachment]) -> Vec<Media> {
    let bytes = |file: &Attachment| file.size_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default();
    files.iter().map(|file| Media { kind: file.kind.name(), bytes: bytes(file) }).collect()
}

pub(super) async fn verdict(
    tx: &mut TenantTx,
    conversation: &Conversation,
    text: &str,
    media: &[Media],
    quick_replies: usize,
    writer: Writer,
) -> Result<Verdict> {
    let rules = channel_policy::of(conversation.platform, conversation.surface);
    let settings = accounts::get(tx, conversation.account_id).await?.settings;
    let text = text.trim();
    let facts = Facts {
        now: tx.now(),
        writer,
        length: channel_policy::measure(rules.unit, text),
        own_limit: settings.text_limit,
        has_text: !text.is_empty(),
        media: media.to_vec(),
        quick_replies: u32::try_from(quick_replies).unwrap_or(u32::MAX),
        last_inbound_at: conversation.last_inbound_at,
        has_human_agent: settings.has_human_agent,
        was_invited: conversation.was_invited,
    };
    Ok(channel_policy::evaluate(rules, &facts))
}

/// The platform's id of the message that is answered. A comment always answers one.
async fn answered(tx: &mut TenantTx, conversation: &Conversation, wanted: Option<MessageId>) -> Result<Option<String>> {
    if let Some(wanted) = wanted {
        let found: Option<Option<String>> =
            sqlx::query_scalar("select platform_id from messages where id = $1 and conversation_id = $2")
                .bind(wanted)
                .bind(conversation.id)
                .fetch_optional(tx.conn())
                .await?;
        let nothing = || Problem::field("reply_to", "This message is not in the conversation.");
        return Ok(found.ok_or_else(nothing)?);
    }
    if conversation.surface == Surface::Message {
        return Ok(None);
    }
    let newest = sqlx::query_scalar(
        "select platform_id from messages where conversation_id = $1 and direction = 'in' and platform_id is not null
            and unsent_at is null
         order by provider_at desc, seq desc limit 1",
    );
    Ok(newest.bind(conversation.id).fetch_optional(tx.conn()).await?)
}

fn plan(conversation: &Conversation, message: MessageId, remote: String) -> Plan {
    Plan {
        kind: sending::EFFECT,
        remote,
        about_kind: "conversation",
        about_id: conversation.id.to_string(),
        idempotency_key: format!("reply/{message}"),
        request: json!({ "message": message, "account": conversation.account_id, "surface": conversation.surface }),
    }
}

struct New<'a> {
    id: MessageId,
    /// `None`: it is sent by being written.
    effect: Option<EffectId>,
    text: &'a str,
    quick_replies: &'a [String],
    reply_to: Option<String>,
    files: &'a [Attachment],
}

impl New<'_> {
    const fn state(&self) -> MessageState {
        if self.effect.is_some() { MessageState::Queued } else { MessageState::Sent }
    }

    fn kind(&self, surface: Surface) -> Kind {
        match surface {
            Surface::Comment => Kind::Comment,
            Surface::Message if self.text.is_empty() => Kind::Attachment,
            Surface::Message => Kind::Text,
        }
    }
}

async fn write(tx: &mut TenantTx, conversation: &Conversation, new: &New<'_>, author: Author) -> Result<()> {
    let now = tx.now();
    sqlx::query(
        "insert into messages (id, conversation_id, account_id, seq, direction, author_kind, author_id, kind,
            reply_to_platform_id, text, quick_replies, provider_at, received_at, state, state_at, effect_id, marker)
         select $1, $2, $3, c.last_seq + 1, 'out', $4, $5, $6, $7, $8, $9, $10, $10, $13, $10, $11, $12
         from conversations c where c.id = $2",
    )
    .bind(new.id)
    .bind(conversation.id)
    .bind(conversation.account_id)
    .bind(author.kind())
    .bind(author.user())
    .bind(new.kind(conversation.surface))
    .bind(&new.reply_to)
    .bind(new.text)
    .bind(new.quick_replies)
    .bind(now)
    .bind(new.effect)
    .bind(sending::marker(new.id))
    .bind(new.state())
    .execute(tx.conn())
    .await?;
    uploads::attach(tx, conversation.account_id, new.id, new.files).await
}

/// What an answer does to its conversation.
async fn advance(tx: &mut TenantTx, conversation: &Conversation, new: &New<'_>, author: Author) -> Result<()> {
    let now = tx.now();
    let line = match new.files.first() {
        Some(file) if new.text.is_empty() => format!("[{}]", file.kind.name()),
        _ => preview(new.text),
    };
    let is_human = author != Author::Machine;
    sqlx::query(
        "update conversations set last_seq = last_seq + 1, status = 'open', closed_at = null, snoozed_until = null,
            last_activity_at = greatest(last_activity_at, $2), last_outbound_at = greatest(last_outbound_at, $2),
            awaiting_since = null, unread_count = case when $3 then 0 else unread_count end, preview = $4,
            preview_direction = 'out', claimed_by = case when $3 then null else claimed_by end,
            claimed_until = case when $3 then null else claimed_until end, machine_paused = machine_paused or $3,
            machine_paused_at = case when $3 then coalesce(machine_paused_at, $2) else machine_paused_at end,
            updated_at = $2
         where id = $1",
    )
    .bind(conversation.id)
    .bind(now)
    .bind(is_human)
    .bind(line)
    .execute(tx.conn())
    .await
    .map_err(|error| {
        Error::on_constraint(error, "conversations_one_open", || Problem::of(Code::ConversationSucceeded))
    })?;
    if conversation.status == Status::Closed {
        conversation.about().publish(tx, "conversation.reopened");
    }
    Ok(())
}

/// What a person does is in the audit log, and heard of from there; what the machine does is only heard of.
fn announce(tx: &mut TenantTx, about: About, new: &New<'_>, author: Author) {
    let (message, state) = (new.id, new.state());
    let what = json!({ "id": message, "direction": Direction::Out, "state": state });
    if author == Author::Machine {
        about.publish_message(tx, "reply.written", message, what.clone());
    } else {
        let after: Value = json!({ "message": message });
        tx.record(Entry::new("reply.written", "conversation", about.conversation).changed(json!({}), after));
    }
    if state == MessageState::Sent {
        about.publish_message(tx, "reply.sent", message, what);
    }
}
