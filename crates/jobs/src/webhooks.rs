//! Outbound webhooks: facts become deliveries, and deliveries are made. The rules are in `domain::webhooks`, the signature
//! and the guard in `connect`; this file takes the steps between them.
//!
//! `fan_out` is one transaction. `deliver` is two with the request between them: the first takes the delivery and puts it
//! on record as sent, the second writes down how it ended. A job whose delivery is to be tried again pauses: the count of
//! attempts is the delivery's.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
use socialai_connect::{
    call::{Http, Repeat},
    remote::{RemoteId, Remotes},
    standard_webhooks::{Message, Secret},
    webhook::{self, Delivered, Failure, Reply, Why},
};
use socialai_domain::{
    ids::EventId,
    webhooks::{
        self, Deliver, FanOut, Patience,
        sending::{self, After, Ended, Next, Report, Sending},
    },
};
use socialai_queue::{
    facts::{Fact, Reader},
    jobs::NewJob,
};
use time::OffsetDateTime;
use url::Url;

use crate::{Context, Handled, Handlers, Limits, Trouble};

/// What the jobs need besides the database.
#[derive(Clone)]
pub struct Parts {
    pub http: Http,
    pub remotes: Remotes,
    pub patience: Patience,
}

/// Each public fact of a workspace with an endpoint becomes one job, after those about the same thing.
pub const READER: Reader = Reader { name: webhooks::READER, only_subscribed: true, jobs: follow };

/// When the receiver does not say how long it wants to be left alone.
const HELD_BACK: Duration = Duration::from_mins(1);

fn follow(fact: &Fact) -> Vec<NewJob> {
    if !webhooks::is_delivered(&fact.kind, &fact.data) {
        return Vec::new();
    }
    let task = FanOut {
        event_id: EventId(fact.fact_id),
        event: fact.kind.clone(),
        key: fact.key.clone(),
        at: fact.at,
        data: fact.data.clone(),
    };
    match NewJob::of(&task) {
        Ok(job) => vec![job],
        Err(error) => {
            tracing::error!(event = %task.event_id, %error, "an event cannot be written as a job");
            Vec::new()
        }
    }
}

pub fn handlers(handlers: Handlers, parts: Parts) -> Handlers {
    let handlers = handlers.with_local(Limits::default(), |tx, happened: FanOut| {
        Box::pin(async move { sending::fan_out(tx, &happened).await })
    });
    handlers.with(Limits::default(), move |task, context| {
        let parts = parts.clone();
        async move { deliver(task, context, &parts).await }
    })
}

async fn deliver(task: Deliver, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    let sending = match sending::begin(&mut tx, &task).await? {
        Next::Nothing => return context.finish(tx).await,
        Next::Send(sending) => *sending,
    };
    let remote = RemoteId::new(sending.remote(), context.tenant().0);
    let at = tx.now();
    let (url, message) = prepare(&sending, at)?;
    let sent = sending.dispatch(tx).await?;
    let outcome = parts.remotes.call(&remote, Repeat::Never, || webhook::deliver(&parts.http, &url, &message)).await;
    let mut tx = context.tx().await?;
    if let Err(Failure { why: Why::HeldBack { after }, .. }) = &outcome {
        sending::record_nothing_sent(&mut tx, sent, "The endpoint does not work, or asked for a pause.").await?;
        tx.commit().await?;
        // Not all of them at the moment when the pause ends.
        let pause = after.unwrap_or(HELD_BACK).mul_f64(rand::random_range(1.0..=1.5));
        return Err(Trouble::Pause { after: pause });
    }
    let (ended, report) = told(outcome, at, &url, &message);
    let label = match ended {
        Ended::Delivered => "delivered",
        Ended::Gone => "gone",
        Ended::Failed { .. } => "failed",
    };
    metrics::counter!("socialai_webhook_attempts_total", "outcome" => label).increment(1);
    metrics::histogram!("socialai_webhook_seconds").record(report.latency.as_secs_f64());
    match sending::record(&mut tx, sent, &ended, &report, &parts.patience).await? {
        After::Done => context.finish(tx).await,
        After::Again(pause) => {
            tx.commit().await?;
            Err(Trouble::Pause { after: pause })
        }
    }
}

/// Address and secrets were checked when they were stored; what cannot be used nevertheless never will be.
fn prepare(sending: &Sending, at: OffsetDateTime) -> Result<(Url, Message), Trouble> {
    let unusable = |error: String| Trouble::fail("unusable_endpoint", error);
    let url = Url::parse(&sending.url).map_err(|error| unusable(error.to_string()))?;
    let secrets: Result<Vec<_>, _> = sending.secrets.iter().map(Secret::parse).collect();
    let secrets = secrets.map_err(|error| unusable(error.to_string()))?;
    let body = Bytes::from(sending.body.clone());
    let message = Message::sign(&secrets, &sending.event_id.to_string(), at, body);
    Ok((url, message.map_err(|error| unusable(error.to_string()))?))
}

/// The outcome in the words of the domain.
fn told(outcome: Result<Delivered, Failure>, at: OffsetDateTime, url: &Url, message: &Message) -> (Ended, Report) {
    let (ended, error, reply, latency) = match outcome {
        Ok(Delivered { reply, latency }) => (Ended::Delivered, None, Some(reply), latency),
        Err(failure) => {
            let ended = match failure.why {
                Why::Gone => Ended::Gone,
                Why::SlowDown { after, .. } => Ended::Failed { pause: after, outcome_unknown: false },
                Why::NoAnswer => Ended::Failed { pause: None, outcome_unknown: true },
                Why::Unreachable | Why::Status(_) | Why::Address(_) | Why::HeldBack { .. } => {
                    Ended::Failed { pause: None, outcome_unknown: false }
                }
            };
            (ended, Some(sentence(&failure.why.to_string())), failure.reply, failure.latency)
        }
    };
    let content_type = ("content-type", "application/json");
    let sent = std::iter::once(content_type).chain(message.headers());
    let report = Report {
        at,
        url: url.to_string(),
        request_headers: object(sent.map(|(name, value)| (name, value.to_owned()))),
        status: reply.as_ref().map(|reply| reply.status),
        response_headers: reply.as_ref().map(|Reply { headers, .. }| object(headers.iter().cloned())),
        response_body: reply.map(|reply| reply.body_excerpt),
        latency,
        error,
    };
    (ended, report)
}

fn object(headers: impl Iterator<Item = (&'static str, String)>) -> Value {
    headers.map(|(name, value)| (name.to_owned(), Value::String(value))).collect::<Map<_, _>>().into()
}

/// As people read it in a log.
pub(crate) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
