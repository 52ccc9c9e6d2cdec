//! Removing a deleted tenant's rows for good. The registry keeps a row without content, so that the id is never used
//! again and the installation's audit log still has something to point at. Every step can be taken again after a crash.

use crate::{
    audit::{Actor, Entry},
    database::{self, Endpoint},
    ids::TenantId,
    problems::{Error, Problem, Result},
    tenancy::Databases,
    tenants::relocate::engine,
};

/// The rows go, in the tenant's home and in the installation's tables. The tenant must have been deleted before.
pub async fn purge(databases: &Databases, endpoints: &[Endpoint], id: TenantId) -> Result<()> {
    let mut tx = databases.system(Actor::operator()).await?;
    let home: Option<(String, Option<String>)> =
        sqlx::query_as("select home_schema, shard from system.tenants where id = $1 and status = 'deleted'")
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    tx.rollback().await?;
    let (schema, shard) = home.ok_or_else(|| Problem::missing("deleted tenant"))?;
    let endpoint = endpoints
        .iter()
        .find(|endpoint| endpoint.shard == shard)
        .ok_or_else(|| Error::Fault("the shard of this tenant is not configured".to_owned()))?;
    leave(databases, shard.as_deref(), id).await?;
    erase_work(databases, shard.as_deref(), id).await?;
    let fault = |error: database::DatabaseError| Error::Fault(error.to_string());
    database::erase_tenant(endpoint, &schema, id).await.map_err(fault)?;
    database::drop_home(endpoint, &schema).await.map_err(fault)?;
    let mut tx = databases.system(Actor::operator()).await?;
    for statement in [
        "delete from system.memberships where tenant_id = $1",
        "delete from system.tickets where tenant_id = $1",
        "delete from system.channel_routes where tenant_id = $1",
        "delete from system.inbound where app_tenant = $1",
        "delete from system.parked_facts where tenant_id = $1",
    ] {
        sqlx::query(statement).bind(id).execute(tx.conn()).await?;
    }
    tx.record(Entry::new("tenant.purged", "tenant", id));
    tx.commit().await?;
    databases.forget_place(id).await;
    Ok(())
}

/// Waits for everybody who is inside; nobody enters afterwards.
async fn leave(databases: &Databases, shard: Option<&str>, id: TenantId) -> Result<()> {
    let mut tx = databases.system_at(shard, Actor::operator()).await?;
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text, 7))").bind(id.0).execute(tx.conn()).await?;
    sqlx::query("delete from system.residents where tenant_id = $1").bind(id).execute(tx.conn()).await?;
    tx.commit().await
}

/// Jobs, facts and dead letters hold what customers wrote.
async fn erase_work(databases: &Databases, shard: Option<&str>, id: TenantId) -> Result<()> {
    let mut tx = databases.system_at(shard, Actor::operator()).await?;
    engine::erase(tx.engine(), id).await?;
    tx.commit().await?;
    let mut tx = databases.system(Actor::operator()).await?;
    sqlx::query("delete from system.remotes where tenant_id = $1").bind(id).execute(tx.conn()).await?;
    tx.commit().await
}

/// A deleted tenant by its id.
pub async fn is_deleted(databases: &Databases, id: TenantId) -> Result<bool> {
    let mut tx = databases.system(Actor::operator()).await?;
    let deleted = sqlx::query_scalar("select exists (select from system.tenants where id = $1 and status = 'deleted')")
        .bind(id)
        .fetch_one(tx.conn())
        .await?;
    tx.rollback().await?;
    Ok(deleted)
}
