//! The lines on which processes tell each other who looks or types, one for each database.

use std::{collections::BTreeMap, sync::Arc};

use socialai_domain::{
    problems::Result,
    signs::{self, Line, Sign},
    tenancy::Databases,
};
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::presence::Presence;

#[derive(Debug)]
pub struct Signs(BTreeMap<Option<String>, Line>);

impl Signs {
    pub fn start(
        databases: &Databases,
        presence: &Arc<Presence>,
        stopping: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        let shards = databases.shard_names().map(|name| Some(name.to_owned()));
        let lines = std::iter::once(None).chain(shards).map(|shard| {
            let (line, ends) = Line::new();
            let (databases, stopping, place) = (databases.clone(), stopping.clone(), shard.clone());
            let (presence, heard) = (Arc::clone(presence), line.listen());
            tasks.spawn(async move {
                let passing = signs::run(&databases, place.as_deref(), ends);
                let running = Box::pin(async { tokio::join!(passing, presence.follow(&databases, heard)) });
                stopping.run_until_cancelled(running).await;
            });
            (shard, line)
        });
        Self(lines.collect())
    }

    /// Tells everybody who watches, at whichever process.
    pub async fn tell(&self, databases: &Databases, sign: Sign) -> Result<()> {
        let place = databases.place(sign.tenant).await?;
        if let Some(line) = self.0.get(&place.shard) {
            line.tell(sign);
        }
        Ok(())
    }

    /// Signs in the workspaces of a database; `None` for a shard that is not configured here.
    pub fn listen(&self, shard: Option<&str>) -> Option<broadcast::Receiver<Sign>> {
        self.0.get(&shard.map(str::to_owned)).map(Line::listen)
    }
}
