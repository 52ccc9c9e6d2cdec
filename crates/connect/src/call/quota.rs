//! What platforms say of their limits in the headers of their answers.
//!
//! As with pauses, a connector returns a value and not headers, so this reaches whoever keeps it by a note that is local to
//! the task. Each platform has words of its own for it; the connector picks those that people can do something with.

use std::cell::RefCell;

use serde_json::{Map, Value};

/// From here on little is left.
pub(crate) const SCARCE_PERCENT: f64 = 80.0;

tokio::task_local! {
    static NOTED: RefCell<Option<Quota>>;
}

/// What is left of what a platform allows, in its words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quota {
    /// By what is limited.
    pub told: Map<String, Value>,
    /// Most of something is used up.
    pub is_scarce: bool,
}

/// Runs calls and tells what was noted meanwhile.
pub(crate) async fn listen<T>(calls: impl Future<Output = T>) -> (T, Option<Quota>) {
    NOTED
        .scope(RefCell::new(None), async {
            let outcome = calls.await;
            (outcome, NOTED.with(RefCell::take))
        })
        .await
}

/// Tells [`listen`], if it surrounds this call; of two words about the same limit the later one counts.
pub(crate) fn note(quota: Quota) {
    if quota.told.is_empty() {
        return;
    }
    // Many calls have nobody who keeps it.
    let _ = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        let noted = noted.get_or_insert_default();
        noted.told.extend(quota.told);
        noted.is_scarce |= quota.is_scarce;
    });
}
