//! Reads over the API with many tenants: authenticated by API key, each in its own tenant transaction, against a bare
//! handler behind the same listener.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use axum::{Json, Router, routing::get};
use secrecy::ExposeSecret;
use serde_json::json;
use socialai_cluster::{Cluster, Options};
use socialai_domain::{
    api_keys::{self, NewKey},
    audit::Actor,
    clock::Clock,
    database::{self, Endpoint},
    ids::{TenantId, UserId},
    installation,
    permissions::Role,
    tenancy::Databases,
    tenants::{self, Home, Plan},
    users,
    vault::MasterKeys,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Baseline, Report,
    ground::{no_platforms, serve, serve_api},
    load::{self, Measured},
};

/// What is measured, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub tenants: usize,
    pub schema_tenants: usize,
    pub rate: u32,
    pub time: Duration,
}

const CONNECTIONS: usize = 32;
const USERS_PER_TENANT: usize = 20;

pub async fn run(plan: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    let folder = tempfile::tempdir().context("a temporary folder for the benchmark's data")?;
    progress("Starting a PostgreSQL of its own (fsync on)".to_owned());
    let options = Options { folder: folder.path().join("postgres"), durable: true, max_connections: 100 };
    let cluster = Cluster::start(options, &mut |_| {}).await?;
    let outcome = measure(&cluster, plan, progress).await;
    cluster.stop().await?;
    outcome
}

async fn measure(cluster: &Cluster, plan: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    let password = || hex::encode(rand::random::<[u8; 16]>());
    let admin = cluster.url("postgres").parse()?;
    let endpoints = vec![database::set_up(&admin, "bench", &password(), &password()).await?];
    database::migrate(&endpoints, &mut |_| {}).await?;
    let master_keys = MasterKeys::generate(1);
    let masters = Arc::new(move || MasterKeys::parse(master_keys.expose_secret()));
    let pool = database::pool(endpoints[0].app.clone(), 16);
    let databases = installation::open(pool, std::collections::BTreeMap::new(), masters, Clock::default()).await?;
    let keys = populate(&databases, &endpoints, plan, progress).await?;

    let (servers, stopping) = (TaskTracker::new(), CancellationToken::new());
    let bare = serve(Router::new().route("/bare", get(|| async { Json(json!({ "items": [] })) })), &servers, &stopping)
        .await?;
    let api = serve_api(&databases, no_platforms()?, &servers, &stopping).await?;
    let api_requests: Arc<[Vec<u8>]> = keys.iter().map(|key| load::get("/api/v1/users?limit=20", key)).collect();
    let bare_requests: Arc<[Vec<u8>]> = Arc::new([load::get("/bare", "")]);

    progress("Warming up".to_owned());
    load::closed_loop(api, api_requests.clone(), CONNECTIONS, Duration::from_secs(3)).await?;
    progress("Baseline: a bare handler, as fast as it goes".to_owned());
    let bare_most = load::closed_loop(bare, bare_requests.clone(), CONNECTIONS, plan.time).await?;
    progress("API reads, as fast as they go".to_owned());
    let api_most = load::closed_loop(api, api_requests.clone(), CONNECTIONS, plan.time).await?;
    progress(format!("Both at {} requests a second", plan.rate));
    let bare_steady = load::open_loop(bare, bare_requests, CONNECTIONS, plan.rate, plan.time).await?;
    let api_steady = load::open_loop(api, api_requests, CONNECTIONS, plan.rate, plan.time).await?;
    stopping.cancel();
    servers.close();
    servers.wait().await;
    databases.close().await;

    let refused = api_most.refused + api_steady.refused;
    anyhow::ensure!(refused == 0, "{refused} requests were refused; the figures would mean nothing");
    Ok(report(plan, &bare_most, &api_most, &bare_steady, &api_steady))
}

fn report(
    plan: Scope,
    bare_most: &Measured,
    api_most: &Measured,
    bare_steady: &Measured,
    api_steady: &Measured,
) -> Report {
    Report {
        name: "api",
        rate_per_s: api_most.rate_per_s(),
        p50_ms: api_steady.quantile_ms(0.5),
        p95_ms: api_steady.quantile_ms(0.95),
        p99_ms: api_steady.quantile_ms(0.99),
        baseline: Baseline { name: "bare handler behind the same listener", rate_per_s: bare_most.rate_per_s() },
        ratio: api_most.rate_per_s() / bare_most.rate_per_s(),
        details: json!({
            "latencies_at_rate_per_s": plan.rate,
            "tenants": plan.tenants,
            "schema_tenants": plan.schema_tenants,
            "users_per_tenant": USERS_PER_TENANT,
            "connections": CONNECTIONS,
            "baseline_p50_ms": bare_steady.quantile_ms(0.5),
            "baseline_p95_ms": bare_steady.quantile_ms(0.95),
            "baseline_p99_ms": bare_steady.quantile_ms(0.99),
            "p99_ms_at_full_speed": api_most.quantile_ms(0.99),
        }),
    }
}

/// Tenants with users and one key each; answers with the keys.
async fn populate(
    databases: &Databases,
    endpoints: &[Endpoint],
    plan: Scope,
    progress: &mut (dyn FnMut(String) + Send),
) -> Result<Vec<String>> {
    let mut keys = Vec::with_capacity(plan.tenants);
    for number in 0..plan.tenants {
        if number % 100 == 0 {
            progress(format!("Making tenants: {number} of {}", plan.tenants));
        }
        let id = TenantId::fresh();
        // Spread over the whole, so that requests alternate between the tiers.
        let own_schema =
            number * plan.schema_tenants / plan.tenants != (number + 1) * plan.schema_tenants / plan.tenants;
        let home = if own_schema { Home::Schema } else { Home::Shared };
        let slug = format!("bench-{number}");
        tenants::provision(databases, endpoints, id, &slug, &slug, &home, Plan::Standard).await?;
        let mut tx = databases.tenant(id, Actor::system("bench")).await?;
        for user in 0..USERS_PER_TENANT {
            let email = format!("user{user}@{slug}.test");
            users::add(&mut tx, UserId::fresh(), &email, &format!("User {user}"), Role::Agent).await?;
        }
        let new = NewKey { name: "bench".to_owned(), scopes: vec!["users:read".to_owned()], expires_at: None };
        let (_, key) = api_keys::create(&mut tx, new).await?;
        tx.commit().await?;
        keys.push(key.expose_secret().to_owned());
    }
    Ok(keys)
}
