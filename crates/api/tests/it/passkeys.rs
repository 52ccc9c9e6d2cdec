//! Passkeys over HTTP, with an authenticator in software that can also be phished, cloned or careless.

use reqwest::Method;
use serde_json::{Value, json};
use socialai_domain::permissions::Role;
use socialai_testkit::{
    authenticator::{Authenticator, Misbehaviour},
    lab::Member,
};

use crate::server::{Answer, Server};

impl Server {
    /// An authenticator whose browser shows this server's pages.
    fn authenticator(&self) -> Authenticator {
        Authenticator::new(&self.app.settings().public_url.origin().ascii_serialization())
    }

    async fn token(&self, member: &Member) -> String {
        self.log_in(member).await["access_token"].as_str().unwrap().to_owned()
    }

    /// A challenge to make a passkey, for somebody without an authenticator app.
    async fn challenge(&self, token: &str) -> Value {
        let challenge = self.post_as(token, "/me/passkeys/start", &json!({})).await;
        assert_eq!(challenge.status, 200, "{}", challenge.text);
        // Signing in names no account: the device must be able to find the key by itself.
        let selection = &challenge.body["options"]["publicKey"]["authenticatorSelection"];
        assert_eq!((&selection["residentKey"], &selection["requireResidentKey"]), (&json!("required"), &json!(true)));
        challenge.body
    }

    async fn answer(&self, token: &str, challenge: &Value, credential: &Value) -> Answer {
        let body = json!({ "ticket": challenge["ticket"], "name": "Work laptop", "credential": credential });
        self.post_as(token, "/me/passkeys/finish", &body).await
    }

    /// Adds a passkey; answers with its id.
    async fn add_passkey(&self, token: &str, authenticator: &mut Authenticator) -> String {
        let challenge = self.challenge(token).await;
        let credential = authenticator.register(&challenge["options"]);
        let added = self.answer(token, &challenge, &credential).await;
        assert_eq!((added.status.as_u16(), &added.body["name"]), (201, &json!("Work laptop")), "{}", added.text);
        added.body["id"].as_str().unwrap().to_owned()
    }

    async fn sign_in(&self, authenticator: &mut Authenticator) -> Answer {
        let challenge = self.post("/auth/passkey/start", &json!({})).await.body;
        let credential = authenticator.sign_in(&challenge["options"]);
        let body = json!({ "ticket": challenge["ticket"], "credential": credential });
        self.post("/auth/passkey/finish", &body).await
    }
}

#[tokio::test]
async fn passkey_alone_signs_in_and_counts_as_both_factors() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let mut authenticator = server.authenticator();
    server.add_passkey(&server.token(&member).await, &mut authenticator).await;
    let signed_in = server.sign_in(&mut authenticator).await;
    assert_eq!(
        (&signed_in.body["status"], &signed_in.body["tenant"]["slug"]),
        (&json!("signed_in"), &json!(tenant.slug))
    );
    let token = signed_in.body["access_token"].as_str().unwrap();
    let me = server.get_as(token, "/me").await;
    assert_eq!((&me.body["method"], &me.body["has_mfa"]), (&json!("passkey"), &json!(true)), "{}", me.text);
    let listed = server.get_as(token, "/me/passkeys").await;
    assert!(listed.body[0]["last_used_at"].is_string(), "{}", listed.text);
    // The password alone no longer opens a session.
    let body = json!({ "email": member.email, "password": member.password });
    let step = server.post("/auth/login", &body).await;
    assert_eq!((&step.body["status"], &step.body["methods"]), (&json!("second_factor_required"), &json!(["passkey"])));
}

#[tokio::test]
async fn administrator_with_only_a_passkey_gets_in() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Viewer).await;
    let mut authenticator = server.authenticator();
    let token = server.token(&member).await;
    server.add_passkey(&token, &mut authenticator).await;
    let key = server.api_key(&tenant, &["*"]).await;
    let path = format!("/users/{}", member.id);
    assert_eq!(server.call_as(&key, Method::PATCH, &path, &json!({ "role": "admin" })).await.status, 200);
    server.get_as(&token, "/api-keys").await.is_problem(403, "mfa_required");
    let signed_in = server.sign_in(&mut authenticator).await;
    assert_eq!(signed_in.body["user"]["role"], "admin", "{}", signed_in.text);
    assert_eq!(server.get_as(signed_in.body["access_token"].as_str().unwrap(), "/api-keys").await.status, 200);
}

