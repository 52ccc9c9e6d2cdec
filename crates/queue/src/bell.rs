//! Tells who waits that there is something to do, within this process. A bell is a hint: whoever waits also looks by
//! itself now and then, so a ring that is lost with its process costs a second and nothing else.
//!
//! Rings of this process that others have not heard of yet are collected for `jobs::herald`, which passes them on. That is
//! done outside the transactions: PostgreSQL's NOTIFY takes a lock of the whole server at commit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

/// What somebody may wait for: the name of a queue, or [`FACTS`] and [`OUTBOX`].
pub type Topic = &'static str;

/// New facts can be read.
pub const FACTS: Topic = "facts";
/// Facts wait for their place.
pub const OUTBOX: Topic = "outbox";

/// One per database and process; clones are the same bell.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    topics: Mutex<BTreeMap<String, watch::Sender<()>>>,
    untold: Mutex<BTreeSet<String>>,
    to_tell: Notify,
}

impl Bell {
    /// Wakes whoever waits for the topic here, and soon in other processes.
    pub fn ring(&self, topic: &str) {
        self.ring_here(topic);
        let is_news = lock(&self.0.untold).insert(topic.to_owned());
        if is_news {
            self.0.to_tell.notify_one();
        }
    }

    /// Wakes only this process: another one rang.
    pub fn ring_here(&self, topic: &str) {
        let topics = lock(&self.0.topics);
        if let Some(sender) = topics.get(topic) {
            sender.send_replace(());
        }
    }

    /// Everybody here looks again, after the connection that passes on rings was away.
    pub fn ring_all_here(&self) {
        for sender in lock(&self.0.topics).values() {
            sender.send_replace(());
        }
    }

    /// A ring between this call and `changed().await` is not missed.
    pub fn listen(&self, topic: &str) -> watch::Receiver<()> {
        let mut topics = lock(&self.0.topics);
        topics.entry(topic.to_owned()).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Waits for rings that others have to be told of, and takes them.
    pub async fn untold(&self) -> BTreeSet<String> {
        loop {
            let taken = std::mem::take(&mut *lock(&self.0.untold));
            if !taken.is_empty() {
                return taken;
            }
            self.0.to_tell.notified().await;
        }
    }
}

/// Nothing in here can leave the map half changed, so a panic elsewhere does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ring_before_the_wait_is_heard() {
        let bell = Bell::default();
        let mut waiter = bell.listen("work");
        bell.ring("work");
        waiter.changed().await.unwrap();
    }

    #[tokio::test]
    async fn others_are_told_once_of_many_rings() {
        let bell = Bell::default();
        bell.ring("work");
        bell.ring("work");
        bell.ring(FACTS);
        assert_eq!(bell.untold().await, BTreeSet::from(["facts".to_owned(), "work".to_owned()]));
        let waits = tokio::time::timeout(std::time::Duration::from_millis(1), bell.untold()).await;
        assert!(waits.is_err(), "there is nothing left to tell");
    }

    #[tokio::test]
    async fn ring_of_another_process_is_not_told_again() {
        let bell = Bell::default();
        let mut waiter = bell.listen("work");
        bell.ring_here("work");
        waiter.changed().await.unwrap();
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), bell.untold()).await.is_err());
    }
}
