//! An installation to which one simulated platform delivers, with an engine that does what follows from it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde_json::{Value, json};
use socialai_api::platforms::{Operator, Platforms};
use socialai_connect::{
    call::Http,
    guard::Reach,
    objects::Objects,
    remote::{Limits, Remotes},
    social::{self, Endpoints, Secrets, Setup, oauth},
};
use socialai_domain::{channels::Platform, conversations::sending::Patience};
use socialai_jobs::{
    Engine, Handlers, Settings,
    channels::{self, Apps, Connectors, OfApp, Parts, Timing},
};
use socialai_sim::World;
use socialai_testkit::lab::Lab;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::server::Server;

pub(crate) const SECRET: &str = "app_secret_EXAMPLE_0001";
const LONG: Duration = Duration::from_mins(1);

pub(crate) struct Town {
    pub server: Server,
    pub world: World,
    /// What the platform has: its app, an account and its token.
    pub seed: Value,
    /// Where attachments are kept.
    pub folder: PathBuf,
    parts: Parts,
    running: Option<(CancellationToken, TaskTracker)>,
}

impl Town {
    pub async fn new(platform: Platform, lab: Lab, limits: Limits) -> Self {
        Self::told_at(platform.name(), platform, lab, limits).await
    }

    /// Told at another address than that of the operator's app: `hook` is what stands behind `/v1/webhook/`.
    pub async fn told_at(hook: &str, platform: Platform, lab: Lab, limits: Limits) -> Self {
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
        let (http, remotes) = (Http::new(Reach::Anywhere).unwrap(), Remotes::new(limits));
        let operator = |_| Operator {
            secrets: Secrets { signing: vec![SECRET.into()], verify_tokens: vec!["verify".into()] },
            ..Operator::default()
        };
        let platforms = Platforms::new(social::all(setup), operator, http.clone(), remotes.clone());
        let server = Server::serving(Arc::new(lab), platforms, 1_000).await;
        let mut given = json!({ "callback": server.url(&format!("/v1/webhook/{hook}")), "secret": SECRET });
        match platform {
            Platform::LinkedIn => given["client_secret"] = json!(SECRET),
            _ => given["verify_token"] = json!("verify"),
        }
        let seed = world.act(platform.name(), "seed", given).await.unwrap();
        let client_secret = seed.pointer("/app/secret").and_then(Value::as_str).unwrap_or(SECRET).into();
        let app = oauth::App { client_id: of_seed(&seed, "/app/id"), client_secret };
        let application_id = (platform == Platform::LinkedIn).then(|| of_seed(&seed, "/app/id"));
        let folder = std::env::temp_dir().join(format!("town-{:016x}", rand::random::<u64>()));
        let parts = Parts {
            http,
            remotes,
            connectors: Connectors::new(setup),
            apps: Apps([(platform, OfApp { app, application_id })].into()),
            objects: Objects::Folder(folder.clone()),
            public_url: server.url("/").parse().unwrap(),
            patience: Patience::default(),
            timing: Timing::default(),
        };
        let mut town = Self { server, world, seed, folder, parts, running: None };
        town.work();
        town
    }

    pub fn work(&mut self) {
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let handlers = channels::handlers(Handlers::default(), self.parts.clone());
        let databases = &self.server.lab.databases;
        Engine::start(databases, handlers, Vec::new(), Settings::default(), stopping.clone(), tasks.clone());
        self.running = Some((stopping, tasks));
    }

    pub async fn stop_working(&mut self) {
        let Some((stopping, tasks)) = self.running.take() else { return };
        stopping.cancel();
        tasks.close();
        tokio::time::timeout(LONG, tasks.wait()).await.expect("the engine stops");
    }

    /// Until nothing is left to do.
    pub async fn until_idle(&self) {
        const LEFT: &str = "select count(*) from system.jobs";
        until("all is done", || async {
            let mut owner = self.server.lab.owner().await;
            sqlx::query_scalar::<_, i64>(LEFT).fetch_one(&mut owner).await.unwrap() == 0
        })
        .await;
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

pub(crate) fn of_seed(seed: &Value, pointer: &str) -> String {
    seed.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
}

pub(crate) async fn until<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let waiting = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}
