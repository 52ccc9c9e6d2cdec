//! What a platform asked to delete is deleted. Deliveries that came before the request are read first: what would be read
//! later would be there again.

use std::time::Duration;

use socialai_domain::{
    audit::Actor,
    data_deletions::{self, Erase},
};

use crate::{Context, Handled, Trouble};

const READING: Duration = Duration::from_secs(10);

pub async fn erase(task: Erase, context: Context) -> Handled {
    let databases = context.databases().clone();
    let mut system = databases.system(Actor::system("data deletion")).await?;
    let deletion = data_deletions::find(&mut system, task.deletion).await?;
    let Some(deletion) = deletion.filter(|deletion| deletion.done_at.is_none()) else {
        return context.finish_system(system).await;
    };
    let must_wait = data_deletions::must_wait(&mut system, &deletion).await?;
    system.rollback().await?;
    if must_wait {
        return Err(Trouble::Pause { after: READING });
    }
    data_deletions::erase(&databases, &deletion).await?;
    let mut system = databases.system(Actor::system("data deletion")).await?;
    data_deletions::done(&mut system, &deletion).await?;
    context.finish_system(system).await
}
