//! Copying while the tenant works: the first pass takes everything, each one after it what changed since the one before.
//! A pass reads one snapshot and is one transaction at the target, so the target is always a state that the source had.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Executor, PgConnection};

use super::{
    Progress,
    ends::Ends,
    engine,
    tables::{Between, Snapshot, Table},
};
use crate::{database, ids::TenantId, problems::Result};

/// After a pass that found so few rows, or was so fast, the rest is copied while requests wait.
const FEW_ROWS: i64 = 500;
const FAST: Duration = Duration::from_secs(1);
/// A tenant that writes faster than we copy is not copied for ever.
const MOST: u32 = 12;
/// Somebody hears of a long table after so many rows.
const ROWS_PER_LINE: i64 = 20_000;

/// What was copied so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied {
    pub(super) pass: u32,
    pub(super) since: Snapshot,
}

/// Copies in passes until little is left.
pub(super) async fn copy(ends: &mut Ends, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Copied> {
    let mut copied = None;
    loop {
        let begun = Instant::now();
        let (now, rows) = one(ends, copied, progress).await?;
        copied = Some(now);
        let little = rows <= FEW_ROWS || begun.elapsed() < FAST;
        if now.pass >= MOST || little {
            return Ok(now);
        }
    }
}

/// One pass; how many rows it copied.
pub(super) async fn one(
    ends: &mut Ends,
    before: Option<Copied>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Copied, i64)> {
    let begun = Instant::now();
    let pass = before.map_or(1, |before| before.pass + 1);
    ends.source.execute("begin isolation level repeatable read read only").await?;
    ends.target.execute("begin").await?;
    let oldest = sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint");
    let since = Snapshot(oldest.fetch_one(&mut ends.source).await?);
    let tables = tables(ends).await?;
    let mut report = Report { pass, total: 0, done: 0, progress: &mut *progress };
    let rows = all(&mut ends.between(), &tables, before.map(|before| before.since), &mut report).await?;
    ends.source.execute("commit").await?;
    ends.target.execute("commit").await?;
    let seconds = begun.elapsed().as_secs_f64();
    progress(Progress::PassDone { pass, rows, seconds });
    Ok((Copied { pass, since }, rows))
}

/// The tenant's own tables, referenced ones first, and what is long of the engine's.
async fn tables(ends: &mut Ends) -> Result<Vec<Table>> {
    let (from, to) = (ends.plan.old_schema.clone(), ends.plan.schema.clone());
    let mut tables = Vec::new();
    for name in database::tenant_tables(&mut ends.source, &from).await? {
        tables.push(Table::find(&mut ends.source, &name, &from, &to).await?);
    }
    if ends.plan.changes_database() {
        tables.extend(engine::long_tables(&mut ends.source).await?);
    }
    Ok(tables)
}

/// Room is made from the last table to the first, so that no row goes that another one still refers to.
async fn all(
    between: &mut Between<'_>,
    tables: &[Table],
    since: Option<Snapshot>,
    report: &mut Report<'_>,
) -> Result<i64> {
    let mut amounts = Vec::with_capacity(tables.len());
    for table in tables.iter().rev() {
        amounts.push(table.make_room(between, since).await?);
    }
    report.total = amounts.iter().map(|amount| amount.changed).sum();
    for (table, amount) in tables.iter().zip(amounts.into_iter().rev()) {
        if amount.changed > 0 {
            let (mut rows, mut untold) = (0, 0);
            let mut copied = |page| {
                (rows, untold) = (rows + page, untold + page);
                report.done += page;
                if untold >= ROWS_PER_LINE {
                    untold = 0;
                    report.tell(&table.name, rows);
                }
            };
            table.fill(between, since, &mut copied).await?;
            if untold > 0 {
                report.tell(&table.name, rows);
            }
        }
        table.check(between, amount).await?;
    }
    Ok(report.done)
}

/// How far a pass is, for whoever waits for it.
struct Report<'a> {
    pass: u32,
    total: i64,
    done: i64,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

impl Report<'_> {
    fn tell(&mut self, table: &str, rows: i64) {
        let percent = self.done * 100 / self.total.max(1);
        (self.progress)(Progress::Copying { pass: self.pass, table: table.to_owned(), rows, percent });
    }
}

/// Whether the tenant's audit chain ends with the same link at both sides.
pub(super) async fn heads_agree(ends: &mut Ends) -> Result<bool> {
    let here = head(&mut ends.source, &ends.plan.old_schema, ends.tenant).await?;
    Ok(here == head(&mut ends.target, &ends.plan.schema, ends.tenant).await?)
}

async fn head(conn: &mut PgConnection, schema: &str, tenant: TenantId) -> Result<Option<(i64, Vec<u8>)>> {
    let statement = format!("select seq, hash from {schema}.audit_heads where tenant_id = $1");
    Ok(sqlx::query_as(AssertSqlSafe(statement)).bind(tenant).fetch_optional(conn).await?)
}
