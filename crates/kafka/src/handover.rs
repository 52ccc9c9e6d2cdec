//! Before anything is carried: the topics are there, and readers go on where they were.
//!
//! A reader that never read from Kafka begins at the end of the topic. If PostgreSQL carried the facts until now, readers
//! have places there (`system.readers`). The relay then begins at the place of the slowest, and each reader is told how far
//! it had come by itself, so that it takes what comes before as read. The places on PostgreSQL go; were they left, facts
//! would be kept for readers that never come back.

use socialai_domain::{audit::Actor, problems::Result, tenancy::Databases};
use socialai_queue::facts::{self, Reader};

use crate::{
    envelope::Source,
    outage::{Outage, PAUSE},
    places, relay,
    settings::Settings,
    topics,
};

/// Waits until readers can begin, through every outage.
pub async fn prepare(settings: &Settings, databases: &Databases, readers: &[Reader]) {
    topics::ensure(settings).await;
    let outage = Outage::of("preparing to carry facts by Kafka");
    while let Err(error) = begin(settings, databases, readers).await {
        outage.fails(&error);
        tokio::time::sleep(PAUSE).await;
    }
    outage.works();
}

async fn begin(settings: &Settings, databases: &Databases, readers: &[Reader]) -> anyhow::Result<()> {
    let topic = settings.facts_topic();
    let ends = topics::ends(settings, &topic).await.map_err(anyhow::Error::msg)?;
    let mut tx = databases.system_at(None, Actor::system("kafka")).await?;
    for reader in readers {
        places::begin(tx.engine(), reader.name, &topic, &ends).await?;
    }
    Ok(tx.commit().await?)
}

/// Waits until the relay of a database can begin; a shard that is away keeps none but its own waiting.
pub async fn take_over(settings: &Settings, databases: &Databases, shard: Option<&str>, readers: &[Reader]) {
    let outage = Outage::of(format!("preparing to carry facts of {} by Kafka", Source::of(shard).name()));
    while let Err(error) = move_places(databases, shard, &settings.facts_topic(), readers).await {
        outage.fails(&error);
        tokio::time::sleep(PAUSE).await;
    }
    outage.works();
}

/// The readers' places are held until the control database knows them, so that nobody reads on meanwhile. A crash in
/// between does it again.
async fn move_places(databases: &Databases, shard: Option<&str>, topic: &str, readers: &[Reader]) -> Result<()> {
    let source = Source::of(shard);
    let mut tx = databases.system_at(shard, Actor::system("kafka")).await?;
    let names: Vec<_> = readers.iter().map(|reader| reader.name).collect();
    let read: Vec<(String, i64)> =
        sqlx::query_as("select name, position from system.readers where name = any($1) order by name for update")
            .bind(&names)
            .fetch_all(tx.engine())
            .await?;
    // The relay's place, made now if it was not there; held by another process if that carries already.
    let place = facts::take_place(tx.engine(), relay::NAME).await?;
    if let (Some(place), Some(slowest)) = (place, read.iter().map(|(_, position)| *position).min()) {
        let mut control = databases.system_at(None, Actor::system("kafka")).await?;
        for name in &names {
            let position = read.iter().find(|(reader, _)| reader == name).map_or(place, |(_, position)| *position);
            places::skip(control.engine(), name, topic, &source.name(), position).await?;
        }
        control.commit().await?;
        facts::move_place(tx.engine(), relay::NAME, slowest).await?;
        sqlx::query("delete from system.readers where name = any($1)").bind(&names).execute(tx.engine()).await?;
    }
    tx.commit().await
}
