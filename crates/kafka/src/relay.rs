//! Takes the facts of one database to Kafka, in their order, behind the place where the relay was.
//!
//! One process at a time does this for a database: it holds the relay's row in `system.readers` until Kafka has
//! acknowledged a page of facts, and moves the place in the same transaction. A crash in between sends the page again;
//! readers know it by source and position. That they may trust the position is the work of the producer: within a
//! partition records come in order and without gaps, whatever fails, so that whoever has seen a position has seen all
//! before it. A process that lost its row and still has records on their way does no harm for the same reason.
//!
//! While the cluster is away no transaction is held open: the relay first asks whether somebody answers.

use std::time::Duration;

use futures::future;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use socialai_domain::{audit::Actor, tenancy::Databases};
use socialai_queue::{
    bell,
    facts::{self, Fact},
};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::{
    envelope::{self, Source},
    outage::{Outage, PAUSE},
    settings::Settings,
    unreadable::{Letter, TOO_LONG},
};

/// The relay's name among the readers of facts.
pub const NAME: &str = "kafka";
/// Whoever missed a ring looks again after so long.
const LOOK: Duration = Duration::from_secs(1);
const READ_AT_ONCE: i64 = 500;
/// For acknowledgements; the transaction is open meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

type Sender = FutureProducer<Outage>;

pub struct Relay {
    pub settings: Settings,
    pub databases: Databases,
    pub shard: Option<String>,
}

enum Pass {
    /// There may be more.
    Full,
    /// Nothing more for now, or another process is at it.
    Empty,
}

impl Relay {
    pub async fn run(&self, stopping: &CancellationToken) {
        let source = Source::of(self.shard.as_deref());
        let outage = Outage::of(format!("the relay of facts from {} to Kafka", source.name()));
        let bell = self.databases.bell(self.shard.as_deref());
        let mut rung = bell.listen(bell::FACTS);
        let mut sender = None;
        while !stopping.is_cancelled() {
            let failed = match self.pass(&source, &mut sender, &outage).await {
                Ok(Pass::Full) => continue,
                Ok(Pass::Empty) => None,
                Err(error) => Some(error),
            };
            let pause = async {
                if let Some(error) = &failed {
                    outage.fails(error);
                    tokio::time::sleep(PAUSE).await;
                } else {
                    // The bell outlives us; without it the time-out is enough.
                    let _ = tokio::time::timeout(LOOK, rung.changed()).await;
                }
            };
            stopping.run_until_cancelled(pause).await;
        }
    }

    /// Sends one page. After a failure the sender is gone, and with it what it had not sent yet.
    async fn pass(&self, source: &Source, kept: &mut Option<Sender>, outage: &Outage) -> anyhow::Result<Pass> {
        let sender = match kept.take() {
            Some(sender) => sender,
            None => self.connect(outage).await?,
        };
        let mut tx = self.databases.system_at(self.shard.as_deref(), Actor::system("relay")).await?;
        let Some(place) = facts::take_place(tx.engine(), NAME).await? else {
            tx.rollback().await?;
            *kept = Some(sender);
            return Ok(Pass::Empty);
        };
        let page = facts::read(tx.engine(), NAME, place, READ_AT_ONCE).await?;
        if let Some(last) = page.last().map(|fact| fact.position) {
            self.send(tx.engine(), source, &sender, &page).await?;
            facts::move_place(tx.engine(), NAME, last).await?;
        }
        tx.commit().await?;
        *kept = Some(sender);
        outage.works();
        Ok(if i64::try_from(page.len())? < READ_AT_ONCE { Pass::Empty } else { Pass::Full })
    }

    async fn connect(&self, outage: &Outage) -> anyhow::Result<Sender> {
        let config = self.settings.relay(PATIENCE);
        let sender: Sender = config.create_with_context(outage.clone())?;
        let asked = sender.clone();
        let topic = self.settings.facts_topic();
        tokio::task::spawn_blocking(move || asked.client().fetch_metadata(Some(&topic), PATIENCE).map(drop)).await??;
        Ok(sender)
    }

    async fn send(
        &self,
        conn: &mut PgConnection,
        source: &Source,
        sender: &Sender,
        page: &[Fact],
    ) -> anyhow::Result<()> {
        let topic = self.settings.facts_topic();
        let mut sent = Vec::with_capacity(page.len());
        for fact in page {
            let (key, value) = (envelope::key(fact), envelope::encode(source, fact)?);
            if key.len() + value.len() > self.settings.record_limit {
                self.set_aside(conn, fact, key, value.len()).await?;
                continue;
            }
            let record = FutureRecord::to(&topic).key(&key).payload(&value).headers(envelope::headers(source, fact));
            sent.push(sender.send_result(record).map_err(|(error, _)| error)?);
        }
        let acknowledged = future::try_join_all(sent).await?;
        for result in acknowledged {
            result.map_err(|(error, _)| error)?;
        }
        metrics::counter!("kafka_produced_total", "topic" => "facts").increment(page.len() as u64);
        Ok(())
    }

    async fn set_aside(&self, conn: &mut PgConnection, fact: &Fact, key: String, length: usize) -> anyhow::Result<()> {
        let limit = self.settings.record_limit;
        let error =
            format!("The fact has {length} bytes; a Kafka record may have {limit} (SOCIALAI_KAFKA_RECORD_LIMIT).");
        tracing::warn!(fact = %fact.fact_id, kind = fact.kind, "a fact is too long for Kafka and was kept as a dead letter");
        let letter = Letter { reason: TOO_LONG, key, payload: serde_json::to_value(fact)?, error, at: fact.at };
        letter.keep(conn, self.databases.now()).await?;
        Ok(())
    }
}
