//! The inbox over HTTP: lists, answers, what colleagues do, contacts, canned replies and views.

pub(crate) mod attachments;
mod contacts;
mod conversations;
mod own;
mod replies;

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Method, header};
use serde_json::{Value, json};
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform, Surface,
        accounts::{self, Account, NewAccount},
        gaps,
    },
    contacts::identities::Person,
    conversations::{
        Kind,
        receiving::{Incoming, NewMessage, Received, What, receive},
    },
    permissions::Role,
    tenants::Tenant,
};
use socialai_testkit::lab::Member;
use time::Duration;

use crate::server::{Answer, Server};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A workspace with an account, and an agent who is signed in.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) tenant: Tenant,
    pub(crate) account: Account,
    pub(crate) agent: Member,
    pub(crate) token: String,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let server = Server::start().await;
        let (tenant, agent) = server.tenant_with(Role::Agent).await;
        let account = connect(&server, &tenant, Platform::Facebook).await;
        let token = token(&server, &agent).await;
        Self { server, tenant, account, agent, token }
    }

    /// A person writes; the id of the conversation.
    pub(crate) async fn wrote(&self, person: &str, text: &str) -> String {
        wrote(&self.server, &self.tenant, &self.account, person, text).await
    }

    pub(crate) async fn colleague(&self, role: Role) -> (Member, String) {
        let member = self.server.lab.member(&self.tenant, role).await;
        let token = token(&self.server, &member).await;
        (member, token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.server.get_as(&self.token, path).await
    }

    /// Reads what must be there.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.server.post_as(&self.token, path, body).await
    }

    /// Does what must be possible.
    pub(crate) async fn done(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        answer.body
    }

    pub(crate) async fn post_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = self.server.request(Method::POST, path).bearer_auth(&self.token).json(body);
        self.server.send(request.header("idempotency-key", key)).await
    }

    /// Ids of all pages of a list, in their order.
    pub(crate) async fn walk(&self, path: &str, limit: usize) -> Vec<String> {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = self.read(&format!("{path}{join}limit={limit}{cursor}")).await;
            ids.extend(ids_in(&page));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return ids,
            }
        }
    }
}

pub(crate) fn ids_in(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn token(server: &Server, member: &Member) -> String {
    server.log_in(member).await["access_token"].as_str().unwrap().to_owned()
}

pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) async fn connect(server: &Server, tenant: &Tenant, platform: Platform) -> Account {
    connect_as(server, tenant, platform, &fresh("page"), &json!({ "access": "t1" })).await
}

pub(crate) async fn connect_as(
    server: &Server,
    tenant: &Tenant,
    platform: Platform,
    external_id: &str,
    secrets: &Value,
) -> Account {
    let new = NewAccount {
        platform,
        external_id: external_id.to_owned(),
        name: "Acme".into(),
        handle: None,
        avatar_url: None,
        credentials: Some(secrets.to_string().into()),
        token_expires_at: None,
        refresh_at: None,
        uses_own_app: false,
        scopes: Vec::new(),
    };
    accounts::connect(&server.lab.databases, tenant.id, Actor::operator(), &new).await.unwrap()
}

