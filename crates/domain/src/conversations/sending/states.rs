//! What an answer goes through: sent, delivered and read by the platform's word, refused or given up by ours. The platform's
//! word counts more: what is there stays there, whatever a call said of it.

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{CALLS_LAST, EFFECT};
use crate::{
    conversations::{Conversation, MessageState, attachments, lock, marks},
    effects::{self, Finding, Standing},
    ids::{ChannelAccountId, ConversationId, EffectId, MessageId},
    problems::Result,
    tenancy::TenantTx,
};

pub(super) const fn is_there(state: MessageState) -> bool {
    matches!(state, MessageState::Sent | MessageState::Delivered | MessageState::Read)
}

/// One of ours by its marker.
pub(in crate::conversations) async fn find_marked(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    marker: &str,
) -> Result<Option<(MessageId, ConversationId)>> {
    let found = sqlx::query_as("select id, conversation_id from messages where marker = $1 and account_id = $2");
    Ok(found.bind(marker).bind(account).fetch_optional(tx.conn()).await?)
}

/// The oldest of ours with this text that has left and of which the platform has not said anything yet: not every platform
/// brings markers back. A message without a text is known by nothing.
pub(in crate::conversations) async fn find_under_way(
    tx: &mut TenantTx,
    conversation: ConversationId,
    text: &str,
) -> Result<Option<(MessageId, ConversationId)>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let found = sqlx::query_as(
        "select m.id, m.conversation_id from messages m join effects e on e.tenant_id = m.tenant_id and e.id = m.effect_id
         where m.conversation_id = $1 and m.state in ('queued', 'unknown', 'sent', 'delivered') and m.platform_id is null
            and m.direction = 'out' and btrim(m.text) = btrim($2)
            and e.state in ('dispatched', 'unknown', 'confirmed')
         order by m.seq limit 1",
    );
    Ok(found.bind(conversation).bind(text).fetch_optional(tx.conn()).await?)
}

/// The comments under one post.
pub(in crate::conversations) struct Thread<'a> {
    pub(in crate::conversations) account: ChannelAccountId,
    pub(in crate::conversations) remote: String,
    pub(in crate::conversations) key: &'a str,
}

/// One of ours with this text that is under way to somebody in a thread. One that answers another comment than the platform
/// says counts only while its call may last: afterwards somebody else may have said the same there.
pub(in crate::conversations) async fn find_in_thread(
    tx: &mut TenantTx,
    thread: Thread<'_>,
    answered: Option<&str>,
    text: &str,
) -> Result<Option<(MessageId, ConversationId)>> {
    let ids = if text.trim().is_empty() { Vec::new() } else { under_way_at(tx, &thread.remote).await? };
    if ids.is_empty() {
        return Ok(None);
    }
    let calls_since = tx.now() - CALLS_LAST;
    let found = sqlx::query_as(
        "select m.id, m.conversation_id from messages m
         join effects e on e.tenant_id = m.tenant_id and e.id = m.effect_id
         join conversations c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
         where m.id = any($1) and m.account_id = $2 and m.state in ('queued', 'unknown') and m.platform_id is null
            and btrim(m.text) = btrim($3) and c.surface = 'comment' and c.thread_key = $4
            and (m.reply_to_platform_id = $5 or e.dispatched_at > $6)
         order by (m.reply_to_platform_id is not distinct from $5) desc, m.id limit 1",
    )
    .bind(ids)
    .bind(thread.account)
    .bind(text)
    .bind(thread.key)
    .bind(answered)
    .bind(calls_since);
    Ok(found.fetch_optional(tx.conn()).await?)
}

/// The answers that have left to an account's platform and of which nothing is known yet: few.
async fn under_way_at(tx: &mut TenantTx, remote: &str) -> Result<Vec<MessageId>> {
    let requests: Vec<Value> = sqlx::query_scalar(
        "select request from effects where state in ('dispatched', 'unknown') and kind = $1 and remote = $2
         order by planned_at desc, id limit 200",
    )
    .bind(EFFECT)
    .bind(remote)
    .fetch_all(tx.conn())
    .await?;
    Ok(requests.iter().filter_map(|request| MessageId::deserialize(&request["message"]).ok()).collect())
}

/// The platform says that it has a message of ours, and since when.
pub(in crate::conversations) async fn seen_at_the_platform(
    tx: &mut TenantTx,
    message: MessageId,
    platform_id: Option<&str>,
    provider_at: OffsetDateTime,
) -> Result<()> {
    let conversation: ConversationId = sqlx::query_scalar("select conversation_id from messages where id = $1")
        .bind(message)
        .fetch_one(tx.conn())
        .await?;
    let conversation = lock(tx, conversation).await?;
    arrived(tx, &conversation, message, platform_id, Some(provider_at)).await?;
    // Where it was on record as sent already, its time is still news.
    moved_to(tx, &conversation, message, provider_at).await?;
    let effect: Option<EffectId> = sqlx::query_scalar(
        "select e.id from messages m join effects e on e.tenant_id = m.tenant_id and e.id = m.effect_id
         where m.id = $1 and e.state = 'unknown'",
    )
    .bind(message)
    .fetch_optional(tx.conn())
    .await?;
    // While the call is under way, its own job writes it down; what is unknown may have no job any more.
    if let Some(effect) = effect
        && let Standing::Unsettled(unsettled) = effects::take(tx, effect).await?
    {
        unsettled.settle(tx, Finding::TookPlace { remote_ids: json!({ "id": platform_id }) }).await?;
    }
    Ok(())
}

