//! One member of a consumer group: gets partitions, claims them in PostgreSQL, reads from where the rows say, and hands
//! batches to a [`Work`], one at a time for each partition. The group's only task is to share out the partitions; a member
//! that was wrongly thought dead cannot commit, because its claim is gone (see `places`).
//!
//! Within a partition batches follow each other, so its records take effect in their order. They are not worked on in
//! parallel here: what a batch does is to write jobs, hundreds in one statement, and the parallelism across keys is that
//! of the jobs' lanes.
//!
//! A batch that fails is tried again until it works or the partition is lost, so offsets are contiguous; its partition
//! pauses meanwhile, and the others go on. That is for what concerns all of a batch: a work puts aside by itself what only
//! some of its records wait for, and goes on with it in rounds. Offsets are told to Kafka after each batch, for tools, and never read from there.

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
    Message, Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer, StreamConsumer},
    error::{KafkaError, KafkaResult},
    message::OwnedMessage,
};
use socialai_domain::tenancy::Databases;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    context::{Change, Context},
    lag::Lag,
    outage::{Outage, PAUSE},
    places::{self, At, Claim},
    settings::Settings,
    trouble::Trouble,
};

/// Records of one batch, of all partitions together …
pub const MOST_RECORDS: usize = 250;
/// … and their length.
pub const MOST_BYTES: usize = 8_000_000;
/// Between two rounds of what waits, when the first one got on.
const BREATH: Duration = Duration::from_millis(20);
/// How often the lag is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// For saying goodbye to the group.
const GOODBYE: Duration = Duration::from_secs(10);

/// What is done with records.
pub trait Work: Send + Sync + 'static {
    /// Name of the reader: of its group, and in its places.
    fn name(&self) -> &str;

    /// Reads records of one partition and moves the claim's place with what follows from them. Records below the place
    /// are done. An error leaves the claim at what was committed.
    fn read(&self, claim: &mut Claim, records: &[OwnedMessage]) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Once for each claim, before anything is read.
    fn begin(&self, _: &mut Claim) -> impl Future<Output = Result<(), Trouble>> + Send {
        std::future::ready(Ok(()))
    }

    /// Now and then: goes on with what could not be read when it came. True when it got on and there may be more.
    fn catch_up(&self, _: &mut Claim) -> impl Future<Output = Result<bool, Trouble>> + Send {
        std::future::ready(Ok(false))
    }
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

