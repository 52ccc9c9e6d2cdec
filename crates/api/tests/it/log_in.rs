//! Signing in and out, in all ways that need no foreign system.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::permissions::Role;

use crate::server::{Server, secret_in};

#[tokio::test]
async fn right_password_opens_a_session_with_the_documented_claims() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let body = server.log_in(&member).await;
    assert_eq!((&body["tenant"]["slug"], &body["user"]["role"]), (&json!(tenant.slug), &json!("agent")));
    let parts: Vec<&str> = body["access_token"].as_str().unwrap().split('.').collect();
    let read = |part: &str| -> Value {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (read(parts[0]), read(parts[1]));
    assert_eq!((&header["alg"], &claims["roles"]), (&json!("RS256"), &json!(["agent"])));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(
        (claims["sub"].as_str(), claims["tenant_id"].as_str()),
        (Some(member.id.to_string().as_str()), Some(tenant.id.to_string().as_str()))
    );
    assert!(header["kid"].is_string() && claims["jti"].is_string() && claims["permissions"].is_array());
}

#[tokio::test]
async fn wrong_password_and_unknown_person_answer_alike() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let wrong = server.post("/auth/login", &json!({ "email": member.email, "password": "not the password" })).await;
    let unknown =
        server.post("/auth/login", &json!({ "email": "nobody@nowhere.test", "password": "not the password" })).await;
    wrong.is_problem(401, "wrong_credentials");
    unknown.is_problem(401, "wrong_credentials");
    let without_id = |mut body: Value| {
        body.as_object_mut().unwrap().remove("request_id");
        body
    };
    assert_eq!(without_id(wrong.body), without_id(unknown.body));
}

#[tokio::test]
async fn guessing_is_slowed_locked_and_does_not_lock_the_owners_browser() {
    let server = Server::alone().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let by_cookie = json!({ "email": member.email, "password": member.password, "delivery": "cookie" });
    let first = server.post("/auth/login", &by_cookie).await;
    let device = first
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap())
        .find(|c| c.starts_with("socialai_device_"))
        .unwrap();
    let device = device.split(';').next().unwrap().to_owned();
    let mut codes = Vec::new();
    for _ in 0..30 {
        codes.push(
            server
                .post("/auth/login", &json!({ "email": member.email, "password": "guess guess guess" }))
                .await
                .status
                .as_u16(),
        );
        server.lab.clock.advance(time::Duration::seconds(65));
    }
    assert!(codes[..3].iter().all(|code| *code == 401) && codes.contains(&429), "{codes:?}");
    let stranger = server.post("/auth/login", &json!({ "email": member.email, "password": member.password })).await;
    stranger.is_problem(429, "too_many_attempts");
    assert!(stranger.headers.contains_key("retry-after"));
    let owner =
        server.send(server.request(Method::POST, "/auth/login").header("cookie", device).json(&by_cookie)).await;
    assert_eq!(owner.body["status"], "signed_in", "{}", owner.text);
}

