//! Somebody asks Meta to have their data deleted: from the signed request to the page that says when it was done.

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use socialai_api::platforms::{Operator, Platforms};
use socialai_connect::{
    call::Http,
    guard::Reach,
    objects::Objects,
    remote::{Limits, Remotes},
    social::{self, Endpoints, Secrets, Setup, kept::AccountSecrets, oauth},
};
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, NewAccount},
    },
    conversations::sending::Patience,
    data_deletions,
    ids::DataDeletionId,
    permissions::Role,
    tenants::Tenant,
};
use socialai_jobs::{
    Engine, Handlers, Settings,
    channels::{self, Apps, Connectors, OfApp, Parts, Timing},
};
use socialai_sim::World;
use socialai_testkit::lab::Lab;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::server::Server;

const SECRET: &str = "meta_app_secret_EXAMPLE_0001";
const LONG: Duration = Duration::from_mins(1);

/// An installation to which the simulated Facebook delivers what people write to a page.
struct Town {
    server: Server,
    world: World,
    tenant: Tenant,
    agent: String,
    folder: PathBuf,
    parts: Parts,
    running: Option<(CancellationToken, TaskTracker)>,
}

impl Town {
    async fn new() -> Self {
        let lab = Arc::new(Lab::own().await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = lab.clock.clone();
        let world = World::on(listener, socialai_sim::all(), Arc::new(move || clock.now())).unwrap();
        let setup = |name: &str| {
            let base = world.url(name).parse().unwrap();
            Setup { endpoints: Some(Endpoints::at(&base)), ..Setup::default() }
        };
        let (http, remotes) = (Http::new(Reach::Anywhere).unwrap(), Remotes::new(Limits::default()));
        let operator = |_| Operator {
            secrets: Secrets { signing: vec![SECRET.into()], verify_tokens: vec!["verify".into()] },
            ..Operator::default()
        };
        let platforms = Platforms::new(social::all(setup), operator, http.clone(), remotes.clone());
        let server = Server::serving(lab, platforms, 1_000).await;
        let (tenant, agent) = server.tenant_with(Role::Agent).await;
        let agent = server.log_in(&agent).await["access_token"].as_str().unwrap().to_owned();
        let folder = std::env::temp_dir().join(format!("deletion-{:016x}", rand::random::<u64>()));
        let given = json!({
            "callback": server.url("/v1/webhook/facebook"), "secret": SECRET, "verify_token": "verify",
        });
        let seed = world.act("facebook", "seed", given).await.unwrap();
        let text = |pointer: &str| seed.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let app = oauth::App { client_id: text("/app/id"), client_secret: text("/app/secret").into() };
        connect(&server, &tenant, &text("/account/id"), &text("/token")).await;
        let parts = Parts {
            http,
            remotes,
            connectors: Connectors::new(setup),
            apps: Apps([(Platform::Facebook, OfApp { app, application_id: None })].into()),
            objects: Objects::Folder(folder.clone()),
            public_url: server.url("/").parse().unwrap(),
            patience: Patience::default(),
            timing: Timing::default(),
        };
        let mut town = Self { server, world, tenant, agent, folder, parts, running: None };
        town.work();
        town
    }

    fn work(&mut self) {
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let handlers = channels::handlers(Handlers::default(), self.parts.clone());
        let databases = &self.server.lab.databases;
        Engine::start(databases, handlers, Vec::new(), Settings::default(), stopping.clone(), tasks.clone());
        self.running = Some((stopping, tasks));
    }

    async fn stop_working(&mut self) {
        let Some((stopping, tasks)) = self.running.take() else { return };
        stopping.cancel();
        tasks.close();
        tokio::time::timeout(LONG, tasks.wait()).await.expect("the engine stops");
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.server.get_as(&self.agent, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    async fn count(&self, statement: &'static str, id: &str) -> i64 {
        let mut owner = self.server.lab.owner().await;
        sqlx::query_scalar(statement).bind(id).fetch_one(&mut owner).await.unwrap()
    }

    async fn until<F: Future<Output = bool>>(&self, what: &str, ask: impl Fn() -> F) {
        let waiting = async {
            while !ask().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("not within a minute: {what}"));
    }

    /// Nothing is left to do.
    async fn until_idle(&self) {
        const LEFT: &str = "select count(*) from system.jobs where $1 = ''";
        self.until("all is done", || async { self.count(LEFT, "").await == 0 }).await;
    }

    /// Asks as Meta does; the path of the page.
    async fn ask(&self, person: &str) -> String {
        let payload = json!({ "algorithm": "HMAC-SHA256", "issued_at": 1_760_000_000, "user_id": person });
        let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), payload.as_bytes());
        let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(tag));
        let request = self.server.request(Method::POST, "/webhook/facebook/data-deletion");
        let answer = self.server.send(request.form(&[("signed_request", signed)])).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let url = answer.body["url"].as_str().unwrap();
        url.split_once("/v1/").map(|(_, rest)| format!("/v1/{rest}")).unwrap()
    }

