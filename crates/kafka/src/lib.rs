//! Kafka as the bus: it carries facts to their readers, and buffers what arrives from outside. Everything else stays in
//! PostgreSQL; without Kafka the same readers read there (`socialai_jobs`).
//!
//! ```text
//! system.facts ──relay──► {prefix}.facts ──group {prefix}.{reader}──► jobs in the tenants' databases
//!      Buffer::put ─────► {prefix}.ingest ─group {prefix}.ingest────► system.inbound and the jobs that read it
//! ```
//!
//! What holds, and where it is explained:
//!
//! * A fact is sent at least once, in the order of its key, behind all facts of its source that came before (`relay`).
//! * A reader acts on a fact once, also when it was sent twice, the broker died, or the partition changed hands
//!   (`places`, `consumer`).
//! * A delivery that was put into the buffer is in the database once (`ingest`).
//! * A record that nobody can read holds up nothing (`unreadable`).
//! * A tenant that is moving, or whose shard is away, holds up no other (`parked`, `shards`).
//! * Changing between PostgreSQL and Kafka loses nothing and repeats nothing (`handover`).
//! * The cluster may be away, at the start too. Whatever needs it says so once and goes on when it is back (`outage`).
//!
//! Deliberately absent: transactions of Kafka (a commit over two systems is not one; the place in PostgreSQL is), a schema
//! registry (the envelope has a version), TLS (see `settings`).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod consumer;
mod context;
mod envelope;
mod handover;
mod ingest;
mod lag;
mod outage;
mod parked;
mod places;
mod readers;
mod relay;
mod settings;
mod shards;
mod topics;
mod trouble;
mod unreadable;

use std::sync::Arc;

use socialai_domain::tenancy::Databases;
use socialai_queue::facts::Reader;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    ingest::{Buffer, PutError},
    settings::{Refused, Security, Settings},
    topics::{Cluster, reach},
};

/// What runs on Kafka in this process. Cheap to clone.
#[derive(Clone)]
pub struct Bus(Arc<Parts>);

struct Parts {
    settings: Settings,
    databases: Databases,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// Connections to each database: the relay holds one while it waits for acknowledgements.
const OWN_CONNECTIONS: u32 = 4;

impl Bus {
    /// Refuses wrong settings; does not ask whether anybody answers. What is started later runs until `stopping`, and
    /// `tasks` ends when all of it has said goodbye.
    pub fn new(
        databases: &Databases,
        settings: Settings,
        stopping: CancellationToken,
        tasks: TaskTracker,
    ) -> Result<Self, Refused> {
        settings.check()?;
        let databases = databases.apart(OWN_CONNECTIONS);
        Ok(Self(Arc::new(Parts { settings, databases, stopping, tasks })))
    }

    /// Carries the facts of all databases to the readers. Any number of processes may do this.
    pub fn carry(&self, readers: Vec<Reader>) {
        let bus = self.clone();
        self.0.tasks.spawn(async move {
            let Parts { settings, databases, stopping, .. } = &*bus.0;
            if stopping.run_until_cancelled(handover::prepare(settings, databases, &readers)).await.is_none() {
                return;
            }
            for shard in std::iter::once(None).chain(databases.shard_names().map(Some)) {
                bus.relay(shard.map(str::to_owned), readers.clone());
            }
            for reader in readers {
                bus.read(reader);
            }
        });
    }

    fn relay(&self, shard: Option<String>, readers: Vec<Reader>) {
        let bus = self.clone();
        let relay = relay::Relay { settings: self.0.settings.clone(), databases: self.0.databases.clone(), shard };
        self.0.tasks.spawn(async move {
            let Parts { settings, databases, stopping, .. } = &*bus.0;
            let taking_over = handover::take_over(settings, databases, relay.shard.as_deref(), &readers);
            if stopping.run_until_cancelled(taking_over).await.is_some() {
                relay.run(stopping).await;
            }
        });
    }

    fn read(&self, reader: Reader) {
        let bus = self.clone();
        let work = readers::FactWork::new(reader, self.0.databases.clone());
        self.0.tasks.spawn(async move {
            let Parts { settings, databases, stopping, .. } = &*bus.0;
            let topic = settings.facts_topic();
            tokio::select! {
                () = consumer::run(settings, &topic, databases, &work, stopping) => {}
                () = work.watch_shards() => {}
            }
        });
    }

    /// Takes deliveries out of the buffer and writes them into the database. Any number of processes may do this.
    pub fn take_in(&self) {
        let bus = self.clone();
        self.0.tasks.spawn(async move {
            let Parts { settings, databases, stopping, .. } = &*bus.0;
            if stopping.run_until_cancelled(topics::ensure(settings)).await.is_none() {
                return;
            }
            let work = ingest::Intake::new(databases.clone());
            consumer::run(settings, &settings.ingest_topic(), databases, &work, stopping).await;
        });
    }
}
