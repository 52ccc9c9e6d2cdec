//! Deliveries of platforms from the request to the row that cannot be lost, over HTTP, signed as the platforms sign, with
//! many workspaces and some repetitions; against single-row insert commits of pgbench on the same server. Afterwards all of
//! them are read, and counted: each message is in its conversation, once.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use aws_lc_rs::hmac;
use axum::{Json, Router, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde_json::{Value, json};
use socialai_api::platforms::{Operator, Platforms};
use socialai_cluster::{Cluster, Options};
use socialai_connect::{
    call::Http,
    guard::Reach,
    objects::Objects,
    remote::{Limits, Remotes},
    social::{self, Endpoints, Secrets, Setup, kept::AccountSecrets},
};
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, NewAccount},
    },
    conversations::{self, sending::Patience},
    tenancy::Databases,
};
use socialai_jobs::{
    Engine, Handlers, Settings as EngineSettings,
    channels::{self, Apps, Connectors, Timing},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use super::{
    Baseline, Report,
    ground::{Ground, histogram, pgbench, precise, quantile, rate, serve, serve_api, whole},
    load,
};

/// What is measured, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub tenants: usize,
    pub deliveries: usize,
    pub time: Duration,
}

const PLATFORMS: [Platform; 4] = [Platform::Facebook, Platform::Instagram, Platform::X, Platform::LinkedIn];
const SECRET: &str = "bench_secret";
/// Platforms deliver from many machines at once.
const CONNECTIONS: usize = 512;
/// Every so manyth delivery is an earlier one again: five of a hundred.
const REPEATED: usize = 20;
/// Deliveries one after the other, to see when each is in its conversation.
const WATCHED: usize = 200;
const SLOTS: usize = 16;

pub async fn run(scope: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    let folder = tempfile::tempdir().context("a temporary folder for the benchmark's data")?;
    progress("Starting a PostgreSQL of its own (fsync on)".to_owned());
    let options = Options { folder: folder.path().join("postgres"), durable: true, max_connections: 200 };
    let cluster = Cluster::start(options, &mut |_| {}).await?;
    let outcome = measure(&cluster, scope, progress).await;
    cluster.stop().await?;
    outcome
}

async fn measure(cluster: &Cluster, scope: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    progress("Baseline: single-row insert commits of pgbench, 32 clients".to_owned());
    let commits = pgbench(cluster, scope.time).await?;
    progress(format!("  {commits:.0} commits/s"));
    progress(format!("Making {} workspaces with an account each", scope.tenants));
    let ground = Ground::new(cluster, scope.tenants).await?;
    connect(&ground).await?;
    let (servers, stopping) = (TaskTracker::new(), CancellationToken::new());
    let address = serve_api(&ground.databases, platforms()?, &servers, &stopping).await?;
    let mut made = 0;
    let mut make = |number: usize| {
        let requests: Arc<[Vec<u8>]> = requests(made, number, scope.tenants).into();
        made += number;
        requests
    };

    progress("Warming up".to_owned());
    load::each_once(address, make(5_000), CONNECTIONS).await?;
    progress(format!("{} deliveries, as fast as they go", scope.deliveries));
    let requests = make(scope.deliveries);
    let before = processor_time();
    let most = load::each_once(address, requests, CONNECTIONS).await?;
    let processor = processor_time().saturating_sub(before);
    progress(format!("  {:.0}/s", most.rate_per_s()));
    let half = whole(most.rate_per_s() / 2.0);
    progress(format!("Half load: {half} a second"));
    let steady = usize::try_from(half * scope.time.as_secs())?;
    let steady = load::open_loop(address, make(steady), CONNECTIONS, u32::try_from(half)?, scope.time).await?;
    progress(format!("  p50 {:.2} ms, p99 {:.2} ms", steady.quantile_ms(0.5), steady.quantile_ms(0.99)));
    anyhow::ensure!(most.refused + steady.refused == 0, "deliveries were refused; the figures would mean nothing");

    progress("Reading what was kept".to_owned());
    let distinct = u64::try_from(made - made / REPEATED)?;
    let began = Instant::now();
    let silent =
        Router::new().fallback(|| async { (StatusCode::BAD_REQUEST, Json(json!({ "error": { "code": 100 } }))) });
    let platform = format!("http://{}", serve(silent, &servers, &stopping).await?).parse()?;
    start_engine(&ground.databases, &platform, &stopping, &servers)?;
    until_received(&ground, distinct).await?;
    let read = rate(distinct, began.elapsed());
    progress(format!("  {read:.0} messages/s into their conversations"));
    let waits = watch(&ground, address, made, scope.tenants).await?;
    progress(format!(
        "  one by one, from the request to the inbox: p50 {:.1} ms, p95 {:.1} ms",
        quantile(&waits, 0.5),
        quantile(&waits, 0.95)
    ));
    let kept = count(&ground).await?;
    stopping.cancel();
    servers.close();
    servers.wait().await;
    ground.databases.close().await;
    let expected = distinct + WATCHED as u64;
    anyhow::ensure!(kept == expected, "{expected} different messages were delivered, and {kept} are there");

    Ok(Report {
        name: "ingest",
        rate_per_s: most.rate_per_s(),
        p50_ms: steady.quantile_ms(0.5),
        p95_ms: steady.quantile_ms(0.95),
        p99_ms: steady.quantile_ms(0.99),
        baseline: Baseline { name: "pgbench single-row insert commits, 32 clients", rate_per_s: commits },
        ratio: most.rate_per_s() / commits,
        details: json!({
            "latencies_at_rate_per_s": half,
            "tenants": scope.tenants,
            "connections": CONNECTIONS,
            "delivered": made + WATCHED,
            "different": expected,
            "in_conversations": kept,
            // Of this process, in which the senders run too.
            "processor_us_per_delivery": processor.as_secs_f64() * 1e6 / precise(most.latencies.len()),
            "read_into_conversations_per_s": read,
            "request_to_inbox_ms": { "p50": quantile(&waits, 0.5), "p95": quantile(&waits, 0.95) },
        }),
    })
}

