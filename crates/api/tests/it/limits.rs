//! Rate limits over HTTP: the same behaviours with buckets in the process and on a real Redis, and what only Redis has,
//! sharing and failing. Counts allow for what refills while a slow machine still sends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use reqwest::{Method, header::RETRY_AFTER};
use serde_json::{Value, json};
use socialai_api::limits::{InProcess, Limiter, OnRedis, Store};
use socialai_domain::{
    ids::TenantId,
    tenants::{self, Home, Plan, Tenant},
};
use socialai_testkit::{lab::Lab, redis::Redis};

use crate::server::{Answer, Server};

/// Ten in a minute, so one more every six seconds.
const VERIFY: &str = "/audit-log/verify";
const EXPORT: &str = "/audit-log/export";
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the servers of a test keep their buckets.
enum Buckets {
    InProcess,
    OnRedis(Redis),
}

impl Buckets {
    /// A limiter as another process would have it.
    fn limiter(&self) -> Limiter {
        let store = match self {
            Self::InProcess => Store::InProcess(InProcess::default()),
            Self::OnRedis(redis) => Store::OnRedis(on(redis)),
        };
        Limiter::new(store, 1)
    }

    async fn server(&self) -> Server {
        Server::with_limiter(Arc::new(Lab::shared().await), self.limiter()).await
    }
}

/// Connected as the program does it.
fn on(redis: &Redis) -> OnRedis {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_millis(500)))
        .set_number_of_retries(1);
    let client = redis::Client::open(redis.url()).unwrap();
    OnRedis::new(ConnectionManager::new_lazy_with_config(client, config).unwrap())
}

macro_rules! on_both_stores {
    ($($behaviour:ident)*) => {
        mod in_process {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(super::Buckets::InProcess).await;
            })*
        }
        mod on_redis {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(super::Buckets::OnRedis(super::Redis::start().await)).await;
            })*
        }
    };
}

on_both_stores! {
    burst_is_counted_down_and_then_refused_with_the_time_to_wait
    enterprise_workspace_has_five_times_as_much_and_waiting_lets_it_in_again
    every_caller_and_every_route_has_a_bucket_of_its_own
    requests_at_the_same_moment_do_not_pass_together
    guesses_from_one_address_are_refused_without_signing_in
}

/// Sends until the first refusal; answers with how many passed and how long that took.
async fn exhaust(send: impl AsyncFn() -> Answer) -> (u64, Duration, Answer) {
    let began = Instant::now();
    for passed in 0..1_000 {
        let answer = send().await;
        if answer.status == 429 {
            return (passed, began.elapsed(), answer);
        }
    }
    panic!("a thousand requests passed in {:?}", began.elapsed());
}

/// `quota` passed, and no more on top than refilled meanwhile.
fn assert_quota(quota: u64, passed: u64, took: Duration) {
    let refilled = u64::try_from(took.as_millis()).unwrap() * quota / 60_000 + 1;
    assert!((quota..=quota + refilled).contains(&passed), "{passed} passed of {quota} in {took:?}");
}

fn number(answer: &Answer, header: &str) -> u64 {
    answer.headers[header].to_str().unwrap().parse().unwrap()
}

async fn enterprise(lab: &Lab) -> Tenant {
    let id = TenantId::fresh();
    let slug = format!("e{}", &id.0.simple().to_string()[20..]);
    let plan = Plan::Enterprise;
    tenants::provision(&lab.databases, &lab.endpoints, id, &slug, "Enterprise", &Home::Shared, plan).await.unwrap()
}

async fn burst_is_counted_down_and_then_refused_with_the_time_to_wait(buckets: Buckets) {
    let server = buckets.server().await;
    let key = server.api_key(&server.lab.tenant().await, &["audit:*"]).await;
    let first = server.get_as(&key, VERIFY).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!((number(&first, "ratelimit-limit"), number(&first, "ratelimit-remaining")), (10, 9));
    assert!((1..=6).contains(&number(&first, "ratelimit-reset")));
    let second = server.get_as(&key, VERIFY).await;
    assert!(number(&second, "ratelimit-remaining") >= 8);

    let (passed, took, refused) = exhaust(async || server.get_as(&key, VERIFY).await).await;
    assert_quota(10, passed + 2, took);
    refused.is_problem(429, "rate_limited");
    assert!((1..=6).contains(&number(&refused, RETRY_AFTER.as_str())), "{:?}", refused.headers);
    assert_eq!((number(&refused, "ratelimit-limit"), number(&refused, "ratelimit-remaining")), (10, 0));
    assert!((50..=60).contains(&number(&refused, "ratelimit-reset")), "{:?}", refused.headers);
}

async fn enterprise_workspace_has_five_times_as_much_and_waiting_lets_it_in_again(buckets: Buckets) {
    let server = buckets.server().await;
    let key = server.api_key(&enterprise(&server.lab).await, &["audit:*"]).await;
    let (passed, took, refused) = exhaust(async || server.get_as(&key, VERIFY).await).await;
    assert_eq!(number(&refused, "ratelimit-limit"), 50);
    assert_quota(50, passed, took);
    // Asking while refused must not put the time off.
    eventually("the bucket refills", async || server.get_as(&key, VERIFY).await.status == 200).await;
}

