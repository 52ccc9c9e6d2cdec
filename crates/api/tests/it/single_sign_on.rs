//! Single sign-on against a real identity provider: the browser's whole round trip, who gets in and as what, and the
//! tricks by which somebody might get in as somebody else.

use reqwest::{
    Method,
    header::{COOKIE, LOCATION},
};
use serde_json::{Map, Value, json};
use socialai_domain::{audit::Actor, ids::UserId, people, permissions::Role, tenants::Tenant, users};
use socialai_testkit::{
    identity_provider::{Browser, RealProvider},
    lab::note_secret,
};
use tokio::sync::OnceCell;
use url::Url;

use crate::server::{Answer, Server};

const ROLE: &str = "https://hub.example.com/role";
const ORGANISATION: &str = "https://hub.example.com/org_id";
const WORK_EMAIL: &str = "https://hub.example.com/work_email";
const CALLBACK: &str = "/api/v1/auth/sso/callback";

/// One for the whole run, because starting it takes longer than most tests.
async fn provider() -> &'static RealProvider {
    static PROVIDER: OnceCell<RealProvider> = OnceCell::const_new();
    let person = |name: &str, role: &str, organisation: &str| {
        json!({
            "email": format!("{name}@sso.test"), "name": name, ROLE: [role], ORGANISATION: organisation,
            WORK_EMAIL: format!("work.{name}@sso.test"),
        })
    };
    let people = json!({
        "ann": person("ann", "Lead", "org_1"),
        "bob": person("bob", "Intern", "org_1"),
        "eve": person("eve", "Lead", "org_2"),
    });
    let redirect = Url::parse("http://localhost").unwrap().join(CALLBACK).unwrap();
    PROVIDER.get_or_init(async || RealProvider::start(&redirect, &people, &["--any-loopback-port"]).await).await
}

/// A workspace whose people sign in at the provider.
struct Workspace {
    server: Server,
    tenant: Tenant,
    /// An API key for its single sign-on settings.
    key: String,
    issuer: &'static str,
}

/// A browser on its way: the provider's answer is in, and is to be shown to the server.
struct Return {
    address: Url,
    cookie: String,
}

impl Return {
    /// The query with one parameter set, or left out.
    fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut address = self.address.clone();
        let kept: Vec<_> = self.address.query_pairs().filter(|(known, _)| known != name).collect();
        address.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            address.query_pairs_mut().append_pair(name, value);
        }
        Self { address, cookie: self.cookie.clone() }
    }
}

impl Workspace {
    async fn start() -> Self {
        Self::on(Server::start().await).await
    }

    async fn on(server: Server) -> Self {
        let tenant = server.lab.tenant().await;
        let key = server.api_key(&tenant, &["sso:*"]).await;
        let workspace = Self { server, tenant, key, issuer: &provider().await.issuer };
        let stored = workspace.set_up(&json!({})).await;
        assert_eq!(stored.status, 200, "{}", stored.text);
        assert_eq!(stored.body["redirect_uri"], workspace.door().as_str());
        workspace
    }

    /// Where the provider sends people back to.
    fn door(&self) -> Url {
        self.server.app.settings().public_url.join(CALLBACK).unwrap()
    }

    /// Stores settings that work, with these changes.
    async fn set_up(&self, changes: &Value) -> Answer {
        let mut settings: Map<String, Value> = serde_json::from_value(json!({
            "enabled": true, "issuer": self.issuer, "client_id": "hub", "creates_users": true,
            "role_claim": ROLE, "role_map": { "Lead": "manager" },
            "organization_claim": ORGANISATION, "organization": "org_1",
        }))
        .unwrap();
        settings.extend(changes.as_object().unwrap().clone());
        let body = json!({ "settings": settings, "client_secret": "test-client-secret" });
        self.server.call_as(&self.key, Method::PUT, "/sso", &body).await
    }

    /// Out of our hands: to the provider, through its pages, and back to our door.
    async fn travel(&self, login: &str, return_to: Option<&str>) -> Return {
        let path = format!("/auth/sso/{}/start", self.tenant.slug);
        let request = self.server.request(Method::GET, &path);
        let begun = self.server.send(request.query(&return_to.map(|path| [("return_to", path)]))).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        let state = begun.cookie("socialai_sso").unwrap();
        note_secret(&state);
        let start = Url::parse(begun.headers[LOCATION].to_str().unwrap()).unwrap();
        let address = Browser::default().log_in(start, login, &self.door()).await;
        Return { address, cookie: format!("socialai_sso={state}") }
    }

