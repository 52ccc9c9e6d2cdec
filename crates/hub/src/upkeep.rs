//! What a server does by itself besides answering: reads keys again that another process may have changed, throws away
//! what has expired, and measures itself. Every part may fail and is tried again a turn later; none of them is urgent.

use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusHandle;
use socialai_api::App;
use socialai_domain::{
    alerts::{Severity, history, rounds},
    audit::Actor,
    idempotency,
    problems::Result,
    requests, sessions,
    tenancy::Databases,
    tenants::{self, Status, Tenant},
    throttle, tickets, web_chat,
    webhooks::{self, Patience},
};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// `keys rotate` counts on servers that seal with a new version soon.
const EVERY_LOOK_AT_THE_KEY: Duration = Duration::from_secs(5);
const EVERY_MINUTE: Duration = Duration::from_mins(1);
const EVERY_HOUR: Duration = Duration::from_hours(1);
/// Prometheus scrapes every 15 seconds or so; gauges are a little fresher than that.
const EVERY_MEASUREMENT: Duration = Duration::from_secs(10);
const PAGE: i64 = 200;

/// Starts it; it ends when the server begins to stop, and the server waits for it.
pub fn start(app: &App, metrics: PrometheusHandle, patience: Patience) {
    let (app, stopping, tracker) = (app.clone(), app.stopping().clone(), app.tasks().clone());
    tracker.spawn(async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = keep_up(&app, &metrics, &patience) => {}
        }
    });
}

async fn keep_up(app: &App, metrics: &PrometheusHandle, patience: &Patience) {
    let began = Instant::now();
    let (mut look, mut minute) = (turns(EVERY_LOOK_AT_THE_KEY), turns(EVERY_MINUTE));
    let (mut hour, mut measurement) = (turns(EVERY_HOUR), turns(EVERY_MEASUREMENT));
    loop {
        tokio::select! {
            _ = look.tick() => tell("reading the master key again", renew_master_key(app)),
            _ = minute.tick() => {
                tell("reading the signing keys again", app.reload_keys().await);
                tell("removing what has expired", sweep_system(app.databases()).await);
                tell("seeing to it that workspaces are looked at", schedule_looks(app.databases()).await);
            }
            _ = hour.tick() => tell("removing what is old", sweep_tenants(app.databases(), patience).await),
            _ = measurement.tick() => {
                tell("writing down how requests were answered", app.write_requests().await);
                tell("counting open alerts", measure_alerts(app.databases()).await);
                measure(app.databases(), began);
                metrics.run_upkeep();
            }
        }
    }
}

/// A turn that was missed is not made up for.
fn turns(every: Duration) -> Interval {
    let mut turns = interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    turns
}

fn tell(what: &'static str, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "{what} failed; it is tried again");
    }
}

fn renew_master_key(app: &App) -> Result<()> {
    app.databases().vault().renew()?;
    Ok(())
}

async fn sweep_system(databases: &Databases) -> Result<()> {
    let mut tx = databases.system(Actor::system("upkeep")).await?;
    throttle::sweep(&mut tx).await?;
    tickets::sweep(&mut tx).await?;
    requests::sweep(&mut tx).await?;
    tx.commit().await
}

/// The control database, and every shard.
fn places(databases: &Databases) -> impl Iterator<Item = Option<&str>> {
    std::iter::once(None).chain(databases.shard_names().map(Some))
}

/// Setting the same schedule again changes nothing. One database that is away does not keep the others waiting.
async fn schedule_looks(databases: &Databases) -> Result<()> {
    let mut outcome = Ok(());
    for shard in places(databases) {
        outcome = rounds::schedule(databases, shard).await.and(outcome);
    }
    outcome
}

async fn sweep_tenants(databases: &Databases, patience: &Patience) -> Result<()> {
    let mut after = String::new();
    while let Some((page, last)) = page(databases, &after).await? {
        for tenant in page.into_iter().filter(|tenant| tenant.status == Status::Active) {
            // One tenant that is being moved, say, must not keep the others from their turn.
            if let Err(error) = sweep_tenant(databases, &tenant, patience).await {
                tracing::warn!(tenant_id = %tenant.id, %error, "removing what is old failed; it is tried again");
            }
        }
        after = last;
    }
    Ok(())
}

/// The tenants after a short name, and the last short name among them; nothing at the end.
pub async fn page(databases: &Databases, after: &str) -> Result<Option<(Vec<Tenant>, String)>> {
    let mut tx = databases.system(Actor::system("upkeep")).await?;
    let page = tenants::list(&mut tx, after, PAGE).await?;
    tx.rollback().await?;
    let last = page.last().map(|tenant| tenant.slug.clone());
    Ok(last.map(|last| (page, last)))
}

async fn sweep_tenant(databases: &Databases, tenant: &Tenant, patience: &Patience) -> Result<()> {
    let mut tx = databases.tenant(tenant.id, Actor::system("upkeep")).await?;
    sessions::sweep(&mut tx).await?;
    idempotency::sweep(&mut tx).await?;
    web_chat::sessions::sweep(&mut tx).await?;
    tx.commit().await?;
    // In batches, so that a long log is not one long transaction.
    loop {
        let mut tx = databases.tenant(tenant.id, Actor::system("upkeep")).await?;
        let swept = history::sweep(&mut tx).await?;
        tx.commit().await?;
        if swept == 0 {
            break;
        }
    }
    loop {
        let mut tx = databases.tenant(tenant.id, Actor::system("upkeep")).await?;
        let swept = webhooks::upkeep::sweep(&mut tx, patience).await?;
        tx.commit().await?;
        if swept == 0 {
            return Ok(());
        }
    }
}

fn measure(databases: &Databases, began: Instant) {
    let (busy, open) = databases.connections();
    metrics::gauge!("socialai_db_connections_active").set(f64::from(busy));
    metrics::gauge!("socialai_db_connections_open").set(f64::from(open));
    metrics::gauge!("socialai_uptime_seconds").set(began.elapsed().as_secs_f64());
    if let Some(bytes) = resident_bytes() {
        metrics::gauge!("socialai_process_resident_bytes").set(bytes);
    }
}

async fn measure_alerts(databases: &Databases) -> Result<()> {
    let mut open = [0; Severity::ALL.len()];
    for shard in places(databases) {
        let here = rounds::open_by_severity(databases, shard).await?;
        open.iter_mut().zip(here).for_each(|(sum, number)| *sum += number);
    }
    for (severity, number) in Severity::ALL.into_iter().zip(open) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        metrics::gauge!("socialai_alerts_open", "severity" => severity.name()).set(f64::from(number));
    }
    Ok(())
}

/// Linux tells in kilobytes; elsewhere the gauge is absent.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kilobytes) * 1024.0)
}
