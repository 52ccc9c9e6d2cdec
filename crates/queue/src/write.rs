//! How jobs are written and finished. Whoever locks several lanes does it in the order of their keys, so that no two wait
//! for each other.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::jobs::{Lease, NewJob};

/// A job with what its transaction would have added.
#[derive(Debug, Clone)]
pub struct Addressed {
    pub tenant: Uuid,
    pub job: NewJob,
    pub trace: Option<String>,
}

/// Writes jobs in the order given, and finishes the jobs that are being done, of one tenant and queue: each at its place in
/// the order of locks. True when there is more to do in one of their lanes, for whoever claims it.
pub async fn jobs_and_ends(
    conn: &mut PgConnection,
    jobs: Vec<Addressed>,
    done: Vec<Lease>,
) -> Result<bool, sqlx::Error> {
    let (delayed, due) = jobs.into_iter().partition(|addressed| addressed.job.due_at.is_some());
    delay(conn, delayed).await?;
    let mut is_claimable = false;
    for step in in_order(due, done) {
        match step {
            Step::Add(jobs) => all(conn, jobs).await?,
            Step::End(leases) => is_claimable |= finish(conn, &leases).await?,
        }
    }
    Ok(is_claimable)
}

/// The same as statements without parameters, so that they can share a message with the COMMIT; whether one of them answers
/// true is the answer. For a few jobs, none of them delayed.
pub fn as_text(jobs: Vec<Addressed>, done: Vec<Lease>) -> String {
    let mut statements = Vec::with_capacity(jobs.len() + done.len());
    for step in in_order(jobs, done) {
        match step {
            Step::Add(jobs) => statements.extend(jobs.iter().map(adding)),
            Step::End(leases) => statements.extend(leases.iter().map(finishing)),
        }
    }
    statements.join("; ")
}

enum Step {
    Add(Vec<Addressed>),
    End(Vec<Lease>),
}

/// By lanes, as all who lock several do; jobs and leases of one lane stay in their order, the new ones first.
fn in_order(mut jobs: Vec<Addressed>, mut done: Vec<Lease>) -> Vec<Step> {
    jobs.sort_by(|one, other| (one.job.queue, &one.job.key).cmp(&(other.job.queue, &other.job.key)));
    done.sort_by(|one, other| (one.queue, &one.key).cmp(&(other.queue, &other.key)));
    let (mut jobs, mut done) = (jobs.into_iter().peekable(), done.into_iter().peekable());
    let mut steps = Vec::new();
    while jobs.peek().is_some() || done.peek().is_some() {
        let mut adds = Vec::new();
        while let Some(add) = jobs
            .next_if(|add| done.peek().is_none_or(|lease| (add.job.queue, &add.job.key) <= (lease.queue, &lease.key)))
        {
            adds.push(add);
        }
        let mut ends = Vec::new();
        while let Some(lease) = done
            .next_if(|lease| jobs.peek().is_none_or(|add| (lease.queue, &lease.key) < (add.job.queue, &add.job.key)))
        {
            ends.push(lease);
        }
        steps.extend([Step::Add(adds), Step::End(ends)]);
    }
    steps
}