    /// Through our door, as a program that wants to know what is wrong.
    async fn arrive(&self, back: &Return) -> Answer {
        let path = format!("{CALLBACK}?{}", back.address.query().unwrap_or_default());
        self.server.send(self.server.request(Method::GET, &path).header(COOKIE, &back.cookie)).await
    }

    async fn sign_in(&self, login: &str) -> Answer {
        self.arrive(&self.travel(login, None).await).await
    }

    /// Signs in and takes the first access token, as the web app does when it loads.
    async fn session(&self, login: &str) -> Value {
        let arrived = self.sign_in(login).await;
        assert_eq!(arrived.status, 303, "{}", arrived.text);
        let (refresh, csrf) = (arrived.cookie("socialai_refresh").unwrap(), arrived.cookie("socialai_csrf").unwrap());
        note_secret(&refresh);
        let cookies = format!("socialai_refresh={refresh}; socialai_csrf={csrf}");
        let request = self.server.request(Method::POST, "/auth/refresh").header(COOKIE, cookies);
        let opened = self.server.send(request.header("x-csrf-token", csrf).json(&json!({}))).await;
        assert_eq!(opened.status, 200, "{}", opened.text);
        opened.body
    }

    /// Nobody got in: the code, the words for the administrator, and no session.
    fn assert_refused(answer: &Answer, code: &str, words: &str) {
        answer.is_problem(401, code);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
        assert_eq!(answer.cookie("socialai_refresh"), None);
    }
}

#[tokio::test]
async fn person_signs_in_at_the_provider_and_gets_the_mapped_role() {
    let workspace = Workspace::start().await;
    let arrived = workspace.sign_in("ann").await;
    assert_eq!((arrived.status.as_u16(), &arrived.headers[LOCATION]), (303, &"/".parse().unwrap()), "{}", arrived.text);
    let cookies: Vec<_> = arrived.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    let cookie = |name: &str| *cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap();
    assert!(cookie("socialai_refresh=").contains("HttpOnly; SameSite=Strict"), "{cookies:?}");
    assert!(cookie("socialai_sso=;").contains("Max-Age=0"), "{cookies:?}");

    let session = workspace.session("ann").await;
    assert_eq!((&session["user"]["role"], &session["user"]["name"]), (&json!("manager"), &json!("ann")));
    assert_eq!(session["user"]["email"], "ann@sso.test");
    assert_eq!((&session["user"]["uses_sso"], &session["user"]["has_mfa"]), (&json!(true), &json!(false)));
    let me = workspace.server.get_as(session["access_token"].as_str().unwrap(), "/me").await;
    assert_eq!((&me.body["method"], &me.body["has_mfa"]), (&json!("sso"), &json!(false)), "{}", me.text);
}

#[tokio::test]
async fn administrator_learns_whether_the_settings_can_work() {
    let workspace = Workspace::start().await;
    let test = async || workspace.server.post_as(&workspace.key, "/sso/test", &json!({})).await.body;
    assert_eq!(test().await["works"], true);
    let issuer = workspace.issuer;
    for (wrong, words) in [(format!("{issuer}/"), "calls itself"), (format!("{issuer}/nowhere"), "could not be read")] {
        assert_eq!(workspace.set_up(&json!({ "issuer": wrong })).await.status, 200);
        let finding = test().await;
        assert_eq!(finding["works"], false);
        assert!(finding["message"].as_str().unwrap().contains(words), "{finding}");
    }
    let start = format!("/auth/sso/{}/start", workspace.tenant.slug);
    let begun = workspace.server.send(workspace.server.request(Method::GET, &start)).await;
    begun.is_problem(502, "identity_provider_failed");
    let shown = workspace.server.get_as(&workspace.key, "/sso").await;
    assert!(!shown.text.contains("test-client-secret") && shown.body["has_client_secret"] == true, "{}", shown.text);
}