pub(crate) async fn wrote(server: &Server, tenant: &Tenant, account: &Account, person: &str, text: &str) -> String {
    let message = NewMessage {
        kind: Kind::Text,
        platform_id: Some(fresh("m")),
        text: text.into(),
        reply_to_platform_id: None,
        attachments: Vec::new(),
        context: None,
        is_invitation: true,
    };
    let item = Incoming {
        surface: Surface::Message,
        thread_key: String::new(),
        person: Some(Person { external_id: person.into(), name: Some(format!("{person} Silva")), ..Person::default() }),
        provider_at: server.lab.clock.now() - Duration::seconds(10),
        what: What::Message(message),
        raw: Some(json!({ "as": "it came" })),
    };
    let mut tx = server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    let received = receive(&mut tx, account.id, item).await.unwrap();
    tx.commit().await.unwrap();
    match received {
        Received::New { conversation, .. } => conversation.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn viewer_reads_everything_and_changes_nothing() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let contact = desk.read(&format!("/conversations/{id}")).await["contact_id"].as_str().unwrap().to_owned();
    let (_, viewer) = desk.colleague(Role::Viewer).await;
    for path in
        ["/conversations", "/conversations/counts", "/contacts", "/canned-replies", "/saved-views", "/messages?q=hello"]
    {
        assert_eq!(desk.server.get_as(&viewer, path).await.status, 200, "{path}");
    }
    for rest in ["", "/messages", "/policy", "/notes", "/presence"] {
        let answer = desk.server.get_as(&viewer, &format!("/conversations/{id}{rest}")).await;
        assert_eq!(answer.status, 200, "{rest}: {}", answer.text);
    }
    let before = desk.read(&format!("/conversations/{id}")).await;
    for action in ["reply", "assign", "snooze", "close", "reopen", "read", "unread", "claim", "release", "notes"] {
        let answer = desk.server.post_as(&viewer, &format!("/conversations/{id}/{action}"), &json!({})).await;
        answer.is_problem(403, "forbidden");
    }
    desk.server.post_as(&viewer, &format!("/contacts/{contact}/merge"), &json!({})).await.is_problem(403, "forbidden");
    desk.server.post_as(&viewer, "/canned-replies", &json!({})).await.is_problem(403, "forbidden");
    assert_eq!(desk.read(&format!("/conversations/{id}")).await, before);
    desk.server.get_as(&viewer, "/channel-accounts").await.is_problem(403, "forbidden");
}

#[tokio::test]
async fn time_that_was_lost_is_marked_at_the_account_and_in_its_conversations() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let mut tx = desk.server.lab.databases.tenant(desk.tenant.id, Actor::system("test")).await.unwrap();
    let until = tx.now();
    gaps::open(&mut tx, desk.account.id, until - Duration::hours(1), gaps::NOBODY_THERE).await.unwrap();
    let lost = gaps::close(&mut tx, desk.account.id, until, 0, gaps::State::Lost).await.unwrap();
    tx.commit().await.unwrap();
    let account = desk.read(&format!("/channel-accounts/{}", desk.account.id)).await;
    let page = desk.read(&format!("/conversations/{id}/messages")).await;
    assert_eq!((&account["gaps"], &page["gaps"]), (&json!([lost]), &json!([lost])));
    assert_eq!((&page["gaps"][0]["state"], &page["gaps"][0]["reason"]), (&json!("lost"), &json!(gaps::NOBODY_THERE)));
}

#[tokio::test]
async fn agent_sees_accounts_and_only_an_administrator_changes_them() {
    let desk = Desk::new().await;
    let path = format!("/channel-accounts/{}", desk.account.id);
    let opened = desk.read(&path).await;
    assert_eq!((&opened["account"]["name"], &opened["gaps"]), (&json!("Acme"), &json!([])));
    assert!(!opened.to_string().contains("t1\""), "no token is shown");
    let change = json!({ "name": "Acme Outdoor", "settings": { "text_limit": 500 } });
    desk.server.call_as(&desk.token, Method::PATCH, &path, &change).await.is_problem(403, "forbidden");
    let key = desk.server.api_key(&desk.tenant, &["channels:*"]).await;
    let changed = desk.server.call_as(&key, Method::PATCH, &path, &change).await;
    assert_eq!((changed.status.as_u16(), &changed.body["settings"]["text_limit"]), (200, &json!(500)));
    let zero = json!({ "settings": { "text_limit": 0 } });
    desk.server.call_as(&key, Method::PATCH, &path, &zero).await.is_problem(422, "invalid");
    let done = desk.server.post_as(&key, &format!("{path}/disconnect"), &json!({})).await;
    assert_eq!((done.status.as_u16(), &done.body["state"]), (200, &json!("disconnected")));
    let again = desk.server.post_as(&key, &format!("{path}/disconnect"), &json!({})).await;
    assert_eq!(again.status, 200, "it may be repeated: {}", again.text);
    assert_eq!(desk.read("/channel-accounts").await["items"][0]["state"], "disconnected");
}

