//! Sessions over HTTP: refreshed, switched, replaced, ended.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::{audit::Actor, people, permissions::Role, tenants::Tenant, users};
use socialai_testkit::lab::{Member, note_secret};

use crate::server::{Answer, Server};

/// Makes the person a viewer of this workspace as well.
async fn add_to(server: &Server, member: &Member, tenant: &Tenant) {
    let mut tx = server.lab.databases.system(Actor::system("test")).await.unwrap();
    people::join(&mut tx, member.id, tenant.id).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    users::add(&mut tx, member.id, &member.email, "Member", Role::Viewer).await.unwrap();
    tx.commit().await.unwrap();
}

/// What a browser sends back after this answer.
fn cookies(answer: &Answer) -> String {
    let (refresh, csrf) = (answer.cookie("socialai_refresh").unwrap(), answer.cookie("socialai_csrf").unwrap());
    note_secret(&refresh);
    format!("socialai_refresh={refresh}; socialai_csrf={csrf}")
}

fn token(answer: &Answer) -> &str {
    answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text))
}

async fn log_in_by_cookie(server: &Server, member: &Member, tenant: &Tenant, cookies: Option<&str>) -> Answer {
    let body =
        json!({ "email": member.email, "password": member.password, "tenant": tenant.slug, "delivery": "cookie" });
    let request = server.request(Method::POST, "/auth/login").json(&body);
    server.send(if let Some(cookies) = cookies { request.header("cookie", cookies) } else { request }).await
}

async fn sessions(server: &Server, token: &str) -> Vec<Value> {
    server.get_as(token, "/me/sessions").await.body.as_array().unwrap().clone()
}

#[tokio::test]
async fn refresh_token_rotates_and_a_late_replay_ends_the_session() {
    let server = Server::alone().await;
    server.lab.clock.stop();
    let (_, member) = server.tenant_with(Role::Agent).await;
    let first = server.log_in(&member).await;
    let second = server.post("/auth/refresh", &json!({ "refresh_token": first["refresh_token"] })).await;
    assert_eq!(second.status, 200, "{}", second.text);
    let token = second.body["access_token"].as_str().unwrap();
    assert_eq!(server.get_as(token, "/me").await.status, 200);
    let again = server.post("/auth/refresh", &json!({ "refresh_token": first["refresh_token"] })).await;
    assert_eq!(again.body["refresh_token"], second.body["refresh_token"], "the first answer may have been lost");
    server.lab.clock.advance(time::Duration::seconds(31));
    server
        .post("/auth/refresh", &json!({ "refresh_token": first["refresh_token"] }))
        .await
        .is_problem(401, "refresh_reused");
    server
        .post("/auth/refresh", &json!({ "refresh_token": second.body["refresh_token"] }))
        .await
        .is_problem(401, "session_ended");
    server.get_as(token, "/me").await.is_problem(401, "session_ended");
    for bad in ["", "0.rt_x", "garbage"] {
        server.post("/auth/refresh", &json!({ "refresh_token": bad })).await.is_problem(401, "invalid_token");
    }
}

/// Two tabs, or a page that is loaded again before the answer came.
#[tokio::test]
async fn browser_that_never_saw_the_answer_is_not_signed_out() {
    let server = Server::alone().await;
    server.lab.clock.stop();
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let before = cookies(&log_in_by_cookie(&server, &member, &tenant, None).await);
    let refresh = async |cookies: &str| {
        let csrf = cookies.rsplit('=').next().unwrap().to_owned();
        let request = server.request(Method::POST, "/auth/refresh").header("cookie", cookies);
        server.send(request.header("x-csrf-token", csrf).json(&json!({}))).await
    };
    let lost = refresh(&before).await;
    let seen = refresh(&before).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(seen.cookie("socialai_refresh"), lost.cookie("socialai_refresh"));
    let next = refresh(&cookies(&seen)).await;
    assert_eq!(server.get_as(token(&next), "/me").await.status, 200);
}

#[tokio::test]
async fn cookie_session_refreshes_only_for_our_own_pages() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let log_in = json!({ "email": member.email, "password": member.password, "delivery": "cookie" });
    let signed_in = server.post("/auth/login", &log_in).await;
    assert!(signed_in.body["refresh_token"].is_null());
    let raw = signed_in
        .headers
        .get_all("set-cookie")
        .iter()
        .find(|c| c.to_str().unwrap().starts_with("socialai_refresh"))
        .unwrap()
        .to_str()
        .unwrap();
    assert!(raw.contains("HttpOnly") && raw.contains("SameSite=Strict") && raw.contains("Path=/api/v1/auth"), "{raw}");
    let (refresh, csrf) = (signed_in.cookie("socialai_refresh").unwrap(), signed_in.cookie("socialai_csrf").unwrap());
    assert_eq!(signed_in.body["csrf_token"], csrf);
    let request = || {
        server
            .request(Method::POST, "/auth/refresh")
            .header("cookie", format!("socialai_refresh={refresh}; socialai_csrf={csrf}"))
            .json(&json!({}))
    };
    server.send(request()).await.is_problem(403, "cross_site");
    server.send(request().header("x-csrf-token", "guess")).await.is_problem(403, "cross_site");
    server
        .send(request().header("x-csrf-token", &csrf).header("origin", "https://evil.test"))
        .await
        .is_problem(403, "cross_site");
    server
        .send(request().header("x-csrf-token", &csrf).header("sec-fetch-site", "cross-site"))
        .await
        .is_problem(403, "cross_site");
    let own = server
        .send(
            request()
                .header("x-csrf-token", &csrf)
                .header("origin", server.app.settings().public_url.origin().ascii_serialization()),
        )
        .await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert_ne!(own.cookie("socialai_refresh").unwrap(), refresh);
    let foreign_log_in =
        server.request(Method::POST, "/auth/login").header("origin", "https://evil.test").json(&log_in);
    server.send(foreign_log_in).await.is_problem(403, "cross_site");
}

