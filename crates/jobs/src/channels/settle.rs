//! What became of an answer that left and of which no answer told. The platform's echo may settle it at any time; here it is
//! looked for at the platform. Found, it was sent; surely not there, it is sent; anything else stays unknown, is shown so, and
//! is looked for again, less and less often. It is never sent on a guess.

use std::time::Duration;

use serde_json::json;
use socialai_connect::{call::CallError, remote::Repeat};
use socialai_domain::{
    conversations::{
        sending::{After, CALLS_LAST, Settling},
        timeline,
    },
    effects::Finding,
    ids::{ConversationId, MessageId},
    problems::Result,
    tenancy::TenantTx,
};

use super::{Parts, Speaker, deliver, spread};
use crate::{Context, Handled, Trouble, webhooks::sentence};

/// So much a platform's clock may differ from ours.
const CLOCKS_DIFFER: time::Duration = time::Duration::seconds(30);
/// Messages of the conversation among which one may be that was found.
const LOOKED_AT: i64 = 200;

pub async fn settle(settling: Settling, mut tx: TenantTx, context: Context, parts: &Parts) -> Handled {
    let (dispatched_at, tries) = (settling.dispatched_at, settling.tries);
    let speaker = parts.speaker(&mut tx, settling.credentials.clone()).await?;
    // The lock is not kept while the platform is asked; `record` sees whether anybody settled it meanwhile.
    tx.rollback().await?;
    let speaker = match speaker {
        Ok(speaker) => speaker,
        Err(reason) => return write(settling, Finding::StillUnknown { reason }, tries, context, parts).await,
    };
    let since = dispatched_at.unwrap_or_else(|| context.databases().now() - CALLS_LAST) - CLOCKS_DIFFER;
    let words =
        deliver::words(&speaker, &settling.outgoing, true, deliver::attachment(&context, parts, &settling.outgoing));
    if !speaker.connector.spec().read_back.contains(&words.surface) {
        let reason = "This platform cannot be asked whether it arrived; look there.".to_owned();
        return write(settling, Finding::StillUnknown { reason }, tries, context, parts).await;
    }
    let call = || speaker.connector.read_back(&parts.http, &speaker.credentials, &words, since);
    let outcome = parts.remotes.call(&speaker.remote, Repeat::Safe, call).await;
    let finding = match outcome {
        Ok(Some(found)) => {
            let mut tx = context.tx().await?;
            let (conversation, message) = (settling.outgoing.conversation, settling.outgoing.message);
            let is_anothers = is_anothers(&mut tx, conversation, message, &found.platform_id).await?;
            tx.rollback().await?;
            if is_anothers {
                // Two equal answers: which of them is there cannot be told.
                let reason = "An equal answer is there, and it cannot be told which one; look at the platform.";
                Finding::StillUnknown { reason: reason.to_owned() }
            } else {
                Finding::TookPlace { remote_ids: json!({ "id": found.platform_id }) }
            }
        }
        Ok(None) => Finding::DidNotTakePlace { calls_last: CALLS_LAST },
        Err(CallError::Later { after: Some(pause) }) => return Err(Trouble::Settle { after: spread(pause) }),
        Err(error) => {
            note(&context, &speaker, &error).await?;
            Finding::StillUnknown { reason: sentence(&error.to_string()) }
        }
    };
    write(settling, finding, tries, context, parts).await
}

async fn write(settling: Settling, finding: Finding, tries: i32, context: Context, parts: &Parts) -> Handled {
    let is_gone_for_now = matches!(finding, Finding::DidNotTakePlace { .. });
    let dispatched_at = settling.dispatched_at;
    let mut tx = context.tx().await?;
    let now = tx.now();
    match settling.record(&mut tx, finding).await? {
        After::Done => context.finish(tx).await,
        After::Again(pause) => {
            tx.commit().await?;
            Err(Trouble::Pause { after: pause })
        }
        After::Settle => {
            tx.commit().await?;
            let pause = parts.timing.settle_after(tries);
            // Once calls are surely over, absence says something: there is no need to wait longer for that.
            let over = dispatched_at.and_then(|at| Duration::try_from(at + CALLS_LAST - now).ok());
            let after = over.filter(|_| is_gone_for_now).map_or(pause, |over| pause.min(over + Duration::from_secs(1)));
            Err(Trouble::Settle { after: spread(after) })
        }
    }
}

/// Whether what was found is another message that we know.
async fn is_anothers(
    tx: &mut TenantTx,
    conversation: ConversationId,
    message: MessageId,
    platform_id: &str,
) -> Result<bool> {
    let known = timeline::timeline(tx, conversation, None, LOOKED_AT).await?;
    let is_it = |other: &timeline::Message| {
        // What looks as if a human typed it there may well be this very answer, see `arrived` in the domain.
        let is_ours = other.author_id.is_some() || other.effect_id.is_some();
        other.id != message && is_ours && other.platform_id.as_deref() == Some(platform_id)
    };
    Ok(known.iter().any(is_it))
}

async fn note(context: &Context, speaker: &Speaker<'_>, error: &CallError) -> Result<()> {
    if *error == CallError::Reauth {
        let mut tx = context.tx().await?;
        deliver::reject(&mut tx, &speaker.kept).await?;
        tx.commit().await?;
    }
    Ok(())
}