#[tokio::test]
async fn strangers_get_in_only_where_the_workspace_makes_users_of_them() {
    let workspace = Workspace::start().await;
    workspace.set_up(&json!({ "creates_users": false })).await;
    Workspace::assert_refused(&workspace.sign_in("ann").await, "sso_failed", "ask for an invitation");
    workspace.set_up(&json!({})).await;
    Workspace::assert_refused(&workspace.sign_in("bob").await, "sso_failed", "not mapped to a role");
    Workspace::assert_refused(&workspace.sign_in("eve").await, "sso_failed", "not the organisation");
    workspace.set_up(&json!({ "default_role": "viewer" })).await;
    assert_eq!(workspace.session("bob").await["user"]["role"], "viewer");
    // Once in, people stay in, whatever happens to the rule for strangers.
    workspace.set_up(&json!({ "creates_users": false })).await;
    assert_eq!(workspace.session("bob").await["user"]["role"], "viewer");
}

#[tokio::test]
async fn person_is_known_again_by_the_providers_subject() {
    let workspace = Workspace::start().await;
    let first = workspace.session("ann").await;
    // Another address now; the same person, with the role that she has here.
    workspace.set_up(&json!({ "email_claim": WORK_EMAIL, "creates_users": false })).await;
    let second = workspace.session("ann").await;
    assert_eq!(first["user"]["id"], second["user"]["id"]);
    assert_eq!(second["user"]["email"], "ann@sso.test");
}

#[tokio::test]
async fn another_account_with_the_same_address_does_not_become_the_same_user() {
    let workspace = Workspace::start().await;
    workspace.session("ann").await;
    let mut tx = workspace.server.lab.databases.tenant(workspace.tenant.id, Actor::system("test")).await.unwrap();
    let ann = users::find_by_email(&mut tx, "ann@sso.test").await.unwrap().unwrap();
    let refused = users::link_sso(&mut tx, ann.id, workspace.issuer, "bob").await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code.name(), "sso_failed");
    // A change of providers is no change of people.
    users::link_sso(&mut tx, ann.id, "https://new-provider.test", "ann-there").await.unwrap();
}

#[tokio::test]
async fn invited_user_is_found_by_the_address_and_keeps_the_role_given_here() {
    let workspace = Workspace::start().await;
    workspace.set_up(&json!({ "creates_users": false })).await;
    let (lab, email) = (&workspace.server.lab, "ann@sso.test");
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    let person = people::find_or_create(&mut tx, email, "Ann").await.unwrap();
    people::join(&mut tx, person.id, workspace.tenant.id).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = lab.databases.tenant(workspace.tenant.id, Actor::system("test")).await.unwrap();
    users::add(&mut tx, person.id, email, "Ann", Role::Agent).await.unwrap();
    tx.commit().await.unwrap();
    let session = workspace.session("ann").await;
    assert_eq!((&session["user"]["id"], &session["user"]["role"]), (&json!(person.id), &json!("agent")));
}

#[tokio::test]
async fn disabled_user_is_refused() {
    let workspace = Workspace::start().await;
    let session = workspace.session("ann").await;
    let key = workspace.server.api_key(&workspace.tenant, &["users:*"]).await;
    let user = format!("/users/{}", session["user"]["id"].as_str().unwrap());
    let disabled = workspace.server.call_as(&key, Method::PATCH, &user, &json!({ "status": "disabled" })).await;
    assert_eq!(disabled.status, 200, "{}", disabled.text);
    let token = session["access_token"].as_str().unwrap();
    workspace.server.get_as(token, "/me").await.is_problem(401, "session_ended");
    Workspace::assert_refused(&workspace.sign_in("ann").await, "sso_failed", "disabled");
}

#[tokio::test]
async fn provider_cannot_make_administrators() {
    let workspace = Workspace::start().await;
    for changes in [json!({ "role_map": { "Lead": "admin" } }), json!({ "default_role": "admin" })] {
        workspace.set_up(&changes).await.is_problem(422, "invalid");
    }
    // Nor does it prove a second factor for somebody who was made one here.
    let session = workspace.session("ann").await;
    let key = workspace.server.api_key(&workspace.tenant, &["*"]).await;
    let user = format!("/users/{}", session["user"]["id"].as_str().unwrap());
    let promoted = workspace.server.call_as(&key, Method::PATCH, &user, &json!({ "role": "admin" })).await;
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    let token = workspace.session("ann").await["access_token"].as_str().unwrap().to_owned();
    workspace.server.get_as(&token, "/users").await.is_problem(403, "mfa_required");
}

