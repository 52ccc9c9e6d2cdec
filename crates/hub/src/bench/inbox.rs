//! The inbox over the API with millions of messages: first pages, pages far down, what is overdue, conversations, and
//! searches for rare and for common words; against the same requests before the messages were there. What a page costs must
//! not grow with the table.
//!
//! The messages are written past the product, as the superuser of this throw-away server and without its indexes, which
//! are made afterwards: the product itself would need hours for so many.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use socialai_cluster::{Cluster, Options};
use socialai_domain::{
    api_keys::{self, NewKey},
    audit::Actor,
    ids::TenantId,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Baseline, Report,
    ground::{Ground, no_platforms, serve_api},
    ingest,
    load::{self, Measured},
};

/// What is measured, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub tenants: usize,
    pub messages: u64,
    pub rate: u32,
    pub time: Duration,
}

const CONNECTIONS: usize = 32;
/// Of each workspace, before the many come.
const FEW: u64 = 60;
const MESSAGES_OF_A_CONVERSATION: u64 = 20;
/// The first workspace has so large a part of all messages.
const LARGEST: u64 = 5;
const PAGE: u64 = 20;
/// How many pages down is far.
const FAR: usize = 20;
/// One of so many requests is a search.
const SEARCHES: u32 = 10;
/// A word that every message has.
const COMMON: &str = "stock";

/// One kind of request, of all workspaces in turn.
struct Kind {
    name: &'static str,
    requests: Arc<[Vec<u8>]>,
    /// One of so many requests is such a one: people search less often than they read.
    share: u32,
}

pub async fn run(scope: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    let folder = tempfile::tempdir().context("a temporary folder for the benchmark's data")?;
    progress("Starting a PostgreSQL of its own (fsync on)".to_owned());
    let options = Options { folder: folder.path().join("postgres"), durable: true, max_connections: 100 };
    let cluster = Cluster::start(options, &mut |_| {}).await?;
    let outcome = measure(&cluster, scope, progress).await;
    cluster.stop().await?;
    outcome
}

async fn measure(cluster: &Cluster, scope: Scope, progress: &mut (dyn FnMut(String) + Send)) -> Result<Report> {
    progress(format!("Making {} workspaces with an account each", scope.tenants));
    let ground = Ground::new(cluster, scope.tenants).await?;
    ingest::connect(&ground).await?;
    let keys = keys(&ground).await?;
    let mut server = PgConnection::connect(&cluster.url("bench")).await?;
    for tenant in &ground.tenants {
        fill(&mut server, *tenant, 0, FEW).await?;
    }
    let (servers, stopping) = (TaskTracker::new(), CancellationToken::new());
    let api = serve_api(&ground.databases, no_platforms()?, &servers, &stopping).await?;
    let first_pages = first_pages(&keys);
    settle(&mut server).await?;
    progress(format!("Baseline: first pages with {FEW} conversations in each workspace"));
    let few = load::closed_loop(api, first_pages.requests.clone(), CONNECTIONS, scope.time).await?;
    progress(format!("  {:.0} requests/s", few.rate_per_s()));

    let messages = grow(&mut server, &ground, scope, progress).await?;
    let many = load::closed_loop(api, first_pages.requests.clone(), CONNECTIONS, scope.time).await?;
    progress(format!("{messages} messages: {:.0} first pages/s", many.rate_per_s()));
    let mut latencies = serde_json::Map::new();
    let mut steady_first = None;
    for Kind { name, requests, share } in kinds(first_pages, api, &keys).await? {
        // What is asked for the first time after the tables were written comes from the disk.
        load::closed_loop(api, requests.clone(), 2, Duration::from_secs(2)).await?;
        let steady = load::open_loop(api, requests, CONNECTIONS, (scope.rate / share).max(1), scope.time).await?;
        anyhow::ensure!(steady.refused == 0, "{name} were refused; the figures would mean nothing");
        progress(format!("  {}: p50 {:.2} ms, p95 {:.2} ms", name, steady.quantile_ms(0.5), steady.quantile_ms(0.95)));
        latencies.insert(name.to_owned(), quantiles(&steady));
        steady_first.get_or_insert(steady);
    }
    stopping.cancel();
    servers.close();
    servers.wait().await;
    ground.databases.close().await;
    let first = steady_first.context("nothing was measured")?;
    Ok(Report {
        name: "inbox",
        rate_per_s: many.rate_per_s(),
        p50_ms: first.quantile_ms(0.5),
        p95_ms: first.quantile_ms(0.95),
        p99_ms: first.quantile_ms(0.99),
        baseline: Baseline { name: "first pages before the messages were there", rate_per_s: few.rate_per_s() },
        ratio: many.rate_per_s() / few.rate_per_s(),
        details: json!({
            "messages": messages,
            "tenants": scope.tenants,
            "in_the_largest_workspace": scope.messages / LARGEST,
            "latencies_at_rate_per_s": scope.rate,
            "searches_per_s": scope.rate / SEARCHES,
            "latency_ms": latencies,
            "connections": CONNECTIONS,
        }),
    })
}

