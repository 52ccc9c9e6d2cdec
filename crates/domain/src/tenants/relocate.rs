//! Moving a tenant to another tier or shard. The tenant's door is closed for the time of the copy (requests get "being
//! moved, try again"), and every step can be taken again after a crash:
//!
//! 1. `begin`   notes the target in the registry;
//! 2. `close`   shuts the door at the source; the lock of `system.enter` waits for the transactions that are inside;
//! 3. `copy`    removes what an earlier attempt left at the target, copies table by table, and compares the counts;
//! 4. `switch`  opens the door at the target and points the registry there, the moment of truth;
//! 5. `clean`   removes the rows at the source.
//!
//! Before `switch` an abort opens the old door again and nothing happened.

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection, types::Json};

use super::{Home, Tenant, Tier, find};
use crate::{
    audit::{Actor, Entry},
    database::{self, Endpoint},
    ids::TenantId,
    problems::{Error, Problem, Result},
    tenancy::Databases,
};

/// A move under way, as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub tier: Tier,
    pub schema: String,
    pub shard: Option<String>,
    /// The registry points at the target already; only cleaning is left.
    pub switched: bool,
    pub old_schema: String,
    pub old_shard: Option<String>,
}

/// Notes the move. A move to where the tenant is, or beside another move, is refused.
pub async fn begin(databases: &Databases, slug: &str, home: &Home) -> Result<(Tenant, Move)> {
    let mut tx = databases.system(Actor::operator()).await?;
    let tenant = find(&mut tx, slug).await?;
    let running: Option<Json<Move>> = sqlx::query_scalar("select move from system.tenants where id = $1 for update")
        .bind(tenant.id)
        .fetch_one(tx.conn())
        .await?;
    let wanted = Move {
        tier: home.tier(),
        schema: home.schema_for(tenant.id),
        shard: home.shard().map(str::to_owned),
        switched: false,
        old_schema: tenant.home_schema.clone(),
        old_shard: tenant.shard.clone(),
    };
    if let Some(Json(running)) = running {
        let same = running.schema == wanted.schema && running.shard == wanted.shard;
        tx.rollback().await?;
        return if same {
            Ok((tenant, running))
        } else {
            Err(Problem::field("to", "Another move of this tenant is under way; finish it or abort it first.").into())
        };
    }
    if wanted.schema == wanted.old_schema && wanted.shard == wanted.old_shard {
        return Err(Problem::field("to", "The tenant lives there already.").into());
    }
    sqlx::query("update system.tenants set move = $2 where id = $1")
        .bind(tenant.id)
        .bind(Json(&wanted))
        .execute(tx.conn())
        .await?;
    tx.record(Entry::new("tenant.move_started", "tenant", tenant.id).changed(
        serde_json::json!({ "tier": tenant.tier, "shard": tenant.shard }),
        serde_json::json!({ "tier": wanted.tier, "shard": wanted.shard }),
    ));
    tx.commit().await?;
    Ok((tenant, wanted))
}

/// Runs the steps that are left of the move that was noted. The target home must exist (`database::prepare_home`).
/// Rows are removed by the owner role: the application role cannot delete audit rows.
pub async fn run(
    databases: &Databases,
    endpoints: &[Endpoint],
    tenant: TenantId,
    progress: &mut (dyn FnMut(String) + Send),
) -> Result<()> {
    let _alone = alone(endpoints, tenant).await?;
    // Read under the lock: a plan that another process has finished or given up would erase the living tenant.
    let plan = noted(databases, tenant).await?;
    if !plan.switched {
        close(databases, tenant, &plan).await?;
        erase(endpoints, tenant, plan.shard.as_deref(), &plan.schema).await?;
        copy(databases, tenant, &plan, progress).await?;
        switch(databases, tenant, &plan).await?;
    }
    clean(databases, endpoints, tenant, &plan).await?;
    databases.forget_place(tenant).await;
    Ok(())
}