#[tokio::test]
async fn session_speaks_for_its_own_workspace_and_not_for_the_person() {
    let workspace = Workspace::start().await;
    let server = &workspace.server;
    let session = workspace.session("ann").await;
    let token = session["access_token"].as_str().unwrap();
    let checklist = server.get_as(token, "/tenant/checklist").await;
    assert_eq!(checklist.body["items"], json!([]), "setting up factors is not theirs to do");
    // The same person has a place in another workspace.
    let other = server.lab.tenant().await;
    let id: UserId = session["user"]["id"].as_str().unwrap().parse().unwrap();
    let mut tx = server.lab.databases.system(Actor::system("test")).await.unwrap();
    people::join(&mut tx, id, other.id).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = server.lab.databases.tenant(other.id, Actor::system("test")).await.unwrap();
    users::add(&mut tx, id, session["user"]["email"].as_str().unwrap(), "Ann", Role::Viewer).await.unwrap();
    tx.commit().await.unwrap();

    let switched = server.post_as(token, "/auth/switch-tenant", &json!({ "tenant": other.slug })).await;
    switched.is_problem(403, "other_workspace_sign_in");
    let me = server.get_as(token, "/me").await;
    let listed: Vec<_> = me.body["tenants"].as_array().unwrap().iter().map(|tenant| &tenant["slug"]).collect();
    assert_eq!(listed, [&json!(workspace.tenant.slug)]);

    let password = json!({ "current": "whatever it was", "new": socialai_testkit::lab::secret() });
    for (method, path, body) in [
        (Method::POST, "/me/password", password),
        (Method::POST, "/me/totp/start", json!({})),
        (Method::POST, "/me/totp/confirm", json!({ "enrolment": "x", "code": "000000" })),
        (Method::DELETE, "/me/totp", json!({})),
        (Method::POST, "/me/recovery-codes", json!({})),
        (Method::POST, "/me/passkeys/start", json!({})),
        (Method::POST, "/me/passkeys/finish", json!({ "ticket": "x", "name": "x", "credential": {} })),
    ] {
        let refused = server.call_as(token, method, path, &body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, "own_credentials_required"), "{path}");
    }
}

#[tokio::test]
async fn answer_counts_once_and_only_in_the_browser_that_asked() {
    let workspace = Workspace::start().await;
    let (mine, theirs) = (workspace.travel("ann", None).await, workspace.travel("bob", None).await);
    let elsewhere = Return { address: mine.address.clone(), cookie: String::new() };
    Workspace::assert_refused(&workspace.arrive(&elsewhere).await, "ticket_invalid", "another browser");
    let crossed = Return { address: mine.address.clone(), cookie: theirs.cookie.clone() };
    Workspace::assert_refused(&workspace.arrive(&crossed).await, "ticket_invalid", "another browser");
    for state in [None, Some("guess")] {
        let answer = workspace.arrive(&mine.with("state", state)).await;
        Workspace::assert_refused(&answer, "ticket_invalid", "");
    }
    // None of that has used the answer up.
    assert_eq!(workspace.arrive(&mine).await.status, 303);
    Workspace::assert_refused(&workspace.arrive(&mine).await, "ticket_invalid", "no longer valid");
    // A code of another attempt, in an attempt of one's own: its proof key and nonce do not fit.
    let (victim, thief) = (workspace.travel("ann", None).await, workspace.travel("bob", None).await);
    let code = victim.address.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let answer = workspace.arrive(&thief.with("code", Some(&code))).await;
    Workspace::assert_refused(&answer, "sso_failed", "log in again");
}

#[tokio::test]
async fn answer_of_another_provider_is_refused() {
    let workspace = Workspace::start().await;
    let back = workspace.travel("ann", None).await;
    assert!(back.address.query_pairs().any(|(name, value)| name == "iss" && value == workspace.issuer));
    let foreign = workspace.arrive(&back.with("iss", Some("https://evil.test"))).await;
    Workspace::assert_refused(&foreign, "sso_failed", "another identity provider");
    // Not every provider says who it is.
    let back = workspace.travel("ann", None).await;
    assert_eq!(workspace.arrive(&back.with("iss", None)).await.status, 303);
}

