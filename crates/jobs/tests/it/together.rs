//! Local jobs: those of one workspace share a transaction, and each has its own outcome nevertheless.

use futures::future::BoxFuture;
use serde_json::json;
use socialai_domain::{
    effects::{self, Plan},
    problems::{Error, Result},
    tenancy::TenantTx,
};
use socialai_jobs::{Handlers, Limits};
use socialai_testkit::lab::Lab;

use crate::harness::{IMPATIENT, PATIENT, Running, Step, ask, count, done, enqueue, note, numbers, step, until_idle};

fn locally(
    limits: Limits,
    handle: impl for<'a> Fn(&'a mut TenantTx, Step) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
) -> Handlers {
    Handlers::default().with_local(limits, handle)
}

/// Leaves a note, and a row by which its transaction is known.
async fn leave(tx: &mut TenantTx, step: &Step) -> Result<()> {
    note(tx, step);
    let row = Plan {
        kind: "tests.row",
        remote: "none".to_owned(),
        about_kind: "step",
        about_id: step.key.clone(),
        idempotency_key: format!("{}/{}", step.key, step.number),
        request: json!({}),
    };
    effects::plan(tx, row).await?;
    Ok(())
}

const SHARED_BY_TENANTS: &str = "select count(*) from (select xmin::text from shared.effects group by xmin::text
    having count(distinct tenant_id) > 1) t";
const TRANSACTIONS: &str = "select count(distinct xmin::text) from shared.effects";

fn steps(keys: usize, each: i64) -> Vec<Step> {
    (0..each).flat_map(|number| (0..keys).map(move |key| step(format!("k{key}"), number))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn local_jobs_of_a_workspace_share_transactions_and_keep_the_order_of_their_keys() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    enqueue(&lab, tenant, &steps(40, 12)).await;
    let handlers = locally(IMPATIENT, |tx, step| Box::pin(async move { leave(tx, &step).await }));
    let engine = Running::start(&lab.databases, handlers, Vec::new());
    until_idle(&lab).await;
    engine.stop().await;
    let done = done(&lab).await;
    for key in 0..40 {
        assert_eq!(numbers(&done, &format!("k{key}")), (0..12).collect::<Vec<_>>());
    }
    let transactions: i64 = ask(&lab, TRANSACTIONS).await;
    assert!(transactions <= 40, "480 jobs had {transactions} transactions");
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_share_no_transaction() {
    let lab = Lab::own().await;
    let tenants = [lab.tenant().await.id, lab.tenant().await.id];
    for tenant in tenants {
        enqueue(&lab, tenant, &steps(20, 2)).await;
    }
    let handlers = locally(IMPATIENT, |tx, step| Box::pin(async move { leave(tx, &step).await }));
    let engine = Running::start(&lab.databases, handlers, Vec::new());
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!((ask::<i64>(&lab, SHARED_BY_TENANTS).await, done(&lab).await.len()), (0, 80));
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_fails_takes_none_of_the_others_along() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    enqueue(&lab, tenant, &steps(30, 2)).await;
    let handlers = locally(IMPATIENT, |tx, step| {
        Box::pin(async move {
            leave(tx, &step).await?;
            match (step.key.as_str(), step.number) {
                ("k7", 0) => Err(Error::Fault("it never works".to_owned())),
                ("k9", 1) => panic!("it panics"),
                _ => Ok(()),
            }
        })
    });
    let engine = Running::start(&lab.databases, handlers, Vec::new());
    until_idle(&lab).await;
    engine.stop().await;
    let done = done(&lab).await;
    assert_eq!((done.len(), count(&lab, "dead_letters").await), (58, 2));
    assert_eq!((numbers(&done, "k7"), numbers(&done, "k9"), numbers(&done, "k8")), (vec![1], vec![0], vec![0, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_from_local_jobs_is_done_whatever_lane_it_goes_to() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    // Each goes on in its own lane and in two others, before and behind it in the order of locks.
    let handlers = locally(PATIENT, |tx, done: Step| {
        Box::pin(async move {
            leave(tx, &done).await?;
            if let (Some(key), true) =
                (done.key.strip_prefix('k').and_then(|key| key.parse::<i64>().ok()), done.number < 4)
            {
                for (next, number) in
                    [(key, done.number + 1), ((key + 7) % 30, 100 + key), ((key + 23) % 30, 200 + key)]
                {
                    if done.number == 0 || number < 100 {
                        tx.enqueue(&step(format!("k{next}"), number))?;
                    }
                }
            }
            Ok(())
        })
    });
    let first = Running::start(&lab.databases, handlers.clone(), Vec::new());
    let second = Running::start(&lab.again().await.databases, handlers, Vec::new());
    enqueue(&lab, tenant, &steps(30, 1)).await;
    until_idle(&lab).await;
    first.stop().await;
    second.stop().await;
    let done = done(&lab).await;
    for key in 0..30 {
        let mut numbers = numbers(&done, &format!("k{key}"));
        numbers.sort_unstable();
        let expected = [0, 1, 2, 3, 4, 100 + (key + 23) % 30, 200 + (key + 7) % 30];
        assert_eq!(numbers, expected, "of k{key}");
    }
    assert_eq!(count(&lab, "dead_letters").await, 0);
}
