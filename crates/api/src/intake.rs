//! Deliveries on their way into the database. Those that arrive while others are being committed are committed together:
//! nobody waits for company, and under load a commit carries hundreds. Whoever brought one is answered when it is durable.
//!
//! What stands before the database, if anything does, is asked first. What it does not take is written here, so that
//! nothing is turned away while either works.

use std::sync::Arc;

use futures::future::BoxFuture;
use socialai_domain::{
    audit::Actor,
    channels::inbound::{self, Delivery},
    problems::{Code, Problem, Result},
    tenancy::Databases,
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// Deliveries of one commit.
const MOST: usize = 512;
/// Commits under way: one waits for the disk while the other is written.
const AT_ONCE: usize = 2;
/// Deliveries that may wait. More are turned away, and the platform brings them again.
const WAITING: usize = 8 * MOST;
/// When those that are turned away shall come again.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(1);

/// Something before the database that keeps deliveries and brings them there later.
pub struct Buffer {
    pub name: &'static str,
    pub put: Put,
    pub reach: Reach,
}

/// `true`: it is durable there. `false`: it has to be kept here, and is recognised should it come from there as well.
pub type Put = Box<dyn Fn(&Delivery) -> BoxFuture<'_, bool> + Send + Sync>;
/// How it is, or what is wrong and what to do, in a sentence.
pub type Reach = Box<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// The way in.
pub struct Intake {
    buffer: Option<Buffer>,
    waiting: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    delivery: Delivery,
    /// Dropped when it could not be written.
    written: oneshot::Sender<()>,
}

impl Intake {
    pub fn start(databases: &Databases, buffer: Option<Buffer>, tasks: &TaskTracker) -> Self {
        let (waiting, receiver) = mpsc::channel(WAITING);
        let (databases, writers) = (databases.clone(), tasks.clone());
        tasks.spawn(async move { write_all(&databases, receiver, &writers).await });
        Self { buffer, waiting }
    }

    pub fn buffer(&self) -> Option<&Buffer> {
        self.buffer.as_ref()
    }

    /// Answers when the delivery is durable.
    pub async fn keep(&self, delivery: Delivery) -> Result<(), Problem> {
        if let Some(buffer) = &self.buffer
            && (buffer.put)(&delivery).await
        {
            return Ok(());
        }
        let unavailable = || Problem::of(Code::Unavailable).retry_after(RETRY_AFTER);
        let (written, is_written) = oneshot::channel();
        self.waiting.try_send(Waiting { delivery, written }).map_err(|_| unavailable())?;
        is_written.await.map_err(|_| unavailable())
    }
}

/// Until nobody can bring any more.
async fn write_all(databases: &Databases, mut waiting: mpsc::Receiver<Waiting>, tasks: &TaskTracker) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    // It is never closed.
    while let Ok(turn) = turns.clone().acquire_owned().await {
        let mut batch = Vec::new();
        if waiting.recv_many(&mut batch, MOST).await == 0 {
            return;
        }
        let databases = databases.clone();
        tasks.spawn(async move {
            write(&databases, batch).await;
            drop(turn);
        });
    }
}

async fn write(databases: &Databases, batch: Vec<Waiting>) {
    let (deliveries, written): (Vec<_>, Vec<_>) = batch.into_iter().map(|it| (it.delivery, it.written)).unzip();
    let number = deliveries.len();
    let done = async {
        let mut tx = databases.system(Actor::system("intake")).await?;
        let new = inbound::insert(&mut tx, deliveries).await?;
        tx.commit().await?;
        Ok::<_, socialai_domain::problems::Error>(new)
    };
    match done.await {
        Ok(new) => {
            metrics::counter!("socialai_deliveries_total", "outcome" => "new").increment(new as u64);
            metrics::counter!("socialai_deliveries_total", "outcome" => "repeated").increment((number - new) as u64);
            for written in written {
                // Whoever brought it may have left.
                let _ = written.send(());
            }
        }
        Err(error) => {
            metrics::counter!("socialai_deliveries_total", "outcome" => "failed").increment(number as u64);
            tracing::warn!(%error, deliveries = number, "deliveries could not be written; their platforms bring them again");
        }
    }
}
