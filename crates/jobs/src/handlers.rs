//! Which function does which kind of job.

use std::{collections::BTreeMap, fmt, pin::Pin, sync::Arc, time::Duration};

use serde_json::Value;
use socialai_queue::{
    jobs::{Queue, Task},
    retry::Schedule,
};

use crate::context::{Context, Handled, Trouble};

/// How patient to be with a kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub retries: Schedule,
    /// An attempt that takes longer is ended and counts as failed.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { retries: Schedule::STANDARD, time: Duration::from_mins(5) }
    }
}

type Run = dyn Fn(Value, Context) -> Pin<Box<dyn Future<Output = Handled> + Send>> + Send + Sync;

#[derive(Clone)]
pub(crate) struct Handler {
    pub limits: Limits,
    /// The newest version of the task that it reads.
    pub version: i16,
    pub run: Arc<Run>,
}

/// The table of a process. A queue without a handler is left to other processes.
#[derive(Clone, Default)]
pub struct Handlers {
    kinds: BTreeMap<&'static str, Handler>,
    queues: Vec<Queue>,
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").field("kinds", &self.kinds.keys()).finish_non_exhaustive()
    }
}

impl Handlers {
    /// `handle` does jobs of this task.
    #[must_use]
    pub fn with<T, F>(mut self, limits: Limits, handle: impl Fn(T, Context) -> F + Send + Sync + 'static) -> Self
    where
        T: Task,
        F: Future<Output = Handled> + Send + 'static,
    {
        let run: Arc<Run> = Arc::new(move |payload, context| match serde_json::from_value::<T>(payload) {
            Ok(task) => Box::pin(handle(task, context)),
            Err(error) => Box::pin(std::future::ready(Err(Trouble::fail("unreadable_payload", error.to_string())))),
        });
        self.kinds.insert(T::KIND, Handler { limits, version: T::VERSION, run });
        if !self.queues.contains(&T::QUEUE) {
            self.queues.push(T::QUEUE);
        }
        self
    }

    /// Only those queues; the kinds of others stay known for nothing.
    #[must_use]
    pub fn only(mut self, queues: &[Queue]) -> Self {
        self.queues.retain(|queue| queues.contains(queue));
        self
    }

    pub fn queues(&self) -> &[Queue] {
        &self.queues
    }

    pub(crate) fn find(&self, kind: &str) -> Option<&Handler> {
        self.kinds.get(kind)
    }
}
