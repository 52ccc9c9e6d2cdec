//! Work for later and work that recurs, by the database's clock.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use socialai_domain::ids::{JobId, TenantId};
use socialai_jobs::{Context, Handlers};
use socialai_queue::{
    jobs::{self, NewJob},
    schedules::{self, Missed},
};
use socialai_testkit::lab::Lab;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::harness::{
    IMPATIENT, Running, Step, TESTS, ask, count, do_it, doing, done, enqueue, step, system_tx, tamper, tenant_tx,
    until, until_idle,
};

async fn enqueue_at(lab: &Lab, tenant: TenantId, step: &Step, at: OffsetDateTime) -> Uuid {
    let mut tx = tenant_tx(lab, tenant).await;
    let id = tx.enqueue_job(NewJob::of(step).unwrap().due_at(at));
    tx.commit().await.unwrap();
    id
}

async fn cancel(lab: &Lab, tenant: TenantId, job: Uuid) -> bool {
    let mut tx = tenant_tx(lab, tenant).await;
    let cancelled = tx.cancel(JobId(job)).await.unwrap();
    tx.commit().await.unwrap();
    cancelled
}

#[tokio::test(flavor = "multi_thread")]
async fn delayed_job_is_done_when_it_is_due_and_holds_up_nothing_before() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    enqueue_at(&lab, tenant.id, &step("a", 0), lab.clock.now() + Duration::HOUR).await;
    enqueue(&lab, tenant.id, &[step("a", 1)]).await;
    until("what came later is done", || async { done(&lab).await == [step("a", 1)] }).await;
    assert_eq!(count(&lab, "delayed_jobs").await, 1);
    tamper(&lab, "update system.delayed_jobs set due_at = clock_timestamp()").await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("a", 1), step("a", 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_of_a_process_that_is_wrong_lets_nothing_go_early() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue_at(&lab, tenant.id, &step("a", 0), lab.clock.now() + Duration::HOUR).await;
    lab.clock.advance(Duration::hours(2));
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    // One that is due by every clock: when it was let go, the other one was looked at too.
    enqueue_at(&lab, tenant.id, &step("b", 0), lab.clock.now() - Duration::DAY).await;
    until("the other is done", || async { done(&lab).await == [step("b", 0)] }).await;
    assert_eq!(count(&lab, "delayed_jobs").await, 1);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_is_cancelled_until_it_is_due_and_by_its_own_tenant_only() {
    let lab = Lab::own().await;
    let (tenant, other) = (lab.tenant().await, lab.tenant().await);
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    let job = enqueue_at(&lab, tenant.id, &step("a", 0), lab.clock.now() + Duration::HOUR).await;
    assert!(!cancel(&lab, other.id, job).await);
    assert!(cancel(&lab, tenant.id, job).await);
    assert!(!cancel(&lab, tenant.id, job).await);
    let late = enqueue_at(&lab, tenant.id, &step("a", 1), lab.clock.now()).await;
    until_idle(&lab).await;
    assert!(!cancel(&lab, tenant.id, late).await);
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("a", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_can_be_cancelled_in_the_transaction_that_enqueues_it_unless_it_is_due_at_once() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let mut tx = tenant_tx(&lab, tenant.id).await;
    let later = tx.enqueue_job(NewJob::of(&step("a", 0)).unwrap().due_at(lab.clock.now() + Duration::HOUR));
    let now = tx.enqueue(&step("a", 1)).unwrap();
    assert!(tx.cancel(JobId(later)).await.unwrap());
    assert!(!tx.cancel(JobId(later)).await.unwrap());
    assert!(!tx.cancel(JobId(now)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!((count(&lab, "delayed_jobs").await, count(&lab, "jobs").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn lane_that_waits_goes_on_after_the_clock_was_set_back() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue(&lab, tenant.id, &[step("a", 0), step("b", 0), step("c", 0)]).await;
    // A day is the longest pause, so this one began at a moment that is yet to come.
    tamper(&lab, "update system.lanes set wait_until = clock_timestamp() + interval '25 hours' where key = 'a'").await;
    tamper(&lab, "update system.lanes set wait_until = clock_timestamp() + interval '23 hours' where key = 'b'").await;
    tamper(&lab, "update system.lanes set wait_until = clock_timestamp() - interval '1 second' where key = 'c'").await;
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    until("two are done", || async { done(&lab).await.len() == 2 }).await;
    engine.stop().await;
    let mut done = done(&lab).await;
    done.sort_by(|one, other| one.key.cmp(&other.key));
    assert_eq!(done, [step("a", 0), step("c", 0)]);
}

/// A schedule of every minute ran while the clock was a day ahead.
async fn ran_ahead(lab: &Lab, missed: Missed) {
    missed_runs(lab, jobs::INSTALLATION, missed).await;
    tamper(lab, "update system.schedules set next_at = clock_timestamp() + interval '1 day'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_runs_on_after_the_clock_was_set_back() {
    for missed in [Missed::Skip, Missed::CatchUp] {
        let lab = Lab::own().await;
        ran_ahead(&lab, missed).await;
        let run = async || {
            let mut tx = system_tx(&lab).await;
            let names = schedules::run_due(tx.engine(), &[TESTS], 10).await.unwrap();
            tx.commit().await.unwrap();
            names.len()
        };
        assert_eq!((run().await, run().await), (1, 0), "once, and then by the clock as it is");
        let next = "select extract(epoch from next_at - clock_timestamp())::float8 from system.schedules";
        let next: f64 = ask(&lab, next).await;
        assert!((30.0..=60.0).contains(&next), "{next}");
        tamper(&lab, "update system.schedules set next_at = clock_timestamp()").await;
        assert_eq!(run().await, 1);
    }
}

/// Makes a schedule of every minute whose last three and a half minutes were missed.
async fn missed_runs(lab: &Lab, tenant: Uuid, missed: Missed) {
    let mut tx = system_tx(lab).await;
    let job = NewJob::of(&step("ignored", 0)).unwrap();
    schedules::set(tx.engine(), "tests.tidy", tenant, &job, 60, missed).await.unwrap();
    tx.commit().await.unwrap();
    tamper(lab, "update system.schedules set next_at = clock_timestamp() - interval '210 seconds'").await;
}

/// How many runs there were with two engines at once, and in how many seconds the next one is due.
async fn runs(missed: Missed) -> (usize, f64) {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let ran = runs.clone();
    let handlers = Handlers::default().with(IMPATIENT, move |step: Step, context: Context| {
        ran.fetch_add(1, Ordering::SeqCst);
        do_it(step, context)
    });
    missed_runs(&lab, tenant.id.0, missed).await;
    let engines = [0, 1].map(|_| Running::start(&lab.databases, handlers.clone(), Vec::new()));
    until("it is up to date", || ask(&lab, "select next_at > clock_timestamp() from system.schedules")).await;
    until_idle(&lab).await;
    for engine in engines {
        engine.stop().await;
    }
    assert_eq!(done(&lab).await.len(), runs.load(Ordering::SeqCst));
    let next = "select extract(epoch from next_at - clock_timestamp())::float8 from system.schedules";
    (runs.load(Ordering::SeqCst), ask(&lab, next).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_runs_are_made_up_for_when_the_schedule_says_so() {
    let (runs, next) = runs(Missed::CatchUp).await;
    assert_eq!(runs, 4);
    assert!((0.0..=30.0).contains(&next), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_stands_for_all_that_were_missed_when_the_schedule_says_so() {
    let (runs, next) = runs(Missed::Skip).await;
    assert_eq!(runs, 1);
    assert!((0.0..=30.0).contains(&next), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_schedulers_at_the_same_instant_give_one_run_of_each() {
    let lab = Lab::own().await;
    let mut tx = system_tx(&lab).await;
    for nth in 0..40 {
        let job = NewJob::of(&step("ignored", nth)).unwrap();
        schedules::set(tx.engine(), &format!("tests.{nth}"), jobs::INSTALLATION, &job, 60, Missed::Skip).await.unwrap();
    }
    tx.commit().await.unwrap();
    tamper(&lab, "update system.schedules set next_at = clock_timestamp()").await;
    let run = || async {
        let mut tx = system_tx(&lab).await;
        let names = schedules::run_due(tx.engine(), &[TESTS], 25).await.unwrap();
        tx.commit().await.unwrap();
        names
    };
    let (a, b, c) = tokio::join!(run(), run(), run());
    let mut names: Vec<_> = [a, b, c, run().await].concat();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), count(&lab, "jobs").await), (40, 40));
    assert!(run().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_that_is_set_again_keeps_its_next_time_unless_the_interval_changed() {
    let lab = Lab::own().await;
    let set = async |every_seconds: i32| {
        let mut tx = system_tx(&lab).await;
        let job = NewJob::of(&step("a", 0)).unwrap();
        schedules::set(tx.engine(), "tests.tidy", jobs::INSTALLATION, &job, every_seconds, Missed::Skip).await.unwrap();
        tx.commit().await.unwrap();
        ask::<f64>(&lab, "select extract(epoch from next_at - clock_timestamp())::float8 from system.schedules").await
    };
    set(3600).await;
    tamper(&lab, "update system.schedules set next_at = clock_timestamp() + interval '10 seconds'").await;
    assert!(set(3600).await < 11.0);
    assert!(set(60).await > 50.0);
    let mut tx = system_tx(&lab).await;
    schedules::remove(tx.engine(), "tests.tidy").await.unwrap();
    assert_eq!(schedules::next(tx.engine(), "tests.tidy").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_waits_for_the_one_before_it() {
    let lab = Lab::own().await;
    missed_runs(&lab, jobs::INSTALLATION, Missed::CatchUp).await;
    let run = async || {
        let mut tx = system_tx(&lab).await;
        let names = schedules::run_due(tx.engine(), &[TESTS], 10).await.unwrap();
        tx.commit().await.unwrap();
        names.len()
    };
    assert_eq!(run().await + run().await, 2);
    assert_eq!((count(&lab, "jobs").await, count(&lab, "lanes").await), (2, 1), "both in one lane");
}
