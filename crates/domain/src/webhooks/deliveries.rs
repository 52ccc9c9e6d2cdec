//! The log of deliveries, and sending them again. A delivery that is on its way already is not sent again: that would only
//! hurry it, and an ordered one could not be hurried past those before it. `endpoints::recover` is for that.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socialai_queue::facts::NewFact;
use sqlx::{FromRow, Postgres, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{Deliver, TEST_EVENT};
use crate::{
    audit::Entry,
    events,
    ids::{EventId, WebhookDeliveryId, WebhookEndpointId},
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    tokens::sha256,
};

/// Deliveries that one request sends again.
pub const MOST_AT_ONCE: i64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = WebhookDeliveryState)]
pub enum State {
    /// On its way: waits for its first or its next attempt.
    Pending,
    Delivered,
    /// Given up after the last attempt.
    Failed,
    /// Its endpoint is switched off. Kept for seven days.
    Held,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Held => "held",
        }
    }
}

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct Delivery {
    pub id: WebhookDeliveryId,
    pub endpoint_id: WebhookEndpointId,
    /// Sent as `webhook-id`, the same in every attempt.
    pub event_id: EventId,
    pub event: String,
    pub state: State,
    pub attempts: i32,
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_attempt_at: Option<OffsetDateTime>,
    /// HTTP status of the newest attempt; null when there was no answer.
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub struct Attempt {
    pub number: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub url: String,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub request_headers: Value,
    pub status: Option<i32>,
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    pub response_headers: Option<Value>,
    /// The beginning of the answer.
    pub response_body: Option<String>,
    pub latency_ms: i32,
    /// Why it failed; null when it did not.
    pub error: Option<String>,
}

const COLUMNS: &str = "d.id, d.endpoint_id, d.event_id, d.event, d.state, d.attempts, d.next_attempt_at, d.last_status,
    d.last_error, d.created_at, d.ended_at";

/// All given conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub endpoint: Option<WebhookEndpointId>,
    /// Any of them; all when there is none.
    pub states: Vec<State>,
    pub event: Option<String>,
    pub from: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
}

impl Filter {
    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(endpoint) = self.endpoint {
            query.push(" and d.endpoint_id = ").push_bind(endpoint);
        }
        if !self.states.is_empty() {
            let names: Vec<_> = self.states.iter().map(|state| state.name()).collect();
            query.push(" and d.state = any(").push_bind(names).push(")");
        }
        if let Some(event) = &self.event {
            query.push(" and d.event = ").push_bind(event.clone());
        }
        if let Some(from) = self.from {
            query.push(" and d.created_at >= ").push_bind(from);
        }
        if let Some(until) = self.until {
            query.push(" and d.created_at < ").push_bind(until);
        }
    }
}

