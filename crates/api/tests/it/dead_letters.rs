//! Dead letters over the API: seen, replayed and discarded once, by those who may, in their own workspace only.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::{ids::JobId, permissions::Role, tenants::Tenant};
use uuid::Uuid;

use crate::server::Server;

/// A job that was given up, as the engine leaves it.
pub async fn dead(server: &Server, tenant: &Tenant, kind: &str) -> JobId {
    let id = JobId(Uuid::now_v7());
    let errors = json!([{ "at": "2026-11-21T09:00:00Z", "seconds": 0.5, "error": "the first time" },
        { "at": "2026-11-21T09:01:00Z", "seconds": 0.5, "error": "the <b>last</b> time" }]);
    sqlx::query(
        "insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, enqueued_at)
         values ($1, $2, 'webhooks', 'key/1', 1, $3, 1, '{\"to\": \"somewhere\"}', $4, 2, 'gave_up', now())",
    )
    .bind(id.0)
    .bind(tenant.id)
    .bind(kind)
    .bind(errors)
    .execute(&mut server.lab.owner().await)
    .await
    .unwrap();
    id
}

async fn delayed(server: &Server, tenant: &Tenant) -> i64 {
    // Replayed jobs are due at once; whether they still wait or have joined their lane does not matter here.
    sqlx::query_scalar(
        "select (select count(*) from system.delayed_jobs where tenant_id = $1) + (select count(*) from system.jobs where tenant_id = $1)",
    )
    .bind(tenant.id)
    .fetch_one(&mut server.lab.owner().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn dead_letter_tells_what_it_was_and_each_attempt() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:read"]).await;
    let id = dead(&server, &tenant, "tests.one").await;
    dead(&server, &tenant, "tests.two").await;
    let page = server.get_as(&key, "/dead-letters?kind=tests.one").await.body;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["error"], "the <b>last</b> time");
    let counts = server.get_as(&key, "/dead-letters/counts").await.body;
    assert_eq!(counts[0], json!({ "queue": "webhooks", "kind": "tests.one", "reason": "gave_up", "count": 1 }));
    let letter = server.get_as(&key, &format!("/dead-letters/{id}")).await.body;
    assert_eq!((&letter["payload"]["to"], letter["history"].as_array().unwrap().len()), (&json!("somewhere"), 2));
    let page = server.get_as(&key, "/dead-letters?limit=1").await.body;
    let next = page["next"].as_str().unwrap();
    let second = server.get_as(&key, &format!("/dead-letters?limit=1&cursor={next}")).await.body;
    assert_eq!((&second["items"][0]["id"], &second["next"]), (&json!(id), &Value::Null));
}

#[tokio::test]
async fn letter_is_replayed_once_and_the_replay_is_on_record() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:read", "work:manage", "audit:read"]).await;
    let id = dead(&server, &tenant, "tests.one").await;
    let order = json!({ "select": { "ids": [id] } });
    assert_eq!(server.post_as(&key, "/dead-letters/replay", &order).await.body, json!({ "count": 1 }));
    assert_eq!(delayed(&server, &tenant).await, 1);
    server.post_as(&key, "/dead-letters/replay", &order).await.is_problem(409, "already_done");
    assert_eq!(delayed(&server, &tenant).await, 1, "a refusal changes nothing");
    let letter = server.get_as(&key, &format!("/dead-letters/{id}")).await.body;
    assert_eq!((&letter["state"], letter["replayed_as"].is_string()), (&json!("replayed"), true));
    let log = server.get_as(&key, "/audit-log?action=dead_letters.replayed").await.body;
    assert_eq!(log["items"][0]["changes"]["after"]["count"], 1);
}