/// One process at a time moves a tenant; what is returned is the lock.
async fn alone(endpoints: &[Endpoint], tenant: TenantId) -> Result<PgConnection> {
    let control = endpoints.first().ok_or_else(|| Error::Fault("no database is configured".to_owned()))?;
    let lock = database::lock_move(control, tenant).await.map_err(|error| Error::Fault(error.to_string()))?;
    lock.ok_or_else(|| Problem::field("tenant", "Another process is moving this tenant; wait for it.").into())
}

async fn noted(databases: &Databases, tenant: TenantId) -> Result<Move> {
    let mut tx = databases.system(Actor::system("move")).await?;
    let plan: Option<Json<Move>> =
        sqlx::query_scalar("select move from system.tenants where id = $1").bind(tenant).fetch_one(tx.conn()).await?;
    tx.rollback().await?;
    let Some(Json(plan)) = plan else {
        return Err(Problem::field("tenant", "No move of this tenant is under way.").into());
    };
    Ok(plan)
}

/// Gives up a move that has not switched, and opens the old door.
pub async fn abort(databases: &Databases, endpoints: &[Endpoint], slug: &str) -> Result<()> {
    let mut tx = databases.system(Actor::operator()).await?;
    let tenant = find(&mut tx, slug).await?;
    let _alone = alone(endpoints, tenant.id).await?;
    let plan = noted(databases, tenant.id).await?;
    if plan.switched {
        return Err(Problem::field(
            "tenant",
            "The tenant lives at the target already; run the move again to finish it.",
        )
        .into());
    }
    erase(endpoints, tenant.id, plan.shard.as_deref(), &plan.schema).await?;
    open_door(databases, tenant.id, plan.old_shard.as_deref(), &plan.old_schema).await?;
    sqlx::query("update system.tenants set move = null where id = $1").bind(tenant.id).execute(tx.conn()).await?;
    tx.record(Entry::new("tenant.move_aborted", "tenant", tenant.id));
    tx.commit().await?;
    databases.forget_place(tenant.id).await;
    Ok(())
}

