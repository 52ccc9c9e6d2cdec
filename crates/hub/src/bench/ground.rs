//! What benchmarks stand on: tenants on a PostgreSQL of their own, the API before them, the baseline of bare commits, and
//! counting.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::Router;
use hdrhistogram::Histogram;
use socialai_api::{
    App, Mail, Settings,
    limits::{InProcess, Limiter, Store},
    platforms::{Operator, Platforms},
    state::Parts,
};
use socialai_cluster::Cluster;
use socialai_connect::{
    call::Http,
    guard::Reach,
    objects::Objects,
    oidc::Oidc,
    remote::{Limits, Remotes},
};
use socialai_domain::{
    clock::Clock,
    database,
    ids::TenantId,
    installation,
    tenancy::Databases,
    tenants::{self, Home, Plan},
    vault::MasterKeys,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::listener;

pub struct Ground {
    pub databases: Databases,
    pub tenants: Vec<TenantId>,
}

impl Ground {
    pub async fn new(cluster: &Cluster, number: usize) -> Result<Self> {
        let password = || hex::encode(rand::random::<[u8; 16]>());
        let admin = cluster.url("postgres").parse()?;
        let endpoints = vec![database::set_up(&admin, "bench", &password(), &password()).await?];
        database::migrate(&endpoints, &mut |_| {}).await?;
        let master_keys = MasterKeys::generate(1);
        let masters = Arc::new(move || MasterKeys::parse(secrecy::ExposeSecret::expose_secret(&master_keys)));
        let pool = database::pool(endpoints[0].app.clone(), 40);
        let databases = installation::open(pool, BTreeMap::new(), masters, Clock::default()).await?;
        let mut tenants = Vec::with_capacity(number);
        for number in 0..number {
            let (id, slug) = (TenantId::fresh(), format!("bench-{number}"));
            tenants::provision(&databases, &endpoints, id, &slug, &slug, &Home::Shared, Plan::Standard).await?;
            tenants.push(id);
        }
        Ok(Self { databases, tenants })
    }
}

/// No platform is connected.
pub fn no_platforms() -> Result<Platforms> {
    let remotes = Remotes::new(Limits::default());
    Ok(Platforms::new(Vec::new(), |_| Operator::default(), Http::new(Reach::PublicOnly)?, remotes))
}

/// The API as `serve` has it.
pub async fn serve_api(
    databases: &Databases,
    platforms: Platforms,
    servers: &TaskTracker,
    stopping: &CancellationToken,
) -> Result<SocketAddr> {
    let settings = Settings {
        public_url: "http://localhost".parse()?,
        cors_origins: Vec::new(),
        trusted_proxies: 0,
        metrics_token: None,
        demo_logins: Vec::new(),
        version: env!("CARGO_PKG_VERSION"),
    };
    let app = App::new(Parts {
        databases: databases.clone(),
        settings,
        signing_key: None,
        // Limits are counted as in production, but high enough not to bite.
        limiter: Limiter::new(Store::InProcess(InProcess::default()), 1_000_000),
        oidc: Oidc::new(Http::new(Reach::PublicOnly)?),
        mail: Mail::Off,
        platforms,
        objects: Objects::Folder(std::env::temp_dir()),
        buffer: None,
        metrics: Box::new(String::new),
        stopping: stopping.clone(),
    });
    serve(socialai_api::router(&app.await?), servers, stopping).await
}

pub async fn serve(router: Router, servers: &TaskTracker, stopping: &CancellationToken) -> Result<SocketAddr> {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    servers.spawn(listener::serve(socket, router, None, stopping.clone(), Duration::from_secs(1)));
    Ok(address)
}

pub async fn until(is_so: impl Fn() -> bool) -> Result<()> {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(30), waiting).await.context("the engine stands still")
}

/// Single-row insert commits a second.
pub async fn pgbench(cluster: &Cluster, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("insert.sql");
    std::fs::write(&script, "insert into single (n) values (1);\n")?;
    let bin = &cluster.installation().bin;
    let url = cluster.url("postgres");
    let made = tokio::process::Command::new(bin.join("psql"))
        .args([
            url.as_str(),
            "-q",
            "-c",
            "create table single (id bigint generated always as identity primary key, n int)",
        ])
        .status()
        .await?;
    anyhow::ensure!(made.success(), "psql could not make the table of the baseline");
    let seconds = time.as_secs().to_string();
    let output = tokio::process::Command::new(bin.join("pgbench"))
        .args(["-n", "-c", "32", "-j", "2", "-T", &seconds, "-f"])
        .arg(&script)
        .arg(&url)
        .output()
        .await
        .context("pgbench, which comes with PostgreSQL's server programs, is the baseline")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.with_context(|| {
        format!("pgbench said nothing that can be read: {text}{}", String::from_utf8_lossy(&output.stderr))
    })
}

pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn histogram(waits: &[Duration]) -> Result<Histogram<u64>> {
    let mut histogram = Histogram::new(3)?;
    for wait in waits {
        histogram.record(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX))?;
    }
    Ok(histogram)
}

pub fn quantile(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    precise(histogram.value_at_quantile(quantile)) / 1000.0
}

pub fn rate(number: u64, time: Duration) -> f64 {
    precise(number) / time.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub fn precise(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is positive and small")]
pub fn whole(rate: f64) -> u64 {
    rate as u64
}
