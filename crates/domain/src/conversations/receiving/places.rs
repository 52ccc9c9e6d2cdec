//! Where something belongs: the conversation of a person, what is written into it, and what that does to it.

use sqlx::FromRow;
use time::OffsetDateTime;

use super::{Item, NewMessage};
use crate::{
    channels::{Surface, accounts::Receiving},
    contacts::Identity,
    conversations::{About, AuthorKind, Direction, MessageState, Status, attachments, texts::preview},
    ids::{ContactId, ConversationId, MessageId},
    problems::{Error, Result},
    tenancy::TenantTx,
};

/// A conversation that this transaction has, as it was before.
#[derive(Debug, FromRow)]
pub(super) struct Place {
    pub(super) id: ConversationId,
    pub(super) contact_id: ContactId,
    pub(super) status: Status,
    last_seq: i64,
    last_activity_at: OffsetDateTime,
    last_outbound_at: Option<OffsetDateTime>,
}

impl Place {
    pub(super) fn about(&self, account: &Receiving, surface: Surface) -> About {
        let (conversation, contact) = (self.id, self.contact_id);
        About { conversation, account: account.id, contact, platform: account.platform, surface }
    }
}

/// The one that is not closed, else the newest, else a new one; whether it is new. The identity's row is held.
pub(super) async fn conversation(
    tx: &mut TenantTx,
    account: &Receiving,
    identity: &Identity,
    item: &Item,
    is_inbound: bool,
) -> Result<(Place, bool)> {
    let found: Option<Place> = sqlx::query_as(
        "select id, contact_id, status, last_seq, last_activity_at, last_outbound_at from conversations
         where identity_id = $1 and account_id = $2 and surface = $3 and thread_key = $4
         order by (status <> 'closed') desc, id desc limit 1 for no key update",
    )
    .bind(identity.id)
    .bind(account.id)
    .bind(item.surface)
    .bind(&item.thread_key)
    .fetch_optional(tx.conn())
    .await?;
    if let Some(place) = found {
        return Ok((place, false));
    }
    let now = tx.now();
    let direction = if is_inbound { Direction::In } else { Direction::Out };
    let made = sqlx::query_as(
        "insert into conversations (id, account_id, identity_id, contact_id, platform, surface, thread_key, status,
            last_activity_at, preview, preview_direction, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, '', $9, $10, $10)
         returning id, contact_id, status, last_seq, last_activity_at, last_outbound_at",
    )
    .bind(ConversationId::fresh())
    .bind(account.id)
    .bind(identity.id)
    .bind(identity.contact_id)
    .bind(account.platform)
    .bind(item.surface)
    .bind(&item.thread_key)
    .bind(item.provider_at)
    .bind(direction)
    .bind(now)
    .fetch_one(tx.conn())
    .await?;
    Ok((made, true))
}

/// The one in which this public message stands.
pub(super) async fn of_message(
    tx: &mut TenantTx,
    account: &Receiving,
    platform_id: Option<&str>,
) -> Result<Option<Place>> {
    let Some(platform_id) = platform_id else { return Ok(None) };
    let found = sqlx::query_as(
        "select c.id, c.contact_id, c.status, c.last_seq, c.last_activity_at, c.last_outbound_at
         from messages m join conversations c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
         where m.account_id = $1 and m.platform_id = $2 and c.surface = 'comment' for no key update of c",
    );
    Ok(found.bind(account.id).bind(platform_id).fetch_optional(tx.conn()).await?)
}

#[derive(Clone, Copy)]
pub(super) struct Author {
    pub(super) direction: Direction,
    pub(super) kind: AuthorKind,
}

pub(super) async fn write(
    tx: &mut TenantTx,
    account: &Receiving,
    place: &Place,
    item: &Item,
    message: &NewMessage,
    author: Author,
) -> Result<MessageId> {
    let (id, now) = (MessageId::fresh(), tx.now());
    let state = (author.direction == Direction::Out).then_some(MessageState::Sent);
    let written: Option<MessageId> = sqlx::query_scalar(
        "insert into messages (id, conversation_id, account_id, seq, direction, author_kind, kind, platform_id,
            reply_to_platform_id, text, context, provider_at, received_at, state, state_at, raw)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         on conflict (tenant_id, account_id, platform_id) where platform_id is not null do nothing returning id",
    )
    .bind(id)
    .bind(place.id)
    .bind(account.id)
    .bind(place.last_seq + 1)
    .bind(author.direction)
    .bind(author.kind)
    .bind(message.kind)
    .bind(&message.platform_id)
    .bind(&message.reply_to_platform_id)
    .bind(&message.text)
    .bind(&message.context)
    .bind(item.provider_at)
    .bind(now)
    .bind(state)
    .bind(state.map(|_| now))
    .bind(&item.raw)
    .fetch_optional(tx.conn())
    .await?;
    // The same id under another person, at this very moment: done again, it is found to be there.
    let id = written.ok_or_else(|| Error::Fault("a message arrived twice at once; it is received again".to_owned()))?;
    attachments::add(tx, account.id, id, &message.attachments).await?;
    Ok(id)
}

fn preview_of(message: &NewMessage) -> String {
    let line = preview(&message.text);
    match message.attachments.first() {
        Some(attachment) if line.is_empty() => format!("[{}]", attachment.kind.name()),
        _ => line,
    }
}

/// What a message of the person does to its conversation.
pub(super) async fn advance(tx: &mut TenantTx, place: &Place, item: &Item, message: &NewMessage) -> Result<()> {
    let now = tx.now();
    let at = item.provider_at;
    let is_newest = at >= place.last_activity_at;
    // Backfilled messages that were answered since do not wait for an answer.
    let is_waiting = place.last_outbound_at.is_none_or(|answered| at > answered);
    sqlx::query(
        "update conversations set last_seq = last_seq + 1, status = 'open', closed_at = null, snoozed_until = null,
            unread_count = unread_count + 1, last_activity_at = greatest(last_activity_at, $2),
            last_inbound_at = greatest(last_inbound_at, $2),
            awaiting_since = case when $3 then least(coalesce(awaiting_since, $2), $2) else awaiting_since end,
            preview = case when $4 then $5 else preview end,
            preview_direction = case when $4 then 'in' else preview_direction end,
            was_invited = was_invited or $6, updated_at = $7
         where id = $1",
    )
    .bind(place.id)
    .bind(at)
    .bind(is_waiting)
    .bind(is_newest)
    .bind(preview_of(message))
    .bind(message.is_invitation)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What an answer from the platform's own app does to its conversation: nobody waits any more, and the machine is silent.
pub(super) async fn human_spoke(tx: &mut TenantTx, place: &Place, item: &Item, message: &NewMessage) -> Result<()> {
    let now = tx.now();
    let is_newest = item.provider_at >= place.last_activity_at;
    sqlx::query(
        "update conversations set last_seq = last_seq + 1, last_activity_at = greatest(last_activity_at, $2),
            last_outbound_at = greatest(last_outbound_at, $2),
            awaiting_since = case when awaiting_since > $2 then awaiting_since end,
            unread_count = case when $3 then 0 else unread_count end,
            preview = case when $3 then $4 else preview end,
            preview_direction = case when $3 then 'out' else preview_direction end,
            machine_paused = true, machine_paused_at = coalesce(machine_paused_at, $5), updated_at = $5
         where id = $1",
    )
    .bind(place.id)
    .bind(item.provider_at)
    .bind(is_newest)
    .bind(preview_of(message))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
