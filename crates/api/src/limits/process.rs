//! Buckets in this process, bounded: when there are too many, those that are empty again go first.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::{Quota, Verdict, decide};

const SHARDS: usize = 16;
const BUCKETS_PER_SHARD: usize = 8_192;

#[derive(Debug)]
pub struct InProcess {
    began: Instant,
    hasher: RandomState,
    shards: [Mutex<HashMap<String, u64>>; SHARDS],
}

impl Default for InProcess {
    fn default() -> Self {
        Self { began: Instant::now(), hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl InProcess {
    pub fn take(&self, key: &str, quota: Quota) -> Verdict {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX / 2);
        self.take_at(key, quota, now)
    }

    fn take_at(&self, key: &str, quota: Quota, now: u64) -> Verdict {
        let shard = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        let mut buckets = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_PER_SHARD && !buckets.contains_key(key) {
            buckets.retain(|_, empty_at| *empty_at > now);
            // A flood of keys that are all busy: forgetting is better than growing without bound.
            if buckets.len() >= BUCKETS_PER_SHARD {
                buckets.clear();
            }
        }
        let (next, verdict) = decide(now, buckets.get(key).copied(), quota);
        if let Some(next) = next {
            buckets.insert(key.to_owned(), next);
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { name: "test", per_minute: 60 };

    #[test]
    fn burst_passes_then_one_a_second() {
        let store = InProcess::default();
        let allowed = (0..100).filter(|_| store.take_at("k", QUOTA, 0).allowed).count();
        assert_eq!(allowed, 60);
        let refused = store.take_at("k", QUOTA, 0);
        assert_eq!((refused.remaining, refused.retry_after.as_secs()), (0, 1));
        assert!(store.take_at("k", QUOTA, 1_000_000).allowed);
        assert!(!store.take_at("k", QUOTA, 1_000_000).allowed);
        assert!(store.take_at("other", QUOTA, 0).allowed);
    }

    #[test]
    fn memory_stays_bounded_under_a_flood_of_keys() {
        let store = InProcess::default();
        for number in 0..400_000_u64 {
            store.take_at(&number.to_string(), QUOTA, number);
        }
        let kept: usize = store.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= SHARDS * BUCKETS_PER_SHARD, "{kept}");
    }
}