    async fn page(&self, path: &str) -> String {
        self.server.send(self.server.request(Method::GET, path)).await.text
    }

    fn files(&self) -> usize {
        fn in_folder(folder: &PathBuf) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            entries.flatten().map(|entry| if entry.path().is_dir() { in_folder(&entry.path()) } else { 1 }).sum()
        }
        in_folder(&self.folder)
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if let Some((stopping, _)) = &self.running {
            stopping.cancel();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn connect(server: &Server, tenant: &Tenant, external_id: &str, token: &str) -> accounts::Account {
    let kept = AccountSecrets {
        access: token.to_owned(),
        refresh: None,
        user: None,
        via: None,
        member: None,
        subscribed: Vec::new(),
    };
    let new = NewAccount {
        platform: Platform::Facebook,
        external_id: external_id.to_owned(),
        name: "Acme".to_owned(),
        handle: None,
        avatar_url: None,
        credentials: Some(kept.write()),
        token_expires_at: None,
        refresh_at: None,
        uses_own_app: false,
        scopes: Vec::new(),
    };
    accounts::connect(&server.lab.databases, tenant.id, Actor::system("test"), &new).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_a_person_goes_from_all_workspaces_and_nothing_of_anybody_else() {
    let mut town = Town::new().await;
    let says = |person: &'static str, text: &'static str| json!({ "person": person, "text": text, "image": true });
    town.world.act("facebook", "say", says("Maria Silva", "my number is 5550101")).await.unwrap();
    town.world.act("facebook", "say", says("Tom Berg", "do you ship?")).await.unwrap();
    let contacts = || async { town.read("/contacts?q=silva").await["items"].as_array().unwrap().len() };
    town.until("Maria is there, with her name", || async { contacts().await == 1 }).await;
    town.until("both wrote", || async { town.read("/conversations").await["items"].as_array().unwrap().len() == 2 })
        .await;
    let contact = town.read("/contacts?q=silva").await["items"][0]["id"].as_str().unwrap().to_owned();
    let opened = town.read(&format!("/contacts/{contact}")).await;
    let maria = opened["identities"][0]["external_id"].as_str().unwrap().to_owned();
    let conversation = opened["conversations"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/conversations/{conversation}");
    let reply = town.server.request(Method::POST, &format!("{path}/reply")).bearer_auth(&town.agent);
    let reply = reply.header("idempotency-key", "r1").json(&json!({ "text": "Thank you, Maria" }));
    assert_eq!(town.server.send(reply.try_clone().unwrap()).await.status, 202);
    let note = json!({ "body": "Maria is a good customer" });
    assert_eq!(town.server.post_as(&town.agent, &format!("{path}/notes"), &note).await.status, 201);
    // She wrote to another company as well, which has the same id of her.
    let other = town.server.lab.tenant().await;
    let page = connect(&town.server, &other, &crate::inbox::fresh("page"), "t").await;
    crate::inbox::wrote(&town.server, &other, &page, &maria, "5550101 again").await;
    town.until_idle().await;
    town.until("both pictures are kept", || async { town.files() == 2 }).await;
    town.stop_working().await;

    let status = town.ask(&maria).await;
    let received = town.page(&status).await;
    assert!(received.contains("received") && !received.contains(&maria), "{received}");
    // A worker does it and is killed before it could say so.
    let id: DataDeletionId = format!("del_{}", &status.rsplit('/').next().unwrap()[..26]).parse().unwrap();
    let databases = &town.server.lab.databases;
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    let deletion = data_deletions::find(&mut tx, id).await.unwrap().unwrap();
    tx.rollback().await.unwrap();
    data_deletions::erase(databases, &deletion).await.unwrap();
    town.work();
    town.until("it is done", || async { town.page(&status).await.contains("Your data was deleted") }).await;
    town.until_idle().await;

    for gone in [path.clone(), format!("{path}/messages"), format!("{path}/notes"), format!("/contacts/{contact}")] {
        town.server.get_as(&town.agent, &gone).await.is_problem(404, "not_found");
    }
    assert_eq!(town.read("/messages?q=5550101").await["items"], json!([]));
    assert_eq!(town.read("/contacts?q=silva").await["items"], json!([]));
    assert_eq!(town.read("/messages?q=ship").await["items"].as_array().unwrap().len(), 1, "Tom is still there");
    town.until("her picture went", || async { town.files() == 1 }).await;
    for left in [
        "select count(*) from shared.contact_identities where external_id = $1",
        "select count(*) from shared.messages where raw::text like '%' || $1 || '%'",
        "select count(*) from shared.effects where request::text <> '{}' and about_id = $1",
        "select count(*) from system.inbound where position(convert_to($1, 'utf8') in body) > 0",
        "select count(*) from system.data_deletions where external_id = $1 or done_at is null",
        "select count(*) from system.audit_log where changes::text like '%' || $1 || '%'",
        "select count(*) from shared.audit_log where changes::text like '%' || $1 || '%'",
        "select count(*) from system.dead_letters where payload::text like '%' || $1 || '%'",
    ] {
        assert_eq!(town.count(left, &maria).await, 0, "{left}");
    }
    let effects =
        "select count(*) from shared.effects where about_id = $1 and (request <> '{}' or remote_ids is not null)";
    assert_eq!(town.count(effects, &conversation).await, 0);
    let bodies = "select count(*) from shared.messages where text like '%' || $1 || '%'";
    assert_eq!(town.count(bodies, "5550101").await, 0, "also in the other workspace");
    assert_eq!(town.count("select count(*) from system.inbound where $1 = ''", "").await, 1, "what Tom wrote is kept");
    // What was answered before is told without its content, and not done again.
    let again = town.server.send(reply).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &json!({})), "{}", again.text);
    let erased = "select count(*) from shared.audit_log where action = 'contact.erased' and tenant_id = $1::uuid
        and (changes #>> '{after,messages}')::int > 0";
    for tenant in [&town.tenant, &other] {
        assert_eq!(town.count(erased, &tenant.id.0.to_string()).await, 1, "its log says how much it was");
    }
    // Asked again, there is nothing to do.
    let second = town.ask(&maria).await;
    town.until("that is done, too", || async { town.page(&second).await.contains("Your data was deleted") }).await;
    assert_eq!(town.count(erased, &town.tenant.id.0.to_string()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_who_is_known_from_elsewhere_keeps_that_part() {
    let mut town = Town::new().await;
    let page = connect(&town.server, &town.tenant, &crate::inbox::fresh("page"), "t").await;
    let elsewhere = crate::inbox::connect(&town.server, &town.tenant, Platform::X).await;
    let maria = crate::inbox::fresh("7").replace('-', "");
    let here = crate::inbox::wrote(&town.server, &town.tenant, &page, &maria, "on facebook").await;
    let there = crate::inbox::wrote(&town.server, &town.tenant, &elsewhere, "maria_s", "on x").await;
    let contact = |read: Value| read["contact_id"].as_str().unwrap().to_owned();
    let winner = contact(town.read(&format!("/conversations/{here}")).await);
    let loser = contact(town.read(&format!("/conversations/{there}")).await);
    let merge = json!({ "with": loser });
    let merged = town.server.post_as(&town.agent, &format!("/contacts/{winner}/merge"), &merge).await;
    assert_eq!(merged.status, 201, "{}", merged.text);
    let status = town.ask(&maria).await;
    town.until("it is done", || async { town.page(&status).await.contains("Your data was deleted") }).await;
    town.stop_working().await;
    town.server.get_as(&town.agent, &format!("/conversations/{here}")).await.is_problem(404, "not_found");
    let left = town.read(&format!("/contacts/{winner}")).await;
    assert_eq!(left["contact"]["name"], "maria_s Silva");
    assert_eq!(left["identities"].as_array().unwrap().len(), 1);
    assert_eq!(left["conversations"][0]["id"], json!(there));
}
