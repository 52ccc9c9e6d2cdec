//! Workers that die, are taken for dead, or are merely slow: their work goes on once, and what is late is not committed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use socialai_jobs::{Context, Handled, Handlers, Settings};
use socialai_queue::{
    dead_letters::{self, Filter},
    facts::NewFact,
    jobs::{self, Lease, OfSpeed, Wanted},
    write,
};
use socialai_testkit::lab::Lab;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::harness::{
    IMPATIENT, PATIENT, Running, Step, TESTS, ask, count, do_it, doing, done, enqueue, step, system_tx, tamper, until,
    until_idle,
};

fn quick() -> Settings {
    Settings { slots: 4, beat: Duration::from_millis(100), silence: Duration::from_millis(600), ..Settings::default() }
}

/// Handlers whose first call waits at a gate, and that note which call it was that committed.
fn first_waits() -> (Handlers, Arc<AtomicUsize>, Arc<Semaphore>) {
    let (calls, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (called, closed) = (calls.clone(), gate.clone());
    let handlers = doing(PATIENT, move |step: Step, context: Context| {
        let (called, closed) = (called.clone(), closed.clone());
        async move {
            let call = called.fetch_add(1, Ordering::SeqCst);
            if call == 0 {
                closed.acquire().await.unwrap().forget();
            }
            commit_as(call, step, context).await
        }
    });
    (handlers, calls, gate)
}

async fn commit_as(call: usize, step: Step, context: Context) -> Handled {
    let mut tx = context.tx().await?;
    tx.publish(NewFact::new("tests.done", 1, step.key, json!({ "number": call })));
    context.finish(tx).await
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_was_taken_for_dead_commits_nothing() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (handlers, calls, gate) = first_waits();
    let engine = Running::with(&lab.databases, handlers, Vec::new(), quick());
    enqueue(&lab, tenant.id, &[step("a", 7)]).await;
    until("the first call waits", || async { calls.load(Ordering::SeqCst) == 1 }).await;
    // The others took it for dead. It begins under a new name, and its old lanes are anybody's.
    assert_eq!(tamper(&lab, "delete from system.workers").await, 1);
    until("the second call is done", || async { done(&lab).await.len() == 1 }).await;
    gate.add_permits(1);
    engine.stop().await;
    until_idle(&lab).await;
    assert_eq!(done(&lab).await, [step("a", 1)], "the second call committed, the first did not");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(count(&lab, "dead_letters").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn handler_that_takes_long_keeps_its_lane_while_its_worker_lives() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (handlers, calls, gate) = first_waits();
    let engines = [0, 1].map(|_| Running::with(&lab.databases, handlers.clone(), Vec::new(), quick()));
    enqueue(&lab, tenant.id, &[step("a", 0)]).await;
    until("the first call waits", || async { calls.load(Ordering::SeqCst) == 1 }).await;
    // Much longer than the silence that makes a worker dead.
    let long = "select clock_timestamp() > (select max(started_at) from system.workers) + interval '3 seconds'";
    until("three seconds later", || ask(&lab, long)).await;
    gate.add_permits(1);
    until_idle(&lab).await;
    for engine in engines {
        engine.stop().await;
    }
    assert_eq!((calls.load(Ordering::SeqCst), done(&lab).await), (1, vec![step("a", 0)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn beat_of_a_dead_worker_that_lies_ahead_does_not_keep_its_lanes() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue(&lab, tenant.id, &[step("a", 0)]).await;
    let dead = Uuid::new_v4();
    let mut tx = system_tx(&lab).await;
    jobs::register(tx.engine(), dead, &[TESTS], "", "").await.unwrap();
    assert_eq!(claim(&mut tx, dead).await.len(), 1);
    tx.commit().await.unwrap();
    // It died, and then the clock of the database was set back by an hour.
    tamper(&lab, "update system.workers set beat_at = clock_timestamp() + interval '1 hour'").await;
    let engine = Running::with(&lab.databases, doing(IMPATIENT, do_it), Vec::new(), quick());
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("a", 0)]);
    assert_eq!(count(&lab, "workers").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_ends_in_order_gives_back_what_it_did_not_begin() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (handlers, calls, gate) = first_waits();
    let steps: Vec<_> = (0..8).map(|number| step("a", number)).collect();
    enqueue(&lab, tenant.id, &steps).await;
    let first = Running::start(&lab.databases, handlers, Vec::new());
    until("the first call waits", || async { calls.load(Ordering::SeqCst) == 1 }).await;
    gate.add_permits(1);
    first.stop().await;
    assert_eq!(ask::<i64>(&lab, "select count(*) from system.lanes where holder is not null").await, 0);
    assert_eq!(count(&lab, "workers").await, 0);
    let second = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    until_idle(&lab).await;
    second.stop().await;
    assert_eq!(done(&lab).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_kills_five_workers_is_given_up_and_its_neighbours_are_done() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue(&lab, tenant.id, &[step("poison", 0), step("poison", 1), step("b", 0)]).await;
    let mut deaths = 0;
    // Each worker takes what it can get, does `b` when it has it, and dies.
    while ask::<bool>(&lab, "select exists (select from system.lanes where key = 'poison' and crashes < 5)").await {
        let mut tx = system_tx(&lab).await;
        let claimed = claim(&mut tx, Uuid::new_v4()).await;
        if let Some(job) = claimed.iter().find(|job| job.lease.key == "b") {
            write::jobs_and_ends(tx.engine(), Vec::new(), vec![job.lease.clone()]).await.unwrap();
        }
        deaths += usize::from(claimed.iter().any(|job| job.lease.key == "poison"));
        jobs::reap(tx.engine(), Duration::from_secs(5)).await.unwrap();
        tx.commit().await.unwrap();
        tamper(&lab, "update system.lanes set wait_until = null").await;
    }
    let engine = Running::start(&lab.databases, doing(PATIENT, do_it), Vec::new());
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!((deaths, done(&lab).await), (5, vec![step("poison", 1)]));
    let dead = dead_letters::list(system_tx(&lab).await.engine(), &Filter::default(), None, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str(), dead[0].key.as_str()), (1, "worker_died", "poison"));
    assert_eq!(ask::<i64>(&lab, "select count(*) from system.facts where kind = 'job.died'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn deaths_of_workers_are_not_counted_for_a_lane_that_gets_on() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let steps: Vec<_> = (0..8).map(|number| step("a", number)).collect();
    enqueue(&lab, tenant.id, &steps).await;
    for _ in 0..8 {
        let mut tx = system_tx(&lab).await;
        let first = claim(&mut tx, Uuid::new_v4()).await.remove(0);
        assert!(first.crashes <= 1, "{}", first.crashes);
        write::jobs_and_ends(tx.engine(), Vec::new(), vec![first.lease.clone()]).await.unwrap();
        jobs::reap(tx.engine(), Duration::from_secs(5)).await.unwrap();
        tx.commit().await.unwrap();
    }
    until_idle(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_whose_commit_arrived_does_not_make_its_lane_wait() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue(&lab, tenant.id, &[step("a", 0), step("a", 1)]).await;
    let mut tx = system_tx(&lab).await;
    let claimed = claim(&mut tx, Uuid::new_v4()).await;
    let first: &Lease = &claimed[0].lease;
    write::jobs_and_ends(tx.engine(), Vec::new(), vec![first.clone()]).await.unwrap();
    // The answer to that commit was lost, so the worker believes that the job failed.
    jobs::postpone(tx.engine(), first, Duration::from_mins(1), Some(json!({ "error": "cut" }))).await.unwrap();
    let next = claim(&mut tx, Uuid::new_v4()).await;
    assert_eq!(next.iter().map(|job| (job.lease.seq, job.failed)).collect::<Vec<_>>(), [(2, 0)]);
    tx.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_lease_can_neither_finish_nor_postpone_nor_bury() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue(&lab, tenant.id, &[step("a", 0)]).await;
    let mut tx = system_tx(&lab).await;
    let stale = claim(&mut tx, Uuid::new_v4()).await.remove(0).lease;
    jobs::reap(tx.engine(), Duration::from_secs(5)).await.unwrap();
    assert_eq!(claim(&mut tx, Uuid::new_v4()).await.len(), 1, "somebody else has it");
    tx.commit().await.unwrap();
    for ending in 0..3 {
        let mut tx = system_tx(&lab).await;
        let conn = tx.engine();
        let refused = match ending {
            0 => write::jobs_and_ends(conn, Vec::new(), vec![stale.clone()]).await.map(|_| ()),
            1 => jobs::postpone(conn, &stale, Duration::ZERO, None).await,
            _ => jobs::bury(conn, &stale, "reason", json!({})).await,
        };
        let refused = refused.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some(jobs::LEASE_LOST));
    }
    assert_eq!((count(&lab, "jobs").await, count(&lab, "dead_letters").await), (1, 0));
}

/// Everything that can be had, as a worker would claim it.
async fn claim(tx: &mut socialai_domain::tenancy::SystemTx, worker: Uuid) -> Vec<jobs::Claimed> {
    let wanted = Wanted {
        queue: TESTS,
        worker,
        lanes: 10,
        by_speed: vec![OfSpeed { speed: jobs::Speed::Standard, lanes: 10, after: Uuid::nil() }],
        jobs_per_lane: 10,
        lanes_per_tenant: 10,
        busy: Vec::new(),
        together: 1,
        tenants: 64,
    };
    jobs::claim(tx.engine(), &wanted).await.unwrap()
}
