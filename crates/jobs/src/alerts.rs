//! Alerts: workspaces are looked at, and targets are told. The rules are in `domain::alerts`, the remote systems in `connect`;
//! this file takes the steps between them.
//!
//! `look` orders a look at each workspace of its database, `look_at` is one transaction. `tell` is two with the message
//! between them, like a webhook delivery: the first puts it on record as sent, the second writes down how it ended. None of
//! them becomes a dead letter because something else does not work: a look is made again, a notice waits by its own patience.

mod news;
mod targets;

use std::time::Duration;

use socialai_connect::{call::Http, mail::Mail, pagerduty, remote::Remotes};
use socialai_domain::{
    alerts::{
        Look, LookAt, Patience, Tell, rounds,
        sending::{self, After, Ended, Next},
        watch,
    },
    audit::Actor,
    problems::Result,
    queues,
    tenancy::TenantTx,
};
use socialai_queue::retry::Schedule;
use url::Url;

use self::news::News;
use crate::{Context, Handled, Handlers, Limits, Trouble};

/// What the jobs need besides the database.
#[derive(Clone)]
pub struct Parts {
    pub http: Http,
    pub remotes: Remotes,
    pub mail: Mail,
    pub pagerduty: PagerDutyAt,
    /// Base of the links in messages.
    pub public_url: Url,
    pub patience: Patience,
}

/// Where PagerDuty is, in its two regions.
#[derive(Clone)]
pub struct PagerDutyAt {
    pub us: Url,
    pub eu: Url,
}

impl PagerDutyAt {
    /// PagerDuty itself.
    pub fn home() -> Result<Self, url::ParseError> {
        Ok(Self { us: pagerduty::UNITED_STATES.parse()?, eu: pagerduty::EUROPE.parse()? })
    }
}

/// A look that failed is made again then.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Of a notice that cannot be read or written: the news is worth to wait for the database.
const RETRIES: Schedule = Schedule(&[10, 30, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600]);

pub fn handlers(handlers: Handlers, parts: Parts) -> Handlers {
    let can_mail = !matches!(parts.mail, Mail::Off);
    let patient = Limits { retries: RETRIES, ..Limits::default() };
    handlers
        .with(Limits::default(), look)
        .with(Limits::default(), move |LookAt {}, context| look_at(context, can_mail))
        .with(patient, move |task, context| {
            let parts = parts.clone();
            async move { tell(task, context, &parts).await }
        })
}

async fn look(task: Look, context: Context) -> Handled {
    let (databases, shard) = (context.databases().clone(), task.shard.as_deref());
    for batch in rounds::workspaces(&databases, shard).await? {
        let mut tx = databases.system_at(shard, Actor::system("alerts")).await?;
        rounds::order(&mut tx, &batch).await?;
        tx.commit().await?;
        databases.bell(shard).ring(queues::SCHEDULER.0);
    }
    let tx = databases.system_at(shard, Actor::system("alerts")).await?;
    context.finish_system(tx).await
}

async fn look_at(context: Context, can_mail: bool) -> Handled {
    let tenant = context.tenant();
    let looked = match looked(&context, can_mail).await {
        Ok(tx) => context.finish(tx).await,
        Err(error) => Err(error.into()),
    };
    looked.map_err(|trouble| match trouble {
        Trouble::Retry { error, .. } => {
            tracing::warn!(tenant_id = %tenant, %error, "a workspace could not be looked at; it is tried again");
            Trouble::Pause { after: LOOK_AGAIN }
        }
        other => other,
    })
}

async fn looked(context: &Context, can_mail: bool) -> Result<TenantTx> {
    let seen = watch::of_installation(context.databases(), context.tenant()).await?;
    let mut tx = context.tx().await?;
    watch::look(&mut tx, &seen, can_mail).await?;
    Ok(tx)
}

async fn tell(task: Tell, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    let sending = match sending::begin(&mut tx, &task).await? {
        Next::Nothing => return context.finish(tx).await,
        Next::Send(sending) => *sending,
    };
    let workspace = context.databases().place(context.tenant()).await?;
    let news = News::of(&sending, &workspace, &parts.public_url, tx.now());
    let (address, recipients) = (sending.address.clone(), sending.recipients.clone());
    let sent = sending.dispatch(tx).await?;
    let ended = targets::send(parts, &context, &address, &recipients, &news).await?;
    metrics::counter!("socialai_alert_notices_total", "kind" => address.kind().name(), "outcome" => outcome(&ended))
        .increment(1);
    let mut tx = context.tx().await?;
    match sending::record(&mut tx, sent, ended, &parts.patience).await? {
        After::Done => context.finish(tx).await,
        After::Again(pause) => {
            tx.commit().await?;
            Err(Trouble::Pause { after: pause })
        }
    }
}

fn outcome(ended: &Ended) -> &'static str {
    match ended {
        Ended::Told { .. } => "told",
        Ended::Later { .. } => "later",
        Ended::Refused { .. } | Ended::NobodyThere { .. } => "refused",
        Ended::Unknown { .. } => "unknown",
    }
}
