//! What a delivery only named is asked for. One after the other for each account: that is how platforms want to be asked.

use serde::{Deserialize, Serialize};
use socialai_connect::{
    call::CallError,
    remote::Repeat,
    social::{Happened, Item},
};
use socialai_domain::{
    audit::Actor,
    channels::inbound,
    ids::{ChannelAccountId, InboundId},
    queues,
};
use socialai_queue::jobs::{Queue, Task};

use super::{
    Parts, Speaker, deliver,
    ingest::{self, Piece, Why},
    spread,
};
use crate::{Context, Handled, Trouble};

/// Reads what a delivery names for an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Complete {
    pub delivery: InboundId,
    pub account: ChannelAccountId,
}

impl Task for Complete {
    const KIND: &'static str = "channels.complete";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        format!("complete/{}", self.account)
    }
}

pub async fn complete(task: Complete, context: Context, parts: &Parts) -> Handled {
    let mut system = context.databases().system(Actor::system("channels")).await?;
    let kept = inbound::take(&mut system, &[task.delivery]).await?.pop();
    system.rollback().await?;
    let Some(kept) = kept else { return context.finish_empty().await };
    let mut tx = context.tx().await?;
    let Ok(speaker) = parts.speaker_of(&mut tx, task.account).await? else { return context.finish(tx).await };
    tx.rollback().await?;
    let Ok(parsed) = speaker.connector.parse(&kept.body) else { return context.finish_empty().await };
    let account = &speaker.kept.external_id;
    let named = parsed.items.into_iter().filter(|item| is_bare(item) && item.account == *account);
    let mut pieces = Vec::new();
    for item in named {
        match ask(parts, &speaker, &item).await {
            // Gone, or not for us to read: then there is nothing to receive.
            Ok(None) | Err(CallError::Refused { .. }) => {}
            Ok(Some(item)) => pieces.extend(Piece::of(task.delivery, task.account, item, kept.received_at).ok()),
            Err(error) => return trouble(&context, parts, &speaker, error).await,
        }
    }
    for outcome in ingest::receive(context.databases(), context.tenant(), pieces).await {
        match outcome.received {
            Err(Why::Later(pause)) => return Err(Trouble::Pause { after: pause }),
            Err(Why::Broken(error)) => return Err(Trouble::retry(error)),
            Ok(_) | Err(Why::Left(..)) => {}
        }
    }
    context.finish_empty().await
}

pub fn is_bare(item: &Item) -> bool {
    matches!(item.happened, Happened::Bare { .. })
}

pub async fn ask(parts: &Parts, speaker: &Speaker<'_>, item: &Item) -> Result<Option<Item>, CallError> {
    let call = || speaker.connector.complete(&parts.http, &speaker.credentials, item);
    parts.remotes.call(&speaker.remote, Repeat::Safe, call).await
}

/// What a read that failed means for its job.
pub async fn trouble(context: &Context, parts: &Parts, speaker: &Speaker<'_>, error: CallError) -> Handled {
    match error {
        CallError::Later { after } => Err(Trouble::Pause { after: spread(after.unwrap_or(parts.timing.again)) }),
        CallError::Reauth => {
            let mut tx = context.tx().await?;
            deliver::reject(&mut tx, &speaker.kept).await?;
            tx.commit().await?;
            Err(Trouble::Pause { after: spread(parts.timing.wait) })
        }
        other => Err(Trouble::retry(other.to_string())),
    }
}
