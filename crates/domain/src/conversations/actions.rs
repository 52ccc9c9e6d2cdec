//! What colleagues do with a conversation besides answering. Assigning, putting off, closing and reopening are in the audit log;
//! reading and claiming are only heard of.
//!
//! A claim says who is answering, for a short time that the page renews while somebody types. It keeps others from answering
//! the same turn unknowingly, and never longer than it lasts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socialai_queue::jobs::{NewJob, Queue, Task};
use time::{Duration, OffsetDateTime};

use super::{Conversation, Status, get, lock};
use crate::{
    audit::Entry,
    ids::{ConversationId, UserId},
    problems::{Code, Error, Problem, Result},
    queues,
    tenancy::TenantTx,
    users::{self, UserStatus},
};

/// How long a claim keeps others away. The page renews it well before.
pub const CLAIM_LASTS: Duration = Duration::seconds(60);
const LONGEST_SNOOZE: Duration = Duration::days(366);

/// Opens a conversation that was put off. Comes when its time is over, and does nothing if that was changed meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wake {
    pub conversation: ConversationId,
}

impl Task for Wake {
    const KIND: &'static str = "channels.wake";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        format!("wake/{}", self.conversation)
    }
}

/// Gives the conversation to somebody, or to nobody.
pub async fn assign(tx: &mut TenantTx, id: ConversationId, to: Option<UserId>) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    if before.assignee_id == to {
        return Ok(before);
    }
    if let Some(user) = to {
        let user = users::get(tx, user).await?;
        if user.status != UserStatus::Active {
            return Err(Problem::field("assignee", "This user is disabled.").into());
        }
    }
    let now = tx.now();
    sqlx::query("update conversations set assignee_id = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(to)
        .bind(now)
        .execute(tx.conn())
        .await?;
    note(tx, "conversation.assigned", id, json!({ "assignee": before.assignee_id }), json!({ "assignee": to }));
    // Not read again: who gave away what was their own sees it no more.
    Ok(Conversation { assignee_id: to, updated_at: now, ..before })
}

/// Puts the conversation off until then, or until the person writes.
pub async fn snooze(tx: &mut TenantTx, id: ConversationId, until: OffsetDateTime) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    let now = tx.now();
    if until <= now || until > now + LONGEST_SNOOZE {
        return Err(Problem::field("until", "Put it off to a moment within the next year.").into());
    }
    if before.status == Status::Closed {
        return Err(Problem::new(Code::AlreadyDone, "This conversation is closed; reopen it first.").into());
    }
    sqlx::query("update conversations set status = 'snoozed', snoozed_until = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(until)
        .bind(now)
        .execute(tx.conn())
        .await?;
    let wake = NewJob::of(&Wake { conversation: id })
        .map_err(|error| Error::Fault(format!("a job cannot be written: {error}")))?;
    tx.enqueue_job(wake.due_at(until));
    let after = get(tx, id).await?;
    note(tx, "conversation.snoozed", id, audited(&before), audited(&after));
    Ok(after)
}

/// The time of a snooze is over. Nothing happens before it is: then a later job comes.
pub async fn wake(tx: &mut TenantTx, id: ConversationId) -> Result<()> {
    let now = tx.now();
    let woken = sqlx::query(
        "update conversations set status = 'open', snoozed_until = null, updated_at = $2
         where id = $1 and status = 'snoozed' and snoozed_until <= $2",
    );
    if woken.bind(id).bind(now).execute(tx.conn()).await?.rows_affected() == 1 {
        get(tx, id).await?.about().publish(tx, "conversation.woken");
    }
    Ok(())
}

