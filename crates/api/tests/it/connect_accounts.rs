//! Connecting accounts through the log-in of a (simulated) platform.

use std::sync::Arc;

use reqwest::{Method, header};
use serde_json::{Value, json};
use socialai_api::platforms::{Operator, Platforms};
use socialai_connect::{
    call::Http,
    guard::Reach,
    remote::{Limits, Remotes},
    social::{self, Endpoints, Secrets, Setup, oauth},
};
use socialai_domain::{channels::Platform, permissions::Role, tenants::Tenant};
use socialai_sim::{RecordingFilter, World};
use socialai_testkit::lab::{Lab, note_secret};
use url::Url;

use crate::server::{Answer, Server};

/// A platform with an app of the operator's, and an administrator who wants to connect.
struct Stage {
    world: World,
    server: Server,
    tenant: Tenant,
    admin: String,
    name: &'static str,
    account: String,
}

const APPS: [(Platform, &str); 3] = [(Platform::Facebook, "1001"), (Platform::X, "1002"), (Platform::LinkedIn, "1003")];

/// LinkedIn has an app only where it is what is tried.
fn operator(platform: Platform, tried: &str) -> Operator {
    let has_app = platform != Platform::LinkedIn || tried == platform.name();
    let Some((_, id)) = APPS.iter().find(|(known, _)| *known == platform && has_app) else {
        return Operator::default();
    };
    Operator {
        app: Some(oauth::App { client_id: (*id).to_owned(), client_secret: "operators-secret".into() }),
        secrets: Secrets { signing: vec!["operators-secret".into()], verify_tokens: vec!["verify".into()] },
        application_id: (platform == Platform::LinkedIn).then(|| (*id).to_owned()),
    }
}

impl Stage {
    async fn of(name: &'static str) -> Self {
        let lab = Arc::new(Lab::shared().await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = lab.clock.clone();
        let world = World::on(listener, socialai_sim::all(), Arc::new(move || clock.now())).unwrap();
        let at = |name: &'static str| {
            let base: Url = world.url(name).parse().unwrap();
            Setup { endpoints: Some(Endpoints::at(&base)), ..Setup::default() }
        };
        let http = Http::new(Reach::Anywhere).unwrap();
        let platforms =
            Platforms::new(social::all(at), |platform| operator(platform, name), http, Remotes::new(Limits::default()));
        let server = Server::serving(lab, platforms, 1_000).await;
        let (tenant, admin) = server.tenant_with(Role::Admin).await;
        let (signed_in, _) = server.log_in_admin(&admin).await;
        let admin = signed_in["access_token"].as_str().unwrap().to_owned();
        let account = seed(&world, &server, name).await;
        Self { world, server, tenant, admin, name, account }
    }

    async fn init(&self, token: &str) -> Answer {
        self.server.post_as(token, &format!("/auth/social/{}/init", self.name), &json!({})).await
    }

    /// The administrator says yes at the platform; where the platform sends the browser, and the browser's cookie.
    async fn consent(&self, decision: &str) -> (Url, String) {
        let begun = self.init(&self.admin).await;
        assert_eq!(begun.status, 200, "{}", begun.text);
        let cookie = begun.cookie("socialai_connect").unwrap();
        note_secret(&cookie);
        let url = format!("{}&decision={decision}", begun.body["authorize_url"].as_str().unwrap());
        let sent = self.server.client.get(url).send().await.unwrap();
        assert!(sent.status().is_redirection(), "{}", sent.text().await.unwrap());
        (sent.headers()[header::LOCATION].to_str().unwrap().parse().unwrap(), cookie)
    }

    async fn come_back(&self, to: &Url, cookie: &str) -> Url {
        let path = format!("{}?{}", to.path(), to.query().unwrap_or_default());
        let request = self.server.request(Method::GET, &path);
        let answer = self.server.send(request.header(header::COOKIE, format!("socialai_connect={cookie}"))).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let place = answer.headers[header::LOCATION].to_str().unwrap();
        assert!(place.starts_with("/connections?"), "{place}");
        format!("http://web.test{place}").parse().unwrap()
    }

    async fn connection(&self) -> String {
        let (to, cookie) = self.consent("continue").await;
        let place = self.come_back(&to, &cookie).await;
        let connection = said(&place, "connection").unwrap_or_else(|| panic!("{place}"));
        note_secret(&connection);
        connection
    }

    async fn accounts(&self) -> Vec<Value> {
        self.server.get_as(&self.admin, "/channel-accounts").await.body["items"].as_array().unwrap().clone()
    }
}

async fn seed(world: &World, server: &Server, name: &'static str) -> String {
    let platform = Platform::from_name(name).unwrap();
    let app = APPS.iter().find(|(known, _)| *known == platform).map_or("1003", |(_, id)| id);
    let back = format!("http://localhost:{}/api/v1/auth/social/{name}/callback", server.address.port());
    let given = json!({
        "app": app, "secret": "operators-secret", "client_secret": "operators-secret", "verify_token": "verify",
        "redirect_uri": back, "account": crate::inbox::fresh("9").replace('-', ""),
    });
    let seeded = world.act(name, "seed", given).await.unwrap();
    let account = &seeded["account"];
    account["urn"].as_str().or(account["id"].as_str()).unwrap().to_owned()
}

