//! Outbound webhooks from the event to the receiver's answer, with signature, ledger and log; against bare requests of the
//! same client to the same receiver.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use axum::{Router, http::HeaderMap, routing::post};
use bytes::Bytes;
use serde_json::json;
use socialai_cluster::{Cluster, Options};
use socialai_connect::{
    call::Http,
    guard::Reach,
    remote::{Limits, Remotes},
    standard_webhooks::Secret,
};
use socialai_domain::{
    audit::Actor,
    ids::TenantId,
    tenancy::Databases,
    webhooks::{
        Patience,
        endpoints::{self, NewEndpoint},
    },
};
use socialai_jobs::{Engine, Handlers, Settings, webhooks};
use socialai_queue::facts::NewFact;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use super::{
    Baseline, Report,
    ground::{Ground, histogram, lock, precise, quantile, rate, until},
};

const TENANTS: usize = 20;
const SLOTS: usize = 48;
/// Requests of the baseline that are under way at once.
const AT_ONCE: u64 = 32;
const EVENTS_OF_A_TRANSACTION: u64 = 50;
const EVENT: &str = "user.renamed";

/// Says yes to everything, and counts.
#[derive(Default)]
struct Receiver {
    arrived: AtomicU64,
    ids: Mutex<HashSet<String>>,
}

impl Receiver {
    async fn start(self: Arc<Self>, stopping: CancellationToken, tasks: &TaskTracker) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let receive = move |headers: HeaderMap| {
            let receiver = self.clone();
            async move {
                receiver.arrived.fetch_add(1, Ordering::Relaxed);
                if let Some(id) = headers.get("webhook-id").and_then(|id| id.to_str().ok()) {
                    lock(&receiver.ids).insert(id.to_owned());
                }
            }
        };
        let server = axum::serve(listener, Router::new().route("/", post(receive)));
        tasks.spawn(async move { server.with_graceful_shutdown(stopping.cancelled_owned()).await });
        Ok(address)
    }

    fn distinct(&self) -> usize {
        lock(&self.ids).len()
    }
}

pub async fn run(deliveries: u64, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    let folder = tempfile::tempdir().context("a temporary folder for the benchmark's data")?;
    progress("Starting a PostgreSQL of its own (fsync on)".to_owned());
    let options = Options { folder: folder.path().join("postgres"), durable: true, max_connections: 200 };
    let cluster = Cluster::start(options, &mut |_| {}).await?;
    let stopping = CancellationToken::new();
    let outcome = measure(&cluster, deliveries, &stopping, progress).await;
    stopping.cancel();
    cluster.stop().await?;
    outcome
}

async fn measure(
    cluster: &Cluster,
    deliveries: u64,
    stopping: &CancellationToken,
    progress: &mut (dyn FnMut(String) + Send),
) -> Result<Report> {
    let http = Http::new(Reach::Anywhere)?;
    let (receiver, engine) = (Arc::new(Receiver::default()), TaskTracker::new());
    let url: Url = format!("http://{}/", receiver.clone().start(stopping.clone(), &engine).await?).parse()?;
    progress(format!("Baseline: {deliveries} bare requests, {AT_ONCE} at once"));
    let bare = bare_requests(&http, &url, deliveries).await?;

    let Ground { databases, tenants } = Ground::new(cluster, TENANTS).await?;
    for tenant in &tenants {
        add_endpoint(&databases, *tenant, &url).await?;
    }
    let parts = webhooks::Parts { http, remotes: Remotes::new(Limits::default()), patience: Patience::default() };
    let settings = Settings { slots: SLOTS, ..Settings::default() };
    let handlers = webhooks::handlers(Handlers::default(), parts);
    Engine::start(&databases, handlers, vec![webhooks::READER], settings, stopping.clone(), engine.clone());

    progress("One event after the other: from the commit to its arrival".to_owned());
    // A reader that was never here begins with what comes after it.
    while receiver.distinct() == 0 {
        publish(&databases, tenants[0], 1).await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut waits = Vec::new();
    for turn in 0..100 {
        let (before, tenant) = (receiver.distinct(), tenants[turn % TENANTS]);
        publish(&databases, tenant, 1).await?;
        let committed = Instant::now();
        until(|| receiver.distinct() > before).await?;
        waits.push(committed.elapsed());
    }
    let waits = histogram(&waits)?;

    progress(format!("{deliveries} events of {TENANTS} tenants with one endpoint each"));
    let (before, began) = (receiver.distinct(), Instant::now());
    let transactions = (0..deliveries.div_ceil(EVENTS_OF_A_TRANSACTION)).map(usize::try_from);
    for turn in transactions {
        publish(&databases, tenants[turn? % TENANTS], EVENTS_OF_A_TRANSACTION).await?;
    }
    let published = deliveries.div_ceil(EVENTS_OF_A_TRANSACTION) * EVENTS_OF_A_TRANSACTION;
    let all = before + usize::try_from(published)?;
    until(|| receiver.distinct() >= all).await?;
    let delivered = rate(published, began.elapsed());
    let arrived = receiver.arrived.load(Ordering::Relaxed) - deliveries;
    stopping.cancel();
    engine.close();
    engine.wait().await;
    databases.close().await;
    Ok(Report {
        name: "webhooks",
        rate_per_s: delivered,
        p50_ms: quantile(&waits, 0.5),
        p95_ms: quantile(&waits, 0.95),
        p99_ms: quantile(&waits, 0.99),
        baseline: Baseline { name: "bare requests of the same client to the same receiver", rate_per_s: bare },
        ratio: delivered / bare,
        details: json!({ "events": published + 100, "arrived": arrived, "tenants": TENANTS }),
    })
}

async fn bare_requests(http: &Http, url: &Url, requests: u64) -> Result<f64> {
    let body = Bytes::from(json!({ "type": EVENT, "data": { "entity": { "id": "usr_1" } } }).to_string());
    let began = Instant::now();
    let lanes = (0..AT_ONCE).map(|lane| {
        let body = body.clone();
        async move {
            for _ in (lane..requests).step_by(32) {
                http.post_bytes(url, "application/json", body.clone()).send().await?;
            }
            Ok::<_, anyhow::Error>(())
        }
    });
    futures::future::try_join_all(lanes).await?;
    Ok(precise(requests) / began.elapsed().max(Duration::from_millis(1)).as_secs_f64())
}

async fn add_endpoint(databases: &Databases, tenant: TenantId, url: &Url) -> Result<()> {
    let mut tx = databases.tenant(tenant, Actor::system("bench")).await?;
    let new = NewEndpoint {
        name: "bench".to_owned(),
        url: url.to_string(),
        events: vec!["*".to_owned()],
        is_ordered: false,
        secret: Secret::generate().to_text(),
    };
    endpoints::create(&mut tx, new).await?;
    tx.commit().await?;
    Ok(())
}

async fn publish(databases: &Databases, tenant: TenantId, events: u64) -> Result<()> {
    let mut tx = databases.tenant(tenant, Actor::system("bench")).await?;
    for number in 0..events {
        let data = json!({ "entity": { "kind": "user", "id": format!("usr_{number}") } });
        tx.publish(NewFact::new(EVENT, 1, format!("user/{number}"), data));
    }
    Ok(tx.commit().await?)
}