#[tokio::test]
async fn phished_cloned_and_careless_sign_ins_are_refused() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let mut authenticator = server.authenticator();
    server.add_passkey(&server.token(&member).await, &mut authenticator).await;
    for misbehaviour in [
        Misbehaviour::WrongOrigin,
        Misbehaviour::WrongChallenge,
        Misbehaviour::BadSignature,
        Misbehaviour::NoUserVerification,
        Misbehaviour::CounterRollback,
    ] {
        authenticator.behave();
        assert_eq!(server.sign_in(&mut authenticator).await.status, 200);
        authenticator.misbehave(misbehaviour);
        let refused = server.sign_in(&mut authenticator).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "passkey_refused"), "{misbehaviour:?}");
        refused.is_problem(401, "passkey_refused");
    }
}

#[tokio::test]
async fn phished_and_careless_registrations_are_refused() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let token = server.token(&member).await;
    for misbehaviour in [Misbehaviour::WrongOrigin, Misbehaviour::WrongChallenge, Misbehaviour::NoUserVerification] {
        let mut authenticator = server.authenticator();
        authenticator.misbehave(misbehaviour);
        let challenge = server.challenge(&token).await;
        let credential = authenticator.register(&challenge["options"]);
        let refused = server.answer(&token, &challenge, &credential).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "passkey_refused"), "{misbehaviour:?}");
    }
    let challenge = server.challenge(&token).await;
    for nonsense in [json!({}), json!("x"), json!({ "id": "AA", "rawId": "AA", "type": "public-key", "response": {} })]
    {
        server.answer(&token, &challenge, &nonsense).await.is_problem(401, "passkey_refused");
    }
    assert_eq!(server.get_as(&token, "/me/passkeys").await.body, json!([]));
}

#[tokio::test]
async fn challenge_is_answered_once_and_by_whom_it_was_made_for() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let other = server.lab.member(&tenant, Role::Agent).await;
    let (token, others_token) = (server.token(&member).await, server.token(&other).await);

    let mut authenticator = server.authenticator();
    let challenge = server.challenge(&token).await;
    let credential = authenticator.register(&challenge["options"]);
    server.answer(&others_token, &challenge, &credential).await.is_problem(401, "ticket_invalid");
    assert_eq!(server.answer(&token, &challenge, &credential).await.status, 201);
    server.answer(&token, &challenge, &credential).await.is_problem(401, "ticket_invalid");

    let challenge = server.post("/auth/passkey/start", &json!({})).await.body;
    let credential = authenticator.sign_in(&challenge["options"]);
    let body = json!({ "ticket": challenge["ticket"], "credential": credential });
    assert_eq!(server.post("/auth/passkey/finish", &body).await.status, 200);
    server.post("/auth/passkey/finish", &body).await.is_problem(401, "ticket_invalid");
    // Right answer, wrong question: a fresh challenge was not signed.
    let fresh = server.post("/auth/passkey/start", &json!({})).await.body;
    let body = json!({ "ticket": fresh["ticket"], "credential": credential });
    server.post("/auth/passkey/finish", &body).await.is_problem(401, "passkey_refused");
    // That attempt used the challenge up.
    let body = json!({ "ticket": fresh["ticket"], "credential": authenticator.sign_in(&fresh["options"]) });
    server.post("/auth/passkey/finish", &body).await.is_problem(401, "ticket_invalid");
    // A ticket of one ceremony is none of the other.
    let sign_in = server.post("/auth/passkey/start", &json!({})).await.body;
    let registration = server.challenge(&others_token).await;
    let credential = server.authenticator().register(&registration["options"]);
    server.answer(&others_token, &sign_in, &credential).await.is_problem(401, "ticket_invalid");
}

#[tokio::test]
async fn challenge_expires() {
    let server = Server::alone().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let mut authenticator = server.authenticator();
    server.add_passkey(&server.token(&member).await, &mut authenticator).await;
    let challenge = server.post("/auth/passkey/start", &json!({})).await.body;
    server.lab.clock.advance(time::Duration::minutes(6));
    let body = json!({ "ticket": challenge["ticket"], "credential": authenticator.sign_in(&challenge["options"]) });
    server.post("/auth/passkey/finish", &body).await.is_problem(401, "ticket_invalid");
}

