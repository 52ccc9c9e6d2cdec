//! One message to one target, and what its answer means for the notice.

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Value, json};
use socialai_connect::{
    call::CallError,
    mail::Mail,
    pagerduty::{PagerDuty, RoutingKey},
    remote::{RemoteId, Repeat},
    slack,
    standard_webhooks::{Message, Secret},
    webhook::{self, Failure, Why},
};
use socialai_domain::{
    alerts::{
        Notice,
        sending::Ended,
        targets::{Address, Region},
    },
    audit::Actor,
    mails,
    problems::Result,
};
use url::Url;

use super::{Parts, news::News};
use crate::{Context, webhooks::sentence};

/// Fails only when the installation's own database does.
pub async fn send(
    parts: &Parts,
    context: &Context,
    address: &Address,
    recipients: &[String],
    news: &News,
) -> Result<Ended> {
    let remote = RemoteId::new(address.remote(), context.tenant().0);
    Ok(match address {
        Address::PagerDuty { routing_key, region } => {
            let base = if *region == Region::Eu { &parts.pagerduty.eu } else { &parts.pagerduty.us };
            page(parts, &remote, base, routing_key, news).await
        }
        Address::Slack { url } => post(parts, &remote, url, news).await,
        Address::Webhook { url, secret } => deliver(parts, &remote, url, secret, news, context.databases().now()).await,
        Address::Email { .. } => match &parts.mail {
            _ if recipients.is_empty() => {
                let reason = "The workspace has no active administrator to write to.".to_owned();
                Ended::NobodyThere { reason }
            }
            Mail::Off => {
                let reason = "This installation sends no mail: SOCIALAI_SMTP_URL is not set.".to_owned();
                Ended::Refused { reason }
            }
            Mail::Outbox => {
                keep(context, recipients, news).await?;
                Ended::Told { remote_ids: json!({ "recipients": recipients.len() }) }
            }
            Mail::Smtp(smtp) => {
                let (subject, text) = (news.subject(), news.text());
                let outcome = parts
                    .remotes
                    .call(&remote, Repeat::Never, || Box::pin(smtp.send_to_all(recipients, &subject, &text)));
                ended(outcome.await.map(|taken| json!({ "recipients": taken })))
            }
        },
    })
}

async fn page(parts: &Parts, remote: &RemoteId, base: &Url, key: &SecretString, news: &News) -> Ended {
    let Ok(key) = RoutingKey::parse(key) else { return unusable() };
    let pagerduty = PagerDuty::new(parts.http.clone(), base);
    let (incident, dedup_key) = (news.incident(), news.incident_key());
    let mut outcome = Ok(());
    if news.notice != Notice::Resolved {
        outcome = parts.remotes.call(remote, Repeat::Safe, || pagerduty.trigger(&key, &incident)).await;
    }
    // A test leaves nothing behind that somebody would have to close.
    if outcome.is_ok() && news.notice != Notice::Raised {
        outcome = parts.remotes.call(remote, Repeat::Safe, || pagerduty.resolve(&key, &dedup_key)).await;
    }
    ended(outcome.map(|()| json!({ "dedup_key": dedup_key })))
}

async fn post(parts: &Parts, remote: &RemoteId, url: &SecretString, news: &News) -> Ended {
    let Ok(webhook) = slack::Webhook::parse(url, parts.http.reach()) else { return unusable() };
    let post = news.post();
    let outcome = parts.remotes.call(remote, Repeat::Never, || slack::post(&parts.http, &webhook, &post)).await;
    ended(outcome.map(|()| json!({})))
}

async fn deliver(
    parts: &Parts,
    remote: &RemoteId,
    url: &str,
    secret: &SecretString,
    news: &News,
    at: time::OffsetDateTime,
) -> Ended {
    let (Ok(url), Ok(secret)) = (Url::parse(url), Secret::parse(secret)) else { return unusable() };
    let Ok(message) = Message::sign(&[secret], &news.effect.to_string(), at, Bytes::from(news.body())) else {
        return unusable();
    };
    let outcome = parts.remotes.call(remote, Repeat::Never, || webhook::deliver(&parts.http, &url, &message)).await;
    match outcome {
        Ok(delivered) => Ended::Told { remote_ids: json!({ "status": delivered.reply.status }) },
        Err(Failure { why, .. }) => {
            let reason = sentence(&why.to_string());
            match why {
                Why::SlowDown { after, .. } | Why::HeldBack { after } => Ended::Later { pause: after, reason },
                Why::Unreachable | Why::Status(408 | 425 | 500..) => Ended::Later { pause: None, reason },
                Why::NoAnswer => Ended::Unknown { reason },
                Why::Status(_) | Why::Gone | Why::Address(_) => Ended::Refused { reason },
            }
        }
    }
}

async fn keep(context: &Context, recipients: &[String], news: &News) -> Result<()> {
    let mut tx = context.databases().system(Actor::system("mail")).await?;
    for recipient in recipients {
        mails::keep(&mut tx, Some(context.tenant()), recipient, &news.subject(), &news.text()).await?;
    }
    tx.commit().await
}

/// Addresses and secrets were checked when they were stored, under what the installation allowed then.
fn unusable() -> Ended {
    Ended::Refused { reason: "This installation does not allow the target's address any more; change it.".to_owned() }
}

fn ended(outcome: Result<Value, CallError>) -> Ended {
    match outcome {
        Ok(remote_ids) => Ended::Told { remote_ids },
        Err(error) => {
            let reason = sentence(&error.to_string());
            match error {
                CallError::Later { after } => Ended::Later { pause: after, reason },
                CallError::Reauth | CallError::Refused { .. } | CallError::Blocked(_) => Ended::Refused { reason },
                CallError::Unknown | CallError::Unreadable(_) => Ended::Unknown { reason },
            }
        }
    }
}