#[tokio::test]
async fn platforms_say_what_is_needed_to_connect_them() {
    let desk = Desk::new().await;
    let key = desk.server.api_key(&desk.tenant, &["channels:*"]).await;
    let platforms = desk.read("/channel-platforms").await;
    let facebook = |platforms: &Value| {
        platforms.as_array().unwrap().iter().find(|it| it["platform"] == "facebook").unwrap().clone()
    };
    let before = facebook(&platforms);
    assert_eq!(platforms.as_array().unwrap().len(), 5);
    assert_eq!(
        (&before["can_connect"], &before["has_operator_app"], &before["own_app"]),
        (&json!(false), &json!(false), &Value::Null)
    );
    assert!(before["own_webhook_url"].as_str().unwrap().ends_with(&format!("/v1/webhook/facebook/{}", desk.tenant.id)));
    assert!(before["redirect_uri"].as_str().unwrap().ends_with("/api/v1/auth/social/facebook/callback"));
    assert_eq!(before["rules"].as_array().unwrap().len(), 2);
    let own = json!({ "client_id": "17", "client_secret": "own-secret" });
    for wrong in [
        json!({ "client_id": "", "client_secret": "s" }),
        json!({ "client_id": "17", "client_secret": " " }),
        json!({ "client_id": "17", "client_secret": "s", "signing_secrets": [""] }),
    ] {
        desk.server.call_as(&key, Method::PUT, "/channel-apps/facebook", &wrong).await.is_problem(422, "invalid");
    }
    desk.server.call_as(&desk.token, Method::PUT, "/channel-apps/facebook", &own).await.is_problem(403, "forbidden");
    desk.server.call_as(&key, Method::PUT, "/channel-apps/web_chat", &own).await.is_problem(422, "invalid");
    desk.server.call_as(&key, Method::PUT, "/channel-apps/orkut", &own).await.is_problem(404, "not_found");
    assert_eq!(desk.server.call_as(&key, Method::PUT, "/channel-apps/facebook", &own).await.status, 200);
    let after = facebook(&desk.read("/channel-platforms").await);
    assert_eq!((&after["can_connect"], &after["own_app"]["client_id"]), (&json!(true), &json!("17")));
    assert_eq!(desk.read("/channel-apps/facebook").await["client_id"], "17");
    desk.get("/channel-apps/x").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn colleagues_hear_who_types_and_nothing_is_written() {
    let desk = Desk::new().await;
    let id = desk.wrote("Maria", "hello").await;
    let (other, token) = desk.colleague(Role::Viewer).await;
    let stream = desk.server.request(Method::GET, "/events").bearer_auth(&desk.token).send().await.unwrap();
    assert_eq!(stream.headers()[header::CONTENT_TYPE], "text/event-stream");
    let path = format!("/conversations/{id}/typing");
    // Whoever listens has caught up when a fact arrives.
    desk.done(&format!("/conversations/{id}/notes"), &json!({ "body": "look" })).await;
    let (heard, stream) = crate::events::heard(stream, "conversation_note.written").await;
    assert!(heard.contains("conversation_note.written"), "{heard}");
    let there = desk.server.post_as(&token, &path, &json!({ "doing": "typing" })).await;
    assert_eq!(there.body[0]["user_id"], json!(other.id), "{}", there.text);
    let (heard, _) = crate::events::heard(stream, "presence.changed").await;
    let event = heard.split("event: presence.changed").nth(1).unwrap();
    assert!(event.contains(&id) && !event.contains("id: "), "{heard}");
    assert_eq!(desk.read(&format!("/conversations/{id}/presence")).await[0]["doing"], "typing");
    let gone = desk.server.post_as(&token, &path, &json!({ "doing": "gone" })).await;
    assert_eq!(gone.body, json!([]));
    let key = desk.server.api_key(&desk.tenant, &["*"]).await;
    desk.server.post_as(&key, &path, &json!({ "doing": "looking" })).await.is_problem(403, "forbidden");
    desk.post(&path, &json!({ "doing": "sleeping" })).await.is_problem(422, "invalid");
}