#[tokio::test]
async fn discarding_needs_a_reason_and_concerns_what_was_chosen() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:*"]).await;
    for kind in ["tests.one", "tests.one", "tests.two"] {
        dead(&server, &tenant, kind).await;
    }
    let refused = server.post_as(&key, "/dead-letters/discard", &json!({ "reason": "  " })).await;
    refused.is_problem(422, "invalid");
    let order = json!({ "select": { "kind": "tests.one" }, "reason": "the account is closed" });
    assert_eq!(server.post_as(&key, "/dead-letters/discard", &order).await.body, json!({ "count": 2 }));
    let open = server.get_as(&key, "/dead-letters").await.body;
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    let closed = server.get_as(&key, "/dead-letters?state=discarded").await.body;
    assert_eq!(closed["items"][0]["discard_reason"], "the account is closed");
    let both = json!({ "select": { "ids": [JobId::fresh()], "kind": "tests.two" } });
    server.post_as(&key, "/dead-letters/replay", &both).await.is_problem(422, "invalid");
    let fast = json!({ "per_second": 100_000.0 });
    server.post_as(&key, "/dead-letters/replay", &fast).await.is_problem(422, "invalid");
}

#[tokio::test]
async fn letters_are_chosen_by_key_and_by_when_they_were_given_up() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:*"]).await;
    let mut ids = Vec::new();
    for nth in 0..4 {
        let id = dead(&server, &tenant, "tests.one").await;
        sqlx::query("update system.dead_letters set key = $2, died_at = timestamptz '2026-11-21 09:00Z' + $3 * interval '1 hour' where id = $1")
            .bind(id.0)
            .bind(format!("key/{}", nth % 2))
            .bind(nth)
            .execute(&mut server.lab.owner().await)
            .await
            .unwrap();
        ids.push(id);
    }
    let window = "from=2026-11-21T10:00:00Z&until=2026-11-21T12:00:00Z";
    let listed = server.get_as(&key, &format!("/dead-letters?{window}&key=key/1")).await.body;
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &json!(ids[1])));
    let select = json!({ "from": "2026-11-21T10:00:00Z", "until": "2026-11-21T12:00:00Z", "key": "key/1" });
    let replayed = server.post_as(&key, "/dead-letters/replay", &json!({ "select": select })).await.body;
    assert_eq!(replayed, json!({ "count": 1 }));
    assert_eq!(server.get_as(&key, &format!("/dead-letters/{}", ids[1])).await.body["state"], "replayed");
    let order = json!({ "select": { "until": "2026-11-21T10:00:00Z" }, "reason": "too old" });
    assert_eq!(server.post_as(&key, "/dead-letters/discard", &order).await.body, json!({ "count": 1 }));
    let open = server.get_as(&key, "/dead-letters").await.body;
    let open: Vec<_> = open["items"].as_array().unwrap().iter().map(|letter| letter["id"].clone()).collect();
    assert_eq!(open, [json!(ids[3]), json!(ids[2])]);

    for select in [json!({ "from": "yesterday" }), json!({ "until": "2026-13-01T00:00:00Z" })] {
        let wrong = server.post_as(&key, "/dead-letters/replay", &json!({ "select": select })).await;
        wrong.is_problem(400, "malformed_parameter");
    }
    let both = json!({ "select": { "ids": [ids[2]], "from": "2026-11-21T10:00:00Z" } });
    server.post_as(&key, "/dead-letters/replay", &both).await.is_problem(422, "invalid");
}

#[tokio::test]
async fn letters_are_for_leaders_of_their_own_workspace() {
    let server = Server::start().await;
    let (tenant, agent) = server.tenant_with(Role::Agent).await;
    let id = dead(&server, &tenant, "tests.one").await;
    let token = server.log_in(&agent).await["access_token"].as_str().unwrap().to_owned();
    server.get_as(&token, "/dead-letters").await.is_problem(403, "forbidden");
    let other = server.lab.tenant().await;
    let stranger = server.api_key(&other, &["work:*"]).await;
    server.get_as(&stranger, &format!("/dead-letters/{id}")).await.is_problem(404, "not_found");
    let order = json!({ "select": { "ids": [id] } });
    server.post_as(&stranger, "/dead-letters/replay", &order).await.is_problem(409, "already_done");
    assert_eq!(server.post_as(&stranger, "/dead-letters/discard", &json!({ "reason": "x" })).await.body["count"], 0);
    let own = server.api_key(&tenant, &["work:read"]).await;
    assert_eq!(server.get_as(&own, &format!("/dead-letters/{id}")).await.body["state"], "open");
    server.call_as(&own, Method::POST, "/dead-letters/replay", &order).await.is_problem(403, "forbidden");
}
