//! Ctrl-C and SIGTERM. The first order to stop lets requests under way finish and PostgreSQL end in order; the second
//! one means now, and leaves the mending to the next start.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[derive(Debug, Clone)]
pub struct Stop {
    in_order: CancellationToken,
    at_once: CancellationToken,
}

impl Stop {
    /// Listens from now on.
    pub fn listen() -> Result<Self> {
        let stop = Self { in_order: CancellationToken::new(), at_once: CancellationToken::new() };
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let told = stop.clone();
        // Ends with the process; nothing waits for it.
        TaskTracker::new().spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if told.in_order.is_cancelled() {
                    told.at_once.cancel();
                }
                told.in_order.cancel();
            }
        });
        Ok(stop)
    }

    /// Cancelled by the first order.
    pub fn in_order(&self) -> &CancellationToken {
        &self.in_order
    }

    /// True once somebody wants us to stop; asked between the steps of a start.
    pub fn is_wanted(&self) -> bool {
        self.in_order.is_cancelled()
    }

    /// Waits for the second order.
    pub async fn at_once(&self) {
        self.at_once.cancelled().await;
    }
}
