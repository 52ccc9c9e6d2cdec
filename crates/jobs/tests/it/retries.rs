//! Failures: tried again in order, given up in time, and never in the way of others.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socialai_jobs::{Context, Handled, Handlers, Limits, Trouble};
use socialai_queue::{
    dead_letters::{self, DeadLetter, Filter},
    jobs::{NewJob, Queue, Task},
};
use socialai_testkit::lab::Lab;

use crate::harness::{
    IMPATIENT, PATIENT, Running, Step, TESTS, ask, count, do_it, doing, done, enqueue, numbers, step, system_tx,
    tamper, tenant_tx, until, until_idle,
};

async fn dead(lab: &Lab) -> Vec<DeadLetter> {
    let mut tx = system_tx(lab).await;
    dead_letters::list(tx.engine(), &Filter::default(), None, 100).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_step_holds_up_its_own_key_and_no_other() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (done_of_b, failures) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (others, failed) = (done_of_b.clone(), failures.clone());
    let engine = Running::start(
        &lab.databases,
        doing(PATIENT, move |step: Step, context: Context| {
            let (others, failed) = (others.clone(), failed.clone());
            async move {
                // The first of `a` works only when all of `b` is done, and not before it failed three times.
                if step == crate::harness::step("a", 0)
                    && (others.load(Ordering::SeqCst) < 20 || failed.load(Ordering::SeqCst) < 3)
                {
                    failed.fetch_add(1, Ordering::SeqCst);
                    return Err(Trouble::Retry { after: Some(Duration::from_millis(10)), error: "not yet".into() });
                }
                let of_b = step.key == "b";
                let handled = do_it(step, context).await;
                others.fetch_add(usize::from(of_b && handled.is_ok()), Ordering::SeqCst);
                handled
            }
        }),
        Vec::new(),
    );
    let steps: Vec<_> = (0..20).flat_map(|number| [step("a", number), step("b", number)]).collect();
    enqueue(&lab, tenant.id, &steps).await;
    until_idle(&lab).await;
    engine.stop().await;
    let done = done(&lab).await;
    assert!(failures.load(Ordering::SeqCst) >= 3);
    assert_eq!(numbers(&done, "a"), (0..20).collect::<Vec<_>>());
    assert_eq!(numbers(&done, "b"), (0..20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_always_fails_is_given_up_after_a_minute_five_and_fifteen() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(
        &lab.databases,
        doing(Limits::default(), |step: Step, context: Context| async move {
            match step.number {
                0 => Err(Trouble::retry(format!("failure {}", context.failed))),
                _ => do_it(step, context).await,
            }
        }),
        Vec::new(),
    );
    enqueue(&lab, tenant.id, &[step("a", 0), step("a", 1)]).await;
    for minutes in [1.0, 5.0, 15.0] {
        const WAITS: &str =
            "select coalesce(max(extract(epoch from wait_until - clock_timestamp())), 0)::float8 from system.lanes";
        until("it waits", || async { ask::<f64>(&lab, WAITS).await > 0.0 }).await;
        let seconds: f64 = ask(&lab, WAITS).await;
        assert!((0.85 * minutes * 60.0..=1.1 * minutes * 60.0).contains(&seconds), "{seconds} s of {minutes} min");
        assert_eq!(done(&lab).await, [], "what is behind it waits");
        assert_eq!(tamper(&lab, "update system.lanes set wait_until = clock_timestamp()").await, 1);
    }
    until_idle(&lab).await;
    engine.stop().await;
    let dead = dead(&lab).await;
    assert_eq!(dead.len(), 1);
    let (letter, errors) = (&dead[0], dead[0].errors.as_array().unwrap());
    assert_eq!((letter.reason.as_str(), letter.attempts, errors.len()), ("gave_up", 4, 4));
    assert_eq!((letter.tenant_id, letter.kind.as_str(), letter.key.as_str()), (tenant.id.0, Step::KIND, "a"));
    assert_eq!(letter.payload, json!({ "key": "a", "number": 0 }));
    for (attempt, error) in errors.iter().enumerate() {
        assert_eq!(error["error"], json!(format!("failure {attempt}")));
        assert!(error["at"].is_string() && error["seconds"].is_number(), "{error}");
    }
    assert_eq!(numbers(&done(&lab).await, "a"), [1], "the lane goes on behind it");
    let told: Value = ask(&lab, "select data from system.facts where kind = 'job.died'").await;
    assert_eq!(told["job"]["reason"], "gave_up");
}

/// One job that ends in the dead letters, and one of its key that must still be done.
async fn buries<F>(limits: Limits, handle: impl Fn(Step, Context) -> F + Send + Sync + 'static) -> DeadLetter
where
    F: Future<Output = Handled> + Send + 'static,
{
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, doing(limits, handle), Vec::new());
    enqueue(&lab, tenant.id, &[step("a", 0), step("a", 1)]).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("a", 1)]);
    let mut dead = dead(&lab).await;
    assert_eq!(dead.len(), 1);
    dead.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn permanent_failure_is_given_up_at_once_with_its_reason() {
    let letter = buries(Limits::default(), |step, context| async move {
        match step.number {
            0 => Err(Trouble::fail("refused", "the remote system does not want it")),
            _ => do_it(step, context).await,
        }
    })
    .await;
    assert_eq!((letter.reason.as_str(), letter.attempts), ("refused", 1));
    assert_eq!(letter.errors[0]["error"], "the remote system does not want it");
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_of_a_handler_is_a_failure_of_its_job() {
    let letter = buries(IMPATIENT, |step, context| async move {
        assert!(step.number > 0, "number zero");
        do_it(step, context).await
    })
    .await;
    assert_eq!(letter.errors[0]["error"], "the job panicked: number zero");
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_before_the_handler_gives_its_future_is_a_failure_too() {
    let letter = buries(IMPATIENT, |step, context| {
        assert!(step.number > 0, "number zero");
        do_it(step, context)
    })
    .await;
    assert_eq!(letter.errors[0]["error"], "the job panicked: number zero");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_hangs_is_ended_at_its_time_limit() {
    let limits = Limits { time: Duration::from_secs(1), ..IMPATIENT };
    let letter = buries(limits, |step, context| async move {
        if step.number == 0 {
            std::future::pending::<()>().await;
        }
        do_it(step, context).await
    })
    .await;
    assert_eq!(letter.errors[0]["error"], "the job took longer than 1 seconds");
}

/// Enqueues a job that no present task would give, and one behind it.
async fn enqueue_odd(lab: &Lab, change: impl FnOnce(NewJob) -> NewJob) {
    let tenant = lab.tenant().await;
    let mut tx = tenant_tx(lab, tenant.id).await;
    tx.enqueue_job(change(NewJob::of(&step("a", 0)).unwrap()));
    tx.enqueue(&step("a", 1)).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_payload_is_given_up_at_once() {
    let lab = Lab::own().await;
    let engine = Running::start(&lab.databases, doing(Limits::default(), do_it), Vec::new());
    enqueue_odd(&lab, |job| NewJob { payload: json!({ "key": 7 }), ..job }).await;
    until_idle(&lab).await;
    engine.stop().await;
    let dead = dead(&lab).await;
    assert_eq!((dead.len(), dead[0].reason.as_str()), (1, "unreadable_payload"));
    assert_eq!(dead[0].payload, json!({ "key": 7 }));
    assert_eq!(done(&lab).await, [step("a", 1)]);
}

/// A job that this program does not know waits for one that does, for as long as an update may take, and loses nothing.
async fn waits_for_a_newer_program(change: impl FnOnce(NewJob) -> NewJob) {
    let lab = Lab::own().await;
    let old = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    enqueue_odd(&lab, change).await;
    // An hour of the older program, in steps of six minutes.
    for _ in 0..10 {
        const WAITS: &str = "select exists (select from system.lanes where wait_until > clock_timestamp())";
        until("it waits", || ask(&lab, WAITS)).await;
        let seconds: f64 =
            ask(&lab, "select extract(epoch from wait_until - clock_timestamp())::float8 from system.lanes").await;
        assert!((30.0..=60.0).contains(&seconds), "{seconds}");
        tamper(&lab, "update system.jobs set enqueued_at = enqueued_at - interval '6 minutes'").await;
        tamper(&lab, "update system.lanes set wait_until = clock_timestamp()").await;
    }
    let attempts: i64 = ask(&lab, "select sum(attempts + jsonb_array_length(errors)) from system.jobs").await;
    assert_eq!((attempts, count(&lab, "dead_letters").await), (0, 0));
    assert_eq!(done(&lab).await, [], "what is behind it waits");
    old.stop().await;

    tamper(&lab, "update system.lanes set wait_until = clock_timestamp()").await;
    let newer = Handlers::default().with(IMPATIENT, |task: Newer, context| do_it(task.0, context));
    let newer = newer.with(IMPATIENT, |task: OfTomorrow, context| do_it(task.0, context));
    let new = Running::start(&lab.databases, newer, Vec::new());
    until_idle(&lab).await;
    new.stop().await;
    assert_eq!(done(&lab).await, [step("a", 0), step("a", 1)]);
}

/// What a newer program does besides: steps of the next version …
#[derive(Serialize, Deserialize)]
struct Newer(Step);

impl Task for Newer {
    const KIND: &'static str = Step::KIND;
    const QUEUE: Queue = Step::QUEUE;
    const VERSION: i16 = Step::VERSION + 1;

    fn key(&self) -> String {
        self.0.key()
    }
}

/// … and another kind.
#[derive(Serialize, Deserialize)]
struct OfTomorrow(Step);

impl Task for OfTomorrow {
    const KIND: &'static str = "tests.of_tomorrow";
    const QUEUE: Queue = Step::QUEUE;

    fn key(&self) -> String {
        self.0.key()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_unknown_kind_waits_for_a_newer_program() {
    waits_for_a_newer_program(|job| NewJob { kind: OfTomorrow::KIND.into(), ..job }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_newer_version_waits_for_a_newer_program() {
    waits_for_a_newer_program(|job| NewJob { version: Newer::VERSION, ..job }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_no_program_knows_within_a_day_is_given_up_for_that() {
    let lab = Lab::own().await;
    enqueue_odd(&lab, |job| NewJob { kind: OfTomorrow::KIND.into(), ..job }).await;
    tamper(&lab, "update system.jobs set enqueued_at = enqueued_at - interval '25 hours'").await;
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    until_idle(&lab).await;
    engine.stop().await;
    let dead = dead(&lab).await;
    assert_eq!((dead.len(), dead[0].reason.as_str()), (1, "unknown_kind"));
    assert_eq!(dead[0].errors[0]["error"], "no worker knew tests.of_tomorrow in version 1 within a day");
    assert_eq!(done(&lab).await, [step("a", 1)], "the lane goes on behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_older_version_is_done() {
    let lab = Lab::own().await;
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    enqueue_odd(&lab, |job| NewJob { version: Step::VERSION - 1, ..job }).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("a", 0), step("a", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_and_settling_do_not_count_as_attempts() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (calls, counted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (called, failed) = (calls.clone(), counted.clone());
    let engine = Running::start(
        &lab.databases,
        doing(IMPATIENT, move |step, context| {
            let (called, failed) = (called.clone(), failed.clone());
            async move {
                failed.fetch_add(usize::try_from(context.failed).unwrap(), Ordering::SeqCst);
                match called.fetch_add(1, Ordering::SeqCst) {
                    0 | 1 => Err(Trouble::Pause { after: Duration::from_millis(1) }),
                    2 | 3 => Err(Trouble::Settle { after: Duration::from_millis(1) }),
                    _ => do_it(step, context).await,
                }
            }
        }),
        Vec::new(),
    );
    enqueue(&lab, tenant.id, &[step("a", 0)]).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!((calls.load(Ordering::SeqCst), counted.load(Ordering::SeqCst)), (5, 0));
    assert_eq!(count(&lab, "dead_letters").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_without_a_handler_here_is_left_to_others() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let elsewhere = Running::start(&lab.databases, doing(IMPATIENT, do_it).only(&[]), Vec::new());
    enqueue(&lab, tenant.id, &[step("a", 0)]).await;
    let here = Running::start(&lab.databases, doing(IMPATIENT, do_it).only(&[TESTS]), Vec::new());
    until_idle(&lab).await;
    here.stop().await;
    elsewhere.stop().await;
    assert_eq!(done(&lab).await, [step("a", 0)]);
    assert_eq!(Handlers::default().queues().len(), 0);
}
