//! What the jobs do with deliveries. Each function is one transaction's part: fan an event out, begin an attempt, write down
//! how it ended. The request itself is made between the last two, by who holds a [`Sending`].

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;

use super::{
    Deliver, FanOut, HELD_FOR, Patience, TEST_EVENT, body,
    deliveries::{Delivery, State, announce, get, lane},
    endpoints::{self, DisabledReason},
    secrets,
};
use crate::{
    effects::{self, Claimed, Dispatched, Finding, Outcome, Plan, Standing},
    events,
    ids::{EffectId, EventId, WebhookDeliveryId, WebhookEndpointId},
    problems::{Error, Result},
    tenancy::TenantTx,
};

/// Kind of the effect in the ledger.
pub const EFFECT: &str = "webhook.delivery";

#[derive(FromRow)]
struct Taker {
    id: WebhookEndpointId,
    is_ordered: bool,
    epoch: i32,
    enabled: bool,
}

/// Makes a delivery of an event for each endpoint that chose it. Done twice, it is done once.
pub async fn fan_out(tx: &mut TenantTx, happened: &FanOut) -> Result<()> {
    let mut takers = takers(tx, happened, "").await?;
    if takers.iter().any(|taker| !taker.enabled) {
        // Whoever switches it on at this moment waits until what is held is there, and finds it.
        takers = self::takers(tx, happened, " for share").await?;
    }
    if takers.is_empty() {
        return Ok(());
    }
    let body = body(&happened.event, happened.at, &happened.data);
    for taker in takers {
        let state = if taker.enabled { State::Pending } else { State::Held };
        let Some(id) = add(tx, taker.id, happened, &body, state).await? else { continue };
        if state == State::Pending {
            let ordered_by = taker.is_ordered.then_some((taker.id, taker.epoch));
            let lane = lane(id, 1, &happened.event, &happened.key, ordered_by);
            tx.enqueue(&Deliver { delivery: id, round: 1, lane })?;
        }
    }
    Ok(())
}

/// The endpoints that collect this event.
async fn takers(tx: &mut TenantTx, happened: &FanOut, lock: &'static str) -> Result<Vec<Taker>> {
    let choices: Vec<_> = super::choices_for(&happened.event).collect();
    let held_since = tx.now() - HELD_FOR;
    let mut query = QueryBuilder::new("select id, is_ordered, epoch, enabled from webhook_endpoints where events && ");
    query.push_bind(choices).push(" and (enabled or disabled_reason in ('gone', 'failing') and disabled_at > ");
    query.push_bind(held_since).push(") order by id").push(lock);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// Sends a test to one endpoint, whether it is switched on and whatever it chose.
pub async fn send_test(tx: &mut TenantTx, endpoint: WebhookEndpointId) -> Result<Delivery> {
    let endpoint = endpoints::get(tx, endpoint).await?;
    let mut data = events::data("webhook_endpoint", &endpoint.id.to_string(), None);
    data["message"] = json!("This is a test. Nothing happened.");
    let key = format!("webhook_endpoint/{}", endpoint.id);
    let test = FanOut { event_id: EventId::fresh(), event: TEST_EVENT.to_owned(), key, at: tx.now(), data };
    let body = body(&test.event, test.at, &test.data);
    let id = add(tx, endpoint.id, &test, &body, State::Pending).await?;
    let id = id.ok_or_else(|| Error::Fault("a fresh event was delivered before".to_owned()))?;
    tx.enqueue(&Deliver { delivery: id, round: 1, lane: id.to_string() })?;
    get(tx, id).await
}

/// `None`: the endpoint has this event already.
async fn add(
    tx: &mut TenantTx,
    endpoint: WebhookEndpointId,
    happened: &FanOut,
    body: &str,
    state: State,
) -> Result<Option<WebhookDeliveryId>> {
    let now = tx.now();
    let added = sqlx::query_scalar(
        "insert into webhook_deliveries (id, endpoint_id, event_id, event, key, body, state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (tenant_id, endpoint_id, event_id) do nothing returning id",
    )
    .bind(WebhookDeliveryId::fresh())
    .bind(endpoint)
    .bind(happened.event_id)
    .bind(&happened.event)
    .bind(&happened.key)
    .bind(body)
    .bind(state)
    .bind(now);
    Ok(added.fetch_optional(tx.conn()).await?)
}

/// What a job has to do.
#[derive(Debug)]
pub enum Next {
    /// The delivery has ended, is held, or belongs to a newer job.
    Nothing,
    Send(Box<Sending>),
}

/// An attempt that may be made once it is on record as dispatched.
#[derive(Debug)]
pub struct Sending {
    pub event_id: EventId,
    pub url: String,
    pub secrets: Vec<SecretString>,
    pub body: String,
    place: Place,
    claimed: Claimed,
}

/// An attempt that is on record as sent, and now may be.
#[derive(Debug)]
pub struct Sent {
    place: Place,
    dispatched: Dispatched,
}

#[derive(Debug, Clone, Copy, FromRow)]
struct Place {
    id: WebhookDeliveryId,
    endpoint_id: WebhookEndpointId,
    round: i32,
    attempts_of_round: i32,
    failing_since: Option<OffsetDateTime>,
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    place: Place,
    event_id: EventId,
    event: String,
    body: String,
    url: String,
    enabled: bool,
}

/// Looks what is left to do for a delivery, and takes it.
pub async fn begin(tx: &mut TenantTx, task: &Deliver) -> Result<Next> {
    let row: Option<Row> = sqlx::query_as(
        "select d.id, d.endpoint_id, d.round, d.attempts_of_round, e.failing_since, d.event_id, d.event, d.body, e.url, e.enabled
         from webhook_deliveries d join webhook_endpoints e on e.tenant_id = d.tenant_id and e.id = d.endpoint_id
         where d.id = $1 and d.round = $2 and d.state = 'pending'",
    )
    .bind(task.delivery)
    .bind(task.round)
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(Next::Nothing) };
    if !row.enabled && row.event != TEST_EVENT {
        end(tx, &row.place, State::Held).await?;
        return Ok(Next::Nothing);
    }
    let effect = plan(tx, &row).await?;
    let claimed = match take(tx, effect).await? {
        Standing::Ready(claimed) => claimed,
        Standing::Unsettled(_) => return Err(Error::LeaseLost),
        // Somebody settled the effect by hand.
        Standing::Ended(effect) => {
            let state = if effect.state == effects::State::Confirmed { State::Delivered } else { State::Failed };
            end(tx, &row.place, state).await?;
            return Ok(Next::Nothing);
        }
    };
    let now = tx.now();
    let secrets = secrets::valid(tx, row.place.endpoint_id, now).await?;
    let Row { place, event_id, body, url, .. } = row;
    Ok(Next::Send(Box::new(Sending { event_id, url, secrets, body, place, claimed })))
}

