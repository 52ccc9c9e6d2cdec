//! The effect ledger over the API: seen, and settled by hand once, by those who may, when nothing is under way any more.

use serde_json::{Value, json};
use socialai_domain::{
    audit::Actor,
    effects::{self, Dispatched, Outcome, Plan, Standing},
    ids::EffectId,
    permissions::Role,
    problems::Error,
    tenancy::TenantTx,
    tenants::Tenant,
};

use crate::server::Server;

async fn tx(server: &Server, tenant: &Tenant) -> TenantTx {
    server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap()
}

async fn planned(server: &Server, tenant: &Tenant) -> EffectId {
    let plan = Plan {
        kind: "tests.post",
        remote: "tests.remote".to_owned(),
        about_kind: "lead",
        about_id: "l1".to_owned(),
        idempotency_key: EffectId::fresh().to_string(),
        request: json!({ "text": "hello" }),
    };
    let mut tx = tx(server, tenant).await;
    let id = effects::plan(&mut tx, plan).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// An effect that was sent just now, and the worker that has not heard of it yet.
async fn under_way(server: &Server, tenant: &Tenant) -> (EffectId, Dispatched) {
    let id = planned(server, tenant).await;
    let mut tx = tx(server, tenant).await;
    let Standing::Ready(claimed) = effects::take(&mut tx, id).await.unwrap() else { panic!("it is ready") };
    (id, claimed.dispatch(tx).await.unwrap())
}

/// Lets time pass for an effect that was sent.
async fn age(server: &Server, id: EffectId, minutes: i32) {
    sqlx::query("update shared.effects set dispatched_at = dispatched_at - make_interval(mins => $2) where id = $1")
        .bind(id)
        .bind(minutes)
        .execute(&mut server.lab.owner().await)
        .await
        .unwrap();
}

/// An effect that was sent long ago, and nobody knows whether it took place.
async fn unknown(server: &Server, tenant: &Tenant) -> EffectId {
    let (id, sent) = under_way(server, tenant).await;
    let mut tx = tx(server, tenant).await;
    sent.record(&mut tx, Outcome::Unknown { reason: "The line was cut".to_owned() }).await.unwrap();
    tx.commit().await.unwrap();
    age(server, id, 16).await;
    id
}

fn took_place() -> Value {
    json!({ "finding": "took_place", "reason": " The post is on the page " })
}

#[tokio::test]
async fn unknown_effect_is_settled_once_and_the_reason_is_on_record() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:*", "audit:read"]).await;
    for (finding, state) in [("took_place", "confirmed"), ("given_up", "failed")] {
        let id = unknown(&server, &tenant).await;
        let before = server.get_as(&key, &format!("/effects/{id}")).await.body;
        assert_eq!((&before["state"], before["settleable_from"].is_string()), (&json!("unknown"), true));
        let path = format!("/effects/{id}/settle");
        let order = json!({ "finding": finding, "reason": " I looked there " });
        let settled = server.post_as(&key, &path, &order).await;
        assert_eq!(settled.status, 200, "{}", settled.text);
        let act = server.get_as(&key, &format!("/effects/{id}")).await.body;
        assert_eq!(settled.body, act);
        assert_eq!((&act["state"], &act["settle_reason"]), (&json!(state), &json!("I looked there")));
        assert_eq!((act["settled_by"].is_string(), act["ended_at"].is_string()), (true, true), "{act}");
        assert_eq!(act["settleable_from"], Value::Null);

        for second in [&order, &took_place()] {
            server.post_as(&key, &path, second).await.is_problem(409, "already_done");
        }
        assert_eq!(server.get_as(&key, &format!("/effects/{id}")).await.body, act, "a refusal changes nothing");
        let log = server.get_as(&key, &format!("/audit-log?action=effect.settled_by_hand&entity_id={id}")).await.body;
        assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
        assert_eq!(log["items"][0]["changes"]["after"], json!({ "state": state, "reason": "I looked there" }));
    }
}

#[tokio::test]
async fn effect_that_may_be_under_way_is_not_settled() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:*"]).await;
    let waiting = planned(&server, &tenant).await;
    let (young, worker) = under_way(&server, &tenant).await;
    for id in [waiting, young] {
        let before = server.get_as(&key, &format!("/effects/{id}")).await.body;
        let refused = server.post_as(&key, &format!("/effects/{id}/settle"), &took_place()).await;
        refused.is_problem(409, "too_early");
        assert_eq!(refused.headers.contains_key("retry-after"), id == young);
        assert_eq!(server.get_as(&key, &format!("/effects/{id}")).await.body, before);
    }
    age(&server, young, 14).await;
    let path = format!("/effects/{young}/settle");
    server.post_as(&key, &path, &took_place()).await.is_problem(409, "too_early");
    age(&server, young, 1).await;
    assert_eq!(server.post_as(&key, &path, &took_place()).await.body["state"], "confirmed");
    // Should the worker live after all, it cannot overwrite what was said.
    let refused = Outcome::Refused { reason: "no".to_owned() };
    let late = worker.record(&mut tx(&server, &tenant).await, refused).await;
    assert!(matches!(late, Err(Error::LeaseLost)));
}

#[tokio::test]
async fn settling_needs_a_finding_and_a_reason() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:*"]).await;
    let id = unknown(&server, &tenant).await;
    let path = format!("/effects/{id}/settle");
    for reason in ["", "  ", &"x".repeat(501)] {
        let order = json!({ "finding": "given_up", "reason": reason });
        server.post_as(&key, &path, &order).await.is_problem(422, "invalid");
    }
    for order in [json!({ "reason": "x" }), json!({ "finding": "planned", "reason": "x" })] {
        let refused = server.post_as(&key, &path, &order).await;
        assert!(refused.status.is_client_error(), "{}", refused.text);
    }
    assert_eq!(server.get_as(&key, &format!("/effects/{id}")).await.body["state"], "unknown");
}

#[tokio::test]
async fn two_who_settle_at_once_settle_once() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let key = server.api_key(&tenant, &["work:*", "audit:read"]).await;
    let path = format!("/effects/{}/settle", unknown(&server, &tenant).await);
    let (one, other) = (took_place(), json!({ "finding": "given_up", "reason": "It is not there" }));
    let (one, other) = tokio::join!(server.post_as(&key, &path, &one), server.post_as(&key, &path, &other));
    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!(won.status, 200, "{}", won.text);
    lost.is_problem(409, "already_done");
    let log = server.get_as(&key, "/audit-log?action=effect.settled_by_hand").await.body;
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn effects_are_settled_by_administrators_of_their_own_workspace() {
    let server = Server::start().await;
    let (tenant, manager) = server.tenant_with(Role::Manager).await;
    let id = unknown(&server, &tenant).await;
    let path = format!("/effects/{id}/settle");
    let token = server.log_in(&manager).await["access_token"].as_str().unwrap().to_owned();
    server.post_as(&token, &path, &took_place()).await.is_problem(403, "forbidden");
    let other = server.lab.tenant().await;
    let stranger = server.api_key(&other, &["work:*"]).await;
    server.post_as(&stranger, &path, &took_place()).await.is_problem(404, "not_found");
    let own = server.api_key(&tenant, &["work:read"]).await;
    assert_eq!(server.get_as(&own, &format!("/effects/{id}")).await.body["state"], "unknown");
}