fn said(place: &Url, name: &str) -> Option<String> {
    place.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

async fn connects_from_log_in_to_subscription(name: &'static str) {
    let stage = Stage::of(name).await;
    let connection = stage.connection().await;
    let path = format!("/channel-connections/{connection}");
    let choice = stage.server.get_as(&stage.admin, &path).await;
    assert_eq!(choice.status, 200, "{}", choice.text);
    let offered = choice.body["accounts"].as_array().unwrap();
    let one = offered.iter().find(|it| it["external_id"] == json!(stage.account)).unwrap();
    assert_eq!((&one["is_connected"], &one["account_id"]), (&json!(false), &Value::Null));
    let wrong = json!({ "external_ids": ["not there"] });
    stage.server.post_as(&stage.admin, &format!("{path}/connect"), &wrong).await.is_problem(422, "invalid");
    let none = json!({ "external_ids": [] });
    stage.server.post_as(&stage.admin, &format!("{path}/connect"), &none).await.is_problem(422, "invalid");
    let chosen = json!({ "external_ids": [stage.account] });
    let done = stage.server.post_as(&stage.admin, &format!("{path}/connect"), &chosen).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let account = &done.body[0]["account"];
    assert_eq!((&account["state"], &account["state_reason"]), (&json!("healthy"), &Value::Null), "{}", done.text);
    assert_eq!(stage.accounts().await.len(), 1);
    let state = stage.world.state(name).unwrap().to_string();
    let number = stage.account.rsplit(':').next().unwrap();
    assert!(state.contains(number), "{state}");
    // Again is the same account, connected again.
    let again = stage.server.post_as(&stage.admin, &format!("{path}/connect"), &chosen).await;
    assert_eq!(again.body[0]["account"]["id"], account["id"], "{}", again.text);
    let choice = stage.server.get_as(&stage.admin, &path).await;
    let offered = choice.body["accounts"].as_array().unwrap();
    assert!(offered.iter().any(|it| it["account_id"] == account["id"] && it["is_connected"] == true));
    let gone = format!("/channel-accounts/{}/disconnect", account["id"].as_str().unwrap());
    assert_eq!(stage.server.post_as(&stage.admin, &gone, &json!({})).await.body["state"], "disconnected");
}

#[tokio::test]
async fn page_is_connected_from_log_in_to_subscription() {
    connects_from_log_in_to_subscription("facebook").await;
}

#[tokio::test]
async fn user_of_x_is_connected_with_a_proof_key() {
    connects_from_log_in_to_subscription("x").await;
}

#[tokio::test]
async fn organisation_is_subscribed_and_let_go_in_the_name_of_the_person_who_connected_it() {
    connects_from_log_in_to_subscription("linkedin").await;
    let stage = Stage::of("linkedin").await;
    let path = format!("/channel-connections/{}/connect", stage.connection().await);
    let done = stage.server.post_as(&stage.admin, &path, &json!({ "external_ids": [stage.account] })).await;
    let account = done.body[0]["account"]["id"].as_str().unwrap().to_owned();
    assert_eq!(subscriptions(&stage, "PUT"), 1);
    let path = format!("/channel-accounts/{account}/disconnect");
    assert_eq!(stage.server.post_as(&stage.admin, &path, &json!({})).await.status, 200);
    stage.server.app.tasks().close();
    stage.server.app.tasks().wait().await;
    assert_eq!(subscriptions(&stage, "DELETE"), 1, "the simulator refuses any other person's");
}

/// Calls about the event subscription that went well.
fn subscriptions(stage: &Stage, method: &str) -> usize {
    let calls = stage.world.recordings(&RecordingFilter::of("linkedin"));
    let about = calls.iter().filter(|call| call.method == method && call.path.contains("eventSubscriptions/"));
    about.filter(|call| call.answer.as_ref().is_some_and(|answer| answer.status < 300)).count()
}

#[tokio::test]
async fn way_back_without_the_right_state_connects_nothing() {
    let stage = Stage::of("facebook").await;
    let (to, cookie) = stage.consent("continue").await;
    let (_, other) = stage.consent("continue").await;
    // Another browser, none at all, and a state that nobody gave out.
    for wrong in [other.as_str(), "", "tk_zzz"] {
        assert_eq!(said(&stage.come_back(&to, wrong).await, "error").as_deref(), Some("expired"));
    }
    let mut forged = to.clone();
    forged.set_query(Some("code=abc&state=tk_forged"));
    assert_eq!(said(&stage.come_back(&forged, "tk_forged").await, "error").as_deref(), Some("expired"));
    forged.set_query(Some("code=abc"));
    assert_eq!(said(&stage.come_back(&forged, &cookie).await, "error").as_deref(), Some("expired"));
    // A round trip to one platform does not end at another.
    let elsewhere: Url = to.as_str().replace("/facebook/", "/x/").parse().unwrap();
    assert_eq!(said(&stage.come_back(&elsewhere, &cookie).await, "error").as_deref(), Some("expired"));
    // It was used up by that.
    assert_eq!(said(&stage.come_back(&to, &cookie).await, "error").as_deref(), Some("expired"));
    assert!(stage.accounts().await.is_empty());
}

#[tokio::test]
async fn whoever_says_no_is_told_so_and_a_code_works_once() {
    let stage = Stage::of("facebook").await;
    let (to, cookie) = stage.consent("cancel").await;
    let place = stage.come_back(&to, &cookie).await;
    assert_eq!(said(&place, "error").as_deref(), Some("declined"));
    assert_eq!(said(&place, "platform").as_deref(), Some("facebook"));
    let (to, cookie) = stage.consent("continue").await;
    let mut wrong = to.clone();
    let state = said(&to, "state").unwrap();
    wrong.set_query(Some(&format!("code=made-up&state={state}")));
    assert_eq!(said(&stage.come_back(&wrong, &cookie).await, "error").as_deref(), Some("failed"));
    assert_eq!(said(&stage.come_back(&to, &cookie).await, "error").as_deref(), Some("expired"));
}

#[tokio::test]
async fn choice_is_only_for_whoever_logged_in_and_for_some_minutes() {
    let stage = Stage::of("facebook").await;
    let path = format!("/channel-connections/{}", stage.connection().await);
    let colleague = stage.server.lab.member(&stage.tenant, Role::Admin).await;
    let (colleague, _) = stage.server.log_in_admin(&colleague).await;
    let (_, stranger) = stage.server.tenant_with(Role::Admin).await;
    let (stranger, _) = stage.server.log_in_admin(&stranger).await;
    let key = stage.server.api_key(&stage.tenant, &["*"]).await;
    for token in [colleague["access_token"].as_str().unwrap(), stranger["access_token"].as_str().unwrap(), &key] {
        stage.server.get_as(token, &path).await.is_problem(404, "not_found");
        let chosen = json!({ "external_ids": [stage.account] });
        stage.server.post_as(token, &format!("{path}/connect"), &chosen).await.is_problem(404, "not_found");
    }
    stage.server.get_as(&stage.admin, "/channel-connections/tk_zzz").await.is_problem(404, "not_found");
    assert_eq!(stage.server.get_as(&stage.admin, &path).await.status, 200);
}

#[tokio::test]
async fn account_of_another_workspace_is_not_taken_from_it() {
    let stage = Stage::of("facebook").await;
    let path = format!("/channel-connections/{}/connect", stage.connection().await);
    let other = socialai_domain::channels::accounts::NewAccount {
        platform: Platform::Facebook,
        external_id: stage.account.clone(),
        name: "Theirs".into(),
        handle: None,
        avatar_url: None,
        credentials: Some("{}".to_owned().into()),
        token_expires_at: None,
        refresh_at: None,
        uses_own_app: false,
        scopes: Vec::new(),
    };
    let theirs = stage.server.lab.tenant().await;
    let operator = socialai_domain::audit::Actor::operator();
    socialai_domain::channels::accounts::connect(&stage.server.lab.databases, theirs.id, operator, &other)
        .await
        .unwrap();
    let done = stage.server.post_as(&stage.admin, &path, &json!({ "external_ids": [stage.account] })).await;
    assert_eq!(
        (done.status.as_u16(), &done.body[0]["problem"]["code"]),
        (200, &json!("channel_taken")),
        "{}",
        done.text
    );
    assert!(stage.accounts().await.is_empty());
}

#[tokio::test]
async fn log_in_begins_only_where_an_app_is_set_and_by_a_person_who_may() {
    let stage = Stage::of("facebook").await;
    let start = |name: &str| format!("/auth/social/{name}/init");
    let post = async |token: &str, name: &str, body: Value| stage.server.post_as(token, &start(name), &body).await;
    let no_app = post(&stage.admin, "linkedin", json!({})).await;
    no_app.is_problem(422, "invalid");
    assert_eq!(no_app.body["errors"][0]["field"], "platform");
    post(&stage.admin, "facebook", json!({ "uses_own_app": true })).await.is_problem(422, "invalid");
    post(&stage.admin, "web_chat", json!({})).await.is_problem(404, "not_found");
    post(&stage.admin, "orkut", json!({})).await.is_problem(404, "not_found");
    let key = stage.server.api_key(&stage.tenant, &["*"]).await;
    post(&key, "facebook", json!({})).await.is_problem(403, "forbidden");
    let agent = stage.server.lab.member(&stage.tenant, Role::Agent).await;
    let agent = stage.server.log_in(&agent).await;
    post(agent["access_token"].as_str().unwrap(), "facebook", json!({})).await.is_problem(403, "forbidden");
    // With an app of its own, the workspace's is used.
    let own = json!({ "client_id": "own-app", "client_secret": "own-secret" });
    let saved = stage.server.call_as(&stage.admin, Method::PUT, "/channel-apps/facebook", &own).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    let begun = stage.init(&stage.admin).await;
    assert!(begun.body["authorize_url"].as_str().unwrap().contains("client_id=own-app"), "{}", begun.text);
}
