//! The queues: one per role of the server, so that each role can be a process of its own.

use socialai_queue::{
    follow::ReadAgain,
    jobs::{Queue, Task},
};

pub const SOCIAL: Queue = Queue("social");
pub const AI: Queue = Queue("ai");
pub const CRM: Queue = Queue("crm");
pub const WEBHOOKS: Queue = Queue("webhooks");
pub const ANALYTICS: Queue = Queue("analytics");
pub const SCHEDULER: Queue = ReadAgain::QUEUE;

pub const ALL: [Queue; 6] = [SOCIAL, AI, CRM, WEBHOOKS, ANALYTICS, SCHEDULER];

/// The queue of that name.
pub fn find(name: &str) -> Option<Queue> {
    ALL.into_iter().find(|queue| queue.0 == name)
}
