//! An answer is brought to its platform: taken, checked once more, put on record as sent, sent, and written down. The call is
//! between two transactions and is never repeated: what became of a call that told nothing is found out by [`settle`].

use std::time::Duration;

use socialai_connect::{
    call::CallError,
    objects::Key,
    remote::Repeat,
    social::{self, MediaKind, QuickReply, Sent as AtPlatform, Surface as Where, refusal::Refusal},
};
use socialai_domain::{
    channels::{
        Platform, Surface,
        accounts::{self, State},
        credentials::{self, Credentials},
    },
    conversations::{
        AuthorKind,
        attachments::{Attachment, AttachmentKind, LARGEST_BYTES, links},
        sending::{self, After, CALLS_LAST, Deliver, Ended, Next, Outgoing, Sending},
        timeline,
    },
    problems::Result,
    tenancy::TenantTx,
};

use super::{Parts, Speaker, note_quota, settle, spread};
use crate::{Context, Handled, Trouble, webhooks::sentence};

/// Somebody has just put other tokens there.
const AT_ONCE: Duration = Duration::from_millis(100);

pub async fn deliver(task: Deliver, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    match sending::begin(&mut tx, &task).await? {
        Next::Nothing => context.finish(tx).await,
        Next::Wait { reason } => {
            tracing::debug!(message = %task.message, reason, "an answer waits for its account");
            Err(Trouble::Pause { after: spread(parts.timing.wait) })
        }
        Next::Settle(settling) => settle::settle(*settling, tx, context, parts).await,
        Next::Send(sending) => send(*sending, tx, context, parts).await,
    }
}

async fn send(sending: Sending, mut tx: TenantTx, context: Context, parts: &Parts) -> Handled {
    let outgoing = sending.outgoing.clone();
    let ready = ready(&mut tx, &context, parts, &outgoing, sending.credentials.clone()).await?;
    let tokens = sending.credentials.clone();
    let sent = sending.dispatch(tx).await?;
    let (outcome, quota) = match &ready {
        Ready::Say(saying) => {
            let (speaker, words) = &**saying;
            let call = || speaker.connector.send(&parts.http, &speaker.credentials, words);
            match at_hand(&context, parts, &outgoing).await {
                Ok(()) => parts.remotes.call_and_quota(&speaker.remote, Repeat::Never, call).await,
                Err(lacking) => (Err(lacking), None),
            }
        }
        // The widget reads it where it is.
        Ready::Here => (Ok(AtPlatform { platform_id: outgoing.message.to_string() }), None),
        Ready::Never(reason) => (Err(CallError::Refused { code: String::new(), message: reason.clone() }), None),
    };
    let ended = ended(&outcome, parts.timing.wait);
    count(outgoing.platform, &ended);
    let mut tx = context.tx().await?;
    let after = sending::record(&mut tx, sent, &ended, &parts.patience).await?;
    let is_over = about_the_account(&mut tx, &tokens, outcome.err()).await?;
    note_quota(&mut tx, tokens.account, quota).await?;
    match after {
        After::Done => context.finish(tx).await,
        After::Again(pause) => {
            tx.commit().await?;
            // Of an account with other tokens by now, the next attempt need not wait.
            Err(Trouble::Pause { after: if is_over { AT_ONCE } else { spread(pause) } })
        }
        After::Settle => {
            tx.commit().await?;
            let after = parts.timing.settle_first.min(CALLS_LAST.unsigned_abs());
            Err(Trouble::Settle { after })
        }
    }
}

/// How an answer goes out.
enum Ready<'a> {
    Say(Box<(Speaker<'a>, social::Outgoing)>),
    Here,
    Never(String),
}

async fn ready<'a>(
    tx: &mut TenantTx,
    context: &Context,
    parts: &'a Parts,
    outgoing: &Outgoing,
    tokens: Credentials,
) -> Result<Ready<'a>> {
    if outgoing.platform == Platform::WebChat {
        return Ok(Ready::Here);
    }
    let message = timeline::get(tx, outgoing.message).await?;
    let is_human = message.author_kind == AuthorKind::User && message.author_id.is_some();
    Ok(match parts.speaker(tx, tokens).await? {
        Ok(speaker) => {
            let words = words(&speaker, outgoing, is_human, attachment(context, parts, outgoing));
            Ready::Say(Box::new((speaker, words)))
        }
        Err(reason) => Ready::Never(reason),
    })
}

/// The file that goes along, with the address from which the platform fetches it. The rules let one go with a message.
pub fn attachment(context: &Context, parts: &Parts, outgoing: &Outgoing) -> Option<social::Attachment> {
    let file = outgoing.attachments.first()?;
    let kind = match file.kind {
        AttachmentKind::Image => MediaKind::Image,
        AttachmentKind::Audio => MediaKind::Audio,
        AttachmentKind::Video => MediaKind::Video,
        _ => MediaKind::File,
    };
    let tenant = context.tenant();
    let signed = links::sign(context.databases(), tenant, file.id);
    let mut url = parts.public_url.clone();
    url.set_path(&format!("/v1/files/{tenant}/{}", file.id));
    url.set_query(Some(&format!("until={}&signature={}", signed.until, signed.signature)));
    Some(social::Attachment { kind, url })
}

