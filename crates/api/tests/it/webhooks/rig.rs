//! A server, an engine that delivers, and receivers.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use socialai_connect::{
    call::Http,
    guard::Reach,
    remote::{Limits, Remotes},
};
use socialai_domain::{audit::Actor, ids::EventId, tenants::Tenant, webhooks::Patience};
use socialai_jobs::{Engine, Handlers, Settings, webhooks};
use socialai_queue::{facts::NewFact, retry::Schedule};
use socialai_sim::{EffectFilter, Fault, Recording, RecordingFilter, Rule, When, World};
use socialai_testkit::lab::note_secret;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    server::{Answer, Server},
    town::until,
};

/// As long as a slow machine may take.
const LONG: Duration = Duration::from_mins(1);

pub struct Rig {
    pub server: Server,
    pub tenant: Tenant,
    /// An API key that may do everything.
    pub key: String,
    pub world: World,
    /// What the engine calls through.
    pub remotes: Remotes,
    pub stopping: CancellationToken,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Four attempts, one right after the other.
pub fn hasty() -> Patience {
    Patience { retries: Schedule(&[0, 0, 0]), ..Patience::default() }
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(hasty(), Reach::Anywhere).await
    }

    pub async fn with(patience: Patience, reach: Reach) -> Self {
        // Most tests want to see what the delivery decides, which open circuits would hide.
        Self::behind(Limits { failures: 1_000_000, ..Limits::default() }, patience, reach).await
    }

    /// The API lets every address through here; how far requests really go is the engine's `reach`.
    pub async fn behind(limits: Limits, patience: Patience, reach: Reach) -> Self {
        let server = Server::alone().await;
        let tenant = server.lab.tenant().await;
        let key = server.api_key(&tenant, &["*"]).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = server.lab.clock.clone();
        let world = World::on(listener, socialai_sim::all(), Arc::new(move || clock.now())).unwrap();
        let http = Http::new(reach).unwrap();
        let remotes = Remotes::new(limits);
        let handlers =
            webhooks::handlers(Handlers::default(), webhooks::Parts { http, remotes: remotes.clone(), patience });
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let readers = vec![webhooks::READER];
        Engine::start(&server.lab.databases, handlers, readers, Settings::default(), stopping.clone(), tasks);
        let rig = Self { server, tenant, key, world, remotes, stopping };
        // A reader that was never here begins with what happens from now on.
        until("the reader has begun", || async { rig.count("system.readers").await == 1 }).await;
        rig
    }

    /// Rows of a table, seen by the owner.
    pub async fn count(&self, table: &str) -> i64 {
        let mut owner = self.server.lab.owner().await;
        let statement = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(statement).fetch_one(&mut owner).await.unwrap()
    }

    /// An endpoint whose receiver is this inbox.
    pub async fn endpoint(&self, inbox: &str, events: &[&str], more: Value) -> (String, String) {
        let mut wanted = json!({ "name": inbox, "url": self.url(inbox), "events": events });
        wanted.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let made = self.post("/webhook-endpoints", &wanted).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let secret = made.body["secret"].as_str().unwrap().to_owned();
        self.receive(inbox, &secret);
        (made.body["endpoint"]["id"].as_str().unwrap().to_owned(), secret)
    }

    pub fn url(&self, inbox: &str) -> String {
        format!("{}/{inbox}", self.world.url("webhook-receiver"))
    }

    /// The inbox verifies with this secret and answers 200.
    pub fn receive(&self, inbox: &str, secret: &str) {
        note_secret(secret);
        let settings = json!({ "inboxes": { inbox: { "secret": secret, "status": 200 } } });
        self.world.configure("webhook-receiver", settings).unwrap();
    }

    pub fn answer(&self, inbox: &str, status: u16) {
        let settings = json!({ "inboxes": { inbox: { "status": status } } });
        self.world.configure("webhook-receiver", settings).unwrap();
    }

    pub fn fail(&self, inbox: &str, when: When, fault: Fault) -> u64 {
        let rule = Rule::new("webhook-receiver", fault).on("POST", &format!("/{inbox}")).when(when);
        self.world.add_fault(rule).unwrap()
    }

    /// Makes something happen, and tells its id.
    pub async fn happen(&self, kind: &str, key: &str) -> String {
        self.happen_to(&self.tenant, kind, key, json!({ "entity": { "kind": "test", "id": key } })).await
    }

    pub async fn happen_to(&self, tenant: &Tenant, kind: &str, key: &str, data: Value) -> String {
        let mut tx = self.server.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
        let fact = NewFact::new(kind, 1, key, data);
        let id = EventId(fact.id).to_string();
        tx.publish(fact);
        tx.commit().await.unwrap();
        id
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.server.post_as(&self.key, path, body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.server.get_as(&self.key, path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }

    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.server.call_as(&self.key, method, path, body).await
    }

    /// Waits for so many acceptances of an inbox, and tells the ids in their order.
    pub async fn accepted(&self, inbox: &str, count: usize) -> Vec<String> {
        let filter = EffectFilter::of("webhook-receiver").at(inbox).what("webhook_accepted");
        let waited = self.world.wait_for_effects(&filter, count as u64, LONG).await;
        waited.unwrap_or_else(|_| panic!("{count} deliveries to {inbox}: {:?}", self.world.state("webhook-receiver")));
        let requests = self.requests(inbox);
        let accepted = requests.iter().filter(|request| !request.effects.is_empty());
        accepted.map(|request| request.headers["webhook-id"].to_str().unwrap().to_owned()).collect()
    }

    /// Waits until an inbox has accepted this event.
    pub async fn arrived(&self, inbox: &str, event: &str) {
        let filter = EffectFilter::of("webhook-receiver").at(inbox).id(event);
        let waited = self.world.wait_for_effects(&filter, 1, LONG).await;
        waited.unwrap_or_else(|_| panic!("{event} at {inbox}: {:?}", self.world.state("webhook-receiver")));
    }

    /// What an inbox was sent, the oldest first.
    pub fn requests(&self, inbox: &str) -> Vec<Arc<Recording>> {
        let filter = RecordingFilter::of("webhook-receiver").on("POST", &format!("/{inbox}"));
        let mut requests = self.world.recordings(&filter);
        requests.sort_by_key(|request| request.number);
        requests
    }

    /// Waits until no delivery is on its way and no job is left, and gives the log, newest first.
    pub async fn ended(&self, deliveries: usize) -> Vec<Value> {
        until("every delivery ends", || async {
            let log = self.log().await;
            log.len() == deliveries
                && log.iter().all(|delivery| delivery["state"] != "pending")
                && self.count("system.jobs").await == 0
        })
        .await;
        self.log().await
    }

    pub async fn log(&self) -> Vec<Value> {
        self.get("/webhook-deliveries?limit=200").await["items"].as_array().unwrap().clone()
    }

    /// One delivery with everything.
    pub async fn opened(&self, delivery: &Value) -> Value {
        self.get(&format!("/webhook-deliveries/{}", delivery["id"].as_str().unwrap())).await
    }
}

pub const SERVER_ERROR: Fault = Fault::ServerError { status: 500, moment: socialai_sim::Moment::BeforeEffect };
