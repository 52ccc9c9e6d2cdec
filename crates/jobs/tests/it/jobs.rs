//! Jobs: done once, in order, and only what was committed.

use socialai_domain::audit::Actor;
use socialai_testkit::lab::Lab;

use crate::harness::{IMPATIENT, Running, do_it, doing, done, enqueue, numbers, step, until_idle};

#[tokio::test(flavor = "multi_thread")]
async fn committed_jobs_are_done_once_and_in_the_order_of_their_key() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    for number in 0..50 {
        enqueue(&lab, tenant.id, &[step("a", number), step("b", number)]).await;
    }
    until_idle(&lab).await;
    engine.stop().await;
    let done = done(&lab).await;
    for key in ["a", "b"] {
        assert_eq!(numbers(&done, key), (0..50).collect::<Vec<_>>(), "of key {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_a_transaction_that_was_given_up_does_not_exist() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    tx.enqueue(&step("a", 1)).unwrap();
    tx.rollback().await.unwrap();
    enqueue(&lab, tenant.id, &[step("a", 2)]).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(numbers(&done(&lab).await, "a"), [2]);
}
