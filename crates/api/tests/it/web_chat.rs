//! Web chat over HTTP, with a client that knows nothing but the protocol of `docs/web-chat.md`.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};
use socialai_api::limits::{InProcess, Limiter, Store};
use socialai_domain::{
    audit::{Actor, ActorKind},
    conversations::{
        actions, notes,
        replies::{Author, Draft, reply},
    },
    ids::{ChannelAccountId, ConversationId, MessageId, UserId},
    permissions::Role,
    tenants::Tenant,
    web_chat::{
        reading, sessions,
        visiting::{self, NewMessage},
        widgets,
    },
};
use socialai_testkit::lab::Lab;
use uuid::Uuid;

use crate::server::{Answer, Server};

/// A workspace with a widget.
struct Site {
    server: Server,
    tenant: Tenant,
    admin: String,
    agent: UserId,
    id: String,
    key: String,
}

/// A page on which somebody chats: a stock client and a token.
struct Visitor<'a> {
    site: &'a Site,
    token: String,
}

impl Site {
    async fn new() -> Self {
        Self::on(Server::start().await, json!({})).await
    }

    async fn on(server: Server, settings: Value) -> Self {
        let tenant = server.lab.tenant().await;
        let agent = server.lab.member(&tenant, Role::Agent).await.id;
        let admin = server.api_key(&tenant, &["*"]).await;
        let made = server
            .post_as(&admin, "/channel-accounts/web-chat", &json!({ "name": "Acme", "settings": settings }))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        let (id, key) = (text("id"), text("key"));
        Self { server, tenant, admin, agent, id, key }
    }

    fn path(&self, rest: &str) -> String {
        format!("/web-chat/{}/{rest}", self.key)
    }

    async fn config(&self) -> Answer {
        self.ask(Method::GET, "config").await
    }

    async fn ask(&self, method: Method, rest: &str) -> Answer {
        self.server.send(self.server.request(method, &self.path(rest))).await
    }

    async fn open(&self, body: Value) -> Answer {
        self.server.post(&self.path("sessions"), &body).await
    }

    async fn visitor(&self) -> Visitor<'_> {
        let opened = self.open(json!({ "page_url": "https://shop.test/", "of_tomorrow": true })).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        Visitor { site: self, token: opened.body["token"].as_str().unwrap().to_owned() }
    }

    /// The conversation with whoever wrote this message.
    async fn conversation_of(&self, message: &Value) -> ConversationId {
        let id: MessageId = message["id"].as_str().unwrap().parse().unwrap();
        let mut tx = self.server.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap();
        socialai_domain::conversations::timeline::get(&mut tx, id).await.unwrap().conversation_id
    }

    async fn as_agent(&self) -> socialai_domain::tenancy::TenantTx {
        let actor = Actor::of(ActorKind::User, self.agent.to_string());
        self.server.lab.databases.tenant(self.tenant.id, actor).await.unwrap()
    }

    async fn answer(&self, conversation: ConversationId, text: &str) -> MessageId {
        let mut tx = self.as_agent().await;
        let draft = Draft { text: text.into(), ..Draft::default() };
        let message = reply(&mut tx, conversation, &draft, Author::Person(self.agent)).await.unwrap();
        tx.commit().await.unwrap();
        message.id
    }
}

impl Visitor<'_> {
    fn request(&self, method: Method, rest: &str) -> RequestBuilder {
        self.site.server.request(method, &self.site.path(rest)).bearer_auth(&self.token)
    }

    async fn get(&self, rest: &str) -> Answer {
        self.site.server.send(self.request(Method::GET, rest)).await
    }

    async fn post(&self, rest: &str, body: &Value) -> Answer {
        self.site.server.send(self.request(Method::POST, rest).json(body)).await
    }

    async fn say(&self, text: &str) -> Value {
        let said = self.post("messages", &json!({ "client_id": Uuid::new_v4(), "text": text })).await;
        assert_eq!(said.status, 201, "{}", said.text);
        said.body["message"].clone()
    }

    async fn listen(&self, last: Option<&str>) -> Events {
        let mut request = self.request(Method::GET, "events");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Events { chunks: Box::pin(response.bytes_stream()), rest: String::new() }
    }
}