/// A platform that finds no file says what we could say better. Nothing has left yet.
async fn at_hand(context: &Context, parts: &Parts, outgoing: &Outgoing) -> Result<(), CallError> {
    for file in &outgoing.attachments {
        let key = |file: &Attachment| Key::parse(file.object_key.as_deref()?);
        let kept = match key(file).filter(|key| key.tenant() == context.tenant().0) {
            Some(key) => parts.objects.get(&key, LARGEST_BYTES).await,
            None => Ok(None),
        };
        match kept {
            Ok(Some(_)) => {}
            Ok(None) => {
                let message = "the file is not there any more; upload it again".to_owned();
                return Err(CallError::Refused { code: String::new(), message });
            }
            Err(error) => {
                tracing::warn!(%error, message = %outgoing.message, "an answer waits for its file");
                return Err(CallError::Later { after: Some(parts.timing.wait) });
            }
        }
    }
    Ok(())
}

/// An answer as its connector wants it.
pub fn words(
    speaker: &Speaker<'_>,
    outgoing: &Outgoing,
    is_human: bool,
    attachment: Option<social::Attachment>,
) -> social::Outgoing {
    let surface = match outgoing.surface {
        Surface::Message => Where::Message,
        // Where there are no comments, what is public is a mention.
        Surface::Comment if speaker.connector.spec().surface(Where::Comment).is_none() => Where::Mention,
        Surface::Comment => Where::Comment,
    };
    let quick_reply = |title: &String| QuickReply { title: title.clone(), payload: title.clone() };
    social::Outgoing {
        surface,
        to: outgoing.recipient.clone(),
        thread: Some(outgoing.thread_key.clone()).filter(|thread| !thread.is_empty()),
        reply_to: outgoing.reply_to.clone(),
        text: outgoing.text.clone(),
        attachment,
        quick_replies: outgoing.quick_replies.iter().map(quick_reply).collect(),
        marker: Some(outgoing.marker.clone()),
        is_human,
    }
}

/// The one place where what a call says becomes what the domain knows. What waits for its account comes back after `wait`.
fn ended(outcome: &Result<AtPlatform, CallError>, wait: Duration) -> Ended {
    let error = match outcome {
        Ok(sent) => return Ended::Sent { platform_id: Some(sent.platform_id.clone()), provider_at: None },
        Err(error) => error,
    };
    let reason = sentence(&error.to_string());
    match error {
        CallError::Later { after: Some(pause) } => Ended::NotTried { reason, pause: *pause },
        CallError::Reauth => Ended::NotTried { reason, pause: wait },
        // It waits for whoever looks after the account.
        CallError::Refused { .. } if stops_the_account(error) => Ended::NotTried { reason, pause: wait },
        CallError::Refused { message, .. } => Ended::Refused { reason: sentence(message) },
        CallError::Blocked(_) => Ended::Refused { reason },
        // That it is not available some platforms also say after it took effect; looking costs less than saying it twice.
        CallError::Later { after: None } | CallError::Unknown | CallError::Unreadable(_) => Ended::Unknown { reason },
    }
}

fn stops_the_account(error: &CallError) -> bool {
    Refusal::of(error).is_some_and(Refusal::stops_the_account)
}

/// What a failed call says of the account and not of the answer. True when the account has other tokens by now.
async fn about_the_account(tx: &mut TenantTx, tokens: &Credentials, error: Option<CallError>) -> Result<bool> {
    match error {
        Some(CallError::Reauth) => Ok(!reject(tx, tokens).await?),
        Some(error) if stops_the_account(&error) => {
            let CallError::Refused { message, .. } = &error else { return Ok(false) };
            let reason = format!("{} Then connect the account again.", sentence(message));
            accounts::set_state(tx, tokens.account, State::NeedsYou, Some(&reason)).await?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// The platform does not take these tokens. False when there are others by now, of which it says nothing.
pub async fn reject(tx: &mut TenantTx, tokens: &Credentials) -> Result<bool> {
    // After an outage that was longer than they live: whether somebody is needed, who renews them will see.
    if !credentials::wait_for_renewal(tx, tokens).await? {
        credentials::rejected(tx, tokens, "The platform does not accept the access any more; connect it again.")
            .await?;
    }
    Ok(credentials::open(tx, tokens.account).await?.version == tokens.version)
}

fn count(platform: Platform, ended: &Ended) {
    let outcome = match ended {
        Ended::Sent { .. } => "sent",
        Ended::Refused { .. } => "refused",
        Ended::Failed { .. } | Ended::NotTried { .. } => "later",
        Ended::Unknown { .. } => "unknown",
    };
    metrics::counter!("socialai_channel_answers_total", "platform" => platform.name(), "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(30);

    #[test]
    fn what_may_have_arrived_is_never_called_a_failure() {
        let later = CallError::Later { after: None };
        for error in [CallError::Unknown, CallError::Unreadable("it is empty"), later] {
            assert!(matches!(ended(&Err(error), WAIT), Ended::Unknown { .. }));
        }
    }

    #[test]
    fn pause_that_was_asked_for_is_no_attempt() {
        let pause = Duration::from_secs(7);
        let ended = ended(&Err(CallError::Later { after: Some(pause) }), WAIT);
        assert!(matches!(ended, Ended::NotTried { pause: asked, .. } if asked == pause));
    }

    #[test]
    fn refusal_about_the_account_keeps_the_answer() {
        let refused = |code: &str| Err(CallError::Refused { code: code.to_owned(), message: "no".to_owned() });
        assert!(matches!(ended(&refused("account_blocked"), WAIT), Ended::NotTried { .. }));
        assert!(matches!(ended(&refused("too_long"), WAIT), Ended::Refused { .. }));
    }
}
