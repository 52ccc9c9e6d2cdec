//! Passes the rings of a database's bell between processes, through PostgreSQL's NOTIFY. Rings come in bursts and are told
//! in bundles: a NOTIFY takes a lock of the whole server at commit, so it is kept out of the transactions that ring.

use std::time::Duration;

use sqlx::postgres::PgListener;
use uuid::Uuid;

use crate::{audit::Actor, problems::Result, tenancy::Databases};

const CHANNEL: &str = "socialai_bell";
/// At most so often; a ring after a pause goes out at once.
const BETWEEN_BUNDLES: Duration = Duration::from_millis(5);

/// Tells other processes of rings here, for ever. `me` tells them from their own.
pub async fn tell(databases: &Databases, shard: Option<&str>, me: Uuid) -> Result<()> {
    let bell = databases.bell(shard);
    loop {
        let topics: Vec<String> = bell.untold().await.into_iter().collect();
        let told = async {
            let mut tx = databases.system_at(shard, Actor::system("herald")).await?;
            sqlx::query("select pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(format!("{me} {}", topics.join(" ")))
                .execute(tx.conn())
                .await?;
            tx.commit().await
        };
        if let Err(error) = told.await {
            // Others look by themselves every second; what they hear late is not lost.
            tracing::warn!(%error, "other processes could not be told that there is work");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(BETWEEN_BUNDLES).await;
    }
}

/// Rings here when another process rang, until the connection breaks.
pub async fn hear(databases: &Databases, shard: Option<&str>, me: Uuid) -> Result<()> {
    let bell = databases.bell(shard);
    let mut listener = PgListener::connect_with(databases.pool(shard)?).await?;
    listener.listen(CHANNEL).await?;
    // Whatever was rung before the connection stood was not heard.
    bell.ring_all_here();
    let me = me.to_string();
    // An error or a lost connection ends this; whoever called begins again.
    while let Some(heard) = listener.try_recv().await? {
        let mut words = heard.payload().split(' ');
        if words.next() != Some(me.as_str()) {
            words.for_each(|topic| bell.ring_here(topic));
        }
    }
    Ok(())
}