async fn close(databases: &Databases, tenant: TenantId, plan: &Move) -> Result<()> {
    let mut tx = databases.system_at(plan.old_shard.as_deref(), Actor::system("move")).await?;
    // Waits for everybody who is inside; nobody enters after the commit.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text, 7))")
        .bind(tenant.0)
        .execute(tx.conn())
        .await?;
    sqlx::query("update system.residents set open = false where tenant_id = $1 and home_schema = $2")
        .bind(tenant)
        .bind(&plan.old_schema)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

async fn open_door(databases: &Databases, tenant: TenantId, shard: Option<&str>, schema: &str) -> Result<()> {
    let mut tx = databases.system_at(shard, Actor::system("move")).await?;
    super::take_residence(&mut tx, tenant, schema).await?;
    tx.commit().await
}

async fn copy(
    databases: &Databases,
    tenant: TenantId,
    plan: &Move,
    progress: &mut (dyn FnMut(String) + Send),
) -> Result<()> {
    let mut source = databases.system_at(plan.old_shard.as_deref(), Actor::system("move")).await?;
    let mut target = databases.system_at(plan.shard.as_deref(), Actor::system("move")).await?;
    for (conn, schema) in [(source.conn(), &plan.old_schema), (target.conn(), &plan.schema)] {
        look_at(conn, tenant, schema).await?;
    }
    let tables = database::tenant_tables(source.conn(), &plan.old_schema).await?;
    let count = tables.len();
    for (done, table) in tables.iter().enumerate() {
        progress(format!("Copying {table} ({} of {count})", done + 1));
        let copied = copy_table(source.conn(), target.conn(), table).await?;
        let statement = format!("select count(*) from {table}");
        let arrived: i64 = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(target.conn()).await?;
        if arrived != copied {
            return Err(Error::Fault(format!("{table}: {copied} rows left, {arrived} arrived; nothing was switched")));
        }
    }
    source.rollback().await?;
    target.commit().await
}

/// Rows travel as JSON text, so that the same code serves two schemas of one database and two databases. `json`, not
/// `jsonb`: the audit chain is hashed over the exact text of a row's changes.
async fn copy_table(source: &mut PgConnection, target: &mut PgConnection, table: &str) -> Result<i64> {
    let declare = format!("declare leaving no scroll cursor for select to_json(t)::text from {table} t");
    sqlx::query(AssertSqlSafe(declare)).execute(&mut *source).await?;
    let insert = format!("insert into {table} select * from json_populate_recordset(null::{table}, $1::json)");
    let mut copied = 0;
    loop {
        let rows: Vec<String> = sqlx::query_scalar("fetch 1000 from leaving").fetch_all(&mut *source).await?;
        if rows.is_empty() {
            break;
        }
        copied += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let page = format!("[{}]", rows.join(","));
        sqlx::query(AssertSqlSafe(insert.clone())).bind(page).execute(&mut *target).await?;
    }
    sqlx::query("close leaving").execute(source).await?;
    Ok(copied)
}

async fn switch(databases: &Databases, tenant: TenantId, plan: &Move) -> Result<()> {
    // The order matters when the target is another database: a door that is open where the registry does not point yet
    // lets nobody in, a registry that points at a closed door would refuse everybody.
    open_door(databases, tenant, plan.shard.as_deref(), &plan.schema).await?;
    let mut tx = databases.system(Actor::operator()).await?;
    let switched = Move { switched: true, ..plan.clone() };
    let done = sqlx::query(
        "update system.tenants set tier = $2, home_schema = $3, shard = $4, move = $5
         where id = $1 and not (move ->> 'switched')::boolean",
    )
    .bind(tenant)
    .bind(plan.tier)
    .bind(&plan.schema)
    .bind(&plan.shard)
    .bind(Json(switched))
    .execute(tx.conn())
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Fault("the move was given up meanwhile".to_owned()));
    }
    tx.commit().await?;
    databases.forget_place(tenant).await;
    Ok(())
}

async fn clean(databases: &Databases, endpoints: &[Endpoint], tenant: TenantId, plan: &Move) -> Result<()> {
    if plan.old_shard != plan.shard {
        let mut tx = databases.system_at(plan.old_shard.as_deref(), Actor::system("move")).await?;
        sqlx::query("delete from system.residents where tenant_id = $1").bind(tenant).execute(tx.conn()).await?;
        tx.commit().await?;
    }
    erase(endpoints, tenant, plan.old_shard.as_deref(), &plan.old_schema).await?;
    let mut tx = databases.system(Actor::operator()).await?;
    sqlx::query("update system.tenants set move = null where id = $1").bind(tenant).execute(tx.conn()).await?;
    tx.record(Entry::new("tenant.moved", "tenant", tenant));
    tx.commit().await
}

async fn erase(endpoints: &[Endpoint], tenant: TenantId, shard: Option<&str>, schema: &str) -> Result<()> {
    let endpoint = endpoints.iter().find(|endpoint| endpoint.shard.as_deref() == shard);
    let endpoint =
        endpoint.ok_or_else(|| Error::Fault("the owner's URL of that shard is not configured".to_owned()))?;
    database::erase_tenant(endpoint, schema, tenant).await.map_err(|error| Error::Fault(error.to_string()))
}

/// Lets this transaction see the tenant's rows in a schema whose door is closed.
async fn look_at(conn: &mut PgConnection, tenant: TenantId, schema: &str) -> Result<()> {
    sqlx::query(
        "select set_config('app.tenant_id', $1, true), set_config('search_path', quote_ident($2) || ', system', true)",
    )
    .bind(tenant.0.to_string())
    .bind(schema)
    .execute(conn)
    .await?;
    Ok(())
}