#[tokio::test]
async fn removed_passkey_signs_nobody_in() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let other = server.lab.member(&tenant, Role::Agent).await;
    let (token, others_token) = (server.token(&member).await, server.token(&other).await);
    let mut authenticator = server.authenticator();
    let path = format!("/me/passkeys/{}", server.add_passkey(&token, &mut authenticator).await);
    server.call_as(&others_token, Method::DELETE, &path, &json!({})).await.is_problem(404, "not_found");
    assert_eq!(server.sign_in(&mut authenticator).await.status, 200);
    assert_eq!(server.call_as(&token, Method::DELETE, &path, &json!({})).await.status, 204);
    server.sign_in(&mut authenticator).await.is_problem(401, "passkey_refused");
    server.call_as(&token, Method::DELETE, &path, &json!({})).await.is_problem(404, "not_found");
    assert_eq!(server.log_in(&member).await["status"], "signed_in");
}

#[tokio::test]
async fn disabled_user_cannot_use_a_passkey() {
    let server = Server::start().await;
    let (tenant, member) = server.tenant_with(Role::Agent).await;
    let mut authenticator = server.authenticator();
    server.add_passkey(&server.token(&member).await, &mut authenticator).await;
    let key = server.api_key(&tenant, &["users:*"]).await;
    let path = format!("/users/{}", member.id);
    assert_eq!(server.call_as(&key, Method::PATCH, &path, &json!({ "status": "disabled" })).await.status, 200);
    server.sign_in(&mut authenticator).await.is_problem(401, "wrong_credentials");
}

#[tokio::test]
async fn ten_passkeys_are_the_limit() {
    let server = Server::start().await;
    let (_, member) = server.tenant_with(Role::Agent).await;
    let token = server.token(&member).await;
    let early = server.challenge(&token).await;
    let mut last = String::new();
    for _ in 0..10 {
        last = server.add_passkey(&token, &mut server.authenticator()).await;
    }
    server.post_as(&token, "/me/passkeys/start", &json!({})).await.is_problem(409, "too_many_passkeys");
    let late = server.authenticator().register(&early["options"]);
    server.answer(&token, &early, &late).await.is_problem(409, "too_many_passkeys");
    assert_eq!(server.get_as(&token, "/me/passkeys").await.body.as_array().unwrap().len(), 10);
    let path = format!("/me/passkeys/{last}");
    assert_eq!(server.call_as(&token, Method::DELETE, &path, &json!({})).await.status, 204);
    server.add_passkey(&token, &mut server.authenticator()).await;
}

#[tokio::test]
async fn who_has_an_authenticator_app_shows_its_code_first() {
    let server = Server::alone().await;
    let (_, member) = server.tenant_with(Role::Admin).await;
    let (session, app) = server.log_in_admin(&member).await;
    let token = session["access_token"].as_str().unwrap();
    let start = async |proof: Value| server.post_as(token, "/me/passkeys/start", &proof).await;
    let unproved = start(json!({})).await;
    unproved.is_problem(422, "invalid");
    assert_eq!(unproved.body["errors"][0]["field"], "code");
    start(json!({ "code": "000000" })).await.is_problem(401, "wrong_code");
    server.lab.clock.advance(time::Duration::minutes(1));
    let code = server.code(&app);
    let challenge = start(json!({ "code": code })).await;
    assert_eq!(challenge.status, 200, "{}", challenge.text);
    // The code was good for that one time.
    start(json!({ "code": code })).await.is_problem(401, "wrong_code");

    let mut authenticator = server.authenticator();
    let credential = authenticator.register(&challenge.body["options"]);
    let added = server.answer(token, &challenge.body, &credential).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let path = format!("/me/passkeys/{}", added.body["id"].as_str().unwrap());
    server.call_as(token, Method::DELETE, &path, &json!({})).await.is_problem(422, "invalid");
    assert_eq!(server.sign_in(&mut authenticator).await.body["user"]["role"], "admin");
    server.lab.clock.advance(time::Duration::minutes(1));
    let removed = server.call_as(token, Method::DELETE, &path, &json!({ "code": server.code(&app) })).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
}