pub async fn close(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    if before.status == Status::Closed {
        return Err(Problem::new(Code::AlreadyDone, "This conversation is closed already.").into());
    }
    let now = tx.now();
    sqlx::query(
        "update conversations set status = 'closed', closed_at = $2, snoozed_until = null, awaiting_since = null,
            unread_count = 0, claimed_by = null, claimed_until = null, updated_at = $2
         where id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let after = get(tx, id).await?;
    note(tx, "conversation.closed", id, audited(&before), audited(&after));
    Ok(after)
}

/// Opens a closed conversation, or one that was put off.
pub async fn reopen(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    if before.status == Status::Open {
        return Err(Problem::new(Code::AlreadyDone, "This conversation is open already.").into());
    }
    let now = tx.now();
    sqlx::query(
        "update conversations set status = 'open', closed_at = null, snoozed_until = null, updated_at = $2 where id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await
    .map_err(|error| {
        Error::on_constraint(error, "conversations_one_open", || Problem::of(Code::ConversationSucceeded))
    })?;
    let after = get(tx, id).await?;
    note(tx, "conversation.reopened", id, audited(&before), audited(&after));
    Ok(after)
}

pub async fn mark_read(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    set_unread(tx, id, "update conversations set unread_count = 0 where id = $1 and unread_count > 0").await
}

pub async fn mark_unread(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    set_unread(tx, id, "update conversations set unread_count = 1 where id = $1 and unread_count = 0").await
}

async fn set_unread(tx: &mut TenantTx, id: ConversationId, statement: &'static str) -> Result<Conversation> {
    lock(tx, id).await?;
    let changed = sqlx::query(statement).bind(id).execute(tx.conn()).await?.rows_affected() > 0;
    let conversation = get(tx, id).await?;
    if changed {
        conversation.about().publish(tx, "conversation.changed");
    }
    Ok(conversation)
}

/// Says that this user is answering, or still is. Refused while somebody else says so.
pub async fn claim(tx: &mut TenantTx, id: ConversationId, user: UserId) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    let now = tx.now();
    let holder = before.claimed_by.filter(|_| before.claimed_until.is_some_and(|until| until > now));
    if holder.is_some_and(|holder| holder != user) {
        return Err(Problem::of(Code::ConversationClaimed).into());
    }
    set_claim(tx, &before, Some(user), holder != Some(user)).await
}

/// The same, although somebody else is: they will see it.
pub async fn take_over(tx: &mut TenantTx, id: ConversationId, user: UserId) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    let is_news = before.claimed_by != Some(user);
    set_claim(tx, &before, Some(user), is_news).await
}

/// Says that this user is not answering any more. Nothing happens to the claim of somebody else.
pub async fn release(tx: &mut TenantTx, id: ConversationId, user: UserId) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    if before.claimed_by != Some(user) {
        return Ok(before);
    }
    set_claim(tx, &before, None, true).await
}

async fn set_claim(
    tx: &mut TenantTx,
    before: &Conversation,
    user: Option<UserId>,
    is_news: bool,
) -> Result<Conversation> {
    let until = user.map(|_| tx.now() + CLAIM_LASTS);
    sqlx::query("update conversations set claimed_by = $2, claimed_until = $3 where id = $1")
        .bind(before.id)
        .bind(user)
        .bind(until)
        .execute(tx.conn())
        .await?;
    if is_news {
        before.about().publish(tx, "conversation.changed");
    }
    get(tx, before.id).await
}

/// Tells the machine to be silent here.
pub async fn pause_machine(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    set_machine(tx, id, true, "conversation.machine_paused").await
}

/// Lets the machine go on after a human spoke.
pub async fn resume_machine(tx: &mut TenantTx, id: ConversationId) -> Result<Conversation> {
    set_machine(tx, id, false, "conversation.machine_resumed").await
}

async fn set_machine(
    tx: &mut TenantTx,
    id: ConversationId,
    paused: bool,
    action: &'static str,
) -> Result<Conversation> {
    let before = lock(tx, id).await?;
    if before.machine_paused == paused {
        return Ok(before);
    }
    let now = tx.now();
    sqlx::query(
        "update conversations set machine_paused = $2, machine_paused_at = case when $2 then $3::timestamptz end, updated_at = $3
         where id = $1",
    )
    .bind(id)
    .bind(paused)
    .bind(now)
    .execute(tx.conn())
    .await?;
    note(tx, action, id, json!({ "machine_paused": !paused }), json!({ "machine_paused": paused }));
    get(tx, id).await
}

fn audited(conversation: &Conversation) -> Value {
    let until = conversation.snoozed_until.map(OffsetDateTime::unix_timestamp);
    json!({ "status": conversation.status, "snoozed_until": until })
}

/// What a person did is in the audit log, and heard of from there.
fn note(tx: &mut TenantTx, action: &'static str, id: ConversationId, before: Value, after: Value) {
    tx.record(Entry::new(action, "conversation", id).changed(before, after));
}
