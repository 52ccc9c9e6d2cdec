//! What has to happen now and then at each database, whoever does it: pauses end, delayed jobs become due, schedules run,
//! lanes of dead workers are freed, old facts go. Each is one statement that several processes may run at once.

use std::time::Duration;

use socialai_domain::{audit::Actor, problems::Result};
use socialai_queue::{dead_letters, facts, jobs, schedules};
use tokio::time::{MissedTickBehavior, interval};

use crate::Place;

/// What is due waits at most so long.
const LOOK_FOR_DUE: Duration = Duration::from_millis(250);
const LOOK_FOR_DEAD: Duration = Duration::from_secs(1);
const MEASURE: Duration = Duration::from_secs(10);
const SWEEP: Duration = Duration::from_mins(10);
/// Schedules that one transaction runs.
const SCHEDULES: i64 = 100;
/// Numbers above this are not counted out.
const COUNT_UP_TO: i64 = 100_000;

pub async fn run(place: &Place) -> Result<()> {
    let [mut due, mut dead, mut measure, mut sweep] = [LOOK_FOR_DUE, LOOK_FOR_DEAD, MEASURE, SWEEP].map(|every| {
        let mut turns = interval(every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        turns
    });
    loop {
        tokio::select! {
            _ = due.tick() => let_go_what_is_due(place).await?,
            _ = dead.tick() => free_the_dead(place).await?,
            _ = measure.tick() => tell_backlog(place).await?,
            _ = sweep.tick() => sweep_facts(place).await?,
        }
    }
}

/// One transaction each: every step locks lanes in their order, and two of them in one would not.
async fn let_go_what_is_due(place: &Place) -> Result<()> {
    let databases = &place.engine.own;
    let mut tx = databases.system_at(place.shard(), Actor::system("caretaker")).await?;
    let woken = jobs::wake_lanes(tx.engine()).await?;
    tx.commit().await?;
    let mut tx = databases.system_at(place.shard(), Actor::system("caretaker")).await?;
    let due = jobs::release_due(tx.engine()).await?;
    tx.commit().await?;
    let mut tx = databases.system_at(place.shard(), Actor::system("caretaker")).await?;
    let runs = schedules::run_due(tx.engine(), place.engine.handlers.queues(), SCHEDULES).await?;
    tx.commit().await?;
    if woken > 0 || due > 0 || !runs.is_empty() {
        ring(place);
    }
    Ok(())
}

async fn free_the_dead(place: &Place) -> Result<()> {
    let mut tx = place.engine.own.system_at(place.shard(), Actor::system("caretaker")).await?;
    let freed = jobs::reap(tx.engine(), place.engine.settings.silence).await?;
    tx.commit().await?;
    if freed > 0 {
        tracing::warn!(database = place.label(), lanes = freed, "work of a dead worker was taken over");
        ring(place);
    }
    Ok(())
}

/// All queues: a database's function does not say which ones it was about.
fn ring(place: &Place) {
    let bell = place.engine.own.bell(place.shard());
    place.engine.handlers.queues().iter().for_each(|queue| bell.ring(queue.0));
}

async fn tell_backlog(place: &Place) -> Result<()> {
    let mut tx = place.engine.own.system_at(place.shard(), Actor::system("caretaker")).await?;
    let backlog = jobs::backlog(tx.engine(), COUNT_UP_TO).await?;
    let lag = facts::lag(tx.engine(), COUNT_UP_TO).await?;
    let letters = dead_letters::of_installation(tx.engine(), COUNT_UP_TO).await?;
    tx.rollback().await?;
    let database = place.label().to_owned();
    for queue in place.engine.handlers.queues() {
        let found = backlog.iter().find(|found| found.queue == queue.0);
        let (jobs, retrying, oldest) =
            found.map_or((0, 0, 0.0), |found| (found.jobs, found.retrying, found.oldest_seconds));
        let labels = [("queue", queue.0.to_owned()), ("database", database.clone())];
        metrics::gauge!("socialai_jobs_backlog", &labels).set(counted(jobs));
        metrics::gauge!("socialai_jobs_retrying", &labels).set(counted(retrying));
        metrics::gauge!("socialai_jobs_oldest_seconds", &labels).set(oldest);
    }
    metrics::gauge!("socialai_facts_lag", "database" => database.clone()).set(counted(lag));
    metrics::gauge!("socialai_installation_dead_letters", "database" => database).set(counted(letters));
    Ok(())
}

fn counted(number: i64) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

async fn sweep_facts(place: &Place) -> Result<()> {
    loop {
        let mut tx = place.engine.own.system_at(place.shard(), Actor::system("caretaker")).await?;
        let before = tx.now() - place.engine.settings.facts_retention;
        let swept = facts::sweep(tx.engine(), before).await?;
        tx.commit().await?;
        if swept == 0 {
            return Ok(());
        }
    }
}