async fn plan(tx: &mut TenantTx, row: &Row) -> Result<EffectId> {
    let Place { id, endpoint_id, round, .. } = row.place;
    let plan = Plan {
        kind: EFFECT,
        remote: remote_of(&row.url, endpoint_id),
        about_kind: "webhook_delivery",
        about_id: id.to_string(),
        idempotency_key: format!("webhook/{}/{endpoint_id}/{round}", row.event_id),
        request: json!({ "event": row.event, "endpoint": endpoint_id }),
    };
    effects::plan(tx, plan).await
}

/// As the circuit breaker of a receiver is called.
pub fn remote(url: &str) -> String {
    let mut remote = format!("webhook:{}", endpoints::host(url));
    remote.truncate(160);
    remote
}

/// As that of an endpoint is: others at the same host do not wait for it.
fn remote_of(url: &str, endpoint: WebhookEndpointId) -> String {
    format!("{}/{endpoint}", remote(url))
}

/// An attempt that nobody knows the end of may be made again: the receiver drops a `webhook-id` that it has.
async fn take(tx: &mut TenantTx, effect: EffectId) -> Result<Standing> {
    match effects::take(tx, effect).await? {
        Standing::Unsettled(unsettled) => {
            unsettled.settle(tx, Finding::KeyIsHonoured).await?;
            effects::take(tx, effect).await
        }
        other => Ok(other),
    }
}

impl Sending {
    /// The circuit breaker that it goes through.
    pub fn remote(&self) -> String {
        remote_of(&self.url, self.place.endpoint_id)
    }

    /// Records that it is being sent, and commits.
    pub async fn dispatch(self, tx: TenantTx) -> Result<Sent> {
        Ok(Sent { place: self.place, dispatched: self.claimed.dispatch(tx).await? })
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Delivered,
    /// 410: the receiver wants nothing more, ever.
    Gone,
    Failed {
        /// The receiver wants to be left alone for so long.
        pause: Option<Duration>,
        /// The request left and no answer told what became of it.
        outcome_unknown: bool,
    },
}

/// An attempt as the log shows it. Never with secrets.
#[derive(Debug, Clone)]
pub struct Report {
    pub at: OffsetDateTime,
    pub url: String,
    pub request_headers: Value,
    pub status: Option<u16>,
    pub response_headers: Option<Value>,
    pub response_body: Option<String>,
    pub latency: Duration,
    pub error: Option<String>,
}

/// What the job does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Done,
    Again(Duration),
}

/// Nothing was sent: the circuit is open, or the receiver asked for a pause. That is no attempt.
pub async fn record_nothing_sent(tx: &mut TenantTx, sent: Sent, reason: &str) -> Result<()> {
    sent.dispatched.record(tx, Outcome::NothingHappened { reason: reason.to_owned() }).await
}

