//! Sends audit entries to the collector of `SOCIALAI_AUDIT_STREAM`: of the installation and of every active tenant, in
//! order, at least once. What was sent is noted only after the collector's side of the connection took it, so an entry
//! may come twice after a crash and is never lost (over UDP nobody can promise the second half).
//!
//! Each entry is one JSON object with the name of its chain: a line of a file, or the message of a syslog record
//! (RFC 5424; over TCP framed by its length, RFC 6587).

mod target;

use std::time::Duration;

use serde::Serialize;
use socialai_api::App;
use socialai_domain::{
    audit::{Actor, Row},
    audit_stream,
    tenancy::Databases,
    tenants::Status,
};
use tokio_util::sync::CancellationToken;

use self::target::Target;
use crate::{config::AuditTarget, upkeep};

const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
const BATCH: i64 = 200;

/// One entry as the collector sees it.
#[derive(Debug, Serialize)]
struct Message<'a> {
    /// Id of the tenant, or `installation`.
    chain: &'a str,
    #[serde(flatten)]
    row: &'a Row,
}

/// Starts it; it ends when the server begins to stop, and the server waits for it.
pub fn start(app: &App, target: AuditTarget) {
    let (databases, stopping) = (app.databases().clone(), app.stopping().clone());
    app.tasks().spawn(run(databases, target, stopping));
}

async fn run(databases: Databases, target: AuditTarget, stopping: CancellationToken) {
    let mut stream = Stream { databases, target: Target::new(target) };
    let mut pause = PAUSE;
    loop {
        let turn = tokio::select! {
            () = stopping.cancelled() => return,
            turn = stream.turn() => turn,
        };
        pause = match turn {
            Ok(()) => PAUSE,
            Err(error) => {
                let seconds = pause.as_secs();
                tracing::error!("audit entries could not be sent, trying again in {seconds} s: {error:#}");
                metrics::counter!("socialai_audit_stream_failures_total").increment(1);
                (pause * 2).min(LONGEST_PAUSE)
            }
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

struct Stream {
    databases: Databases,
    target: Target,
}

impl Stream {
    /// Everything that waits, of everybody.
    async fn turn(&mut self) -> anyhow::Result<()> {
        while self.system_batch().await? {}
        let mut after = String::new();
        while let Some((page, last)) = upkeep::page(&self.databases, &after).await? {
            for tenant in page.into_iter().filter(|tenant| tenant.status == Status::Active) {
                while self.tenant_batch(tenant.id).await? {}
            }
            after = last;
        }
        Ok(())
    }

    /// True when something was sent, so that more may wait.
    async fn system_batch(&mut self) -> anyhow::Result<bool> {
        let mut tx = self.databases.system(Actor::system("audit stream")).await?;
        let rows = audit_stream::next_of_system(&mut tx, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        let last_seq = last.seq;
        self.target.send(&lines("installation", &rows)?).await?;
        audit_stream::sent_of_system(&mut tx, last_seq).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn tenant_batch(&mut self, tenant: socialai_domain::ids::TenantId) -> anyhow::Result<bool> {
        let mut tx = match self.databases.tenant(tenant, Actor::system("audit stream")).await {
            Ok(tx) => tx,
            // Suspended, deleted or moving since the list was read: its entries wait for its return.
            Err(error) if error.problem().is_some() => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let rows = audit_stream::next(&mut tx, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        let last_seq = last.seq;
        self.target.send(&lines(&tenant.to_string(), &rows)?).await?;
        audit_stream::sent(&mut tx, last_seq).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn lines(chain: &str, rows: &[Row]) -> anyhow::Result<Vec<(time::OffsetDateTime, String)>> {
    let line = |row: &Row| Ok((row.at, serde_json::to_string(&Message { chain, row })?));
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
