//! Which circuits of this process are not closed, for the metrics and for the system page of every process.

use std::time::Duration;

use socialai_connect::remote::{Circuit, Remotes, State};
use socialai_domain::{
    tenancy::Databases,
    work::{self, CircuitReport},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// Circuits are told when they change, and at least so often, or others take the report for one of a process that is gone.
const TELL_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Tells of them until the process stops.
pub fn tell(databases: &Databases, remotes: Remotes, stopping: &CancellationToken, tasks: &TaskTracker) {
    let (databases, process) = (databases.clone(), Uuid::new_v4());
    tasks.spawn(stopping.clone().run_until_cancelled_owned(async move {
        let mut changes = remotes.changes();
        loop {
            let states = remotes.states();
            for (name, circuit) in [("open", Circuit::Open), ("half_open", Circuit::HalfOpen)] {
                let number = states.iter().filter(|state| state.circuit == circuit).count();
                metrics::gauge!("socialai_circuits", "state" => name)
                    .set(f64::from(u32::try_from(number).unwrap_or(u32::MAX)));
            }
            let unwell: Vec<_> = states
                .iter()
                .filter(|state| state.circuit != Circuit::Closed)
                .map(|state| report(state, databases.now()))
                .collect();
            if let Err(error) = work::report_circuits(&databases, process, &unwell).await {
                tracing::warn!(%error, "the state of circuits could not be written; it is tried again");
            }
            // The sender lives as long as `remotes`, which is here.
            let _ = tokio::time::timeout(TELL_AGAIN_AFTER, changes.changed()).await;
        }
    }));
}

fn report(state: &State, now: time::OffsetDateTime) -> CircuitReport {
    let open_for = state.opened_at.map(|at| at.elapsed());
    CircuitReport {
        remote: state.id.remote.to_string(),
        tenant: state.id.tenant,
        state: state.circuit.as_str(),
        failures: i32::try_from(state.failures).unwrap_or(i32::MAX),
        opened_at: open_for.map(|time| now - time),
    }
}
