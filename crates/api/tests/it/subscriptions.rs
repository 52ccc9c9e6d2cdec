//! A platform that stops delivering without a word: what an account that is connected does about it.

use std::{sync::Arc, time::Duration};

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
        accounts::{self, Account, NewAccount, State},
        gaps, subscriptions,
    },
    conversations::{
        lists::{self, Filter},
        sending::Patience,
        timeline,
    },
    ids::ChannelAccountId,
    tenants::Tenant,
};
use socialai_jobs::{
    Engine, Handlers, Settings,
    channels::{self, Apps, Connectors, OfApp, Parts, Tend, Timing},
};
use socialai_sim::{Fault, Moment, RecordingFilter, Rule, World};
use socialai_testkit::lab::Lab;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::server::Server;

const SECRET: &str = "linkedin_client_secret_EXAMPLE_0001";
const LONG: Duration = Duration::from_mins(1);
const PATH: &str = "/rest/eventSubscriptions";

/// An installation to which the simulated LinkedIn delivers what people say below the posts of an organisation.
struct Town {
    server: Server,
    world: World,
    tenant: Tenant,
    account: ChannelAccountId,
    seed: Value,
    stopping: CancellationToken,
}

impl Town {
    async fn new() -> Self {
        let lab = Arc::new(Lab::own().await);
        lab.clock.stop();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = lab.clock.clone();
        let world = World::on(listener, socialai_sim::all(), Arc::new(move || clock.now())).unwrap();
        let now = lab.clock.now();
        let version = format!("{}{:02}", now.year(), u8::from(now.month()));
        let setup = |name: &str| {
            let base = world.url(name).parse().unwrap();
            let version = Some(version.clone()).filter(|_| name == "linkedin");
            Setup { endpoints: Some(Endpoints::at(&base)), version, ..Setup::default() }
        };
        // What one answer leads to is to be seen, which repetitions would hide.
        let limits = Limits { failures: 1_000_000, attempts: 1, ..Limits::default() };
        let (http, remotes) = (Http::new(Reach::Anywhere).unwrap(), Remotes::new(limits));
        let operator = |_| Operator {
            secrets: Secrets { signing: vec![SECRET.into()], verify_tokens: Vec::new() },
            ..Operator::default()
        };
        let platforms = Platforms::new(social::all(setup), operator, http.clone(), remotes.clone());
        let server = Server::serving(lab, platforms, 1_000).await;
        let tenant = server.lab.tenant().await;
        let given = json!({
            "callback": server.url("/v1/webhook/linkedin"), "secret": SECRET, "client_secret": SECRET,
        });
        let seed = world.act("linkedin", "seed", given).await.unwrap();
        let text = |pointer: &str| seed.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let app = oauth::App { client_id: text("/app/id"), client_secret: SECRET.into() };
        let parts = Parts {
            http,
            remotes,
            connectors: Connectors::new(setup),
            apps: Apps([(Platform::LinkedIn, OfApp { app, application_id: Some(text("/app/id")) })].into()),
            objects: Objects::Folder(std::env::temp_dir()),
            public_url: server.url("/").parse().unwrap(),
            patience: Patience::default(),
            timing: Timing::default(),
        };
        let stopping = CancellationToken::new();
        let handlers = channels::handlers(Handlers::default(), parts);
        let databases = &server.lab.databases;
        Engine::start(databases, handlers, Vec::new(), Settings::default(), stopping.clone(), TaskTracker::new());
        let account = connect(&server, &tenant, &seed).await;
        let town = Self { server, world, tenant, account, seed, stopping };
        town.look().await;
        town
    }

    /// Looks at all accounts, as the schedule does every minute, until nothing is left to do.
    async fn look(&self) {
        const LEFT: &str = "select count(*) from system.jobs";
        let mut tx = self.server.lab.databases.system_at(None, Actor::system("test")).await.unwrap();
        tx.enqueue(&Tend { shard: None }).unwrap();
        tx.commit().await.unwrap();
        self.until("all is done", || async {
            let mut owner = self.server.lab.owner().await;
            sqlx::query_scalar::<_, i64>(LEFT).fetch_one(&mut owner).await.unwrap() == 0
        })
        .await;
    }

    /// A day and a little more, at whose end the accounts are looked at.
    async fn pass_a_day(&self) {
        self.server.lab.clock.advance(time::Duration::hours(27));
        self.look().await;
    }

    async fn until<F: Future<Output = bool>>(&self, what: &str, ask: impl Fn() -> F) {
        let waiting = async {
            while !ask().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("not within a minute: {what}"));
    }

    async fn act(&self, verb: &str, given: Value) {
        self.world.act("linkedin", verb, given).await.unwrap();
    }

    async fn comment(&self, text: &str) {
        self.act("comment", json!({ "person": "Maria", "text": text })).await;
    }

    /// What was received, oldest first.
    async fn received(&self) -> Vec<String> {
        let mut tx = self.server.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap();
        let mut all = Vec::new();
        for conversation in lists::list(&mut tx, &Filter::default(), None, 100).await.unwrap() {
            all.extend(timeline::timeline(&mut tx, conversation.id, None, 100).await.unwrap());
        }
        all.sort_by_key(|message| message.id);
        all.into_iter().map(|message| message.text).collect()
    }

    async fn until_received(&self, texts: &[&str]) {
        self.until(&format!("{texts:?} are there"), || async { self.received().await.len() >= texts.len() }).await;
        assert_eq!(self.received().await, texts);
    }

    async fn account(&self) -> Account {
        let mut tx = self.server.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap();
        accounts::get(&mut tx, self.account).await.unwrap()
    }

