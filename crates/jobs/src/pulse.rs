//! The beat of this process at one database, and its workers. When the others took us for dead (we were stopped for a
//! while, or the database was) our lanes are theirs: we begin again under a new name, and what is still running here
//! fails at its end.

use socialai_domain::{audit::Actor, problems::Result};
use socialai_queue::jobs;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Place, run_again, worker};

/// Starts the beat and a worker for each queue. They leave together, the beat last.
pub fn start(place: &Place) {
    let (name, names) = watch::channel(None);
    let queues = place.engine.handlers.queues().to_vec();
    if queues.is_empty() {
        return;
    }
    let workers = tokio_util::task::TaskTracker::new();
    for queue in queues {
        workers.spawn(worker::run(place.clone(), queue, names.clone()));
    }
    workers.close();
    let place = place.clone();
    place.engine.tasks.clone().spawn(async move {
        let beating = run_again(place.clone(), "beating", |place| {
            let name = name.clone();
            async move { beat(&place, &name).await }
        });
        // Lanes stay ours while their last jobs run.
        tokio::select! {
            () = beating => {}
            () = workers.wait() => {}
        }
        let last = *names.borrow();
        if let Some(last) = last
            && let Err(error) = leave(&place, last).await
        {
            tracing::warn!(database = place.label(), %error, "this worker could not say that it leaves; the others notice in a few seconds");
        }
    });
}

async fn beat(place: &Place, name: &watch::Sender<Option<Uuid>>) -> Result<()> {
    let present = *name.borrow();
    let mut me = match present {
        Some(me) => me,
        None => register(place, name).await?,
    };
    loop {
        let mut tx = place.engine.own.system_at(place.shard(), Actor::system("pulse")).await?;
        let lives = jobs::beat(tx.engine(), me).await?;
        tx.commit().await?;
        if !lives {
            tracing::warn!(database = place.label(), "this worker was taken for dead; it begins anew");
            me = register(place, name).await?;
        }
        tokio::time::sleep(place.engine.settings.beat).await;
    }
}

async fn register(place: &Place, name: &watch::Sender<Option<Uuid>>) -> Result<Uuid> {
    let (me, settings) = (Uuid::new_v4(), &place.engine.settings);
    let mut tx = place.engine.own.system_at(place.shard(), Actor::system("pulse")).await?;
    jobs::register(tx.engine(), me, place.engine.handlers.queues(), &settings.host, &settings.version).await?;
    tx.commit().await?;
    name.send_replace(Some(me));
    Ok(me)
}

async fn leave(place: &Place, me: Uuid) -> Result<()> {
    let mut tx = place.engine.own.system_at(place.shard(), Actor::system("pulse")).await?;
    jobs::leave(tx.engine(), me).await?;
    tx.commit().await?;
    // What was given back can be had by others at once.
    let bell = place.engine.own.bell(place.shard());
    place.engine.handlers.queues().iter().for_each(|queue| bell.ring(queue.0));
    Ok(())
}
