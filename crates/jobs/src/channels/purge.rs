//! What is old goes: raw deliveries, marks whose message never came, files that were uploaded and never sent.

use serde::{Deserialize, Serialize};
use socialai_domain::{
    alerts::rounds,
    audit::Actor,
    channels::inbound,
    conversations::{attachments::uploads, marks},
    ids::TenantId,
    problems::Result,
    queues,
    tenancy::Databases,
};
use socialai_queue::jobs::{Queue, Task};

use super::Parts;
use crate::{Context, Handled};

/// Removes what is old in a database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Purge {
    /// `None`: the control database.
    pub shard: Option<String>,
}

impl Task for Purge {
    const KIND: &'static str = "channels.purge";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        "channels.purge".to_owned()
    }
}

pub const EVERY_SECONDS: i32 = 3_600;

pub async fn purge(task: Purge, context: Context, parts: &Parts) -> Handled {
    let (databases, shard) = (context.databases().clone(), task.shard.as_deref());
    if shard.is_none() {
        let keep_for = time::Duration::try_from(parts.timing.inbound_kept).unwrap_or(time::Duration::MAX);
        while inbound::sweep(&databases, keep_for).await? > 0 {}
    }
    for tenant in rounds::workspaces(&databases, shard).await?.into_iter().flatten() {
        if let Err(error) = of_workspace(&databases, tenant).await {
            tracing::debug!(tenant_id = %tenant, %error, "what is old in a workspace could not be removed");
        }
    }
    let tx = databases.system_at(shard, Actor::system("channels")).await?;
    context.finish_system(tx).await
}

async fn of_workspace(databases: &Databases, tenant: TenantId) -> Result<()> {
    loop {
        let mut tx = databases.tenant(tenant, Actor::system("channels")).await?;
        let gone = marks::sweep(&mut tx).await? + uploads::sweep(&mut tx).await?;
        tx.commit().await?;
        if gone == 0 {
            return Ok(());
        }
    }
}