fn platform(tenant: usize) -> Platform {
    PLATFORMS[tenant % PLATFORMS.len()]
}

fn account(tenant: usize) -> String {
    match platform(tenant) {
        Platform::LinkedIn => format!("urn:li:organization:{}", 9_000_000 + tenant),
        _ => (1_700_000_000_000_000_000_u64 + tenant as u64).to_string(),
    }
}

/// One account for each workspace.
pub async fn connect(ground: &Ground) -> Result<()> {
    for (number, tenant) in ground.tenants.iter().enumerate() {
        let secrets = AccountSecrets {
            access: "token".to_owned(),
            refresh: None,
            user: None,
            via: None,
            member: None,
            subscribed: Vec::new(),
        };
        let new = NewAccount {
            platform: platform(number),
            external_id: account(number),
            name: "Bench".to_owned(),
            handle: None,
            avatar_url: None,
            credentials: Some(secrets.write()),
            token_expires_at: None,
            refresh_at: None,
            uses_own_app: false,
            scopes: Vec::new(),
        };
        accounts::connect(&ground.databases, *tenant, Actor::system("bench"), &new).await?;
    }
    Ok(())
}

fn platforms() -> Result<Platforms> {
    let operator = |_| Operator {
        secrets: Secrets { signing: vec![SecretString::from(SECRET)], verify_tokens: Vec::new() },
        ..Operator::default()
    };
    let connectors = social::all(|_| Setup::default());
    Ok(Platforms::new(connectors, operator, Http::new(Reach::PublicOnly)?, Remotes::new(Limits::default())))
}