fn quantiles(measured: &Measured) -> Value {
    json!({ "p50": measured.quantile_ms(0.5), "p95": measured.quantile_ms(0.95), "p99": measured.quantile_ms(0.99) })
}

/// One API key for each workspace.
async fn keys(ground: &Ground) -> Result<Vec<String>> {
    let mut keys = Vec::with_capacity(ground.tenants.len());
    for tenant in &ground.tenants {
        let mut tx = ground.databases.tenant(*tenant, Actor::system("bench")).await?;
        let new = NewKey { name: "bench".to_owned(), scopes: vec!["conversations:read".to_owned()], expires_at: None };
        let (_, key) = api_keys::create(&mut tx, new).await?;
        tx.commit().await?;
        keys.push(key.expose_secret().to_owned());
    }
    Ok(keys)
}

/// The many messages, a fifth of them in one workspace. Answers how many there are now.
async fn grow(
    server: &mut PgConnection,
    ground: &Ground,
    scope: Scope,
    progress: &mut (dyn FnMut(String) + Send),
) -> Result<u64> {
    let largest = scope.messages / LARGEST / MESSAGES_OF_A_CONVERSATION;
    let others = u64::try_from(ground.tenants.len() - 1)?.max(1);
    let each = (scope.messages - scope.messages / LARGEST) / others / MESSAGES_OF_A_CONVERSATION;
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "select indexname, indexdef from pg_indexes
         where schemaname = 'shared' and tablename in ('messages', 'conversations', 'contacts', 'contact_identities')
            and indexname not in (select conname from pg_constraint)",
    )
    .fetch_all(&mut *server)
    .await?;
    for (name, _) in &indexes {
        run_sql(server, format!("drop index shared.{name}")).await?;
    }
    for (number, tenant) in ground.tenants.iter().enumerate() {
        if number % 100 == 0 {
            progress(format!("Writing messages: {number} of {} workspaces", ground.tenants.len()));
        }
        fill(server, *tenant, FEW, if number == 0 { largest } else { each }).await?;
    }
    run_sql(server, "set maintenance_work_mem = '1GB'".to_owned()).await?;
    for (name, definition) in indexes {
        progress(format!("Making the index {name}"));
        run_sql(server, definition).await?;
    }
    settle(server).await?;
    Ok(sqlx::query_scalar::<_, i64>("select count(*) from shared.messages").fetch_one(server).await?.unsigned_abs())
}

