//! A platform asks to delete what is known of a person. The request is written down with the job that does it; the job goes
//! through all workspaces, one transaction each, then through the raw deliveries, and last says that it is done. Each step
//! finds nothing where it was taken before, so a job that was killed begins again from the front.
//!
//! What goes in a workspace is in `contacts::erasure`, and the workspace's audit log has how much it was. Jobs and facts name
//! ids and not what was said, so nothing of a person is in them, nor in dead letters.

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_queue::jobs::{Queue, Task};
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::{
    audit::{Actor, Entry},
    channels::{Ingest, Platform, inbound},
    contacts::erasure,
    ids::{DataDeletionId, InboundId, TenantId},
    problems::Result,
    queues,
    tenancy::{Databases, SystemTx},
};

/// Deletes what a platform asked to delete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Erase {
    pub deletion: DataDeletionId,
}

impl Task for Erase {
    const KIND: &'static str = "data_deletion.erase";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        self.deletion.to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Deletion {
    pub id: DataDeletionId,
    platform: Platform,
    external_id: Option<String>,
    pub requested_at: OffsetDateTime,
    pub done_at: Option<OffsetDateTime>,
}

/// Facebook and Instagram are one company: whoever asks at one of them may be known from the other.
const OF_META: &[Platform] = &[Platform::Facebook, Platform::Instagram];

impl Deletion {
    fn platforms(&self) -> Vec<Platform> {
        if OF_META.contains(&self.platform) { OF_META.to_vec() } else { vec![self.platform] }
    }
}

/// Writes a request down and orders what it asks for. The log says that there was one, and not about whom.
pub async fn request(tx: &mut SystemTx, id: DataDeletionId, platform: Platform, external_id: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query("insert into system.data_deletions (id, platform, external_id, requested_at) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(platform)
        .bind(external_id.replace('\0', "\u{fffd}"))
        .bind(now)
        .execute(tx.conn())
        .await?;
    tx.enqueue(&Erase { deletion: id })?;
    tx.record(
        Entry::new("data_deletion.requested", "data_deletion", id).changed(json!({}), json!({ "platform": platform })),
    );
    Ok(())
}

pub async fn find(tx: &mut SystemTx, id: DataDeletionId) -> Result<Option<Deletion>> {
    let found = sqlx::query_as(
        "select id, platform, external_id, requested_at, done_at from system.data_deletions where id = $1",
    );
    Ok(found.bind(id).fetch_optional(tx.conn()).await?)
}

/// Whether something is still to be read that came before the request: it may be of the person, and is read first.
pub async fn must_wait(tx: &mut SystemTx, deletion: &Deletion) -> Result<bool> {
    let waits = sqlx::query_scalar("select exists (select from system.jobs where kind = $1 and enqueued_at <= $2)");
    Ok(waits.bind(Ingest::KIND).bind(deletion.requested_at).fetch_one(tx.conn()).await?)
}

/// Erases the person everywhere; the job then says [`done`] in the transaction that ends it.
pub async fn erase(databases: &Databases, deletion: &Deletion) -> Result<()> {
    let Some(external_id) = &deletion.external_id else { return Ok(()) };
    let actor = Actor::system("data deletion");
    for tenant in workspaces(databases).await? {
        let mut tx = databases.tenant_for_upkeep(tenant, actor.clone()).await?;
        erasure::erase(&mut tx, &deletion.platforms(), external_id).await?;
        tx.commit().await?;
    }
    let mut after = Some(InboundId(uuid::Uuid::nil()));
    while let Some(from) = after {
        let mut tx = databases.system(actor.clone()).await?;
        after = inbound::erase(&mut tx, &deletion.platforms(), external_id, deletion.requested_at, from).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// All that have rows, suspended ones too.
async fn workspaces(databases: &Databases) -> Result<Vec<TenantId>> {
    let mut tx = databases.system(Actor::system("data deletion")).await?;
    let all = sqlx::query_scalar("select id from system.tenants where status <> 'deleted' order by id");
    let all = all.fetch_all(tx.conn()).await?;
    tx.rollback().await?;
    Ok(all)
}

/// Forgets about whom it was.
pub async fn done(tx: &mut SystemTx, deletion: &Deletion) -> Result<()> {
    let now = tx.now();
    let done = sqlx::query(
        "update system.data_deletions set external_id = null, done_at = $2 where id = $1 and done_at is null",
    );
    if done.bind(deletion.id).bind(now).execute(tx.conn()).await?.rows_affected() == 1 {
        tx.record(Entry::new("data_deletion.done", "data_deletion", deletion.id));
    }
    Ok(())
}
