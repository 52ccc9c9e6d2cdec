//! Which function does which kind of job.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::Value;
use socialai_domain::{problems::Result, tenancy::TenantTx};
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

type Run = dyn Fn(Value, Context) -> BoxFuture<'static, Handled> + Send + Sync;
type RunInside = dyn for<'a> Fn(&'a Value, &'a mut TenantTx) -> BoxFuture<'a, Result<(), Trouble>> + Send + Sync;

#[derive(Clone)]
pub(crate) struct Handler {
    pub queue: Queue,
    pub limits: Limits,
    /// The newest version of the task that it reads.
    pub version: i16,
    pub run: Arc<Run>,
    /// Does the job inside a transaction that it may share with others.
    pub inside: Option<Arc<RunInside>>,
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
    pub fn with<T, F>(self, limits: Limits, handle: impl Fn(T, Context) -> F + Send + Sync + 'static) -> Self
    where
        T: Task,
        F: Future<Output = Handled> + Send + 'static,
    {
        let run: Arc<Run> = Arc::new(move |payload, context| match read(&payload) {
            Ok(task) => Box::pin(handle(task, context)),
            Err(trouble) => Box::pin(std::future::ready(Err(trouble))),
        });
        self.insert::<T>(Handler { queue: T::QUEUE, limits, version: T::VERSION, run, inside: None })
    }

    /// The same for jobs that only read and write the rows of their workspace: those of one workspace that are at hand
    /// together share a transaction. When one of them does not go well, each is done again on its own.
    #[must_use]
    pub fn with_local<T: Task>(
        self,
        limits: Limits,
        handle: impl for<'a> Fn(&'a mut TenantTx, T) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        let handle = Arc::new(handle);
        let alone = handle.clone();
        let run: Arc<Run> = Arc::new(move |payload, context: Context| {
            let handle = alone.clone();
            Box::pin(async move {
                let mut tx = context.tx().await?;
                handle(&mut tx, read(&payload)?).await?;
                context.finish(tx).await
            })
        });
        let inside: Arc<RunInside> = Arc::new(move |payload, tx| {
            let handle = handle.clone();
            Box::pin(async move { Ok(handle(tx, read(payload)?).await?) })
        });
        self.insert::<T>(Handler { queue: T::QUEUE, limits, version: T::VERSION, run, inside: Some(inside) })
    }

    fn insert<T: Task>(mut self, handler: Handler) -> Self {
        self.kinds.insert(T::KIND, handler);
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

    /// Whether all jobs of this queue are local.
    pub(crate) fn are_local(&self, queue: Queue) -> bool {
        let mut of_queue = self.kinds.values().filter(|handler| handler.queue == queue);
        of_queue.all(|handler| handler.inside.is_some())
    }

    pub(crate) fn find(&self, kind: &str) -> Option<&Handler> {
        self.kinds.get(kind)
    }
}

fn read<T: Task>(payload: &Value) -> Result<T, Trouble> {
    T::deserialize(payload).map_err(|error| Trouble::fail("unreadable_payload", error.to_string()))
}
