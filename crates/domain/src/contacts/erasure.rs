//! Everything that a workspace has of somebody who is known by a platform's id goes: identities, conversations with all
//! messages, files, reactions and notes, and the contact, unless they are also known from elsewhere. Nothing is left of
//! whom it was but counts in the audit log. Locks are taken as by who receives: identity, conversation, messages.

use serde_json::json;

use crate::{
    audit::Entry,
    channels::Platform,
    conversations::attachments,
    idempotency,
    ids::{ContactId, ContactIdentityId, ConversationId, MessageId},
    problems::Result,
    tenancy::TenantTx,
};

/// Why what was under way ended.
const FOR_NOBODY: &str = "The person it was for was erased.";

/// Erases the person; nothing when nobody here is known by that id.
pub async fn erase(tx: &mut TenantTx, platforms: &[Platform], external_id: &str) -> Result<()> {
    let names: Vec<_> = platforms.iter().map(|platform| platform.name()).collect();
    // By account, because people are known by an id of each: so it is a look into an index for each account.
    let known: Vec<(ContactIdentityId, ContactId)> = sqlx::query_as(
        "select i.id, i.contact_id from channel_accounts a join contact_identities i
            on i.tenant_id = a.tenant_id and i.platform = a.platform and i.scope = a.external_id
         where a.platform = any($1) and i.external_id = $2 order by i.id for update of i",
    )
    .bind(&names)
    .bind(external_id)
    .fetch_all(tx.conn())
    .await?;
    marks(tx, &names, external_id).await?;
    for (identity, contact) in known {
        let mut erased = conversations(tx, identity).await?;
        let is_whole = forget_identity(tx, identity, contact).await?;
        erased["contact"] = json!(is_whole);
        tx.record(Entry::new("contact.erased", "contact", contact).changed(json!({}), erased));
    }
    Ok(())
}

/// What the person put at messages, also of others, and what overtook its message.
async fn marks(tx: &mut TenantTx, platforms: &[&str], external_id: &str) -> Result<()> {
    for statement in [
        "delete from pending_marks where actor = $2 and account_id in (select id from channel_accounts where platform = any($1))",
        "delete from message_reactions r using messages m
         where r.actor = $2 and m.id = r.message_id and m.account_id in (select id from channel_accounts where platform = any($1))",
    ] {
        sqlx::query(statement).bind(platforms).bind(external_id).execute(tx.conn()).await?;
    }
    Ok(())
}

/// What was said with them, and how much that was.
async fn conversations(tx: &mut TenantTx, identity: ContactIdentityId) -> Result<serde_json::Value> {
    let ids: Vec<ConversationId> =
        sqlx::query_scalar("select id from conversations where identity_id = $1 order by id for update")
            .bind(identity)
            .fetch_all(tx.conn())
            .await?;
    let messages: Vec<MessageId> =
        sqlx::query_scalar("select id from messages where conversation_id = any($1) order by id for update")
            .bind(&ids)
            .fetch_all(tx.conn())
            .await?;
    let files = attachments::remove_of(tx, &messages).await?;
    sqlx::query(
        "delete from pending_marks p using messages m
         where m.id = any($1) and p.account_id = m.account_id and p.platform_id = m.platform_id",
    )
    .bind(&messages)
    .execute(tx.conn())
    .await?;
    // Reactions go with their message.
    sqlx::query("delete from messages where id = any($1)").bind(&messages).execute(tx.conn()).await?;
    let notes = sqlx::query("delete from conversation_notes where conversation_id = any($1)");
    let notes = notes.bind(&ids).execute(tx.conn()).await?.rows_affected();
    sqlx::query("delete from conversations where id = any($1)").bind(&ids).execute(tx.conn()).await?;
    for id in &ids {
        end_effects(tx, *id).await?;
    }
    let about: Vec<_> = ids.iter().map(ToString::to_string).collect();
    idempotency::forget(tx, &about).await?;
    Ok(json!({ "conversations": ids.len(), "messages": messages.len(), "attachments": files, "notes": notes }))
}

/// The ledger keeps that something was sent, and not what the platform called it.
async fn end_effects(tx: &mut TenantTx, conversation: ConversationId) -> Result<()> {
    let now = tx.now();
    sqlx::query(
        "update effects set request = '{}', remote_ids = null,
            failure = case when state in ('planned', 'claimed', 'dispatched', 'unknown') then $2 end,
            ended_at = coalesce(ended_at, $3),
            state = case when state in ('planned', 'claimed') then 'cancelled' when state in ('dispatched', 'unknown') then 'failed'
                else state end
         where about_kind = 'conversation' and about_id = $1",
    )
    .bind(conversation.to_string())
    .bind(FOR_NOBODY)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether the contact went as well: it stays where it is known from elsewhere, with a name from there.
async fn forget_identity(tx: &mut TenantTx, identity: ContactIdentityId, contact: ContactId) -> Result<bool> {
    sqlx::query("delete from contact_identities where id = $1").bind(identity).execute(tx.conn()).await?;
    // What was told of the contact so far says a little of its address and number.
    sqlx::query("delete from webhook_deliveries where key = $1 and state <> 'pending'")
        .bind(format!("contact/{contact}"))
        .execute(tx.conn())
        .await?;
    sqlx::query("update contact_merges set identities = array_remove(identities, $1) where $1 = any(identities)")
        .bind(identity)
        .execute(tx.conn())
        .await?;
    let now = tx.now();
    let stays = sqlx::query(
        "update contacts c set updated_at = $2, avatar_url = i.avatar_url,
            name = case when c.is_name_ours then c.name else coalesce(i.name, i.handle, '') end
         from (select name, handle, avatar_url from contact_identities where contact_id = $1 order by id limit 1) i
         where c.id = $1",
    );
    if stays.bind(contact).bind(now).execute(tx.conn()).await?.rows_affected() == 1 {
        return Ok(false);
    }
    let parts: Vec<ContactId> = sqlx::query_scalar(
        "with recursive parts (id) as (select $1::uuid union select c.id from contacts c join parts p on c.merged_into = p.id)
         select id from parts",
    )
    .bind(contact)
    .fetch_all(tx.conn())
    .await?;
    for statement in [
        "delete from contact_merges where winner_id = any($1) or loser_id = any($1)",
        "delete from contacts where id = any($1)",
    ] {
        sqlx::query(statement).bind(&parts).execute(tx.conn()).await?;
    }
    Ok(true)
}