async fn every_caller_and_every_route_has_a_bucket_of_its_own(buckets: Buckets) {
    let server = buckets.server().await;
    let tenant = server.lab.tenant().await;
    let (key, colleague) = (server.api_key(&tenant, &["audit:*"]).await, server.api_key(&tenant, &["audit:*"]).await);
    exhaust(async || server.get_as(&key, VERIFY).await).await;
    assert_eq!(server.get_as(&key, EXPORT).await.status, 200);
    assert_eq!(server.get_as(&colleague, VERIFY).await.status, 200);
    // Both spellings of an address are the same route.
    server.get_as(&key, "/v1/audit-log/verify").await.is_problem(429, "rate_limited");
}

async fn requests_at_the_same_moment_do_not_pass_together(buckets: Buckets) {
    let server = buckets.server().await;
    let key = server.api_key(&server.lab.tenant().await, &["audit:*"]).await;
    let began = Instant::now();
    let answers = futures::future::join_all((0..30).map(|_| server.get_as(&key, EXPORT))).await;
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_quota(10, u64::try_from(passed).unwrap(), began.elapsed());
}

async fn guesses_from_one_address_are_refused_without_signing_in(buckets: Buckets) {
    let server = buckets.server().await;
    let guess = json!({ "email": "nobody", "password": "guess guess guess" });
    let (passed, took, refused) = exhaust(async || server.post("/auth/login", &guess).await).await;
    assert_quota(30, passed, took);
    refused.is_problem(429, "rate_limited");
    // Who is signed in is counted by name, not by address.
    let key = server.api_key(&server.lab.tenant().await, &["users:read"]).await;
    assert_eq!(server.get_as(&key, "/users").await.status, 200);
}

async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Two processes of one installation, sharing a Redis, and a key that both know.
async fn pair(redis: &Redis) -> (Server, Server, String) {
    let lab = Arc::new(Lab::shared().await);
    let first = Server::with_limiter(lab.clone(), Limiter::new(Store::OnRedis(on(redis)), 1)).await;
    let second = Server::with_limiter(lab, Limiter::new(Store::OnRedis(on(redis)), 1)).await;
    let key = first.api_key(&first.lab.tenant().await, &["audit:*"]).await;
    (first, second, key)
}

/// What `/ready` says of Redis.
async fn readiness(server: &Server) -> (u16, Value) {
    let request = server.client.request(Method::GET, format!("http://{}/ready", server.address));
    let answer = server.send(request).await;
    let parts = answer.body["parts"].as_array().unwrap();
    let redis = parts.iter().find(|part| part["name"] == "redis").unwrap();
    (answer.status.as_u16(), redis["works"].clone())
}

#[tokio::test]
async fn servers_on_one_redis_share_their_buckets() {
    let redis = Redis::start().await;
    let (first, second, key) = pair(&redis).await;
    exhaust(async || first.get_as(&key, VERIFY).await).await;
    second.get_as(&key, VERIFY).await.is_problem(429, "rate_limited");
    assert_eq!(readiness(&second).await, (200, json!(true)));
}

#[tokio::test]
async fn without_redis_each_server_counts_for_itself_until_it_is_back() {
    let mut redis = Redis::start().await;
    let (first, second, key) = pair(&redis).await;
    exhaust(async || first.get_as(&key, VERIFY).await).await;

    redis.kill();
    // Every request is answered, and limits still hold, but each server has its own.
    for server in [&first, &second] {
        let (passed, took, _) = exhaust(async || server.get_as(&key, VERIFY).await).await;
        assert_quota(10, passed, took);
        assert_eq!(readiness(server).await, (503, json!(false)));
    }

    redis.start_again().await;
    for server in [&first, &second] {
        eventually("Redis is used again", async || readiness(server).await == (200, json!(true))).await;
    }
    let (passed, took, _) = exhaust(async || first.get_as(&key, EXPORT).await).await;
    assert_quota(10, passed, took);
    second.get_as(&key, EXPORT).await.is_problem(429, "rate_limited");
}

#[tokio::test]
async fn requests_alone_find_redis_again() {
    let mut redis = Redis::start().await;
    let (first, second, key) = pair(&redis).await;
    redis.kill();
    for server in [&first, &second] {
        exhaust(async || server.get_as(&key, VERIFY).await).await;
    }
    redis.start_again().await;
    // Redis starts empty, so what the servers refuse by their own count passes as soon as they ask it.
    for server in [&first, &second] {
        let asks = async || number(&server.get_as(&key, VERIFY).await, "ratelimit-remaining") > 2;
        eventually("the server asks Redis", asks).await;
    }
}

#[tokio::test]
async fn redis_that_is_silent_does_not_hold_requests_up() {
    let redis = Redis::start().await;
    let (server, _, key) = pair(&redis).await;
    assert_eq!(server.get_as(&key, VERIFY).await.status, 200);
    let mut other = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    redis::cmd("CLIENT").arg("PAUSE").arg(60_000).arg("ALL").exec_async(&mut other).await.unwrap();
    let began = Instant::now();
    for _ in 0..8 {
        assert_eq!(server.get_as(&key, VERIFY).await.status, 200);
    }
    // One or two of them waited half a second each, not all.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(readiness(&server).await, (503, json!(false)));
}
