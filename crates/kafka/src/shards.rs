//! Which shards answer. One that does not is asked by somebody who does nothing else; readers leave it alone until it
//! answers, so that it costs the others its silence once.

use std::{
    collections::BTreeMap,
    fmt::Display,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use socialai_domain::tenancy::Databases;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{outage::Outage, trouble::Trouble};

/// A shard that needs longer for a batch is away.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_secs(1);

pub struct Shards {
    reader: &'static str,
    known: Mutex<BTreeMap<String, Shard>>,
}

struct Shard {
    is_away: bool,
    outage: Outage,
}

impl Shards {
    pub fn of(reader: &'static str) -> Self {
        Self { reader, known: Mutex::default() }
    }

    /// Does something in a shard. `None`: it is away, and whether anything was committed there is not known.
    pub async fn within<T>(
        &self,
        shard: &str,
        work: impl Future<Output = Result<T, Trouble>> + Send,
    ) -> Result<Option<T>, Trouble> {
        match timeout(PATIENCE, work).await {
            Ok(Ok(done)) => {
                self.note(shard, false, Outage::works);
                Ok(Some(done))
            }
            Ok(Err(Trouble::Lost)) => Err(Trouble::Lost),
            Ok(Err(error)) => {
                self.fails(shard, &error);
                Ok(None)
            }
            Err(late) => {
                self.fails(shard, &late);
                Ok(None)
            }
        }
    }

    pub fn fails(&self, shard: &str, error: &dyn Display) {
        self.note(shard, true, |outage| outage.fails(error));
    }

    pub fn is_away(&self, shard: &str) -> bool {
        self.known().get(shard).is_some_and(|known| known.is_away)
    }

    /// Asks those that are away. Never ends.
    pub async fn watch(&self, databases: &Databases) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let away: Vec<_> =
                self.known().iter().filter(|(_, known)| known.is_away).map(|(name, _)| name.clone()).collect();
            for shard in away {
                if let Ok(Ok(())) = timeout(PATIENCE, databases.ping(Some(&shard))).await
                    && let Some(known) = self.known().get_mut(&shard)
                {
                    known.is_away = false;
                }
            }
        }
    }

    fn note(&self, shard: &str, is_away: bool, tell: impl FnOnce(&Outage)) {
        let mut known = self.known();
        let of = || format!("{} writing what follows from Kafka to the shard {shard}", self.reader);
        let known = known.entry(shard.to_owned()).or_insert_with(|| Shard { is_away, outage: Outage::of(of()) });
        known.is_away = is_away;
        tell(&known.outage);
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Shard>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
