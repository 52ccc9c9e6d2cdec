//! Which workspace an account of a platform belongs to. Deliveries ask thousands of times a second, so what was found is
//! believed for a few seconds; a stale answer leads to an account that says that it is disconnected.

use std::{sync::Arc, time::Duration};

use crate::{
    audit::Actor,
    channels::Platform,
    ids::{ChannelAccountId, TenantId},
    problems::{Code, Problem, Result},
    tenancy::{Databases, SystemTx},
};

/// How long a process may believe what it read.
const TTL: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Route {
    #[sqlx(rename = "tenant_id")]
    pub tenant: TenantId,
    #[sqlx(rename = "account_id")]
    pub account: ChannelAccountId,
}

/// What this process has read lately.
#[derive(Debug)]
pub(crate) struct Known(moka::future::Cache<(Platform, Arc<str>), Route>);

impl Default for Known {
    fn default() -> Self {
        Self(moka::future::Cache::builder().max_capacity(100_000).time_to_live(TTL).build())
    }
}

/// Where what comes for this account goes; `None`: nobody connected it.
pub async fn find(databases: &Databases, platform: Platform, external_id: &str) -> Result<Option<Route>> {
    let key = (platform, Arc::from(external_id));
    if let Some(known) = databases.routes().0.get(&key).await {
        return Ok(Some(known));
    }
    let mut tx = databases.system(Actor::system("channels")).await?;
    let route = read(&mut tx, platform, external_id).await?;
    tx.rollback().await?;
    // That nobody has it is not remembered: what comes right after it was connected must find it.
    if let Some(route) = route {
        databases.routes().0.insert(key, route).await;
    }
    Ok(route)
}

/// Forgets what this process knew, after it changed it or found that it is wrong.
pub async fn forget(databases: &Databases, platform: Platform, external_id: &str) {
    databases.routes().0.invalidate(&(platform, Arc::from(external_id))).await;
}

async fn read(tx: &mut SystemTx, platform: Platform, external_id: &str) -> Result<Option<Route>> {
    let route = sqlx::query_as(
        "select tenant_id, account_id from system.channel_routes where platform = $1 and external_id = $2",
    );
    Ok(route.bind(platform).bind(external_id).fetch_optional(tx.conn()).await?)
}

/// Claims an account for a workspace, under the id that is wanted unless the workspace has claimed it under another one.
pub(super) async fn claim(
    databases: &Databases,
    actor: Actor,
    tenant: TenantId,
    platform: Platform,
    external_id: &str,
    wanted: ChannelAccountId,
) -> Result<ChannelAccountId> {
    let mut tx = databases.system(actor).await?;
    let now = tx.now();
    sqlx::query(
        "insert into system.channel_routes (platform, external_id, tenant_id, account_id, created_at)
         values ($1, $2, $3, $4, $5) on conflict (platform, external_id) do nothing",
    )
    .bind(platform)
    .bind(external_id)
    .bind(tenant)
    .bind(wanted)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let route = read(&mut tx, platform, external_id).await?;
    tx.commit().await?;
    forget(databases, platform, external_id).await;
    match route {
        Some(route) if route.tenant == tenant => Ok(route.account),
        _ => Err(Problem::of(Code::ChannelTaken).into()),
    }
}

/// Lets another workspace connect the account.
pub(super) async fn release(
    databases: &Databases,
    actor: Actor,
    tenant: TenantId,
    platform: Platform,
    external_id: &str,
) -> Result<()> {
    let mut tx = databases.system(actor).await?;
    sqlx::query("delete from system.channel_routes where platform = $1 and external_id = $2 and tenant_id = $3")
        .bind(platform)
        .bind(external_id)
        .bind(tenant)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    forget(databases, platform, external_id).await;
    Ok(())
}