/// Writes jobs of any tenants that are due now, in the order given.
pub async fn all(conn: &mut PgConnection, jobs: Vec<Addressed>) -> Result<(), sqlx::Error> {
    if jobs.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::with_capacity(jobs.len());
    for Addressed { tenant, job, trace } in jobs {
        columns.tenants.push(tenant);
        columns.queues.push(job.queue.0);
        columns.keys.push(job.key);
        columns.speeds.push(job.speed.number());
        columns.ids.push(job.id);
        columns.kinds.push(job.kind);
        columns.versions.push(job.version);
        columns.payloads.push(job.payload);
        columns.traces.push(trace);
    }
    sqlx::query("select system.enqueue($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(columns.tenants)
        .bind(columns.queues)
        .bind(columns.keys)
        .bind(columns.speeds)
        .bind(columns.ids)
        .bind(columns.kinds)
        .bind(columns.versions)
        .bind(columns.payloads)
        .bind(columns.traces)
        .execute(conn)
        .await?;
    Ok(())
}

/// Jobs as the columns of `unnest`.
struct Columns {
    tenants: Vec<Uuid>,
    queues: Vec<&'static str>,
    keys: Vec<String>,
    speeds: Vec<i16>,
    ids: Vec<Uuid>,
    kinds: Vec<String>,
    versions: Vec<i16>,
    payloads: Vec<Value>,
    traces: Vec<Option<String>>,
}

impl Columns {
    fn with_capacity(n: usize) -> Self {
        Self {
            tenants: Vec::with_capacity(n),
            queues: Vec::with_capacity(n),
            keys: Vec::with_capacity(n),
            speeds: Vec::with_capacity(n),
            ids: Vec::with_capacity(n),
            kinds: Vec::with_capacity(n),
            versions: Vec::with_capacity(n),
            payloads: Vec::with_capacity(n),
            traces: Vec::with_capacity(n),
        }
    }
}

async fn delay(conn: &mut PgConnection, jobs: Vec<Addressed>) -> Result<(), sqlx::Error> {
    for Addressed { tenant, job, trace } in jobs {
        sqlx::query(
            "insert into system.delayed_jobs (id, tenant_id, due_at, queue, key, speed, kind, version, payload, trace)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(job.id)
        .bind(tenant)
        .bind(job.due_at)
        .bind(job.queue.0)
        .bind(job.key)
        .bind(job.speed.number())
        .bind(job.kind)
        .bind(job.version)
        .bind(job.payload)
        .bind(trace)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The leases are of one queue and tenant.
async fn finish(conn: &mut PgConnection, done: &[Lease]) -> Result<bool, sqlx::Error> {
    let Some(first) = done.first() else { return Ok(false) };
    if let [lease] = done {
        return sqlx::query_scalar("select system.finish($1, $2, $3, $4, $5, $6)")
            .bind(lease.queue.0)
            .bind(lease.tenant)
            .bind(&lease.key)
            .bind(lease.token)
            .bind(lease.seq)
            .bind(lease.releases)
            .fetch_one(conn)
            .await;
    }
    sqlx::query_scalar("select system.finish_together($1, $2, $3, $4, $5, $6)")
        .bind(first.queue.0)
        .bind(first.tenant)
        .bind(done.iter().map(|lease| lease.key.as_str()).collect::<Vec<_>>())
        .bind(done.iter().map(|lease| lease.token).collect::<Vec<_>>())
        .bind(done.iter().map(|lease| lease.seq).collect::<Vec<_>>())
        .bind(done.iter().map(|lease| lease.releases).collect::<Vec<_>>())
        .fetch_one(conn)
        .await
}

fn adding(added: &Addressed) -> String {
    let Addressed { tenant, job: NewJob { id, queue, kind, key, speed, version, payload, .. }, trace } = added;
    let (queue, key, kind, speed) = (literal(queue.0), literal(key), literal(kind), speed.number());
    let payload = literal(&payload.to_string());
    let trace = trace.as_deref().map_or("NULL".to_owned(), literal);
    format!(
        "SELECT system.enqueue_one('{tenant}', {queue}, {key}, {speed}::smallint, '{id}', {kind}, {version}::smallint, \
         {payload}::jsonb, {trace})"
    )
}

fn finishing(lease: &Lease) -> String {
    let Lease { queue, tenant, key, seq, token, releases } = lease;
    let (queue, key) = (literal(queue.0), literal(key));
    format!("SELECT system.finish({queue}, '{tenant}', {key}, '{token}', {seq}, {releases})")
}

/// Any text as a literal of SQL. In hexadecimal digits nothing can end it.
pub fn literal(text: &str) -> String {
    use std::fmt::Write;
    let mut literal = String::with_capacity(text.len() * 2 + 40);
    literal.push_str(r"convert_from('\x");
    for byte in text.bytes() {
        let _ = write!(literal, "{byte:02x}");
    }
    literal.push_str("', 'UTF8')");
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_ends_its_literal(text in "\\PC*|.*['\\\\;$]+.*") {
            let literal = literal(&text);
            let digits = literal.strip_prefix(r"convert_from('\x").and_then(|rest| rest.strip_suffix("', 'UTF8')"));
            proptest::prop_assert!(digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())));
            proptest::prop_assert_eq!(digits.map(str::len), Some(text.len() * 2));
        }
    }
}