#[tokio::test]
async fn refusal_of_the_provider_leads_back_to_the_log_in_page() {
    let workspace = Workspace::start().await;
    let back = workspace.travel("ann", None).await;
    let denied = back.with("code", None).with("error", Some("access_denied"));
    Workspace::assert_refused(&workspace.arrive(&denied).await, "sso_failed", "access_denied");

    let back = workspace.travel("ann", None).await;
    let denied = back.with("code", None).with("error", Some("access_denied"));
    let path = format!("{CALLBACK}?{}", denied.address.query().unwrap());
    let request = workspace.server.request(Method::GET, &path).header(COOKIE, &denied.cookie);
    let page = workspace.server.send(request.header("accept", "text/html,application/xhtml+xml")).await;
    assert_eq!((page.status.as_u16(), page.headers[LOCATION].to_str().unwrap()), (303, "/login?error=sso_failed"));

    // The same on the way out: a browser shows a page, not a problem document.
    let out = workspace.server.request(Method::GET, "/auth/sso/no-such-workspace/start");
    let page = workspace.server.send(out.header("accept", "text/html,application/xhtml+xml")).await;
    assert_eq!((page.status.as_u16(), page.headers[LOCATION].to_str().unwrap()), (303, "/login?error=not_found"));
    assert_eq!(page.cookie("socialai_refresh"), None);
}

