//! Starts the event engine of a server: which jobs it knows, which of them its roles let it do, and what it tells of the
//! remote systems that it calls.

use std::time::Duration;

use anyhow::Result;
use socialai_api::App;
use socialai_connect::{
    call::Http,
    remote::{Circuit, Remotes, State},
};
use socialai_domain::{
    alerts::Patience,
    work::{self, CircuitReport},
};
use socialai_jobs::{
    Engine, Handlers, Settings,
    alerts::{self, PagerDutyAt},
    webhooks,
};
use socialai_queue::{facts::Reader, jobs::Queue};
use uuid::Uuid;

use crate::config::{Config, Kafka};

/// Circuits are told when they change, and at least so often, or others take the report for one of a process that is gone.
const TELL_CIRCUITS: Duration = Duration::from_secs(30);

/// Works until the server stops; the server waits for the jobs at hand. A process without any role still places facts and
/// tidies up, like all the others.
pub fn start(app: &App, config: &Config, http: &Http, queues: &[Queue]) -> Result<()> {
    let readers = vec![webhooks::READER];
    let settings = Settings {
        slots: config.job_slots,
        host: hostname(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        facts_retention: config.facts_retention,
        carries_facts: config.kafka.is_none(),
        ..Settings::default()
    };
    let remotes = Remotes::new(socialai_connect::remote::Limits::default());
    let handlers = handlers(app, config, http, &remotes)?.only(queues);
    if let Some(kafka) = &config.kafka {
        carry_on_kafka(app, kafka, readers.clone())?;
    }
    Engine::start(app.databases(), handlers, readers, settings, app.stopping().clone(), app.tasks().clone());
    tell_circuits(app, remotes);
    Ok(())
}

#[cfg(feature = "kafka")]
fn carry_on_kafka(app: &App, kafka: &Kafka, readers: Vec<Reader>) -> Result<()> {
    use socialai_kafka::{Bus, Security, Settings};
    let security = match kafka.credentials.clone() {
        None => Security::Plaintext,
        Some((username, password)) => Security::SaslPlain { username, password },
    };
    let settings = Settings {
        brokers: kafka.brokers.clone(),
        prefix: kafka.prefix.clone(),
        security,
        partitions: kafka.partitions,
        replication: kafka.replication,
        min_insync_replicas: (kafka.replication - 1).max(1),
        ..Settings::default()
    };
    Bus::new(app.databases(), settings, app.stopping().clone(), app.tasks().clone())?.carry(readers);
    Ok(())
}

#[cfg(not(feature = "kafka"))]
fn carry_on_kafka(_: &App, _: &Kafka, _: Vec<Reader>) -> Result<()> {
    anyhow::bail!("KAFKA_BROKERS is set, but this program was built without the feature `kafka`")
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
    Ok(alerts::handlers(handlers, parts))
}

/// Writes down which circuits are not closed, for the metrics and for the system page of every process.
fn tell_circuits(app: &App, remotes: Remotes) {
    let (databases, stopping, process) = (app.databases().clone(), app.stopping().clone(), Uuid::new_v4());
    let mut changes = remotes.changes();
    app.tasks().spawn(stopping.run_until_cancelled_owned(async move {
        loop {
            let states = remotes.states();
            for (name, circuit) in [("open", Circuit::Open), ("half_open", Circuit::HalfOpen)] {
                let number = states.iter().filter(|state| state.circuit == circuit).count();
                metrics::gauge!("socialai_circuits", "state" => name)
                    .set(f64::from(u32::try_from(number).unwrap_or(u32::MAX)));
            }
            let unwell: Vec<_> = states
                .iter()
                .filter(|state| state.circuit != Circuit::Closed)
                .map(|state| report(state, databases.now()))
                .collect();
            if let Err(error) = work::report_circuits(&databases, process, &unwell).await {
                tracing::warn!(%error, "the state of circuits could not be written; it is tried again");
            }
            // The sender lives as long as `remotes`, which is here.
            let _ = tokio::time::timeout(TELL_CIRCUITS, changes.changed()).await;
        }
    }));
}

fn report(state: &State, now: time::OffsetDateTime) -> CircuitReport {
    let open_for = state.opened_at.map(|at| at.elapsed());
    CircuitReport {
        remote: state.id.remote.to_string(),
        tenant: state.id.tenant,
        state: state.circuit.as_str(),
        failures: i32::try_from(state.failures).unwrap_or(i32::MAX),
        opened_at: open_for.map(|time| now - time),
    }
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