struct Member<'a, W> {
    consumer: Arc<StreamConsumer<Context>>,
    changes: mpsc::UnboundedReceiver<Change>,
    claims: BTreeMap<i32, Claim>,
    /// Records of partitions whose last batch failed.
    pending: BTreeMap<i32, Vec<OwnedMessage>>,
    topic: &'a str,
    databases: &'a Databases,
    work: &'a W,
    outage: Outage,
    storage: Outage,
    lag: Lag,
    /// The question that is on its way.
    asking: Option<JoinHandle<KafkaResult<Ends>>>,
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
    ) -> KafkaResult<Self> {
        let (sender, changes) = mpsc::unbounded_channel();
        let context = Context { changes: sender, outage: outage.clone(), is_leaving: AtomicBool::new(false) };
        let consumer: StreamConsumer<Context> = settings.consumer(work.name()).create_with_context(context)?;
        consumer.subscribe(&[topic])?;
        Ok(Self {
            consumer: Arc::new(consumer),
            changes,
            claims: BTreeMap::new(),
            pending: BTreeMap::new(),
            topic,
            databases,
            work,
            outage,
            storage: Outage::of(format!("{} writing what follows from Kafka", work.name())),
            lag: Lag::of(work.name()),
            asking: None,
        })
    }

    async fn read_on(&mut self, stopping: &CancellationToken) {
        let mut look = interval(LOOK);
        let mut retry = interval(PAUSE);
        let mut round = interval(PAUSE);
        for timer in [&mut look, &mut retry, &mut round] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            let next = tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                Some(change) = self.changes.recv() => self.follow(change, stopping).await,
                _ = retry.tick(), if !self.pending.is_empty() => self.retry().await,
                _ = round.tick(), if !self.claims.is_empty() => self.catch_up(&mut round).await,
                Some(answer) = answer(&mut self.asking) => self.hear(answer),
                _ = look.tick(), if self.asking.is_none() && !self.claims.is_empty() => {
                    self.asking = Some(self.ask());
                    self.tell_parked().await;
                    Next::GoOn
                }
                message = self.consumer.recv() => match message.map(|message| message.detach()) {
                    Ok(first) => self.read(first).await,
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

    /// Asks where the partitions begin and end.
    fn ask(&self) -> JoinHandle<KafkaResult<Ends>> {
        let (consumer, topic) = (self.consumer.clone(), self.topic.to_owned());
        let partitions: Vec<_> = self.claims.keys().copied().collect();
        tokio::task::spawn_blocking(move || ends(&consumer, &topic, &partitions))
    }

    fn hear(&self, answer: KafkaResult<Ends>) -> Next {
        match answer {
            Ok(ends) => {
                self.outage.works();
                for (partition, (_, end)) in ends {
                    if let Some(claim) = self.claims.get(&partition) {
                        self.lag.show(partition, end - claim.next);
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "{} does not know its lag", self.work.name()),
        }
        Next::GoOn
    }

    async fn tell_parked(&self) {
        for (partition, claim) in &self.claims {
            match places::parked(self.databases, claim).await {
                Ok(count) => self.lag.show_parked(*partition, count),
                Err(error) => tracing::debug!(%error, "{} does not know how many facts wait", self.work.name()),
            }
        }
    }

    async fn follow(&mut self, change: Change, stopping: &CancellationToken) -> Next {
        self.pending.clear();
        self.lag.forget(std::mem::take(&mut self.claims).into_keys());
        let Change::Given(partitions) = change else { return Next::GoOn };
        for partition in partitions {
            let Some(Some(claim)) = stopping.run_until_cancelled(self.claim(partition)).await else {
                return Next::Rejoin;
            };
            self.claims.insert(partition, claim);
        }
        if let Err(error) = self.start_over_where_lost().await {
            self.storage.fails(&error);
            return Next::Rejoin;
        }
        match places_of(self.topic, &self.claims).and_then(|places| self.consumer.assign(&places)) {
            Ok(()) => Next::GoOn,
            Err(error) => {
                self.outage.fails(&error);
                Next::Rejoin
            }
        }
    }

    /// `None`: somebody else claimed it at the same time.
    async fn claim(&self, partition: i32) -> Option<Claim> {
        loop {
            let at = At { reader: self.work.name().to_owned(), topic: self.topic.to_owned(), partition };
            match self.try_to_claim(at).await {
                Ok(claim) => {
                    self.storage.works();
                    return Some(claim);
                }
                Err(Trouble::Lost) => return None,
                Err(error) => self.storage.fails(&error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_to_claim(&self, at: At) -> Result<Claim, Trouble> {
        let mut claim = places::claim(self.databases, at).await?;
        self.work.begin(&mut claim).await?;
        Ok(claim)
    }

    /// A place behind the end of its partition is one in a topic that is no more: the cluster lost it, or somebody made it
    /// anew. What the new one has is read from its beginning.
    async fn start_over_where_lost(&mut self) -> Result<(), Trouble> {
        let Ok(Ok(ends)) = self.ask().await else { return Ok(()) };
        for (partition, (begin, end)) in ends {
            if let Some(claim) = self.claims.get_mut(&partition).filter(|claim| claim.next > end) {
                tracing::warn!(
                    topic = self.topic,
                    partition,
                    expected = claim.next,
                    end,
                    "a Kafka topic was lost; it is read anew"
                );
                claim.rewind(self.databases, begin).await?;
            }
        }
        Ok(())
    }

    /// Takes what has arrived, up to a batch, and reads it.
    async fn read(&mut self, first: OwnedMessage) -> Next {
        let mut bytes = length(&first);
        let mut count = 1;
        let mut batches = BTreeMap::from([(first.partition(), vec![first])]);
        while count < MOST_RECORDS && bytes < MOST_BYTES {
            let Some(Ok(message)) = self.consumer.recv().now_or_never() else { break };
            let message = message.detach();
            bytes += length(&message);
            count += 1;
            batches.entry(message.partition()).or_insert_with(Vec::new).push(message);
        }
        if !self.changes.is_empty() {
            // They may not be ours any more; whoever gets the partitions reads them from their place.
            return Next::GoOn;
        }
        for (partition, records) in batches {
            // What arrived before the partition could pause queues up.
            if let Some(pending) = self.pending.get_mut(&partition) {
                pending.extend(records);
            } else if self.read_partition(partition, records).await == Next::Rejoin {
                return Next::Rejoin;
            }
        }
        Next::GoOn
    }

    async fn retry(&mut self) -> Next {
        for (partition, records) in std::mem::take(&mut self.pending) {
            if self.read_partition(partition, records).await == Next::Rejoin {
                return Next::Rejoin;
            }
            if !self.pending.contains_key(&partition) {
                self.resume(partition);
            }
        }
        Next::GoOn
    }

    async fn catch_up(&mut self, round: &mut Interval) -> Next {
        for claim in self.claims.values_mut() {
            match self.work.catch_up(claim).await {
                Ok(true) => round.reset_after(BREATH),
                Ok(false) => {}
                Err(Trouble::Lost) => return Next::Rejoin,
                Err(error) => self.storage.fails(&error),
            }
        }
        Next::GoOn
    }

    async fn read_partition(&mut self, partition: i32, records: Vec<OwnedMessage>) -> Next {
        let Some(claim) = self.claims.get_mut(&partition) else { return Next::GoOn };
        match self.work.read(claim, &records).await {
            Ok(()) => {
                self.storage.works();
                metrics::counter!("kafka_consumed_total", "reader" => self.work.name().to_owned())
                    .increment(records.len() as u64);
                self.tell();
                Next::GoOn
            }
            Err(Trouble::Lost) => Next::Rejoin,
            Err(error) => {
                self.storage.fails(&error);
                self.pause(partition);
                self.pending.insert(partition, records);
                Next::GoOn
            }
        }
    }

    /// Says to Kafka how far this member is.
    fn tell(&self) {
        let told =
            places_of(self.topic, &self.claims).and_then(|places| self.consumer.commit(&places, CommitMode::Async));
        if let Err(error) = told {
            tracing::debug!(%error, "{} could not tell Kafka its place", self.work.name());
        }
    }

    /// Stops fetching, so that what cannot be read yet does not pile up in memory.
    fn pause(&self, partition: i32) {
        if let Err(error) = self.consumer.pause(&self.alone(partition)) {
            self.outage.fails(&error);
        }
    }

    fn resume(&self, partition: i32) {
        if let Err(error) = self.consumer.resume(&self.alone(partition)) {
            self.outage.fails(&error);
        }
    }

    fn alone(&self, partition: i32) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(self.topic, partition);
        list
    }

    /// Goes at once, so that the others need not wait for this member's silence.
    async fn leave(self) {
        self.consumer.context().is_leaving.store(true, Ordering::Relaxed);
        self.lag.forget(self.claims.keys().copied());
        let Self { consumer, claims, topic, asking, .. } = self;
        if let Some(asking) = asking {
            // It holds the consumer too. Its answer is of no interest any more.
            let _ = asking.await;
        }
        let places = places_of(topic, &claims).ok().filter(|places| places.count() > 0);
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

/// First and next offset of partitions.
type Ends = BTreeMap<i32, (i64, i64)>;

fn ends(consumer: &StreamConsumer<Context>, topic: &str, partitions: &[i32]) -> KafkaResult<Ends> {
    let ends = partitions.iter().map(|partition| Ok((*partition, consumer.fetch_watermarks(topic, *partition, LOOK)?)));
    ends.collect()
}

/// `None` when nothing was asked.
async fn answer(asking: &mut Option<JoinHandle<KafkaResult<Ends>>>) -> Option<KafkaResult<Ends>> {
    let outcome = asking.as_mut()?.await;
    *asking = None;
    outcome.ok()
}

fn places_of(topic: &str, claims: &BTreeMap<i32, Claim>) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(claims.len());
    for (partition, claim) in claims {
        list.add_partition_offset(topic, *partition, Offset::Offset(claim.next))?;
    }
    Ok(list)
}

fn length(message: &OwnedMessage) -> usize {
    message.payload().map_or(0, <[u8]>::len) + message.key().map_or(0, <[u8]>::len)
}
