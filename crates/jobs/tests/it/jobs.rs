//! Jobs: done once, in order, and only what was committed.

use std::sync::{Arc, Mutex};

use socialai_domain::audit::Actor;
use socialai_jobs::{Context, Handlers, Limits};
use socialai_testkit::lab::Lab;

use crate::harness::{Running, Step, enqueue, step, until_idle};

/// Handlers that note which steps they did.
fn noting() -> (Handlers, Arc<Mutex<Vec<Step>>>) {
    let done = Arc::new(Mutex::new(Vec::new()));
    let notes = done.clone();
    let handlers = Handlers::default().with(Limits::default(), move |step: Step, context: Context| {
        let notes = notes.clone();
        async move {
            let handled = context.finish_empty().await;
            if handled.is_ok() {
                notes.lock().unwrap().push(step);
            }
            handled
        }
    });
    (handlers, done)
}

#[tokio::test(flavor = "multi_thread")]
async fn committed_jobs_are_done_once_and_in_the_order_of_their_key() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (handlers, done) = noting();
    let engine = Running::start(&lab.databases, handlers, Vec::new());
    for number in 0..50 {
        enqueue(&lab, tenant.id, &[step("a", number), step("b", number)]).await;
    }
    until_idle(&lab).await;
    engine.stop().await;
    let done = done.lock().unwrap();
    for key in ["a", "b"] {
        let numbers: Vec<_> = done.iter().filter(|step| step.key == key).map(|step| step.number).collect();
        assert_eq!(numbers, (0..50).collect::<Vec<_>>(), "of key {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_a_transaction_that_was_given_up_does_not_exist() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (handlers, done) = noting();
    let engine = Running::start(&lab.databases, handlers, Vec::new());
    let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    tx.enqueue(&step("a", 1)).unwrap();
    tx.rollback().await.unwrap();
    enqueue(&lab, tenant.id, &[step("a", 2)]).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done.lock().unwrap().iter().map(|step| step.number).collect::<Vec<_>>(), [2]);
}