#[tokio::test]
async fn logging_out_ends_one_session_or_all_of_them() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let token = async || server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    let (first, second, third) = (token().await, token().await, token().await);
    assert_eq!(server.get_as(&first, "/me/sessions").await.body.as_array().unwrap().len(), 3);
    assert_eq!(server.post_as(&first, "/auth/logout", &json!({})).await.status, 204);
    server.get_as(&first, "/me").await.is_problem(401, "session_ended");
    assert_eq!(server.get_as(&second, "/me").await.status, 200);
    assert_eq!(server.post_as(&second, "/auth/logout-everywhere", &json!({})).await.status, 204);
    server.get_as(&third, "/me").await.is_problem(401, "session_ended");
}

#[tokio::test]
async fn person_of_two_workspaces_switches_between_them_and_to_no_other() {
    let server = Server::start().await;
    let (first, member) = server.tenant_with(Role::Agent).await;
    let (second, _) = server.tenant_with(Role::Admin).await;
    let (foreign, _) = server.tenant_with(Role::Admin).await;
    add_to(&server, &member, &second).await;
    let mut tx = server.lab.databases.system(Actor::system("test")).await.unwrap();
    people::join(&mut tx, member.id, foreign.id).await.unwrap();
    tx.commit().await.unwrap();
    let body = json!({ "email": member.email, "password": member.password, "tenant": first.slug });
    let signed_in = server.post("/auth/login", &body).await.body;
    let token = signed_in["access_token"].as_str().unwrap();
    let switched = server.post_as(token, "/auth/switch-tenant", &json!({ "tenant": second.slug })).await;
    assert_eq!(
        (&switched.body["tenant"]["slug"], &switched.body["user"]["role"]),
        (&json!(second.slug), &json!("viewer")),
        "{}",
        switched.text
    );
    assert_eq!(server.get_as(token, "/me").await.status, 200, "the session here stays");
    // A membership hint without a user row there opens nothing.
    server.post_as(token, "/auth/switch-tenant", &json!({ "tenant": foreign.slug })).await.is_problem(404, "not_found");
    server
        .post_as(token, "/auth/switch-tenant", &json!({ "tenant": "no-such-workspace" }))
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn browser_that_switches_leaves_no_session_behind_that_nobody_can_use() {
    let server = Server::start().await;
    let (first, member) = server.tenant_with(Role::Agent).await;
    let (second, _) = server.tenant_with(Role::Admin).await;
    add_to(&server, &member, &second).await;
    let other_device = log_in_by_cookie(&server, &member, &first, None).await;
    let here = log_in_by_cookie(&server, &member, &first, None).await;
    let to_second = json!({ "tenant": second.slug, "delivery": "cookie" });
    let request = server.request(Method::POST, "/auth/switch-tenant").header("cookie", cookies(&here));
    let switched = server.send(request.bearer_auth(token(&here)).json(&to_second)).await;
    assert_eq!(switched.body["tenant"]["slug"], json!(second.slug), "{}", switched.text);
    server.get_as(token(&here), "/me").await.is_problem(401, "session_ended");
    assert_eq!(sessions(&server, token(&switched)).await.len(), 1);
    assert_eq!(sessions(&server, token(&other_device)).await.len(), 1, "another device's session lives");
}

#[tokio::test]
async fn log_in_in_a_browser_replaces_the_session_that_it_had() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let (elsewhere, other) = server.tenant_with(Role::Viewer).await;
    let first = log_in_by_cookie(&server, &member, &tenant, None).await;
    let again = log_in_by_cookie(&server, &member, &tenant, Some(&cookies(&first))).await;
    server.get_as(token(&first), "/me").await.is_problem(401, "session_ended");
    assert_eq!(sessions(&server, token(&again)).await.len(), 1);
    // Somebody else at the same browser, of another workspace.
    let somebody = log_in_by_cookie(&server, &other, &elsewhere, Some(&cookies(&again))).await;
    server.get_as(token(&again), "/me").await.is_problem(401, "session_ended");
    // A forged cookie ends nothing and is in nobody's way.
    let forged = cookies(&somebody).replacen("socialai_refresh=0", "socialai_refresh=1", 1);
    assert_eq!(log_in_by_cookie(&server, &other, &elsewhere, Some(&forged)).await.status, 200);
    assert_eq!(server.get_as(token(&somebody), "/me").await.status, 200);
    // A program's log-in beside a browser's cookie replaces nothing.
    let body = json!({ "email": other.email, "password": other.password });
    let request = server.request(Method::POST, "/auth/login").header("cookie", cookies(&somebody));
    assert_eq!(server.send(request.json(&body)).await.status, 200);
    assert_eq!(server.get_as(token(&somebody), "/me").await.status, 200);
}