/// Conversations of a workspace from this number to that one, each of a person of its own, with their messages.
async fn fill(server: &mut PgConnection, tenant: TenantId, from: u64, to: u64) -> Result<()> {
    let most = MESSAGES_OF_A_CONVERSATION;
    let tenant = tenant.0;
    let statements = format!(
        "begin;
         set local search_path = shared, system;
         set local session_replication_role = replica;
         set local app.tenant_id = '{tenant}';
         create temporary table c on commit drop as
            select n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id,
                timestamptz '2026-01-01' + n * interval '37 seconds' as at
            from generate_series({from}::bigint, {to}::bigint - 1) n;
         insert into contacts (id, name, created_at, updated_at)
            select id, 'Person ' || n, at, at from c;
         insert into contact_identities (id, contact_id, platform, scope, external_id, name, created_at, seen_at)
            select id, id, 'facebook', '', n::text, 'Person ' || n, at, at from c;
         insert into conversations (id, account_id, identity_id, contact_id, platform, surface, thread_key, status, unread_count,
                last_seq, last_activity_at, last_inbound_at, awaiting_since, preview, preview_direction, created_at, updated_at, closed_at)
            select c.id, a.id, c.id, c.id, a.platform, 'message', '', case when n % 5 = 0 then 'open' else 'closed' end, n % 3,
                {most}, at, at, at, 'Is it in stock?', 'in', at, at, case when n % 5 > 0 then at end
            from c, channel_accounts a where a.tenant_id = '{tenant}';
         insert into messages (id, conversation_id, account_id, seq, direction, author_kind, kind, platform_id, text, provider_at,
                received_at, state, state_at)
            select ('00000000-0000-7000-8000-' || lpad(to_hex(n * {most} + m), 12, '0'))::uuid, c.id, a.id, m,
                case when m % 2 = 1 then 'in' else 'out' end, case when m % 2 = 1 then 'contact' else 'user' end, 'text',
                'm' || n * {most} + m,
                'Hello, this is about order o' || n * {most} + m || ': is the four-person tent of series s' || n * {most} + m % 997
                    || ' in {COMMON}, and what does it cost?',
                at + m * interval '1 second', at + m * interval '1 second', case when m % 2 = 0 then 'read' end,
                case when m % 2 = 0 then at end
            from c, channel_accounts a, generate_series(1, {most}) m where a.tenant_id = '{tenant}';
         commit;"
    );
    run_sql(server, statements).await
}

/// What the autovacuum would do in the course of time.
async fn settle(server: &mut PgConnection) -> Result<()> {
    for table in ["messages", "conversations", "contacts", "contact_identities"] {
        run_sql(server, format!("vacuum analyze shared.{table}")).await?;
    }
    run_sql(server, "checkpoint".to_owned()).await
}

async fn run_sql(server: &mut PgConnection, statements: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(server).await?;
    Ok(())
}

fn first_pages(keys: &[String]) -> Kind {
    Kind { name: "first_page", requests: pages(keys, ""), share: 1 }
}

/// The first page of each workspace, with this filter.
fn pages(keys: &[String], filter: &str) -> Arc<[Vec<u8>]> {
    let path = format!("/api/v1/conversations?limit={PAGE}{filter}");
    keys.iter().map(|key| load::get(&path, key)).collect()
}

async fn kinds(first_pages: Kind, api: SocketAddr, keys: &[String]) -> Result<Vec<Kind>> {
    let (mut deep, mut conversations) = (Vec::new(), Vec::new());
    // The largest workspace is among them.
    for key in keys.iter().take(50) {
        let (cursor, conversation) = far_down(api, key).await?;
        deep.push(load::get(&format!("/api/v1/conversations?limit={PAGE}&cursor={cursor}"), key));
        conversations.push(load::get(&format!("/api/v1/conversations/{conversation}/messages?limit=50"), key));
    }
    let search = |name, words: fn(usize) -> String| {
        let request = |(number, key): (usize, &String)| {
            let words = words(number);
            load::get(
                &format!("/api/v1/conversations?limit={PAGE}&q={}", utf8_percent_encode(&words, NON_ALPHANUMERIC)),
                key,
            )
        };
        Kind { name, requests: keys.iter().enumerate().map(request).collect(), share: SEARCHES }
    };
    Ok(vec![
        first_pages,
        Kind { name: "far_page", requests: deep.into(), share: 1 },
        // All that the workspaces' open conversations wait for has been due for long.
        Kind { name: "overdue", requests: pages(keys, "&sla=overdue"), share: 1 },
        Kind { name: "conversation", requests: conversations.into(), share: 1 },
        search("search_one_message", |number| format!("order o{}", 100 + number)),
        search("search_some_messages", |number| format!("series s{}", 100 + number % 500)),
        search("search_all_messages", |_| COMMON.to_owned()),
    ])
}

/// The cursor of a page far down, and a conversation of it.
async fn far_down(api: SocketAddr, key: &str) -> Result<(String, String)> {
    let (mut cursor, mut conversation) = (String::new(), String::new());
    for _ in 0..FAR {
        let after = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let page = load::fetch(api, &load::get(&format!("/api/v1/conversations?limit={PAGE}{after}"), key)).await?;
        let page: Value = serde_json::from_slice(&page)?;
        let first = page["items"][0]["id"].as_str().context("a page without conversations")?;
        first.clone_into(&mut conversation);
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    Ok((cursor, conversation))
}
