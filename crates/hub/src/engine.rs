//! Starts the event engine of a server: which jobs it knows, which of them its roles let it do, and what it tells of the
//! remote systems that it calls.

use std::time::Duration;

use anyhow::Result;
use socialai_api::App;
use socialai_connect::{call::Http, remote::Remotes, social::oauth};
use socialai_domain::{alerts::Patience, conversations::sending, queues};
use socialai_jobs::{
    Engine, Handlers, Settings,
    alerts::{self, PagerDutyAt},
    channels::{self, Apps, Connectors, OfApp, Timing},
    circuits, facts, webhooks,
};
use socialai_queue::jobs::Queue;

use crate::{
    config::Config,
    kafka::{self, Reading},
};

/// After the database did not take it.
const SCHEDULE_AGAIN: Duration = Duration::from_secs(30);

/// Works until the server stops; the server waits for the jobs at hand. A process without any role still places facts and
/// tidies up, like all the others.
pub fn start(app: &App, config: &Config, http: &Http, roles: &[Queue]) -> Result<()> {
    let readers = vec![webhooks::READER];
    let settings = Settings {
        slots: config.job_slots,
        host: hostname(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        facts_retention: config.facts_retention,
        carries_facts: config.kafka.is_none(),
        ..Settings::default()
    };
    // The same as of the API: where a circuit is open, both stay away.
    let remotes = app.platforms().remotes().clone();
    let handlers = facts::handlers(handlers(app, config, http, &remotes)?, readers.clone()).only(roles);
    if let Some(kafka) = &config.kafka {
        // Whoever does the jobs that read deliveries brings them to the database.
        let takes_in = roles.contains(&queues::SOCIAL);
        kafka::start(app, kafka, Reading { facts: readers.clone(), takes_in })?;
    }
    Engine::start(app.databases(), handlers, readers, settings, app.stopping().clone(), app.tasks().clone());
    circuits::tell(app.databases(), remotes, app.stopping(), app.tasks());
    schedule_channels(app);
    Ok(())
}

/// Every kind of job there is.
fn handlers(app: &App, config: &Config, http: &Http, remotes: &Remotes) -> Result<Handlers> {
    let patience = config.webhook_patience;
    let parts = webhooks::Parts { http: http.clone(), remotes: remotes.clone(), patience };
    let handlers = webhooks::handlers(Handlers::default(), parts);
    let parts = alerts::Parts {
        http: http.clone(),
        remotes: remotes.clone(),
        mail: app.mail().clone(),
        pagerduty: PagerDutyAt::home()?,
        public_url: app.settings().public_url.clone(),
        patience: Patience::default(),
    };
    let handlers = alerts::handlers(handlers, parts);
    let parts = channels::Parts {
        http: http.clone(),
        remotes: remotes.clone(),
        connectors: Connectors::new(|platform| config.channels.setup(platform)),
        apps: apps(config),
        objects: app.objects().clone(),
        public_url: app.settings().public_url.clone(),
        patience: sending::Patience::default(),
        timing: Timing { inbound_kept: config.channels.inbound_kept, ..Timing::default() },
    };
    Ok(channels::handlers(handlers, parts))
}

fn apps(config: &Config) -> Apps {
    let channels = &config.channels;
    let of = |app: &oauth::App| OfApp { app: app.clone(), application_id: channels.linkedin_application_id.clone() };
    Apps(channels.apps.iter().map(|(platform, app)| (*platform, of(app))).collect())
}

/// Has the accounts of all databases looked at from now on.
fn schedule_channels(app: &App) {
    let (databases, stopping) = (app.databases().clone(), app.stopping().clone());
    app.tasks().spawn(stopping.run_until_cancelled_owned(async move {
        let mut shards: Vec<_> = std::iter::once(None).chain(databases.shard_names().map(Some)).collect();
        while !shards.is_empty() {
            let mut left = Vec::new();
            for shard in shards {
                if let Err(error) = channels::schedule(&databases, shard).await {
                    tracing::warn!(%error, "looking after channel accounts could not be scheduled; it is tried again");
                    left.push(shard);
                }
            }
            shards = left;
            if !shards.is_empty() {
                tokio::time::sleep(SCHEDULE_AGAIN).await;
            }
        }
    }));
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