/// The call was faster than the echo and told no time: until here it stood at the moment when it was written, before others
/// that were written with it and whose echo came first. Lists that tell only seconds move nothing back.
pub(in crate::conversations) async fn happened_at(
    tx: &mut TenantTx,
    message: MessageId,
    conversation: ConversationId,
    provider_at: OffsetDateTime,
) -> Result<()> {
    let conversation = lock(tx, conversation).await?;
    moved_to(tx, &conversation, message, provider_at).await
}

async fn moved_to(
    tx: &mut TenantTx,
    conversation: &Conversation,
    message: MessageId,
    provider_at: OffsetDateTime,
) -> Result<()> {
    let moved = sqlx::query(
        "update messages set provider_at = $2 where id = $1 and effect_id is not null and provider_at < $2",
    );
    if moved.bind(message).bind(provider_at).execute(tx.conn()).await?.rows_affected() > 0 {
        let what = json!({ "id": message, "direction": "out", "change": "time" });
        conversation.about().publish_message(tx, "message.updated", message, what);
    }
    Ok(())
}

/// It is at the platform. The conversation is held.
pub(super) async fn arrived(
    tx: &mut TenantTx,
    conversation: &Conversation,
    message: MessageId,
    platform_id: Option<&str>,
    provider_at: Option<OffsetDateTime>,
) -> Result<()> {
    if let Some(platform_id) = platform_id {
        marks::hold(tx, conversation.account_id, platform_id).await?;
        take_over(tx, conversation, message, platform_id).await?;
    }
    let now = tx.now();
    let before: Option<MessageState> =
        sqlx::query_scalar("select state from messages where id = $1").bind(message).fetch_one(tx.conn()).await?;
    let moved: Option<MessageState> = sqlx::query_scalar(
        "update messages m set platform_id = coalesce(m.platform_id, $2), provider_at = coalesce($3, m.provider_at),
            state = case when m.state in ('delivered', 'read') then m.state
                when c.read_until >= coalesce($3, m.provider_at) then 'read'
                when c.delivered_until >= coalesce($3, m.provider_at) then 'delivered' else 'sent' end,
            state_at = $4, state_reason = null
         from conversations c
         where m.id = $1 and c.tenant_id = m.tenant_id and c.id = m.conversation_id
            and (m.state not in ('sent', 'delivered', 'read') or m.platform_id is null and $2 is not null)
         returning m.state",
    )
    .bind(message)
    .bind(platform_id)
    .bind(provider_at)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    if let Some(state) = moved {
        // Its id may become known after it was told that it was sent.
        let event = if before.is_some_and(is_there) { "message.updated" } else { "reply.sent" };
        let what = json!({ "id": message, "direction": "out", "state": state });
        conversation.about().publish_message(tx, event, message, what);
        marks::apply_pending(tx, conversation.account_id, platform_id, message).await?;
    }
    Ok(())
}

/// Under this id the message was taken for one that a human typed at the platform. That one goes, with what it did.
async fn take_over(
    tx: &mut TenantTx,
    conversation: &Conversation,
    message: MessageId,
    platform_id: &str,
) -> Result<()> {
    let other: Option<(MessageId, ConversationId, OffsetDateTime)> = sqlx::query_as(
        "select id, conversation_id, received_at from messages
         where account_id = $1 and platform_id = $2 and id <> $3 and author_kind = 'platform'",
    )
    .bind(conversation.account_id)
    .bind(platform_id)
    .bind(message)
    .fetch_optional(tx.conn())
    .await?;
    // It may stand with somebody else, below whose comment the platform put it.
    let Some((other, place, received_at)) = other else { return Ok(()) };
    sqlx::query(
        "update conversations set machine_paused = false, machine_paused_at = null where id = $1 and machine_paused_at = $2",
    )
    .bind(place)
    .bind(received_at)
    .execute(tx.conn())
    .await?;
    sqlx::query("update message_reactions set message_id = $2 where message_id = $1")
        .bind(other)
        .bind(message)
        .execute(tx.conn())
        .await?;
    attachments::remove_of(tx, &[other]).await?;
    sqlx::query("delete from messages where id = $1").bind(other).execute(tx.conn()).await?;
    Ok(())
}

pub(super) async fn fail(
    tx: &mut TenantTx,
    conversation: &Conversation,
    message: MessageId,
    state: MessageState,
    reason: &str,
) -> Result<()> {
    if set_state(tx, message, state, Some(reason)).await? {
        let what = json!({ "id": message, "direction": "out", "state": state, "reason": reason });
        conversation.about().publish_message(tx, "reply.failed", message, what);
    }
    Ok(())
}

pub(super) async fn move_to(
    tx: &mut TenantTx,
    conversation: &Conversation,
    message: MessageId,
    state: MessageState,
    reason: Option<&str>,
) -> Result<()> {
    if set_state(tx, message, state, reason).await? {
        let what = json!({ "id": message, "direction": "out", "state": state, "change": "state" });
        conversation.about().publish_message(tx, "message.updated", message, what);
    }
    Ok(())
}

/// What is at the platform stays so, whatever a call said.
async fn set_state(tx: &mut TenantTx, message: MessageId, state: MessageState, reason: Option<&str>) -> Result<bool> {
    let now = tx.now();
    let set = sqlx::query(
        "update messages set state = $2, state_reason = $3, state_at = $4
         where id = $1 and state in ('queued', 'unknown', 'refused', 'failed')
            and (state <> $2 or state_reason is distinct from $3)",
    );
    Ok(set.bind(message).bind(state).bind(reason).bind(now).execute(tx.conn()).await?.rows_affected() == 1)
}