/// `platform` tells nothing of the people who write.
fn start_engine(
    databases: &Databases,
    platform: &Url,
    stopping: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<()> {
    let parts = channels::Parts {
        http: Http::new(Reach::Anywhere)?,
        remotes: Remotes::new(Limits::default()),
        connectors: Connectors::new(|_| Setup { endpoints: Some(Endpoints::at(platform)), ..Setup::default() }),
        apps: Apps::default(),
        objects: Objects::Folder(std::env::temp_dir()),
        public_url: "http://localhost".parse()?,
        patience: Patience::default(),
        timing: Timing::default(),
    };
    let handlers = channels::handlers(Handlers::default(), parts);
    let settings = EngineSettings { slots: SLOTS, ..EngineSettings::default() };
    Engine::start(databases, handlers, Vec::new(), settings, stopping.clone(), tasks.clone());
    Ok(())
}

/// Signed requests from the message of this number on, as bytes.
fn requests(first: usize, number: usize, tenants: usize) -> Vec<Vec<u8>> {
    let mut requests: Vec<Vec<u8>> = Vec::with_capacity(number);
    for number in first..first + number {
        let earlier = requests.len().checked_sub(REPEATED / 2);
        match earlier.filter(|_| number % REPEATED == REPEATED - 1) {
            Some(earlier) => requests.push(requests[earlier].clone()),
            None => requests.push(request(number, number % tenants)),
        }
    }
    requests
}

fn request(number: usize, tenant: usize) -> Vec<u8> {
    let platform = platform(tenant);
    let body = body(platform, number, &account(tenant)).to_string();
    let (header, signature) = signature(platform, body.as_bytes());
    format!(
        "POST /v1/webhook/{} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{header}: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        platform.name(),
        body.len()
    )
    .into_bytes()
}

/// A message as the platform delivers it, of one of five people of the account.
fn body(platform: Platform, number: usize, account: &str) -> Value {
    let person = (5_000_000_000 + number / 1_000 % 5).to_string();
    let text = format!("Message {number}: is the four-person tent in stock, and what does it cost?");
    let at = 1_790_000_000_000_u64 + number as u64;
    match platform {
        Platform::X => json!({ "data": {
            "event_uuid": number.to_string(), "filter": { "user_id": account }, "event_type": "dm.received",
            "payload": { "direct_message_events": [{
                "type": "message_create", "id": (2_080_000_000_000_000_000_u64 + number as u64).to_string(),
                "created_timestamp": at.to_string(),
                "message_create": { "target": { "recipient_id": account }, "sender_id": person,
                    "message_data": { "text": text, "entities": { "urls": [] } } } }] } } }),
        Platform::LinkedIn => {
            let comment = format!("urn:li:comment:(urn:li:activity:7094637247890620418,{number})");
            json!({ "type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{
                "notificationId": number, "organizationalEntity": account, "action": "COMMENT",
                "sourcePost": "urn:li:activity:7094637247890620418",
                "generatedActivity": comment,
                "decoratedGeneratedActivity": { "comment": { "entity": comment, "owner": format!("urn:li:person:p{person}"),
                    "object": "urn:li:activity:7094637247890620418", "text": text } },
                "lastModifiedAt": at }] })
        }
        _ => {
            let object = if platform == Platform::Facebook { "page" } else { "instagram" };
            json!({ "object": object, "entry": [{ "id": account, "time": at, "messaging": [{
                "sender": { "id": person }, "recipient": { "id": account }, "timestamp": at,
                "message": { "mid": format!("m_{number}"), "text": text } }] }] })
        }
    }
}

fn signature(platform: Platform, body: &[u8]) -> (&'static str, String) {
    let sign = |content: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), content);
    match platform {
        Platform::X => ("x-twitter-webhooks-signature", format!("sha256={}", STANDARD.encode(sign(body)))),
        Platform::LinkedIn => ("x-li-signature", hex::encode(sign(&[b"hmacsha256=", body].concat()))),
        _ => ("x-hub-signature-256", format!("sha256={}", hex::encode(sign(body)))),
    }
}

/// Messages of all workspaces.
async fn count(ground: &Ground) -> Result<u64> {
    let mut all = 0;
    for tenant in &ground.tenants {
        let mut tx = ground.databases.tenant(*tenant, Actor::system("bench")).await?;
        all += conversations::count_messages(&mut tx).await?;
        tx.rollback().await?;
    }
    Ok(all)
}

async fn until_received(ground: &Ground, number: u64) -> Result<()> {
    let waiting = async {
        while count(ground).await? < number {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    };
    tokio::time::timeout(Duration::from_mins(30), waiting).await.context("deliveries are not read")?
}

/// From the request to the message in its conversation, one delivery after the other.
async fn watch(
    ground: &Ground,
    address: SocketAddr,
    first: usize,
    tenants: usize,
) -> Result<hdrhistogram::Histogram<u64>> {
    let mut waits = Vec::with_capacity(WATCHED);
    for number in first..first + WATCHED {
        let tenant = number % tenants;
        let messages = async || -> Result<u64> {
            let mut tx = ground.databases.tenant(ground.tenants[tenant], Actor::system("bench")).await?;
            let messages = conversations::count_messages(&mut tx).await?;
            tx.rollback().await?;
            Ok(messages)
        };
        let (before, began) = (messages().await?, Instant::now());
        load::each_once(address, vec![request(number, tenant)].into(), 1).await?;
        while messages().await? == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        waits.push(began.elapsed());
    }
    histogram(&waits)
}

/// Of this process, in both modes.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