/// Writes an attempt down, and what follows from it for the delivery and its endpoint.
pub async fn record(
    tx: &mut TenantTx,
    sent: Sent,
    ended: &Ended,
    report: &Report,
    patience: &Patience,
) -> Result<After> {
    let Sent { place, dispatched } = sent;
    let pause = match ended {
        Ended::Delivered | Ended::Gone => None,
        Ended::Failed { pause, .. } => {
            let tries = i16::try_from(place.attempts_of_round).unwrap_or(i16::MAX).saturating_add(1);
            let own = patience.retries.pause(tries);
            own.map(|own| own.max(pause.unwrap_or_default()))
        }
    };
    judge_endpoint(tx, &place, ended, pause.is_none(), patience).await?;
    dispatched.record(tx, outcome(ended, report, pause.is_none())).await?;
    let state = match (ended, pause) {
        (Ended::Delivered, _) => State::Delivered,
        (_, Some(_)) => State::Pending,
        (_, None) => State::Failed,
    };
    let is_current = write_attempt(tx, &place, report, state, pause).await?;
    if is_current && state != State::Pending {
        announce(tx, place.id, place.endpoint_id, state);
    }
    Ok(pause.filter(|_| is_current).map_or(After::Done, After::Again))
}

fn outcome(ended: &Ended, report: &Report, is_last: bool) -> Outcome {
    let reason = report.error.clone().unwrap_or_default();
    match ended {
        Ended::Delivered => Outcome::Confirmed { remote_ids: json!({ "status": report.status }), cost_micros: None },
        Ended::Gone => Outcome::Refused { reason },
        Ended::Failed { .. } if is_last => Outcome::Refused { reason: format!("Given up. {reason}") },
        Ended::Failed { outcome_unknown: true, .. } => Outcome::Unknown { reason },
        Ended::Failed { .. } => Outcome::NothingHappened { reason },
    }
}

/// Locks the endpoint only when something changes for it, so that deliveries to one that works do not wait for each other.
async fn judge_endpoint(
    tx: &mut TenantTx,
    place: &Place,
    ended: &Ended,
    is_last: bool,
    patience: &Patience,
) -> Result<()> {
    let (id, now) = (place.endpoint_id, tx.now());
    match ended {
        Ended::Delivered if place.failing_since.is_some() => {
            let recovered = "update webhook_endpoints set failing_since = null where id = $1 and enabled";
            sqlx::query(recovered).bind(id).execute(tx.conn()).await?;
        }
        Ended::Delivered => {}
        Ended::Gone => endpoints::switch_off(tx, id, DisabledReason::Gone).await?,
        Ended::Failed { .. } => {
            let begins = "update webhook_endpoints set failing_since = $2 where id = $1 and failing_since is null";
            if place.failing_since.is_none() {
                sqlx::query(begins).bind(id).bind(now).execute(tx.conn()).await?;
            }
            // Asked when a delivery is given up, so that an endpoint with few events has all attempts of one.
            let is_hopeless = place.failing_since.is_some_and(|since| now - since >= patience.failing_for);
            if is_last && is_hopeless {
                endpoints::switch_off(tx, id, DisabledReason::Failing).await?;
            }
        }
    }
    Ok(())
}

/// False when the delivery was sent anew meanwhile, or is gone: then it is only noted that there was this attempt.
async fn write_attempt(
    tx: &mut TenantTx,
    place: &Place,
    report: &Report,
    state: State,
    pause: Option<Duration>,
) -> Result<bool> {
    let status = report.status.map(i32::from);
    let now = tx.now();
    let current: Option<i32> = sqlx::query_scalar(
        "update webhook_deliveries set state = $3, attempts = attempts + 1, attempts_of_round = attempts_of_round + 1,
            next_attempt_at = $4, last_status = $5, last_error = $6, ended_at = $7
         where id = $1 and round = $2 and state = 'pending' returning attempts",
    )
    .bind(place.id)
    .bind(place.round)
    .bind(state)
    .bind(pause.map(|pause| now + pause))
    .bind(status)
    .bind(&report.error)
    .bind((state != State::Pending).then_some(now))
    .fetch_optional(tx.conn())
    .await?;
    let mut number = current;
    if number.is_none() {
        let only_counted = "update webhook_deliveries set attempts = attempts + 1 where id = $1 returning attempts";
        number = sqlx::query_scalar(only_counted).bind(place.id).fetch_optional(tx.conn()).await?;
    }
    let Some(number) = number else { return Ok(false) };
    sqlx::query(
        "insert into webhook_attempts (delivery_id, number, at, url, request_headers, status, response_headers,
            response_body, latency_ms, error)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(place.id)
    .bind(number)
    .bind(report.at)
    .bind(&report.url)
    .bind(&report.request_headers)
    .bind(status)
    .bind(&report.response_headers)
    .bind(&report.response_body)
    .bind(i32::try_from(report.latency.as_millis()).unwrap_or(i32::MAX))
    .bind(&report.error)
    .execute(tx.conn())
    .await?;
    Ok(current.is_some())
}

/// Ends the present round without an attempt.
async fn end(tx: &mut TenantTx, place: &Place, state: State) -> Result<()> {
    let now = tx.now();
    let ended = sqlx::query(
        "update webhook_deliveries set state = $3, next_attempt_at = null, ended_at = $4
         where id = $1 and round = $2 and state = 'pending'",
    );
    let ended = ended.bind(place.id).bind(place.round).bind(state).bind(now).execute(tx.conn()).await?;
    if ended.rows_affected() == 1 {
        announce(tx, place.id, place.endpoint_id, state);
    }
    Ok(())
}
