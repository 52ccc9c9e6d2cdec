//! One member of a consumer group: gets partitions, claims them in PostgreSQL, reads from where the rows say, and hands
//! batches to a [`Work`], one at a time for each partition. The group's only task is to share out the partitions; a member
//! that was wrongly thought dead cannot commit, because its claim is gone (see `places`).
//!
//! Within a partition batches follow each other, so its records take effect in their order. They are not worked on in
//! parallel here: what a batch does is to write jobs, hundreds in one statement, and the parallelism across keys is that
//! of the jobs' lanes.
//!
//! A batch that fails is tried again until it works or the partition is lost, so offsets are contiguous. They are told to
//! Kafka after each batch, for lag and for tools, and never read from there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use rdkafka::{
    ClientContext, Message, Offset, Statistics, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, StreamConsumer},
    error::KafkaError,
    message::OwnedMessage,
    topic_partition_list::TopicPartitionListElem,
    types::RDKafkaRespErr,
};
use socialai_domain::tenancy::Databases;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    lag::Lag,
    outage::{Outage, PAUSE},
    places::{self, At, Claim},
    settings::Settings,
    trouble::Trouble,
};

/// Records of one batch, of all partitions together …
const MOST_RECORDS: usize = 250;
/// … and their length.
const MOST_BYTES: usize = 8_000_000;
/// For saying goodbye to the group.
const GOODBYE: Duration = Duration::from_secs(10);

/// What is done with records.
pub trait Work: Send + Sync + 'static {
    /// Name of the reader: of its group, and in its places.
    fn name(&self) -> &str;

    /// Reads records of one partition and moves the claim's place with what follows from them. Records below the place
    /// are done. An error leaves the claim at what was committed.
    fn read(&self, claim: &mut Claim, records: &[OwnedMessage]) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Reads until `stopping`, through every outage.
pub async fn run(
    settings: &Settings,
    topic: &str,
    databases: &Databases,
    work: &impl Work,
    stopping: &CancellationToken,
) {
    let outage = Outage::of(format!("{} reading from Kafka", work.name()));
    while !stopping.is_cancelled() {
        match Member::join(settings, topic, databases, work, outage.clone()) {
            Ok(mut member) => {
                member.read_on(stopping).await;
                member.leave().await;
            }
            Err(error) => outage.fails(&error),
        }
        if !stopping.is_cancelled() {
            stopping.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }
}

enum Change {
    Given(Vec<i32>),
    Taken,
}

/// What the client library calls, from within `recv`.
struct Context {
    changes: mpsc::UnboundedSender<Change>,
    outage: Outage,
    lag: Arc<Lag>,
    is_leaving: AtomicBool,
}

impl ClientContext for Context {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        self.outage.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.outage.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        if self.lag.show(&statistics) {
            self.outage.works();
        }
    }
}

impl ConsumerContext for Context {
    /// Partitions are read only once they are claimed, which waits for the database: not in here.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let is_given = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let change = if is_given && !self.is_leaving.load(Ordering::Relaxed) {
            Change::Given(partitions.elements().iter().map(TopicPartitionListElem::partition).collect())
        } else {
            if let Err(error) = consumer.unassign() {
                self.outage.fails(&error);
            }
            Change::Taken
        };
        // Nobody listens any more when the member is leaving.
        let _ = self.changes.send(change);
    }
}

struct Member<'a, W> {
    consumer: StreamConsumer<Context>,
    changes: mpsc::UnboundedReceiver<Change>,
    claims: BTreeMap<i32, Claim>,
    topic: &'a str,
    databases: &'a Databases,
    work: &'a W,
    outage: Outage,
    storage: Outage,
    lag: Arc<Lag>,
}

/// Whether a member reads on.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    /// Out of step with its group or its claims: a new member begins.
    Rejoin,
}

impl<'a, W: Work> Member<'a, W> {
    fn join(
        settings: &Settings,
        topic: &'a str,
        databases: &'a Databases,
        work: &'a W,
        outage: Outage,
    ) -> Result<Self, KafkaError> {
        let (sender, changes) = mpsc::unbounded_channel();
        let lag = Arc::new(Lag::of(work.name(), topic));
        let context =
            Context { changes: sender, outage: outage.clone(), lag: lag.clone(), is_leaving: AtomicBool::new(false) };
        let consumer: StreamConsumer<Context> = settings.consumer(work.name()).create_with_context(context)?;
        consumer.subscribe(&[topic])?;
        let storage = Outage::of(format!("{} writing what follows from Kafka", work.name()));
        Ok(Self { consumer, changes, claims: BTreeMap::new(), topic, databases, work, outage, storage, lag })
    }

