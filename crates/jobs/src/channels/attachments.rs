//! Attachments are fetched as soon as their message is there: what platforms give are addresses that end soon. The address is
//! a stranger's: it is called through the guard, with a limit of time and of size, and what comes is what its bytes say it is.

use std::time::Duration;

use socialai_connect::{
    call::CallError,
    objects::{Key, Kind},
    remote::{RemoteId, Repeat},
};
use socialai_domain::{
    conversations::attachments::{
        self, Attachment, AttachmentState, FetchAttachment, LARGEST_BYTES, RemoveObjects, Stored, sniff,
    },
    problems::{Code, Error},
    tokens::sha256,
};
use socialai_queue::retry::Schedule;
use url::Url;

use super::Parts;
use crate::{Context, Handled, Trouble, webhooks::sentence};

pub const TAKES: Duration = Duration::from_mins(1);
/// Addresses end, mostly within hours.
pub const RETRIES: Schedule = Schedule(&[5, 60, 300, 900, 3600]);

pub async fn fetch(task: FetchAttachment, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    let attachment = match attachments::get(&mut tx, task.attachment).await {
        // Its message was taken back.
        Err(Error::Problem(problem)) if problem.code == Code::NotFound => return context.finish(tx).await,
        found => found?,
    };
    tx.rollback().await?;
    if attachment.state != AttachmentState::Waiting {
        return context.finish_empty().await;
    }
    let bytes = match bytes(&attachment, &context, parts).await {
        Ok(bytes) => bytes,
        Err(Lacks { state, reason }) => {
            let mut tx = context.tx().await?;
            attachments::not_stored(&mut tx, task.attachment, state, &reason).await?;
            return context.finish(tx).await;
        }
    };
    let bytes = match bytes {
        Fetched::Bytes(bytes) => bytes,
        Fetched::Later(after) => {
            return Err(Trouble::Retry { after, error: "it cannot be fetched at the moment".to_owned() });
        }
    };
    let key = Key::new(context.tenant().0, Kind::Attachment, &task.attachment.0.simple().to_string());
    let key = key.ok_or_else(|| Trouble::fail("unusable_key", "an attachment has no place in the object store"))?;
    parts.objects.put(&key, &bytes).await.map_err(|error| Trouble::retry(error.to_string()))?;
    let stored = Stored {
        object_key: key.to_string(),
        content_type: sniff::content_type(&bytes).to_owned(),
        size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        sha256: sha256(&bytes),
    };
    let mut tx = context.tx().await?;
    attachments::stored(&mut tx, task.attachment, &stored).await?;
    context.finish(tx).await
}

enum Fetched {
    Bytes(Vec<u8>),
    Later(Option<Duration>),
}

/// There is nothing to be had.
struct Lacks {
    state: AttachmentState,
    reason: String,
}

fn refused(reason: impl Into<String>) -> Lacks {
    Lacks { state: AttachmentState::Refused, reason: reason.into() }
}

fn failed(reason: impl Into<String>) -> Lacks {
    Lacks { state: AttachmentState::Failed, reason: reason.into() }
}

async fn bytes(attachment: &Attachment, context: &Context, parts: &Parts) -> Result<Fetched, Lacks> {
    let url = attachment.remote_url.as_deref().and_then(|url| Url::parse(url).ok());
    let url = url.ok_or_else(|| failed("The platform gave no address from which it could be fetched."))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let remote = RemoteId::new(format!("media:{host}").chars().take(200).collect::<String>(), context.tenant().0);
    let call = || async {
        let answer =
            parts.http.get(&url).time_limit(parts.timing.file_takes).body_limit_bytes(LARGEST_BYTES).send().await?;
        answer.success()
    };
    let error = match parts.remotes.call(&remote, Repeat::Safe, call).await {
        Ok(answer) if answer.body().is_empty() => return Err(refused("It is empty.")),
        Ok(answer) => return Ok(Fetched::Bytes(answer.body().to_vec())),
        Err(error) => error,
    };
    let tries_left = parts.timing.file_retries.pause(context.failed + 1).is_some();
    match error {
        CallError::Later { after } if tries_left => Ok(Fetched::Later(after)),
        CallError::Later { .. } | CallError::Unknown => {
            Err(failed("It could not be fetched while the platform had it."))
        }
        CallError::Blocked(_) => Err(refused(sentence(&error.to_string()))),
        CallError::Unreadable(_) => {
            let megabytes = LARGEST_BYTES / 1024 / 1024;
            Err(refused(format!("It is larger than {megabytes} MB, or cannot be read.")))
        }
        CallError::Reauth | CallError::Refused { .. } => Err(failed("The platform does not give it out any more.")),
    }
}

pub async fn remove(task: RemoveObjects, context: Context, parts: &Parts) -> Handled {
    for key in &task.keys {
        // A key that is not this workspace's is nobody's order.
        let Some(key) = Key::parse(key).filter(|key| key.tenant() == context.tenant().0) else {
            tracing::error!(tenant_id = %context.tenant(), "an object of another workspace was to be removed");
            continue;
        };
        parts.objects.delete(&key).await.map_err(|error| Trouble::retry(error.to_string()))?;
    }
    context.finish_empty().await
}