#[tokio::test]
async fn administrator_must_enrol_then_needs_the_second_factor() {
    let server = Server::alone().await;
    let (_, member) = server.tenant_with(Role::Admin).await;
    let (signed_in, app) = server.log_in_admin(&member).await;
    let codes = signed_in["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10);
    let token = signed_in["access_token"].as_str().unwrap();
    assert_eq!(server.get_as(token, "/audit-log").await.status, 200);

    let credentials = json!({ "email": member.email, "password": member.password });
    let log_in = async || server.post("/auth/login", &credentials).await;
    let second = async |ticket: &Value, code: &str| {
        server.post("/auth/second-factor", &json!({ "ticket": ticket, "code": code })).await
    };
    server.lab.clock.advance(time::Duration::seconds(60));
    let step = log_in().await;
    assert_eq!(step.body["status"], "second_factor_required");
    assert_eq!(step.body["methods"], json!(["totp", "recovery_code"]));
    // The password alone cannot enrol another app.
    server.post("/auth/enrol/totp", &json!({ "ticket": step.body["ticket"] })).await.is_problem(409, "already_done");
    second(&step.body["ticket"], "000000").await.is_problem(401, "wrong_code");
    let code = server.code(&app);
    let done = second(&step.body["ticket"], &code).await;
    assert_eq!(done.body["status"], "signed_in", "{}", done.text);
    second(&step.body["ticket"], &code).await.is_problem(401, "ticket_invalid");
    let again = log_in().await;
    second(&again.body["ticket"], &code).await.is_problem(401, "wrong_code");
    let recovered = second(&again.body["ticket"], codes[0].as_str().unwrap()).await;
    assert_eq!(recovered.body["status"], "signed_in", "{}", recovered.text);
}

#[tokio::test]
async fn second_factor_cannot_be_guessed_with_ever_new_tickets() {
    let server = Server::alone().await;
    let (_, member) = server.tenant_with(Role::Admin).await;
    server.log_in_admin(&member).await;
    let mut outcomes = Vec::new();
    for _ in 0..25 {
        server.lab.clock.advance(time::Duration::seconds(65));
        let step = server.post("/auth/login", &json!({ "email": member.email, "password": member.password })).await;
        let answer =
            server.post("/auth/second-factor", &json!({ "ticket": step.body["ticket"], "code": "000000" })).await;
        outcomes.push(answer.status.as_u16());
    }
    let guesses = outcomes.iter().filter(|status| **status == 401).count();
    assert!(guesses <= 12 && outcomes[24] == 429, "{outcomes:?}");
}

#[tokio::test]
async fn somebody_made_administrator_without_a_second_factor_may_only_sign_in_again() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Viewer).await;
    let token = server.log_in(&member).await["access_token"].as_str().unwrap().to_owned();
    let key = server.api_key(&tenant, &["*"]).await;
    let promoted =
        server.call_as(&key, Method::PATCH, &format!("/users/{}", member.id), &json!({ "role": "admin" })).await;
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    server.get_as(&token, "/users").await.is_problem(403, "mfa_required");
}

#[tokio::test]
async fn forgotten_password_is_reset_by_a_mailed_link_once() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let old = server.log_in(&member).await;
    for email in [member.email.as_str(), "nobody@nowhere.test", "not an address"] {
        assert_eq!(server.post("/auth/password/forgot", &json!({ "email": email })).await.status, 202, "{email}");
    }
    assert!(server.mails_to(&tenant, "nobody@nowhere.test").await.is_empty());
    let ticket = secret_in(&server.mails_to(&tenant, &member.email).await[0]);
    server
        .post("/auth/password/reset", &json!({ "ticket": ticket, "password": "short" }))
        .await
        .is_problem(422, "weak_password");
    let password = socialai_testkit::lab::secret();
    let reset = json!({ "ticket": ticket, "password": password });
    assert_eq!(server.post("/auth/password/reset", &reset).await.status, 204);
    server.post("/auth/password/reset", &reset).await.is_problem(401, "ticket_invalid");
    server.get_as(old["access_token"].as_str().unwrap(), "/me").await.is_problem(401, "session_ended");
    let again = server.post("/auth/login", &json!({ "email": member.email, "password": password })).await;
    assert_eq!(again.body["status"], "signed_in");
}

#[tokio::test]
async fn changing_the_password_keeps_this_session_and_ends_the_others() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let (here, there) = (server.log_in(&member).await, server.log_in(&member).await);
    let token = here["access_token"].as_str().unwrap();
    let new = socialai_testkit::lab::secret();
    let wrong = json!({ "current": "not it at all", "new": new });
    server.post_as(token, "/me/password", &wrong).await.is_problem(401, "wrong_credentials");
    let right = json!({ "current": member.password, "new": new });
    assert_eq!(server.post_as(token, "/me/password", &right).await.status, 204);
    assert_eq!(server.get_as(token, "/me").await.status, 200);
    server.get_as(there["access_token"].as_str().unwrap(), "/me").await.is_problem(401, "session_ended");
}

#[tokio::test]
async fn password_reset_ends_what_was_begun_with_the_old_password() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Admin).await;
    let begun = server.post("/auth/login", &json!({ "email": member.email, "password": member.password })).await;
    assert_eq!(begun.body["status"], "enrolment_required");
    server.post("/auth/password/forgot", &json!({ "email": member.email })).await;
    let ticket = secret_in(&server.mails_to(&tenant, &member.email).await[0]);
    let reset = json!({ "ticket": ticket, "password": socialai_testkit::lab::secret() });
    assert_eq!(server.post("/auth/password/reset", &reset).await.status, 204);
    let late = server.post("/auth/enrol/totp", &json!({ "ticket": begun.body["ticket"] })).await;
    late.is_problem(401, "ticket_invalid");
}
