//! `kill -9` of real processes under load: of workers, and of PostgreSQL. What is checked at the end is the same model:
//! every committed job's work is there once, in the order of its key, every effect took place once, the reader of facts
//! heard of each step once, and nothing is left.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rand::RngExt;
use socialai_cluster::Ephemeral;
use socialai_domain::{audit::Actor, clock::Clock, database, ids::TenantId, vault::MasterKeys};
use socialai_queue::jobs::NewJob;
use socialai_testkit::lab::{self, Lab};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use crate::{
    harness::{Step, ask, count, done, enqueue, numbers, step, told, until},
    process::{ABORTING, HEARD, HELD, Local, Remote, Worker},
};

const KEYS: usize = 60;

fn key(nth: usize) -> String {
    format!("k{nth}")
}

/// The steps of every third key are local jobs, which share transactions; the others have effects.
fn is_local(key: &str) -> bool {
    key.trim_start_matches('k').parse::<usize>().unwrap().is_multiple_of(3)
}

/// One in five is in a hurry.
fn job(step: &Step) -> NewJob {
    let job = if is_local(&step.key) { NewJob::of(&Local(step.clone())) } else { NewJob::of(step) }.unwrap();
    if step.number % 5 == 0 { job.fast() } else { job }
}

/// What the writer knows: per key the numbers of which it heard that they are committed, and of which it never heard.
#[derive(Default)]
struct Written {
    surely: BTreeMap<String, Vec<i64>>,
    perhaps: BTreeMap<String, Vec<i64>>,
}

/// Enqueues a few steps at a time until it is told to stop, never far ahead of the workers.
async fn load(lab: &Lab, tenant: TenantId, stop: &AtomicBool) -> Written {
    // It hears nothing of what was done before.
    until("the reader has begun", || async { yes(lab, HAS_A_READER).await.unwrap_or(false) }).await;
    let mut written = Written::default();
    let mut next = vec![0; KEYS];
    while !stop.load(Ordering::SeqCst) {
        until("the backlog is small", || async { small_backlog(lab).await.unwrap_or(false) }).await;
        let steps: Vec<_> = (0..8)
            .map(|_| {
                let nth = rand::rng().random_range(0..KEYS);
                next[nth] += 1;
                step(key(nth), next[nth])
            })
            .collect();
        let commit = async {
            let mut tx = lab.databases.tenant(tenant, Actor::system("writer")).await?;
            for step in &steps {
                tx.enqueue_job(job(step));
            }
            tx.commit().await
        };
        let of = if commit.await.is_ok() { &mut written.surely } else { &mut written.perhaps };
        for step in steps {
            of.entry(step.key).or_default().push(step.number);
        }
    }
    written
}

const HAS_A_READER: &str = "select exists (select from system.readers)";

async fn small_backlog(lab: &Lab) -> Result<bool, sqlx::Error> {
    yes(lab, "select count(*) < 150 from (select from system.jobs limit 150) j").await
}

async fn yes(lab: &Lab, question: &'static str) -> Result<bool, sqlx::Error> {
    let mut owner = PgConnection::connect_with(&lab.endpoints[0].owner).await?;
    sqlx::query_scalar(question).fetch_one(&mut owner).await
}

/// How many steps were done so far, roughly: transactions that were given up count too.
async fn progress(lab: &Lab) -> Option<i64> {
    let mut owner = PgConnection::connect_with(&lab.endpoints[0].owner).await.ok()?;
    sqlx::query_scalar("select last_value from system.outbox_id_seq").fetch_one(&mut owner).await.ok()
}

/// Waits until some more steps were done: the next blow falls in the middle of work.
async fn some_more_are_done(lab: &Lab) {
    let mut wanted = None;
    let more = rand::rng().random_range(1..25);
    while wanted.is_none() {
        wanted = progress(lab).await.map(|now| now + more);
    }
    until("work goes on", || async { progress(lab).await >= wanted }).await;
}

const IS_IDLE: &str = "select not exists (select from system.jobs) and not exists (select from system.lanes)
        and not exists (select from system.delayed_jobs) and not exists (select from system.outbox)
        and not exists (select from system.facts where position > (select min(position) from system.readers))";