    async fn refuse_to_deliver(&self) {
        let mut tx = self.server.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap();
        subscriptions::refused(&mut tx, self.account, "a permission is missing").await.unwrap();
        tx.commit().await.unwrap();
    }

    fn is_subscribed(&self) -> bool {
        let state = self.world.state("linkedin").unwrap();
        state["subscriptions"].as_array().is_some_and(|all| !all.is_empty())
    }

    fn asked(&self, method: &str) -> usize {
        self.world.recordings(&RecordingFilter::of("linkedin").on(method, PATH)).len()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

async fn connect(server: &Server, tenant: &Tenant, seed: &Value) -> ChannelAccountId {
    let text = |pointer: &str| seed.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    let kept = AccountSecrets {
        access: text("/token"),
        refresh: None,
        user: None,
        via: None,
        member: Some(text("/user/id")),
        subscribed: Vec::new(),
    };
    let new = NewAccount {
        platform: Platform::LinkedIn,
        external_id: text("/account/urn"),
        name: "Acme".to_owned(),
        handle: None,
        avatar_url: None,
        credentials: Some(kept.write()),
        token_expires_at: None,
        refresh_at: None,
        uses_own_app: false,
        scopes: Vec::new(),
    };
    accounts::connect(&server.lab.databases, tenant.id, Actor::system("test"), &new).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn subscription_that_ended_without_a_word_is_back_within_a_day_and_nothing_is_missed() {
    let town = Town::new().await;
    town.comment("delivered").await;
    town.until_received(&["delivered"]).await;
    town.act("lose_subscription", json!({})).await;
    town.comment("nobody told").await;
    town.pass_a_day().await;
    assert!(town.is_subscribed());
    town.comment("delivered again").await;
    town.until("it is delivered", || async { town.received().await.contains(&"delivered again".to_owned()) }).await;
    // The gap is read as any other one; after that all is well.
    town.look().await;
    town.until("what was missed is there", || async { town.received().await.len() == 3 }).await;
    town.server.lab.clock.advance(time::Duration::minutes(10));
    town.look().await;
    assert_eq!(town.account().await.state, State::Healthy);
    let mut tx = town.server.lab.databases.tenant(town.tenant.id, Actor::system("test")).await.unwrap();
    let gaps = gaps::list(&mut tx, town.account, None, 10).await.unwrap();
    assert_eq!(gaps.iter().map(|gap| (gap.state, gap.recovered)).collect::<Vec<_>>(), [(gaps::State::Closed, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_is_asked_once_a_day_and_subscribed_to_before_the_end() {
    let town = Town::new().await;
    for day in 1..=3 {
        town.pass_a_day().await;
        town.look().await;
        assert_eq!((town.asked("GET"), town.asked("PUT")), (day, 0));
    }
    // The simulator's subscriptions last sixty days, and its tokens as well.
    town.server.lab.clock.advance(time::Duration::days(58) - time::Duration::hours(3 * 27));
    town.look().await;
    assert_eq!((town.asked("GET"), town.asked("PUT")), (4, 1));
    assert_eq!(town.account().await.state, State::Healthy);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_role_or_the_grant_is_asked_to_connect_again() {
    for (lost, reason) in [("lose_role", "administer"), ("revoke", "log in again")] {
        let town = Town::new().await;
        town.act(lost, json!({})).await;
        town.pass_a_day().await;
        let account = town.account().await;
        assert_eq!(account.state, State::NeedsYou);
        let said = account.state_reason.unwrap();
        assert!(said.contains(reason), "{said}");
        town.pass_a_day().await;
        assert_eq!(town.asked("GET"), 1, "nobody tries in vain");
        town.act("give_role", json!({})).await;
        let same = json!({ "app": town.seed["app"]["id"], "account": town.seed["account"]["id"], "secret": SECRET });
        let seed = town.world.act("linkedin", "seed", same).await.unwrap();
        connect(&town.server, &town.tenant, &seed).await;
        town.pass_a_day().await;
        assert_eq!(town.account().await.state, State::Healthy);
        assert!(town.is_subscribed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_from_which_nothing_follows_changes_nothing_and_is_asked_for_again() {
    let town = Town::new().await;
    town.act("lose_subscription", json!({})).await;
    let broken = Fault::ServerError { status: 503, moment: Moment::BeforeEffect };
    let rule = town.world.add_fault(Rule::new("linkedin", broken).on("GET", PATH)).unwrap();
    town.server.lab.clock.advance(time::Duration::hours(27));
    let mut tx = town.server.lab.databases.system_at(None, Actor::system("test")).await.unwrap();
    tx.enqueue(&Tend { shard: None }).unwrap();
    tx.commit().await.unwrap();
    town.until("it was asked in vain", || async { town.asked("GET") > 0 }).await;
    let account = town.account().await;
    assert_eq!((account.state, account.state_reason), (State::Healthy, None));
    assert!(!town.is_subscribed());
    assert!(town.world.remove_fault(rule));
    town.until("it is subscribed again", || async { town.is_subscribed() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_lives_by_being_asked_goes_on_without_the_right_and_is_well_with_it() {
    let town = Town::new().await;
    town.refuse_to_deliver().await;
    town.act("lose_role", json!({})).await;
    town.pass_a_day().await;
    let account = town.account().await;
    assert_eq!(account.state, State::Degraded);
    assert!(account.state_reason.unwrap().contains("not delivered at once"));
    town.act("give_role", json!({})).await;
    town.pass_a_day().await;
    assert_eq!(town.account().await.state, State::Healthy);
    assert!(town.is_subscribed());
}
