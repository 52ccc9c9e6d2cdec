//! What the event engine has of a tenant, when the tenant goes to another database.
//!
//! Jobs and facts may be many, so they are copied in passes like the tenant's own tables: without a lane nobody claims a
//! job, and no reader reads a fact that came from elsewhere. The rest is taken in the end, all at once.
//!
//! * Leases stay behind: a worker that has a job in hand cannot finish it any more, and it is done again at the target.
//! * Facts keep their positions, so whoever listens goes on after the last one that it saw; the target's head is moved
//!   behind them. What a reader had not read at the source follows for this reader alone, behind the target's head.
//! * Facts without a position get one at the target.

use sqlx::PgConnection;

use super::{
    ends::Ends,
    tables::{Snapshot, Table},
};
use crate::{ids::TenantId, problems::Result};

const SYSTEM: &str = "system";

/// Those that are copied in passes.
pub(super) async fn long_tables(conn: &mut PgConnection) -> Result<Vec<Table>> {
    Ok(vec![table(conn, "jobs").await?, facts(conn).await?])
}

async fn table(conn: &mut PgConnection, name: &str) -> Result<Table> {
    Table::find(conn, name, SYSTEM, SYSTEM).await
}

/// History: what once followed for single readers only is left out.
async fn facts(conn: &mut PgConnection) -> Result<Table> {
    let facts = table(conn, "facts").await?;
    Ok(facts.with("readers", "'{}'::text[]").only("(t.readers is null or t.readers = '{}')"))
}

/// Keeps the engine of the source away from the tenant's rows until the transaction ends: nobody places or reads facts,
/// and whoever was at one of the rows has finished. What one of them made of it shows in the next round.
pub(super) async fn hold(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    const LOCKS: [&str; 5] = [
        "select from system.outbox where tenant_id = $1 for update",
        "select from system.dead_letters where tenant_id = $1 and replayed_at is null and discarded_at is null for update",
        "select from system.schedules where tenant_id = $1 for update",
        "select from system.delayed_jobs where tenant_id = $1 for update",
        // The order in which everybody locks several lanes.
        "select from system.lanes where tenant_id = $1 order by queue, tenant_id, key for update",
    ];
    for shared in ["select from system.fact_head for update", "select from system.readers order by name for update"] {
        sqlx::query(shared).execute(&mut *conn).await?;
    }
    let mut before = None;
    loop {
        let mut held = Vec::with_capacity(LOCKS.len());
        for lock in LOCKS {
            held.push(sqlx::query(lock).bind(tenant).execute(&mut *conn).await?.rows_affected());
        }
        if before.as_ref() == Some(&held) {
            return Ok(());
        }
        before = Some(held);
    }
}

/// Copies what was held. Facts and jobs were copied up to a snapshot, or not at all.
pub(super) async fn copy(ends: &mut Ends, since: Option<Snapshot>) -> Result<()> {
    let jobs = table(&mut ends.source, "jobs").await?;
    let amount = jobs.make_room(&mut ends.between(), since).await?;
    jobs.fill(&mut ends.between(), since, &mut |_| {}).await?;
    jobs.check(&mut ends.between(), amount).await?;
    // Old facts are swept meanwhile, so their number says nothing.
    facts(&mut ends.source).await?.refill(&mut ends.between(), since).await?;
    repeat_unread(ends).await?;
    let lanes = table(&mut ends.source, "lanes").await?.in_order_of("place");
    let lanes = lanes.with("holder", "null").with("lease", "null").with("place", "nextval('system.lane_places')");
    let mut whole = vec![lanes, table(&mut ends.source, "outbox").await?];
    for name in ["dead_letters", "schedules", "delayed_jobs"] {
        whole.push(table(&mut ends.source, name).await?);
    }
    for table in whole {
        let amount = table.make_room(&mut ends.between(), None).await?;
        table.fill(&mut ends.between(), None, &mut |_| {}).await?;
        table.check(&mut ends.between(), amount).await?;
    }
    Ok(())
}