async fn nothing_is_left(lab: &Lab) {
    until("nothing is left", || async { yes(lab, IS_IDLE).await.unwrap_or(false) }).await;
}

/// The model: what was surely committed was done, what was perhaps committed may have been; once, in order.
async fn check(lab: &Lab, written: &Written, remote: &Remote) {
    let done = done(lab).await;
    let heard = told(lab, HEARD).await;
    let effects = remote.done();
    for key in (0..KEYS).map(key) {
        let did = numbers(&done, &key);
        assert!(did.is_sorted_by(|one, next| one < next), "order of {key}: {did:?}");
        assert_eq!(numbers(&heard, &key), did, "the reader heard of {key}");
        let (surely, perhaps) = (written.surely.get(&key), written.perhaps.get(&key));
        for number in surely.into_iter().flatten() {
            assert!(did.contains(number), "{key}/{number} was lost");
        }
        for number in &did {
            let is_known = [surely, perhaps].into_iter().flatten().any(|numbers| numbers.contains(number));
            assert!(is_known, "{key}/{number} comes from nowhere");
            let effect = (!is_local(&key)).then_some(&1);
            assert_eq!(effects.get(&format!("{key}/{number}")), effect, "the effect of {key}/{number}");
        }
    }
    let with_effects = done.iter().filter(|step| !is_local(&step.key)).count();
    assert_eq!(effects.len(), with_effects, "no effect without its job");
    assert_eq!(count(lab, "dead_letters").await, 0);
    assert_eq!(ask::<i64>(lab, "select count(*) from shared.effects where state <> 'confirmed'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_workers_a_hundred_times_loses_and_repeats_nothing() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    let remote = Remote::start().await;
    let stop = AtomicBool::new(false);
    let kills = async {
        let mut workers = [Worker::start(&lab, &remote), Worker::start(&lab, &remote)];
        for round in 0..100 {
            some_more_are_done(&lab).await;
            let worker = &mut workers[round % 2];
            worker.kill();
            *worker = Worker::start(&lab, &remote);
        }
        stop.store(true, Ordering::SeqCst);
        workers
    };
    let (written, workers) = tokio::join!(load(&lab, tenant, &stop), kills);
    nothing_is_left(&lab).await;
    drop(workers);
    assert!(written.perhaps.is_empty());
    check(&lab, &written, &remote).await;
}

/// The promise itself, with the settings of every process; so this test looks at the time.
#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_killed_worker_is_taken_over_within_ten_seconds() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    let remote = Remote::start().await;
    let begun = || remote.done().get(HELD).copied().unwrap_or_default();
    enqueue(&lab, tenant, &[step(HELD, 0)]).await;
    let mut first = Worker::by_default(&lab, &remote);
    until("the first worker has begun", || async { begun() == 1 }).await;
    let second = Worker::by_default(&lab, &remote);
    until("the second worker is there", || async { count(&lab, "workers").await == 2 }).await;
    first.kill();
    let killed = Instant::now();
    until("the second worker has begun", || async { begun() == 2 }).await;
    let took = killed.elapsed();
    drop(second);
    assert!(took < Duration::from_secs(10), "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_ends_its_process_is_given_up_after_five_and_all_others_are_done() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    let remote = Remote::start().await;
    let mut steps = vec![step(ABORTING, 0), step(ABORTING, 1)];
    steps.extend((0..40).map(|nth| step(key(nth % 20), i64::try_from(nth).unwrap())));
    enqueue(&lab, tenant, &steps).await;
    let mut workers = [Worker::start(&lab, &remote), Worker::start(&lab, &remote)];
    let mut deaths = 0;
    let working = async {
        while !yes(&lab, IS_IDLE).await.unwrap() {
            for worker in &mut workers {
                if worker.has_ended() {
                    deaths += 1;
                    *worker = Worker::start(&lab, &remote);
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), working).await.expect("all is done or given up within three minutes");
    drop(workers);
    assert_eq!(deaths, 5);
    let given_up = ask::<String>(&lab, "select string_agg(key || ' ' || reason, ', ') from system.dead_letters").await;
    assert_eq!(given_up, format!("{ABORTING} worker_died"));
    let done = done(&lab).await;
    assert_eq!(done.len(), steps.len() - 1);
    assert_eq!(numbers(&done, ABORTING), [1], "the lane goes on behind it");
    for key in (0..20).map(key) {
        let expected: Vec<_> = steps.iter().filter(|step| step.key == key).map(|step| step.number).collect();
        assert_eq!(numbers(&done, &key), expected, "{key}");
    }
}

/// Its row stays if it was frozen in the transaction of its beat.
const IS_DEAD: &str =
    "select count(*) = 1 or min(beat_at) < clock_timestamp() - interval '3 seconds' from system.workers";
const IS_BACK: &str =
    "select count(*) = 2 and min(beat_at) > clock_timestamp() - interval '1 second' from system.workers";

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_were_frozen_and_come_back_repeat_nothing() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await.id;
    let remote = Remote::start().await;
    let stop = AtomicBool::new(false);
    let freezes = async {
        let workers = [Worker::start(&lab, &remote), Worker::start(&lab, &remote)];
        for round in 0..6 {
            some_more_are_done(&lab).await;
            let worker = &workers[round % 2];
            worker.freeze();
            until("it is taken for dead", || ask(&lab, IS_DEAD)).await;
            some_more_are_done(&lab).await;
            worker.thaw();
            until("it is back", || ask(&lab, IS_BACK)).await;
        }
        stop.store(true, Ordering::SeqCst);
        workers
    };
    let (written, workers) = tokio::join!(load(&lab, tenant, &stop), freezes);
    nothing_is_left(&lab).await;
    drop(workers);
    let done = done(&lab).await;
    for key in (0..KEYS).map(key) {
        assert_eq!(numbers(&done, &key), written.surely.get(&key).cloned().unwrap_or_default(), "{key}");
    }
}

/// A server of the test's own that keeps what it committed, and an installation on it.
async fn own_server() -> (Ephemeral, Lab) {
    let cluster = Ephemeral::start().await.unwrap();
    let admin: PgConnectOptions = cluster.url("postgres").parse().unwrap();
    let mut endpoint = database::set_up(&admin, "hub", &lab::secret(), &lab::secret()).await.unwrap();
    endpoint.owner = endpoint.owner.database("hub");
    database::migrate(std::slice::from_ref(&endpoint), &mut |_| {}).await.unwrap();
    // Throw-away servers answer before a commit is written; this one is killed and must remember.
    let mut superuser = PgConnection::connect_with(&admin).await.unwrap();
    sqlx::query("alter database hub set synchronous_commit = on").execute(&mut superuser).await.unwrap();
    let master_keys = secrecy::ExposeSecret::expose_secret(&MasterKeys::generate(1)).to_owned();
    lab::note_secret(&master_keys);
    (cluster, Lab::open(vec![endpoint], master_keys, Clock::default()).await.unwrap())
}

/// `kill -9` of the server's first process; its others end by themselves, and the cluster's keeper starts it again.
async fn kill_server(cluster: &Ephemeral) {
    let mut superuser = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    let read = "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
    let pid: String = sqlx::query_scalar(read).fetch_one(&mut superuser).await.unwrap();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_postgresql_loses_and_repeats_nothing() {
    let (cluster, lab) = own_server().await;
    let tenant = lab.tenant().await.id;
    let remote = Remote::start().await;
    let stop = AtomicBool::new(false);
    let kills = async {
        let workers = [Worker::start(&lab, &remote), Worker::start(&lab, &remote)];
        for _ in 0..4 {
            some_more_are_done(&lab).await;
            kill_server(&cluster).await;
            until("it is there again", || async { progress(&lab).await.is_some() }).await;
        }
        some_more_are_done(&lab).await;
        stop.store(true, Ordering::SeqCst);
        workers
    };
    let (written, workers) = tokio::join!(load(&lab, tenant, &stop), kills);
    nothing_is_left(&lab).await;
    drop(workers);
    check(&lab, &written, &remote).await;
}