    async fn read_on(&mut self, stopping: &CancellationToken) {
        loop {
            let next = tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                Some(change) = self.changes.recv() => self.follow(change, stopping).await,
                message = self.consumer.recv() => match message {
                    Ok(message) => {
                        let first = message.detach();
                        drop(message);
                        self.read(first, stopping).await
                    }
                    Err(error) => self.note(&error),
                },
            };
            if next == Next::Rejoin {
                return;
            }
        }
    }

    fn note(&self, error: &KafkaError) -> Next {
        if let KafkaError::MessageConsumptionFatal(_) = error {
            self.outage.fails(error);
            return Next::Rejoin;
        }
        // Others were told to the context too, and the library goes on by itself.
        tracing::debug!(%error, "{} could not read from Kafka", self.work.name());
        Next::GoOn
    }

    async fn follow(&mut self, change: Change, stopping: &CancellationToken) -> Next {
        self.claims.clear();
        self.lag.forget();
        let Change::Given(partitions) = change else { return Next::GoOn };
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            let Some(Some(claim)) = stopping.run_until_cancelled(self.claim(partition)).await else {
                return Next::Rejoin;
            };
            self.lag.is_at(partition, claim.next);
            if let Err(error) = list.add_partition_offset(self.topic, partition, Offset::Offset(claim.next)) {
                self.outage.fails(&error);
                return Next::Rejoin;
            }
            self.claims.insert(partition, claim);
        }
        if let Err(error) = self.consumer.assign(&list) {
            self.outage.fails(&error);
            return Next::Rejoin;
        }
        self.outage.works();
        Next::GoOn
    }

    /// `None`: somebody else claimed it at the same time.
    async fn claim(&self, partition: i32) -> Option<Claim> {
        loop {
            let at = At { reader: self.work.name().to_owned(), topic: self.topic.to_owned(), partition };
            match places::claim(self.databases, at).await {
                Ok(claim) => {
                    self.storage.works();
                    return claim;
                }
                Err(error) => self.storage.fails(&error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes what has arrived, up to a batch, and reads it.
    async fn read(&mut self, first: OwnedMessage, stopping: &CancellationToken) -> Next {
        let mut bytes = length(&first);
        let mut count = 1;
        let mut batches = BTreeMap::from([(first.partition(), vec![first])]);
        while count < MOST_RECORDS && bytes < MOST_BYTES {
            let Some(Ok(message)) = self.consumer.recv().now_or_never() else { break };
            bytes += message.payload_len() + message.key_len();
            count += 1;
            batches.entry(message.partition()).or_insert_with(Vec::new).push(message.detach());
        }
        if !self.changes.is_empty() {
            // They may not be ours any more; whoever gets the partitions reads them from their place.
            return Next::GoOn;
        }
        for (partition, records) in batches {
            if self.read_partition(partition, &records, stopping).await == Next::Rejoin {
                return Next::Rejoin;
            }
        }
        Next::GoOn
    }

    async fn read_partition(&mut self, partition: i32, records: &[OwnedMessage], stopping: &CancellationToken) -> Next {
        let Some(claim) = self.claims.get_mut(&partition) else { return Next::GoOn };
        let mut starts_over = records.first().map(OwnedMessage::offset).filter(|first| *first < claim.next);
        loop {
            let outcome = async {
                if let Some(first) = starts_over {
                    start_over(self.databases, claim, first).await?;
                    starts_over = None;
                }
                self.work.read(claim, records).await
            };
            match outcome.await {
                Ok(()) => break,
                Err(Trouble::Lost) => return Next::Rejoin,
                Err(error) => self.storage.fails(&error),
            }
            if stopping.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return Next::GoOn;
            }
        }
        self.storage.works();
        self.lag.is_at(partition, claim.next);
        metrics::counter!("kafka_consumed_total", "reader" => self.work.name().to_owned())
            .increment(records.len() as u64);
        self.tell(CommitMode::Async);
        Next::GoOn
    }

    /// Says to Kafka how far this member is.
    fn tell(&self, mode: CommitMode) {
        if let Err(error) = places_of(self.topic, &self.claims).and_then(|list| self.consumer.commit(&list, mode)) {
            tracing::debug!(%error, "{} could not tell Kafka its place", self.work.name());
        }
    }

    /// Goes at once, so that the others need not wait for this member's silence.
    async fn leave(self) {
        self.consumer.context().is_leaving.store(true, Ordering::Relaxed);
        self.lag.forget();
        let Self { consumer, claims, topic, .. } = self;
        let places = places_of(topic, &claims).ok().filter(|list| list.count() > 0);
        let goodbye = tokio::task::spawn_blocking(move || {
            if let Some(places) = places
                && let Err(error) = consumer.commit(&places, CommitMode::Sync)
            {
                tracing::debug!(%error, "a member left without telling Kafka its place");
            }
            // Also ends a share-out that was not answered yet, which would keep the consumer from closing.
            if let Err(error) = consumer.unassign() {
                tracing::debug!(%error, "a member of a consumer group could not give back its partitions");
            }
            drop(consumer);
        });
        if tokio::time::timeout(GOODBYE, goodbye).await.is_err() {
            tracing::debug!("a member of a consumer group is still saying goodbye");
        }
    }
}

/// The first record after a claim is below it only when the cluster lost the topic, or somebody made it anew.
async fn start_over(databases: &Databases, claim: &mut Claim, first: i64) -> Result<(), Trouble> {
    let At { topic, partition, .. } = &claim.at;
    tracing::warn!(
        topic,
        partition,
        offset = first,
        expected = claim.next,
        "a Kafka topic counts from the beginning again"
    );
    claim.rewind(databases, first).await
}

fn places_of(topic: &str, claims: &BTreeMap<i32, Claim>) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(claims.len());
    for (partition, claim) in claims {
        list.add_partition_offset(topic, *partition, Offset::Offset(claim.next))?;
    }
    Ok(list)
}

fn length(message: &OwnedMessage) -> usize {
    message.payload().map_or(0, <[u8]>::len) + message.key().map_or(0, <[u8]>::len)
}