/// Moves the target's head behind the tenant's facts, and places those that some reader had not read once more behind it.
async fn repeat_unread(ends: &mut Ends) -> Result<()> {
    sqlx::query(
        "update system.fact_head set position = greatest(position,
            coalesce((select max(position) from system.facts where tenant_id = $1), 0),
            (extract(epoch from clock_timestamp()) * 1000000)::bigint)",
    )
    .bind(ends.tenant)
    .execute(&mut ends.target)
    .await?;
    let readers: Vec<String> =
        sqlx::query_scalar("select name from system.readers").fetch_all(&mut ends.source).await?;
    // A reader that has not begun at the target begins before what follows for it.
    sqlx::query(
        "insert into system.readers (name, position)
         select r.name, h.position from unnest($1::text[]) as r (name) cross join system.fact_head h
         on conflict do nothing",
    )
    .bind(readers)
    .execute(&mut ends.target)
    .await?;
    let mut after = 0;
    loop {
        let page: Vec<(i64, String)> = sqlx::query_as(
            "select u.position, to_json(u)::text from (
                select f.position, f.tenant_id, f.fact_id, f.kind, f.version, f.key, f.data, f.trace, f.at,
                    (select array_agg(r.name order by r.name) from system.readers r
                     where r.position < f.position and (f.readers is null or r.name = any(f.readers))) as readers
                from system.facts f
                where f.tenant_id = $1 and f.position > greatest($2, (select min(position) from system.readers))
                    and f.readers is distinct from '{}') u
             where u.readers is not null order by u.position limit 1000",
        )
        .bind(ends.tenant)
        .bind(after)
        .fetch_all(&mut ends.source)
        .await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        let rows: Vec<_> = page.into_iter().map(|(_, row)| row).collect();
        sqlx::query(
            "with placed as (
                insert into system.facts (position, tenant_id, fact_id, kind, version, key, data, trace, at, readers)
                select h.position + row_number() over (order by d.position), d.tenant_id, d.fact_id, d.kind, d.version,
                    d.key, d.data, d.trace, d.at, d.readers
                from json_populate_recordset(null::system.facts, $1::json) d cross join system.fact_head h
                returning position)
             update system.fact_head set position = (select max(position) from placed)",
        )
        .bind(format!("[{}]", rows.join(",")))
        .execute(&mut ends.target)
        .await?;
    }
}

/// Weight and subscriptions move along; the door is open.
pub(super) async fn settle_in(ends: &mut Ends) -> Result<()> {
    let (weight, subscriptions): (i16, Vec<String>) =
        sqlx::query_as("select weight, subscriptions from system.residents where tenant_id = $1")
            .bind(ends.tenant)
            .fetch_one(&mut ends.source)
            .await?;
    sqlx::query("insert into system.residents (tenant_id, home_schema, weight, subscriptions) values ($1, $2, $3, $4)")
        .bind(ends.tenant)
        .bind(&ends.plan.schema)
        .bind(weight)
        .bind(subscriptions)
        .execute(&mut ends.target)
        .await?;
    Ok(())
}

pub(super) async fn has_settled_in(ends: &mut Ends) -> Result<bool> {
    let there = sqlx::query_scalar("select exists (select from system.residents where tenant_id = $1)");
    Ok(there.bind(ends.tenant).fetch_one(&mut ends.target).await?)
}

/// Takes away what the engine could act upon. Jobs without a lane and facts that were read are left for [`erase`].
pub(super) async fn leave(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    for statement in [
        "delete from system.outbox where tenant_id = $1",
        "delete from system.facts where tenant_id = $1 and position > (select min(position) from system.readers)",
        "delete from system.dead_letters where tenant_id = $1",
        "delete from system.schedules where tenant_id = $1",
        "delete from system.delayed_jobs where tenant_id = $1",
        "delete from system.lanes where tenant_id = $1",
    ] {
        sqlx::query(statement).bind(tenant).execute(&mut *conn).await?;
    }
    Ok(())
}

pub(super) async fn move_out(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    sqlx::query("delete from system.residents where tenant_id = $1").bind(tenant).execute(conn).await?;
    Ok(())
}

/// Removes all of a tenant that does not live here, or not any more.
pub(in crate::tenants) async fn erase(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    leave(conn, tenant).await?;
    for statement in ["delete from system.jobs where tenant_id = $1", "delete from system.facts where tenant_id = $1"] {
        sqlx::query(statement).bind(tenant).execute(&mut *conn).await?;
    }
    Ok(())
}