/// Newest first, after the one with this time and id.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<(OffsetDateTime, WebhookDeliveryId)>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from webhook_deliveries d where true");
    filter.push(&mut query);
    if let Some((at, id)) = after {
        query.push(" and (d.created_at, d.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by d.created_at desc, d.id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

pub async fn get(tx: &mut TenantTx, id: WebhookDeliveryId) -> Result<Delivery> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from webhook_deliveries d where d.id = ").push_bind(id);
    let delivery = query.build_query_as().fetch_optional(tx.conn()).await?;
    delivery.ok_or_else(|| Problem::missing("webhook delivery").into())
}

/// What was sent, exactly. It shows the event's data, so ask who may see them.
pub async fn body(tx: &mut TenantTx, id: WebhookDeliveryId) -> Result<String> {
    let body: Option<String> = sqlx::query_scalar("select body from webhook_deliveries where id = $1")
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    body.ok_or_else(|| Problem::missing("webhook delivery").into())
}

/// The attempts of a delivery, in their order.
pub async fn attempts(tx: &mut TenantTx, id: WebhookDeliveryId) -> Result<Vec<Attempt>> {
    let attempts = sqlx::query_as(
        "select number, at, url, request_headers, status, response_headers, response_body, latency_ms, error
         from webhook_attempts where delivery_id = $1 order by number",
    );
    Ok(attempts.bind(id).fetch_all(tx.conn()).await?)
}

/// How many are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WebhookReplay)]
pub struct Replayed {
    pub replayed: usize,
    /// There may be more than one request sends again: go on `from` here. Null when that was all.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_from: Option<OffsetDateTime>,
}

/// Sends one again, under the same `webhook-id`.
pub async fn replay(tx: &mut TenantTx, id: WebhookDeliveryId) -> Result<Delivery> {
    let delivery = get(tx, id).await?;
    if delivery.state == State::Pending {
        return Err(Problem::new(Code::AlreadyDone, "This delivery is on its way already.").into());
    }
    let again = send_again(tx, |query| {
        query.push(" and d.id = ").push_bind(id);
        query.push(" and d.state <> 'pending' and (e.enabled or d.event = ").push_bind(TEST_EVENT).push(")");
    });
    if again.await?.replayed == 0 {
        return Err(Problem::field("endpoint", "The endpoint is switched off; switch it on first.").into());
    }
    audit(tx, "webhook_delivery", &id.to_string(), 1);
    get(tx, id).await
}

/// Sends those of a time window again, the oldest first; those on their way, and those of endpoints that are switched off,
/// are left alone.
pub async fn replay_window(tx: &mut TenantTx, filter: &Filter) -> Result<Replayed> {
    if filter.states.contains(&State::Pending) {
        return Err(Problem::field("states", "Deliveries that are pending are on their way already.").into());
    }
    let again = send_again(tx, |query| {
        query.push(" and d.state <> 'pending' and e.enabled");
        filter.push(query);
    });
    let replayed = again.await?;
    if replayed.replayed > 0 {
        let (kind, id) = match filter.endpoint {
            Some(endpoint) => ("webhook_endpoint", endpoint.to_string()),
            None => ("tenant", tx.tenant().to_string()),
        };
        audit(tx, kind, &id, replayed.replayed);
    }
    Ok(replayed)
}

/// Everything of an endpoint that did not arrive and is not given up since before that moment.
pub(super) async fn replay_missed(
    tx: &mut TenantTx,
    endpoint: WebhookEndpointId,
    since: OffsetDateTime,
) -> Result<Replayed> {
    let again = send_again(tx, |query| {
        query.push(" and d.endpoint_id = ").push_bind(endpoint);
        query.push(" and (d.state in ('pending', 'held') or d.state = 'failed' and d.ended_at >= ");
        query.push_bind(since).push(")");
    });
    again.await
}

fn audit(tx: &mut TenantTx, entity_kind: &'static str, id: &str, replayed: usize) {
    let after = json!({ "replayed": replayed });
    tx.record(Entry::new("webhook_delivery.replayed", entity_kind, id).changed(json!({}), after));
}

#[derive(FromRow)]
struct Again {
    id: WebhookDeliveryId,
    endpoint_id: WebhookEndpointId,
    event: String,
    key: String,
    round: i32,
    created_at: OffsetDateTime,
    is_ordered: bool,
    epoch: i32,
}

/// Begins a new round of each; jobs of the round before have nothing to do any more.
async fn send_again(tx: &mut TenantTx, which: impl FnOnce(&mut QueryBuilder<Postgres>)) -> Result<Replayed> {
    let mut query = QueryBuilder::new(
        "with chosen as (
            select d.id, e.is_ordered, e.epoch from webhook_deliveries d
            join webhook_endpoints e on e.tenant_id = d.tenant_id and e.id = d.endpoint_id where true",
    );
    which(&mut query);
    query.push(" order by d.created_at, d.id limit ").push_bind(MOST_AT_ONCE).push(
        " for update of d)
         update webhook_deliveries d
         set state = 'pending', round = d.round + 1, attempts_of_round = 0, next_attempt_at = null, ended_at = null
         from chosen c where d.id = c.id
         returning d.id, d.endpoint_id, d.event, d.key, d.round, d.created_at, c.is_ordered, c.epoch",
    );
    let mut again: Vec<Again> = query.build_query_as().fetch_all(tx.conn()).await?;
    again.sort_unstable_by_key(|again| (again.created_at, again.id));
    for again in &again {
        let ordered_by = again.is_ordered.then_some((again.endpoint_id, again.epoch));
        let lane = lane(again.id, again.round, &again.event, &again.key, ordered_by);
        tx.enqueue(&Deliver { delivery: again.id, round: again.round, lane })?;
        announce(tx, again.id, again.endpoint_id, State::Pending);
    }
    let is_full = i64::try_from(again.len()).is_ok_and(|count| count == MOST_AT_ONCE);
    let next_from = again.last().filter(|_| is_full).map(|last| last.created_at);
    Ok(Replayed { replayed: again.len(), next_from })
}

/// Which deliveries a delivery waits for: none, or those of an ordered endpoint about the same thing. A test waits for none,
/// and a new round not for the pause of the one before.
pub(super) fn lane(
    id: WebhookDeliveryId,
    round: i32,
    event: &str,
    key: &str,
    ordered_by: Option<(WebhookEndpointId, i32)>,
) -> String {
    match ordered_by {
        Some((endpoint, epoch)) if event != TEST_EVENT => {
            let lane = format!("endpoint/{endpoint}/{epoch}/{key}");
            // As long as a key may be, with room for nothing before it.
            if lane.len() <= 200 {
                lane
            } else {
                format!("endpoint/{endpoint}/{epoch}/{}", hex::encode(sha256(key.as_bytes())))
            }
        }
        _ => format!("{id}/{round}"),
    }
}

/// Tells the workspace's own pages that a delivery is in another state now.
pub(super) fn announce(tx: &mut TenantTx, id: WebhookDeliveryId, endpoint: WebhookEndpointId, state: State) {
    let mut data = events::data("webhook_delivery", &id.to_string(), None);
    data["endpoint"] = json!(endpoint);
    data["state"] = json!(state);
    tx.publish(NewFact::new("webhook_delivery.changed", 1, format!("webhook_delivery/{id}"), data));
}