/// An open stream, event by event.
struct Events {
    chunks: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    rest: String,
}

#[derive(Debug)]
struct Event {
    kind: String,
    id: Option<String>,
    data: Value,
}

impl Events {
    /// The text up to the next empty line.
    async fn block(&mut self, within: Duration) -> Option<String> {
        let read = async {
            loop {
                if let Some((block, rest)) = self.rest.split_once("\n\n") {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.rest = rest;
                    return Some(block);
                }
                let chunk = self.chunks.next().await?.ok()?;
                self.rest.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        tokio::time::timeout(within, read).await.ok().flatten()
    }

    async fn next(&mut self, within: Duration) -> Option<Event> {
        loop {
            let block = self.block(within).await?;
            let field = |name: &str| {
                let start = format!("{name}: ");
                block.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
            };
            if let Some(data) = field("data") {
                let kind = field("event").unwrap_or_default();
                return Some(Event { kind, id: field("id"), data: serde_json::from_str(&data).unwrap() });
            }
        }
    }

    /// The next event of this kind; others are passed over.
    async fn of(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next(Duration::from_secs(20)).await.unwrap_or_else(|| panic!("no event {kind}"));
            if event.kind == kind {
                return event;
            }
        }
    }
}

/// A conversation with a visitor who wrote through this widget.
pub async fn conversation(server: &Server, tenant: &Tenant, widget: ChannelAccountId) -> ConversationId {
    let mut tx = server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    let widget = widgets::load(&mut tx, widget).await.unwrap().unwrap();
    let (session, _) = sessions::open(&mut tx, &widget, sessions::NewSession::default()).await.unwrap();
    let hello = NewMessage { client_id: Uuid::new_v4(), text: "Hello".into(), quick_reply: None };
    visiting::write(&mut tx, &widget, &session, &hello).await.unwrap();
    let conversation = reading::conversation(&mut tx, &session).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    conversation
}

#[tokio::test]
async fn visitor_writes_is_answered_within_a_second_and_goes_on_where_they_were() {
    let site = Site::new().await;
    let config = site.config().await;
    assert_eq!((config.status.as_u16(), &config.body["name"]), (200, &json!("Acme")));
    assert_eq!((&config.body["is_online"], &config.body["attachments"]["allowed"]), (&json!(true), &json!(false)));
    let visitor = site.visitor().await;
    let asked = visitor.say("Where is my order?").await;
    assert_eq!(
        (&asked["from"], &asked["text"], &asked["name"]),
        (&json!("visitor"), &json!("Where is my order?"), &Value::Null)
    );
    let page = visitor.get("messages").await.body;
    assert_eq!((&page["messages"][0], &page["has_more"]), (&asked, &json!(false)));
    let mut events = visitor.listen(page["cursor"].as_str()).await;
    assert_eq!(events.block(Duration::from_secs(5)).await.as_deref(), Some(": here"));

    let conversation = site.conversation_of(&asked).await;
    let answered = site.answer(conversation, "On its way.").await;
    let began = std::time::Instant::now();
    let event = events.of("message").await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(event.data["id"], answered.to_string());
    assert_eq!((&event.data["from"], &event.data["name"]), (&json!("agent"), &json!("agent")));
    let read = events.of("read").await;
    assert_eq!(read.data["up_to"], asked["id"]);
    drop(events);

    // Away meanwhile: the stream goes on from the list's place and the list from the stream's.
    let second = site.answer(conversation, "Anything else?").await;
    let mut back = visitor.listen(event.id.as_deref()).await;
    let missed = back.of("message").await;
    assert_eq!(missed.data["id"], second.to_string());
    let next = visitor.get(&format!("messages?after={}", event.id.unwrap())).await.body;
    let ids: Vec<_> = next["messages"].as_array().unwrap().iter().map(|message| message["id"].clone()).collect();
    assert_eq!(ids, [json!(second)]);
    let read = visitor.post("read", &json!({ "up_to": second })).await;
    assert_eq!((read.status.as_u16(), read.text.as_str()), (204, ""));
    assert_eq!(visitor.get("messages").await.body["visitor_read_up_to"], json!(second));
}

#[tokio::test]
async fn file_of_an_answer_is_read_by_its_visitor_and_nobody_else() {
    let site = Site::new().await;
    let visitor = site.visitor().await;
    let asked = visitor.say("A photo, please").await;
    let page = b"%PDF-1.7 <script>alert(1)</script>";
    let key = site.server.api_key(&site.tenant, &["conversations:write"]).await;
    let upload =
        async || crate::inbox::attachments::upload(&site.server, &key, "r%C3%A9sum%C3%A9.pdf", &page[..]).await;
    let (file, unsent) = (upload().await.body["id"].clone(), upload().await.body["id"].clone());
    let conversation = site.conversation_of(&asked).await;
    let mut events = visitor.listen(None).await;
    assert_eq!(events.block(Duration::from_secs(5)).await.as_deref(), Some(": here"));
    let reply = json!({ "text": "Here.", "attachment_ids": [file] });
    let answered = site.server.post_as(&key, &format!("/conversations/{conversation}/reply"), &reply).await;
    assert_eq!(answered.status, 202, "{}", answered.text);
    let expected = json!([{ "id": file, "name": "résumé.pdf", "type": "application/pdf", "size": page.len() }]);
    let told = events.of("message").await.data;
    assert_eq!((&told["text"], &told["attachments"]), (&json!("Here."), &expected));
    assert_eq!(visitor.get("messages").await.body["messages"][1]["attachments"], expected);

    let path = format!("attachments/{}", file.as_str().unwrap());
    let got = visitor.get(&path).await;
    assert_eq!((got.status.as_u16(), got.text.as_bytes()), (200, &page[..]));
    assert_eq!(got.headers[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(got.headers[header::CONTENT_DISPOSITION], "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9%2Epdf");
    assert!(got.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
    let unsent = format!("attachments/{}", unsent.as_str().unwrap());
    visitor.get(&unsent).await.is_problem(404, "not_found");
    site.ask(Method::GET, &path).await.is_problem(401, "missing_credentials");
    let other = site.visitor().await;
    other.say("I am somebody else").await;
    other.get(&path).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn same_client_id_is_said_once_and_answered_the_same() {
    let site = Site::new().await;
    let visitor = site.visitor().await;
    let body = json!({ "client_id": Uuid::new_v4(), "text": "Hello", "attachment_ids": [] });
    let first = visitor.post("messages", &body).await;
    let again = visitor.post("messages", &body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16(), &first.body), (201, 201, &again.body));
    assert_eq!(visitor.get("messages").await.body["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn visitor_sees_nothing_that_is_not_theirs() {
    let site = Site::new().await;
    let (ann, bob) = (site.visitor().await, site.visitor().await);
    let (hers, his) = (ann.say("I am Ann").await, bob.say("I am Bob").await);
    let conversation = site.conversation_of(&hers).await;
    let mut events = bob.listen(None).await;
    events.block(Duration::from_secs(5)).await;
    let mut tx = site.as_agent().await;
    notes::write(&mut tx, conversation, Some(site.agent), "internal note", &[]).await.unwrap();
    actions::assign(&mut tx, conversation, Some(site.agent)).await.unwrap();
    tx.commit().await.unwrap();
    site.answer(conversation, "Hello Ann").await;
    let to_bob = site.answer(site.conversation_of(&his).await, "Hello Bob").await;
    // What comes first on his stream is his.
    let event = events.next(Duration::from_secs(20)).await.unwrap();
    assert_eq!((event.kind.as_str(), &event.data["id"]), ("message", &json!(to_bob)));
    let page = bob.get("messages").await.text;
    for secret in ["Ann", "internal", &site.agent.to_string(), "conv_", "cont_", "chan_"] {
        assert!(!page.contains(secret) && !event.data.to_string().contains(secret), "{secret} in {page}");
    }
    bob.post("read", &json!({ "up_to": hers["id"] })).await.is_problem(404, "not_found");
    // Nor at another widget, of this workspace or another one.
    let other = Site::on(Server::with(site.server.lab.clone(), 1_000).await, json!({})).await;
    let stray = Visitor { site: &other, token: bob.token.clone() };
    stray.get("messages").await.is_problem(401, "session_ended");
}

#[tokio::test]
async fn only_a_visitors_token_opens_a_conversation_and_opens_nothing_else() {
    let site = Site::new().await;
    let visitor = site.visitor().await;
    for token in [site.admin.as_str(), "vt_x", ""] {
        let stranger = Visitor { site: &site, token: token.to_owned() };
        for path in ["messages", "events"] {
            let answer = stranger.get(path).await;
            assert_eq!(answer.status, 401, "{}", answer.text);
        }
    }
    site.ask(Method::GET, "messages").await.is_problem(401, "missing_credentials");
    for path in ["/conversations", "/users", "/me", "/events"] {
        let answer = site.server.get_as(&visitor.token, path).await;
        assert!(matches!(answer.status.as_u16(), 401 | 404), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn unknown_and_disconnected_widgets_are_missing() {
    let site = Site::new().await;
    let visitor = site.visitor().await;
    for key in ["wgt_00000000000000000000000000", "wgt_x", "chan_1", "..%2f", "wgt_%00"] {
        let answer = site.server.send(site.server.request(Method::GET, &format!("/web-chat/{key}/config"))).await;
        answer.is_problem(404, "not_found");
    }
    let account = site.id.parse().unwrap();
    let databases = &site.server.lab.databases;
    socialai_domain::channels::accounts::disconnect(databases, site.tenant.id, Actor::operator(), account)
        .await
        .unwrap();
    site.config().await.is_problem(404, "not_found");
    visitor.get("messages").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_and_changes_nothing() {
    let site = Site::new().await;
    let visitor = site.visitor().await;
    for (body, status, field) in [
        (json!({ "client_id": "1", "text": "x" }), 422, "client_id"),
        (json!({ "client_id": Uuid::new_v4(), "text": "" }), 422, "text"),
        (json!({ "client_id": Uuid::new_v4(), "text": "x".repeat(4_001) }), 422, "text"),
        (json!({ "client_id": Uuid::new_v4(), "text": "x", "attachment_ids": ["att_1"] }), 422, "attachment_ids"),
        (json!({ "client_id": Uuid::new_v4(), "text": "\u{0}" }), 400, ""),
    ] {
        let answer = visitor.post("messages", &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["field"].as_str().unwrap_or_default(), field, "{}", answer.text);
    }
    let large = json!({ "client_id": Uuid::new_v4(), "text": "x".repeat(100_000) });
    visitor.post("messages", &large).await.is_problem(413, "body_too_large");
    for after in ["x", "0", "99999999999999999999", "-1"] {
        visitor.get(&format!("messages?after={after}")).await.is_problem(400, "invalid_cursor");
    }
    assert_eq!(visitor.listen(Some("0")).await.of("reset").await.data, json!({}));
    let hostile = "<img src=x onerror=alert(1)> \u{202e} {{constructor}} ' or 1=1 --";
    assert_eq!(visitor.say(hostile).await["text"], hostile);
    assert_eq!(visitor.get("messages").await.body["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_sets_a_cookie_and_nothing_is_cached_that_is_somebodys() {
    let site = Site::new().await;
    let visitor = site.visitor().await;
    visitor.say("Hello").await;
    let config = site.config().await;
    let opened = site.open(json!({})).await;
    let page = visitor.get("messages").await;
    let typing = visitor.post("typing", &json!({ "is_typing": true })).await;
    assert_eq!(typing.status, 204);
    for answer in [&config, &opened, &page, &typing] {
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }
}

#[tokio::test]
async fn typing_is_told_both_ways_between_processes_and_not_to_others() {
    let site = Site::new().await;
    let visitor = site.visitor().await;
    let asked = visitor.say("Hello").await;
    let conversation = site.conversation_of(&asked).await;
    // A second process on the same database.
    let elsewhere = Server::with(Arc::new(site.server.lab.again().await), 1_000).await;
    let mut page = visitor.listen(None).await;
    page.block(Duration::from_secs(5)).await;
    let desk = elsewhere.request(Method::GET, "/events").bearer_auth(&site.admin).send().await.unwrap();
    let mut desk = Events { chunks: Box::pin(desk.bytes_stream()), rest: String::new() };
    desk.of("ready").await;
    let colleague = site.server.lab.member(&site.tenant, Role::Agent).await;
    let session = elsewhere.log_in(&colleague).await;
    let colleague = session["access_token"].as_str().unwrap();
    // Both have to be heard from the moment when the processes listen; until then it is said again, as clients do.
    let path = format!("/conversations/{conversation}/typing");
    let agent = async {
        loop {
            let told = elsewhere.post_as(colleague, &path, &json!({ "doing": "typing" })).await;
            assert_eq!(told.status, 200, "{}", told.text);
            if let Some(event) = page.next(Duration::from_millis(300)).await {
                return event;
            }
        }
    };
    let event = agent.await;
    assert_eq!((event.kind.as_str(), &event.id), ("typing", &None));
    assert_eq!(event.data, json!({ "is_typing": true, "from": "agent", "name": "agent" }));
    let heard = loop {
        visitor.post("typing", &json!({ "is_typing": true })).await;
        match desk.next(Duration::from_millis(300)).await {
            Some(event) if event.kind == "conversation.typing" && event.data["by"] == "visitor" => break event,
            _ => {}
        }
    };
    assert_eq!((&heard.data["entity_id"], &heard.data["is_typing"]), (&json!(conversation), &json!(true)));
    let (_, stranger) = site.server.tenant_with(Role::Agent).await;
    let session = elsewhere.log_in(&stranger).await;
    let stranger = session["access_token"].as_str().unwrap();
    elsewhere.post_as(stranger, &path, &json!({ "doing": "typing" })).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn limits_hold_by_visitor_and_by_address_and_say_when_to_come_again() {
    let limiter = Limiter::new(Store::InProcess(InProcess::default()), 1);
    let server = Server::with_limiter(Arc::new(Lab::shared().await), limiter).await;
    let site = Site::on(server, json!({})).await;
    let visitor = site.visitor().await;
    let mut refused = None;
    for _ in 0..40 {
        let said = visitor.post("messages", &json!({ "client_id": Uuid::new_v4(), "text": "x" })).await;
        if said.status != 201 {
            refused = Some(said);
            break;
        }
    }
    let refused = refused.expect("a limit");
    refused.is_problem(429, "rate_limited");
    assert!(refused.headers[header::RETRY_AFTER].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    // Another visitor at the same address still may; new sessions run out.
    site.visitor().await.say("I may").await;
    let mut opened = 0;
    loop {
        let answer = site.open(json!({})).await;
        if answer.status == 429 {
            break;
        }
        opened += 1;
        assert!(opened < 40, "sessions are opened without end");
    }
}

#[tokio::test]
async fn administrator_makes_a_widget_once_and_changes_it() {
    let server = Server::start().await;
    let tenant = server.lab.tenant().await;
    let admin = server.api_key(&tenant, &["*"]).await;
    let body =
        json!({ "name": "Acme", "settings": { "greeting": "Hello!", "allowed_origins": ["https://Shop.test/"] } });
    let make = || {
        server.request(Method::POST, "/channel-accounts/web-chat").bearer_auth(&admin).header("idempotency-key", "one")
    };
    let made = server.send(make().json(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, key) = (made.body["id"].as_str().unwrap(), made.body["key"].as_str().unwrap());
    let hub = format!("http://localhost:{}", server.address.port());
    assert_eq!(made.body["script"], format!(r#"<script src="{hub}/widget.js" data-widget="{key}" async></script>"#));
    assert_eq!(made.body["settings"]["allowed_origins"], json!(["https://shop.test"]));
    assert!(made.body["identity_secret"].as_str().unwrap().len() > 40);
    let again = server.send(make().json(&body)).await;
    assert_eq!((&again.body, again.headers.contains_key("idempotency-replayed")), (&made.body, true));
    let path = format!("/channel-accounts/{id}/web-chat");
    let change =
        async |settings: Value| server.call_as(&admin, Method::PATCH, &path, &json!({ "settings": settings })).await;
    let wrong = change(json!({ "greetin": "Hi" })).await;
    assert_eq!((wrong.status.as_u16(), &wrong.body["errors"][0]["field"]), (422, &json!("settings.greetin")));
    let wrong = change(json!({ "theme": { "accent": "red" }, "allowed_origins": ["nowhere"] })).await;
    let fields: Vec<_> = wrong.body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, [json!("settings.theme.accent"), json!("settings.allowed_origins[0]")]);
    let hours = json!({ "business_hours": { "time_zone": "UTC", "open": [] }, "offline_message": "Closed." });
    assert_eq!(change(hours).await.status, 200);
    let config = server.send(server.request(Method::GET, &format!("/web-chat/{key}/config"))).await.body;
    assert_eq!(
        (&config["is_online"], &config["offline_message"], &config["greeting"]),
        (&json!(false), &json!("Closed."), &Value::Null)
    );
    let seen = server.get_as(&admin, &path).await;
    assert_eq!((seen.status.as_u16(), &seen.body["identity_secret"]), (200, &Value::Null));
}

#[tokio::test]
async fn questions_are_asked_again_when_their_answers_are_missing() {
    let asked = json!({ "pre_chat": { "fields": [{ "name": "order", "label": "Order", "required": true }], "consent": { "text": "Yes" } } });
    let site = Site::on(Server::start().await, asked).await;
    assert_eq!(site.config().await.body["pre_chat"]["fields"][0]["name"], "order");
    let refused = site.open(json!({})).await;
    refused.is_problem(422, "invalid");
    let fields: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, [json!("fields.order"), json!("consent")]);
    assert_eq!(site.open(json!({ "fields": { "order": "42" }, "consent": true })).await.status, 201);
}

#[tokio::test]
async fn frame_may_be_held_by_the_named_websites_and_the_script_runs_anywhere() {
    let site =
        Site::on(Server::start().await, json!({ "allowed_origins": ["https://shop.test", "https://*.shop.test"] }))
            .await;
    let file = |path: String| site.server.send(site.server.client.get(format!("http://{}{path}", site.server.address)));
    let is_built = socialai_web::widget_file("frame.html").is_some();
    let frame = file(format!("/widget/{}", site.key)).await;
    let script = file("/widget.js".to_owned()).await;
    let style = file("/widget/frame.css?v=1".to_owned()).await;
    file("/widget/other.js".to_owned()).await.is_problem(404, "not_found");
    if !is_built {
        for answer in [&frame, &script, &style] {
            answer.is_problem(503, "unavailable");
        }
        return;
    }
    let policy = frame.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.ends_with("frame-ancestors https://shop.test https://*.shop.test"), "{policy}");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert!(!frame.headers.contains_key(header::X_FRAME_OPTIONS));
    assert_eq!(frame.headers[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(frame.headers[header::CACHE_CONTROL], "no-cache");
    let anybodys = file("/widget/wgt_00000000000000000000000000".to_owned()).await;
    assert!(anybodys.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().ends_with("frame-ancestors *"));
    assert_eq!(script.headers["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(script.headers[header::CACHE_CONTROL], "public, max-age=300");
    assert!(script.headers.contains_key(header::ETAG));
    assert_eq!(script.headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(style.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(style.headers["cross-origin-resource-policy"], "same-origin");
    for answer in [&frame, &script, &style] {
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
    }
}
