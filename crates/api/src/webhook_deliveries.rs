//! The log of webhook deliveries, and sending them again.

use axum::{Json, extract::State as AppState, http::StatusCode, response::Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use socialai_domain::{
    events,
    ids::{WebhookDeliveryId, WebhookEndpointId},
    permissions::Permission,
    problems::Problem,
    webhooks::{
        deliveries::{self, Attempt, Delivery, Filter, State},
        endpoints,
    },
};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id, Query, at_most},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging, moment},
    problem::Answer,
    state::App,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    endpoint_id: Option<WebhookEndpointId>,
    state: Option<State>,
    #[param(max_length = 80)]
    event: Option<String>,
    /// RFC 3339; deliveries of events from this moment on.
    #[param(format = DateTime)]
    from: Option<String>,
    /// RFC 3339; before this moment.
    #[param(format = DateTime)]
    until: Option<String>,
}

/// Webhook deliveries, newest first
#[utoipa::path(get, path = "/webhook-deliveries", tag = "Webhooks", params(ListQuery, Paging), security(("token" = ["webhooks:read"])),
    responses((status = 200, description = "A page of deliveries.", body = Page<Delivery>)))]
pub async fn list(
    AppState(app): AppState<App>,
    caller: Caller<can::WebhooksRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Delivery>>> {
    at_most(80, "event", query.event.as_ref())?;
    let (limit, after) = (paging.limit()?, paging.after()?);
    let filter = Filter {
        endpoint: query.endpoint_id,
        states: query.state.into_iter().collect(),
        event: query.event,
        from: moment("from", query.from.as_deref())?,
        until: moment("until", query.until.as_deref())?,
    };
    let mut tx = caller.tx(&app).await?;
    let deliveries = deliveries::list(&mut tx, &filter, after, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(deliveries, limit, |delivery| (delivery.created_at, delivery.id))))
}

/// A delivery with all that is known of it.
#[derive(Serialize, ToSchema)]
pub struct WebhookDeliveryOpened {
    pub delivery: Delivery,
    /// What is sent, to the letter; null for whoever may not hear of this event.
    pub body: Option<String>,
    pub attempts: Vec<Attempt>,
}

/// One webhook delivery, with every request and answer
#[utoipa::path(get, path = "/webhook-deliveries/{id}", tag = "Webhooks", params(("id" = WebhookDeliveryId, Path)),
    security(("token" = ["webhooks:read"])), responses((status = 200, description = "The delivery.", body = WebhookDeliveryOpened)))]
pub async fn get(
    AppState(app): AppState<App>,
    caller: Caller<can::WebhooksRead>,
    Id(id): Id<WebhookDeliveryId>,
) -> Answer<Json<WebhookDeliveryOpened>> {
    let mut tx = caller.tx(&app).await?;
    let delivery = deliveries::get(&mut tx, id).await?;
    let needed = events::find(&delivery.event).map_or(Permission::AuditRead, |event| event.heard_with);
    let body = if caller.permissions.contains(&needed) { Some(deliveries::body(&mut tx, id).await?) } else { None };
    let attempts = deliveries::attempts(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(WebhookDeliveryOpened { delivery, body, attempts }))
}

/// Send a webhook delivery again
///
/// Under the same `webhook-id`: a receiver that has it already drops it.
#[utoipa::path(post, path = "/webhook-deliveries/{id}/replay", tag = "Webhooks", params(("id" = WebhookDeliveryId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 202, description = "On its way.", body = Delivery)))]
pub async fn replay(
    AppState(app): AppState<App>,
    caller: Caller<can::WebhooksManage>,
    Id(id): Id<WebhookDeliveryId>,
    key: IdempotencyKey,
) -> Answer<Response> {
    once(&app, &caller, key, &Bytes::new(), StatusCode::ACCEPTED, async |tx| deliveries::replay(tx, id).await).await
}

/// Which deliveries to send again: those of events in this time that fit the other fields.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWindow {
    #[serde(with = "time::serde::rfc3339")]
    from: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
    #[serde(default)]
    endpoint_id: Option<WebhookEndpointId>,
    #[serde(default)]
    #[schema(max_length = 80)]
    event: Option<String>,
    /// `failed` and `held` without it.
    #[serde(default = "undelivered")]
    #[schema(min_items = 1, max_items = 4)]
    states: Vec<State>,
}

fn undelivered() -> Vec<State> {
    vec![State::Failed, State::Held]
}

/// Send the webhook deliveries of a time window again
///
/// The oldest first, at most 10,000 with one request. Deliveries that are on their way, and those of endpoints that are
/// switched off, are left alone.
#[utoipa::path(post, path = "/webhook-deliveries/replay", tag = "Webhooks", request_body = ReplayWindow,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["webhooks:manage"])), responses((status = 202, description = "How many are on their way.", body = deliveries::Replayed)))]
pub async fn replay_window(
    AppState(app): AppState<App>,
    caller: Caller<can::WebhooksManage>,
    key: IdempotencyKey,
    Body { value: window, raw }: Body<ReplayWindow>,
) -> Answer<Response> {
    if window.until <= window.from {
        return Err(Problem::field("until", "The window ends before it begins.").into());
    }
    if !(1..=4).contains(&window.states.len()) {
        return Err(Problem::field("states", "Name 1 to 4 states.").into());
    }
    let filter = Filter {
        endpoint: window.endpoint_id,
        states: window.states,
        event: window.event,
        from: Some(window.from),
        until: Some(window.until),
    };
    once(&app, &caller, key, &raw, StatusCode::ACCEPTED, async |tx| {
        if let Some(endpoint) = filter.endpoint {
            endpoints::get(tx, endpoint).await?;
        }
        deliveries::replay_window(tx, &filter).await
    })
    .await
}
