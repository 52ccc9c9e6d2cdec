//! The tail of the facts, read once for all open streams of this process. A stream reads what it missed by itself and then
//! listens here.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use socialai_domain::{audit::Actor, problems::Result, tenancy::Databases};
use socialai_queue::{
    bell,
    facts::{self, Fact},
};
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Whoever missed a ring looks again after so long.
const LOOK: Duration = Duration::from_secs(1);
const PAGE: i64 = 500;
/// Pages that a slow stream may be behind before it reads for itself.
const PAGES_KEPT: usize = 64;

pub type Page = Arc<[Fact]>;

/// One tail for each database.
#[derive(Debug)]
pub struct Live(BTreeMap<Option<String>, broadcast::Sender<Page>>);

impl Live {
    pub fn start(databases: &Databases, stopping: &CancellationToken, tasks: &TaskTracker) -> Self {
        let shards = databases.shard_names().map(|name| Some(name.to_owned()));
        let tails = std::iter::once(None).chain(shards).map(|shard| {
            let (sender, _) = broadcast::channel(PAGES_KEPT);
            let (databases, stopping) = (databases.clone(), stopping.clone());
            let (tail, place) = (sender.clone(), shard.clone());
            tasks.spawn(async move {
                stopping.run_until_cancelled(follow(&databases, place.as_deref(), &tail)).await;
            });
            (shard, sender)
        });
        Self(tails.collect())
    }

    /// Pages of facts of all tenants from now on; an empty one says that some may be missing. `None` for a shard that is not configured here.
    pub fn listen(&self, shard: Option<&str>) -> Option<broadcast::Receiver<Page>> {
        self.0.get(&shard.map(str::to_owned)).map(broadcast::Sender::subscribe)
    }
}

async fn follow(databases: &Databases, shard: Option<&str>, tail: &broadcast::Sender<Page>) {
    let mut rung = databases.bell(shard).listen(bell::FACTS);
    let (mut position, mut is_failing) = (None, false);
    loop {
        match read_on(databases, shard, tail, position).await {
            Ok(read_to) => (position, is_failing) = (Some(read_to), false),
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::warn!(%error, "live updates could not be read; it is tried again every second");
            }
            Err(_) => {}
        }
        // The bell outlives this task; without it the time-out is enough.
        let _ = tokio::time::timeout(LOOK, rung.changed()).await;
    }
}

/// Passes on what is new and answers how far it has read.
async fn read_on(
    databases: &Databases,
    shard: Option<&str>,
    tail: &broadcast::Sender<Page>,
    position: Option<i64>,
) -> Result<i64> {
    let mut tx = databases.system_at(shard, Actor::system("live")).await?;
    let newest = facts::newest(tx.engine()).await?;
    let mut position = match position {
        Some(position) if tail.receiver_count() > 0 => position,
        // Asked after `newest` was read: who comes to listen from here on reads for itself what was before.
        Some(_) => newest,
        None => {
            // Whoever listens already may have read before `newest` was.
            let _ = tail.send(Page::from([]));
            newest
        }
    };
    loop {
        let page = facts::read(tx.engine(), "live", position, PAGE).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        let is_full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        // Nobody left to hear it: whoever comes next reads for itself.
        let _ = tail.send(page.into());
        if !is_full {
            break;
        }
    }
    tx.rollback().await?;
    Ok(position)
}
