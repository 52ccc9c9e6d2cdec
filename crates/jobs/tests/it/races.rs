//! The two traps of lanes: a job that is added while the last one of its key ends, and locks in opposite orders.

use std::{
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join_all;
use socialai_domain::{audit::Actor, tenancy::Databases};
use socialai_jobs::{Context, Handlers, Settings};
use socialai_queue::{
    jobs::{self, INSTALLATION, NewJob, OfSpeed, Speed, Wanted},
    write::{self, Addressed},
};
use socialai_testkit::lab::Lab;
use uuid::Uuid;

use crate::harness::{
    IMPATIENT, Running, Step, TESTS, ask, count, do_it, done, enqueue, note, numbers, step, until_idle,
};

const WRITERS: i64 = 4;
const PER_WRITER: i64 = 400;

/// Adds jobs one by one to the same key, each when the key is about to be empty.
async fn add(databases: &Databases, written: &AtomicI64, finished: &AtomicI64) {
    for number in 0..PER_WRITER {
        while written.load(Ordering::SeqCst) > finished.load(Ordering::SeqCst) + 1 {
            tokio::task::yield_now().await;
        }
        let mut tx = databases.system(Actor::system("writer")).await.unwrap();
        let job = NewJob::of(&step("a", number)).unwrap();
        write::all(tx.engine(), vec![Addressed { tenant: INSTALLATION, job, trace: None }]).await.unwrap();
        tx.commit().await.unwrap();
        written.fetch_add(1, Ordering::SeqCst);
    }
}

/// Claims and finishes until all are done; how often the key was left with nothing in it.
async fn finish(databases: &Databases, finished: &AtomicI64) -> usize {
    let (worker, mut emptied) = (Uuid::new_v4(), 0);
    while finished.load(Ordering::SeqCst) < WRITERS * PER_WRITER {
        let wanted = Wanted {
            queue: TESTS,
            worker,
            lanes: 1,
            by_speed: vec![OfSpeed { speed: Speed::Standard, lanes: 1, after: Uuid::nil() }],
            jobs_per_lane: 10,
            lanes_per_tenant: 1,
            busy: Vec::new(),
            together: 1,
            tenants: 64,
        };
        let mut tx = databases.system(Actor::system("worker")).await.unwrap();
        let claimed = jobs::claim(tx.engine(), &wanted).await.unwrap();
        tx.commit().await.unwrap();
        for job in claimed {
            let mut tx = databases.system(Actor::system("worker")).await.unwrap();
            let has_more = write::jobs_and_ends(tx.engine(), Vec::new(), vec![job.lease.clone()]).await.unwrap();
            tx.commit().await.unwrap();
            finished.fetch_add(1, Ordering::SeqCst);
            emptied += usize::from(job.lease.releases && !has_more);
        }
    }
    emptied
}

/// Ends when nothing was finished for a minute, however slow the machine is.
async fn nothing_happens(finished: &AtomicI64) {
    loop {
        let before = finished.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_mins(1)).await;
        if finished.load(Ordering::SeqCst) == before {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_is_added_while_the_last_of_its_key_ends_is_not_stranded() {
    let lab = Lab::own().await;
    let (written, finished) = (AtomicI64::new(0), AtomicI64::new(0));
    let everything = async {
        let writers = join_all((0..WRITERS).map(|_| add(&lab.databases, &written, &finished)));
        let workers = join_all((0..2).map(|_| finish(&lab.databases, &finished)));
        tokio::join!(writers, workers).1
    };
    let emptied = tokio::select! {
        emptied = everything => emptied,
        () = nothing_happens(&finished) => {
            panic!("stranded: {} written, {} finished", written.into_inner(), finished.into_inner())
        }
    };
    let emptied: usize = emptied.into_iter().sum();
    assert!(emptied > 50, "the race was run only {emptied} times");
    assert_eq!((count(&lab, "jobs").await, count(&lab, "lanes").await), (0, 0));
}

/// A batch of steps to keys in this or the opposite order.
fn batch(keys: &[String], number: i64, forwards: bool) -> Vec<Step> {
    let steps = keys.iter().map(|key| step(key.clone(), number));
    if forwards { steps.collect() } else { steps.rev().collect() }
}

/// Of the keys one is sorted differently by bytes than by any language.
fn keys() -> Vec<String> {
    ["B", "a", "C", "b", "Z", "z", "é", "f"].map(str::to_owned).to_vec()
}

/// Handlers whose first generation writes one job to each key, so that finishing and adding lock in one transaction.
fn spreading(spread: &'static AtomicUsize) -> Handlers {
    Handlers::default().with(IMPATIENT, move |step: Step, context: Context| async move {
        if step.number >= 1000 {
            return do_it(step, context).await;
        }
        let mut tx = context.tx().await?;
        note(&mut tx, &step);
        let forwards = spread.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        for step in batch(&keys(), 1000 + step.number, forwards) {
            tx.enqueue(&step)?;
        }
        context.finish(tx).await
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_in_opposite_orders_do_not_wait_for_each_other() {
    static SPREAD: AtomicUsize = AtomicUsize::new(0);
    const BATCHES: i64 = 6;
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    // Together with the writers not more than there are connections.
    let settings = || Settings { slots: 2, ..Settings::default() };
    let engines = [0, 1].map(|_| Running::with(&lab.databases, spreading(&SPREAD), Vec::new(), settings()));
    join_all((0..4).map(|writer| {
        let (lab, tenant) = (&lab, tenant.id);
        async move {
            for number in 0..BATCHES {
                enqueue(lab, tenant, &batch(&keys(), writer * BATCHES + number, writer % 2 == 0)).await;
            }
        }
    }))
    .await;
    until_idle(&lab).await;
    for engine in engines {
        engine.stop().await;
    }
    let done = done(&lab).await;
    let first_generation = usize::try_from(4 * BATCHES).unwrap() * keys().len();
    assert_eq!(done.len(), first_generation * (1 + keys().len()), "each once, and each of those that followed");
    for key in keys() {
        let of_writer = |writer: i64| {
            let range = writer * BATCHES..(writer + 1) * BATCHES;
            numbers(&done, &key).into_iter().filter(move |number| range.contains(number)).collect::<Vec<_>>()
        };
        for writer in 0..4 {
            let wanted: Vec<_> = (writer * BATCHES..(writer + 1) * BATCHES).collect();
            assert_eq!(of_writer(writer), wanted, "order of what one writer wrote to {key}");
        }
    }
    assert_eq!(count(&lab, "dead_letters").await, 0);
    lab.databases.close().await;
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(ask::<i64>(&lab, deadlocks).await, 0);
}

#[tokio::test]
async fn lanes_are_ordered_by_bytes_whatever_the_locale_of_the_database() {
    let lab = Lab::own().await;
    let collations = "select string_agg(distinct co.collname, ',') from pg_attribute a
        join pg_collation co on co.oid = a.attcollation
        where a.attrelid in ('system.lanes'::regclass, 'system.jobs'::regclass) and a.attname in ('queue', 'key')";
    assert_eq!(ask::<String>(&lab, collations).await, "C");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_is_added_to_a_busy_key_is_begun_when_the_key_is_free() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let databases = lab.databases.clone();
    // Each step but the last adds the next one to its own key while that is held, from a transaction of its own.
    let handlers = Handlers::default().with(IMPATIENT, move |step: Step, context: Context| {
        let databases = databases.clone();
        async move {
            if step.number < 30 {
                let mut tx = databases.tenant(context.tenant(), Actor::system("test")).await?;
                tx.enqueue(&Step { number: step.number + 1, ..step.clone() })?;
                tx.commit().await?;
            }
            do_it(step, context).await
        }
    });
    let engine = Running::start(&lab.databases, handlers, Vec::new());
    let start = std::time::Instant::now();
    enqueue(&lab, tenant.id, &[step("a", 0)]).await;
    until_idle(&lab).await;
    // Were each found by the look of every second, this would take half a minute.
    assert!(start.elapsed().as_secs() < 15, "{:?}", start.elapsed());
    engine.stop().await;
    assert_eq!(numbers(&done(&lab).await, "a"), (0..=30).collect::<Vec<_>>());
}
