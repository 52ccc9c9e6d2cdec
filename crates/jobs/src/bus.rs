//! Facts on PostgreSQL: they get their place in the order, and readers turn them into jobs, each at its own place.

use std::{collections::BTreeSet, time::Duration};

use socialai_domain::{audit::Actor, problems::Result};
use socialai_queue::{
    bell,
    facts::{self, Fact, Reader},
    follow::{self, Followed},
};
use tokio::sync::watch;

use crate::Place;

/// Whoever missed a ring looks again after so long.
const LOOK: Duration = Duration::from_secs(1);
const PLACED_AT_ONCE: i32 = 1000;
const READ_AT_ONCE: i64 = 500;

/// Gives facts their place as they come.
pub async fn place(place: &Place) -> Result<()> {
    let bell = place.engine.own.bell(place.shard());
    let mut rung = bell.listen(bell::OUTBOX);
    loop {
        let mut tx = place.engine.own.system_at(place.shard(), Actor::system("sequencer")).await?;
        let placed = facts::place(tx.engine(), PLACED_AT_ONCE).await?;
        tx.commit().await?;
        if placed > 0 {
            bell.ring(bell::FACTS);
        }
        if placed < PLACED_AT_ONCE {
            wait(&mut rung).await;
        }
    }
}

/// Reads facts as they get their place, and enqueues what follows.
pub async fn read(place: &Place, reader: Reader) -> Result<()> {
    let bell = place.engine.own.bell(place.shard());
    let mut rung = bell.listen(bell::FACTS);
    loop {
        let mut tx = place.engine.own.system_at(place.shard(), Actor::system("reader")).await?;
        let Some(position) = facts::take_place(tx.engine(), reader.name).await? else {
            // Another process reads. It may die, so look again.
            tx.rollback().await?;
            wait(&mut rung).await;
            continue;
        };
        let page = facts::read(tx.engine(), reader.name, position, READ_AT_ONCE).await?;
        let full = page.len() == usize::try_from(READ_AT_ONCE).unwrap_or(usize::MAX);
        let Some(last) = page.last().map(|fact| fact.position) else {
            // Commits the place of a reader that begins.
            tx.commit().await?;
            wait(&mut rung).await;
            continue;
        };
        let followed = follow(tx.engine(), reader, page).await?;
        let now = tx.now();
        let written = follow::write(tx.engine(), reader.name, now, &followed.iter().collect::<Vec<_>>()).await?;
        facts::move_place(tx.engine(), reader.name, last).await?;
        tx.commit().await?;
        if written.unreadable > 0 {
            tracing::warn!(
                reader = reader.name,
                facts = written.unreadable,
                "facts that nobody can read are kept as dead letters"
            );
        }
        for queue in written.queues {
            bell.ring(queue);
        }
        if !full {
            wait(&mut rung).await;
        }
    }
}

/// What follows from a page of facts.
async fn follow(conn: &mut sqlx::PgConnection, reader: Reader, page: Vec<Fact>) -> Result<Vec<Followed>> {
    let wanted: Option<BTreeSet<_>> = if reader.only_subscribed {
        let tenants: Vec<_> = page.iter().map(|fact| fact.tenant_id).collect::<BTreeSet<_>>().into_iter().collect();
        Some(facts::subscribed(conn, reader.name, &tenants).await?.into_iter().collect())
    } else {
        None
    };
    let of_interest =
        page.into_iter().filter(|fact| wanted.as_ref().is_none_or(|wanted| wanted.contains(&fact.tenant_id)));
    Ok(of_interest.map(|fact| Followed::of(&reader, fact)).collect())
}

async fn wait(rung: &mut watch::Receiver<()>) {
    // The bell outlives the engine; without it the time-out is enough.
    let _ = tokio::time::timeout(LOOK, rung.changed()).await;
}