#[tokio::test]
async fn workspace_without_single_sign_on_is_like_none() {
    let workspace = Workspace::start().await;
    workspace.set_up(&json!({ "enabled": false })).await;
    let without = workspace.server.lab.tenant().await;
    for slug in ["no-such-workspace", &without.slug, &workspace.tenant.slug] {
        let request = workspace.server.request(Method::GET, &format!("/auth/sso/{slug}/start"));
        workspace.server.send(request).await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn browser_is_sent_on_within_this_site_only() {
    let workspace = Workspace::start().await;
    let inside = "/inbox?filter=mine";
    for (wanted, sent_to) in [
        (inside, inside),
        ("//evil.test", "/"),
        ("https://evil.test", "/"),
        ("/\\evil.test", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let arrived = workspace.arrive(&workspace.travel("ann", Some(wanted)).await).await;
        assert_eq!(arrived.headers[LOCATION].to_str().unwrap(), sent_to, "{wanted}");
    }
}

/// Token of a new administrator.
async fn administrator(server: &Server, tenant: &Tenant) -> String {
    let member = server.lab.member(tenant, Role::Admin).await;
    server.log_in_admin(&member).await.0["access_token"].as_str().unwrap().to_owned()
}

/// The administrator's way through a test log-in; answers with what came back to the browser, and the finding.
async fn try_out(workspace: &Workspace, token: &str, login: &str) -> (Answer, Value) {
    let begun = workspace.server.post_as(token, "/sso/test-log-in", &json!({})).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let state = begun.cookie("socialai_sso").unwrap();
    note_secret(&state);
    let start = Url::parse(begun.body["url"].as_str().unwrap()).unwrap();
    let address = Browser::default().log_in(start, login, &workspace.door()).await;
    let arrived = workspace.arrive(&Return { address, cookie: format!("socialai_sso={state}") }).await;
    let finding = finding_of(workspace, token, &arrived).await;
    assert_eq!(finding.status, 200, "{}", finding.text);
    (arrived, finding.body)
}

async fn finding_of(workspace: &Workspace, token: &str, arrived: &Answer) -> Answer {
    let back = arrived.headers[LOCATION].to_str().unwrap();
    let ticket = back.strip_prefix("/settings/sso#test=").expect("back to the settings, the ticket in the fragment");
    note_secret(ticket);
    workspace.server.post_as(token, "/sso/test-log-in/finding", &json!({ "ticket": ticket })).await
}

#[tokio::test]
async fn test_log_in_shows_what_would_happen_and_signs_nobody_in() {
    let workspace = Workspace::start().await;
    let server = &workspace.server;
    let admin = administrator(&workspace.server, &workspace.tenant).await;
    // Before it is turned on, so that nobody meets settings that do not work.
    workspace.set_up(&json!({ "enabled": false })).await;
    let (arrived, finding) = try_out(&workspace, &admin, "ann").await;
    assert_eq!(arrived.status, 303, "{}", arrived.text);
    assert_eq!((arrived.cookie("socialai_refresh"), arrived.cookie("socialai_csrf")), (None, None));
    assert_eq!((&finding["works"], &finding["is_user"]), (&json!(true), &json!(false)), "{finding}");
    assert_eq!((&finding["email"], &finding["role"]), (&json!("ann@sso.test"), &json!("manager")));
    assert_eq!(finding["claims"][ROLE], json!(["Lead"]));
    let listed = server.get_as(&admin, "/users").await;
    assert!(!listed.text.contains("ann@sso.test"), "nobody was made a user: {}", listed.text);
    let log = server.get_as(&admin, "/audit-log?action=sso.log_in_tested").await;
    assert_eq!(log.body["items"].as_array().unwrap().len(), 1, "{}", log.text);

    for (login, words) in [("bob", "not mapped to a role"), ("eve", "not the organisation")] {
        let finding = try_out(&workspace, &admin, login).await.1;
        assert_eq!(finding["works"], false);
        assert!(finding["message"].as_str().unwrap().contains(words), "{finding}");
        assert_eq!(finding["claims"]["name"], login, "the claims say why");
    }
    // Somebody who is a user already, and the factor that the provider did not ask for.
    workspace.set_up(&json!({})).await;
    workspace.session("ann").await;
    let finding = try_out(&workspace, &admin, "ann").await.1;
    assert_eq!((&finding["works"], &finding["is_user"]), (&json!(true), &json!(true)), "{finding}");
    let policy = json!({ "mfa_roles": ["admin", "manager"], "session_days": 30 });
    let changed = server.call_as(&admin, Method::PUT, "/tenant/policy", &policy).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let finding = try_out(&workspace, &admin, "ann").await.1;
    assert_eq!((&finding["works"], &finding["proves_second_factor"]), (&json!(false), &json!(false)));
    assert!(finding["message"].as_str().unwrap().contains("second factor"), "{finding}");
}

#[tokio::test]
async fn test_log_in_that_fails_at_the_provider_is_a_finding() {
    let workspace = Workspace::start().await;
    let admin = administrator(&workspace.server, &workspace.tenant).await;
    let body = json!({ "settings": { "enabled": true, "issuer": workspace.issuer, "client_id": "hub" },
        "client_secret": "another secret" });
    assert_eq!(workspace.server.call_as(&workspace.key, Method::PUT, "/sso", &body).await.status, 200);
    let (arrived, finding) = try_out(&workspace, &admin, "ann").await;
    assert_eq!((finding["works"].clone(), arrived.cookie("socialai_refresh")), (json!(false), None));
    assert!(finding["message"].as_str().unwrap().contains("refused the client id or the client secret"), "{finding}");
    assert_eq!(finding["claims"], json!({}));
}

#[tokio::test]
async fn finding_is_for_the_administrator_who_began() {
    let workspace = Workspace::on(Server::alone().await).await;
    let server = &workspace.server;
    let admin = administrator(&workspace.server, &workspace.tenant).await;
    let (arrived, _) = try_out(&workspace, &admin, "ann").await;
    let colleague = administrator(&workspace.server, &workspace.tenant).await;
    let stranger = administrator(server, &server.lab.tenant().await).await;
    for other in [&colleague, &stranger] {
        finding_of(&workspace, other, &arrived).await.is_problem(401, "ticket_invalid");
    }
    finding_of(&workspace, &workspace.key, &arrived).await.is_problem(403, "own_credentials_required");
    let begun = server.post_as(&workspace.key, "/sso/test-log-in", &json!({})).await;
    begun.is_problem(403, "own_credentials_required");
    assert_eq!(finding_of(&workspace, &admin, &arrived).await.status, 200, "two tabs may show it");
    server.lab.clock.advance(time::Duration::minutes(11));
    finding_of(&workspace, &admin, &arrived).await.is_problem(401, "ticket_invalid");
}
