//! What happens to a message afterwards: edits, what is taken back, reactions, delivered and read. A mark that comes before
//! its message waits for it, whatever the order; of two of one kind the later one counts, by the platform's time.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{FromRow, types::Json};
use time::{Duration, OffsetDateTime};

use super::{
    About, Direction, MessageState, attachments,
    receiving::{Item, Received, identity, person},
    texts::preview,
};
use crate::{
    channels::{Platform, Surface, accounts::Receiving},
    ids::{ChannelAccountId, ContactId, ConversationId, MessageId},
    problems::Result,
    tenancy::TenantTx,
};

/// A mark whose message has not come by then never finds one.
const WAITS_FOR: Duration = Duration::days(30);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(super) enum Mark {
    Edited { text: String },
    Unsent,
    Reaction { emoji: Option<String> },
    Delivered,
    Read,
}

impl Mark {
    const fn name(&self) -> &'static str {
        match self {
            Self::Edited { .. } => "edited",
            Self::Unsent => "unsent",
            Self::Reaction { .. } => "reaction",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// Marks the message with this id, now or when it comes.
pub(super) async fn change(
    tx: &mut TenantTx,
    account: &Receiving,
    item: &Item,
    platform_id: &str,
    mark: Mark,
) -> Result<Received> {
    let actor = match (&mark, person(item)) {
        (Mark::Reaction { .. }, Some(person)) => person.external_id.replace('\0', "\u{fffd}"),
        _ => String::new(),
    };
    hold(tx, account.id, platform_id).await?;
    if let Some(target) = take(tx, account.id, platform_id).await? {
        apply(tx, &target, &mark, &actor, item.provider_at).await?;
        return Ok(Received::Applied { message: target.id, conversation: target.conversation_id });
    }
    keep(tx, account.id, platform_id, &mark, &actor, item.provider_at).await?;
    Ok(Received::Kept)
}

/// Who brings a message and who brings a mark of it do so one after the other: the second one finds what the first one left.
pub(super) async fn hold(tx: &mut TenantTx, account: ChannelAccountId, platform_id: &str) -> Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text || $2, 13))")
        .bind(account)
        .bind(platform_id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[derive(Debug, FromRow)]
struct Target {
    id: MessageId,
    conversation_id: ConversationId,
    account_id: ChannelAccountId,
    contact_id: ContactId,
    platform: Platform,
    surface: Surface,
    direction: Direction,
    state: Option<MessageState>,
    provider_at: OffsetDateTime,
    edited_at: Option<OffsetDateTime>,
    unsent_at: Option<OffsetDateTime>,
    is_newest: bool,
}

impl Target {
    fn about(&self) -> About {
        About {
            conversation: self.conversation_id,
            account: self.account_id,
            contact: self.contact_id,
            platform: self.platform,
            surface: self.surface,
        }
    }
}

/// The message with its conversation, which is taken first.
async fn take(tx: &mut TenantTx, account: ChannelAccountId, platform_id: &str) -> Result<Option<Target>> {
    let conversation: Option<ConversationId> =
        sqlx::query_scalar("select conversation_id from messages where account_id = $1 and platform_id = $2")
            .bind(account)
            .bind(platform_id)
            .fetch_optional(tx.conn())
            .await?;
    let Some(conversation) = conversation else { return Ok(None) };
    sqlx::query("select from conversations where id = $1 for no key update")
        .bind(conversation)
        .execute(tx.conn())
        .await?;
    let target = sqlx::query_as(
        "select m.id, m.conversation_id, m.account_id, c.contact_id, c.platform, c.surface, m.direction, m.state,
            m.provider_at, m.edited_at, m.unsent_at, m.seq = c.last_seq as is_newest
         from messages m join conversations c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
         where m.account_id = $1 and m.platform_id = $2 for no key update of m",
    );
    Ok(target.bind(account).bind(platform_id).fetch_optional(tx.conn()).await?)
}

async fn keep(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    platform_id: &str,
    mark: &Mark,
    actor: &str,
    at: OffsetDateTime,
) -> Result<()> {
    let now = tx.now();
    sqlx::query(
        "insert into pending_marks (account_id, platform_id, kind, actor, mark, provider_at, received_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, account_id, platform_id, kind, actor) do update
            set mark = excluded.mark, provider_at = excluded.provider_at, received_at = excluded.received_at
            where pending_marks.provider_at <= excluded.provider_at",
    )
    .bind(account)
    .bind(platform_id)
    .bind(mark.name())
    .bind(actor)
    .bind(Json(mark))
    .bind(at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Pending {
    actor: String,
    #[sqlx(json)]
    mark: Mark,
    provider_at: OffsetDateTime,
}

/// Gives a message that has just come the marks that were there before it; likewise one of ours whose id at the platform has
/// just become known.
pub(super) async fn apply_pending(
    tx: &mut TenantTx,
    account: ChannelAccountId,
    platform_id: Option<&str>,
    message: MessageId,
) -> Result<()> {
    let Some(platform_id) = platform_id else { return Ok(()) };
    let mut pending: Vec<Pending> = sqlx::query_as(
        "delete from pending_marks where account_id = $1 and platform_id = $2 returning actor, mark, provider_at",
    )
    .bind(account)
    .bind(platform_id)
    .fetch_all(tx.conn())
    .await?;
    pending.sort_by_key(|pending| pending.provider_at);
    for Pending { actor, mark, provider_at } in pending {
        if let Some(target) = take(tx, account, platform_id).await?.filter(|target| target.id == message) {
            apply(tx, &target, &mark, &actor, provider_at).await?;
        }
    }
    Ok(())
}

async fn apply(tx: &mut TenantTx, target: &Target, mark: &Mark, actor: &str, at: OffsetDateTime) -> Result<()> {
    match mark {
        Mark::Edited { text } => edit(tx, target, text, at).await,
        Mark::Unsent => unsend(tx, target, at).await,
        Mark::Reaction { emoji } => react(tx, target, actor, emoji.as_deref(), at).await,
        Mark::Delivered => reached(tx, target, MessageState::Delivered).await,
        Mark::Read => reached(tx, target, MessageState::Read).await,
    }
}

/// What was taken back stays so, and an older edit does not undo a newer one.
async fn edit(tx: &mut TenantTx, target: &Target, text: &str, at: OffsetDateTime) -> Result<()> {
    if target.unsent_at.is_some() || target.edited_at.is_some_and(|edited| edited > at) {
        return Ok(());
    }
    let changed = sqlx::query(
        "update messages set text = $2, edited_at = $3 where id = $1 and (text <> $2 or edited_at is null)",
    );
    let changed = changed.bind(target.id).bind(text).bind(at).execute(tx.conn()).await?;
    if changed.rows_affected() == 0 {
        return Ok(());
    }
    show(tx, target, &preview(text)).await?;
    announce(tx, target, "edited");
    Ok(())
}

/// Nothing of it is kept but that there was something.
async fn unsend(tx: &mut TenantTx, target: &Target, at: OffsetDateTime) -> Result<()> {
    if target.unsent_at.is_some() {
        return Ok(());
    }
    sqlx::query(
        "update messages set text = '', context = null, raw = null, quick_replies = '{}', unsent_at = $2 where id = $1",
    )
    .bind(target.id)
    .bind(at)
    .execute(tx.conn())
    .await?;
    attachments::remove_of(tx, &[target.id]).await?;
    sqlx::query("delete from message_reactions where message_id = $1").bind(target.id).execute(tx.conn()).await?;
    show(tx, target, "").await?;
    announce(tx, target, "unsent");
    Ok(())
}

async fn show(tx: &mut TenantTx, target: &Target, preview: &str) -> Result<()> {
    if target.is_newest {
        let now = tx.now();
        sqlx::query("update conversations set preview = $2, updated_at = $3 where id = $1")
            .bind(target.conversation_id)
            .bind(preview)
            .bind(now)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// One of each person. Taken back it stays as an empty one, which an older reaction does not overwrite.
async fn react(tx: &mut TenantTx, target: &Target, actor: &str, emoji: Option<&str>, at: OffsetDateTime) -> Result<()> {
    if target.unsent_at.is_some() {
        return Ok(());
    }
    let changed = sqlx::query(
        "insert into message_reactions (message_id, actor, emoji, at) values ($1, $2, $3, $4)
         on conflict (tenant_id, message_id, actor) do update set emoji = excluded.emoji, at = excluded.at
            where message_reactions.at <= excluded.at and message_reactions.emoji <> excluded.emoji",
    );
    let emoji: String = emoji.unwrap_or_default().chars().take(40).collect();
    let changed = changed.bind(target.id).bind(actor).bind(emoji).bind(at).execute(tx.conn()).await?;
    if changed.rows_affected() > 0 {
        announce(tx, target, "reaction");
    }
    Ok(())
}

/// This message and what was sent before it.
async fn reached(tx: &mut TenantTx, target: &Target, state: MessageState) -> Result<()> {
    if target.direction == Direction::In || target.state.is_none() {
        return Ok(());
    }
    advance(tx, target.about(), target.provider_at, state).await
}

/// Everything that was sent until then, in the conversation with this person.
pub(super) async fn reach(
    tx: &mut TenantTx,
    account: &Receiving,
    item: &Item,
    until: OffsetDateTime,
    state: MessageState,
) -> Result<Received> {
    let Some(identity) = identity(tx, account, item).await? else { return Ok(Received::Ignored) };
    let conversation: Option<ConversationId> = sqlx::query_scalar(
        "select id from conversations where identity_id = $1 and account_id = $2 and surface = $3 and thread_key = $4
         order by (status <> 'closed') desc, id desc limit 1 for no key update",
    )
    .bind(identity.id)
    .bind(account.id)
    .bind(item.surface)
    .bind(&item.thread_key)
    .fetch_optional(tx.conn())
    .await?;
    let Some(conversation) = conversation else { return Ok(Received::Ignored) };
    let about = About {
        conversation,
        account: account.id,
        contact: identity.contact_id,
        platform: account.platform,
        surface: item.surface,
    };
    advance(tx, about, until, state).await?;
    Ok(Received::Reached { conversation })
}

async fn advance(tx: &mut TenantTx, about: About, until: OffsetDateTime, state: MessageState) -> Result<()> {
    let now = tx.now();
    // Also for messages of which we do not know yet that they were sent.
    sqlx::query(
        "update conversations set delivered_until = greatest(delivered_until, $2),
            read_until = case when $3 then greatest(read_until, $2) else read_until end
         where id = $1",
    )
    .bind(about.conversation)
    .bind(until)
    .bind(state == MessageState::Read)
    .execute(tx.conn())
    .await?;
    let moved = sqlx::query(
        "update messages set state = $2, state_at = $4
         where conversation_id = $1 and provider_at <= $3 and state = any($5)",
    );
    let earlier: &[&str] = if state == MessageState::Read { &["sent", "delivered"] } else { &["sent"] };
    let moved = moved.bind(about.conversation).bind(state).bind(until).bind(now).bind(earlier);
    if moved.execute(tx.conn()).await?.rows_affected() > 0 {
        about.publish(tx, "conversation.changed");
    }
    Ok(())
}

fn announce(tx: &mut TenantTx, target: &Target, change: &str) {
    let what = json!({ "id": target.id, "direction": target.direction, "change": change });
    target.about().publish_message(tx, "message.updated", target.id, what);
}

/// Removes one batch of marks whose message never came; zero when nothing is left to do.
pub async fn sweep(tx: &mut TenantTx) -> Result<u64> {
    let before = tx.now() - WAITS_FOR;
    let gone = sqlx::query(
        "delete from pending_marks where (tenant_id, account_id, platform_id, kind, actor) in (
            select tenant_id, account_id, platform_id, kind, actor from pending_marks where received_at < $1
            order by received_at limit 1000)",
    );
    Ok(gone.bind(before).execute(tx.conn()).await?.rows_affected())
}
