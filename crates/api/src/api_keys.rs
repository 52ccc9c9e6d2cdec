//! Managing API keys.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use socialai_domain::{
    api_keys::{self, ApiKey, NewKey},
    ids::ApiKeyId,
    permissions::expand_scopes,
    problems::Problem,
};
use time::{Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id, Query, at_most},
    idempotent::{IdempotencyKey, once},
    page::{Page, Paging},
    problem::Answer,
    state::App,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Part of the visible prefix, for example the last characters seen in a log.
    #[param(max_length = 40)]
    prefix: Option<String>,
}

/// API keys, newest first
#[utoipa::path(get, path = "/api-keys", tag = "API keys", params(ListQuery, Paging), security(("token" = ["api_keys:read"])),
    responses((status = 200, description = "A page of keys, without their secrets.", body = Page<ApiKey>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::ApiKeysRead>,
    Query(query): Query<ListQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<ApiKey>>> {
    at_most(40, "prefix", query.prefix.as_ref())?;
    let limit = paging.limit()?;
    let before = paging.after()?;
    let mut tx = caller.tx(&app).await?;
    let keys = api_keys::list(&mut tx, query.prefix.as_deref(), before, limit + 1).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(keys, limit, |key| key.id)))
}

/// One API key
#[utoipa::path(get, path = "/api-keys/{id}", tag = "API keys", params(("id" = ApiKeyId, Path)),
    security(("token" = ["api_keys:read"])), responses((status = 200, description = "The key, without its secret.", body = ApiKey)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ApiKeysRead>,
    Id(id): Id<ApiKeyId>,
) -> Answer<Json<ApiKey>> {
    let mut tx = caller.tx(&app).await?;
    let key = api_keys::get(&mut tx, id).await?;
    tx.rollback().await?;
    Ok(Json(key))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Permissions such as `users:read`, or `users:*`, `*:read`, `*`; none that you do not have yourself.
    #[schema(min_items = 1, max_items = 100)]
    scopes: Vec<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

#[derive(Serialize, ToSchema)]
pub struct ApiKeyMade {
    pub api_key: ApiKey,
    /// The key itself. It is shown this once.
    pub secret: String,
}

/// Make an API key
#[utoipa::path(post, path = "/api-keys", tag = "API keys", request_body = NewApiKey,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")),
    security(("token" = ["api_keys:manage"])), responses((status = 201, description = "Made.", body = ApiKeyMade)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<can::ApiKeysManage>,
    key: IdempotencyKey,
    Body { value: new, raw }: Body<NewApiKey>,
) -> Answer<Response> {
    let wanted = expand_scopes(&new.scopes).map_err(|unknown| Problem::field("scopes", unknown.to_string()))?;
    caller.may_grant(wanted)?;
    let new = NewKey { name: new.name, scopes: new.scopes, expires_at: new.expires_at };
    once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        let (api_key, secret) = api_keys::create(tx, new).await?;
        Ok(ApiKeyMade { api_key, secret: secret.expose_secret().to_owned() })
    })
    .await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the old key goes on working.
    #[serde(default = "one_day")]
    #[schema(minimum = 0, maximum = 720)]
    overlap_hours: i64,
}

fn one_day() -> i64 {
    24
}

/// Replace an API key, with an overlap
#[utoipa::path(post, path = "/api-keys/{id}/rotate", tag = "API keys", params(("id" = ApiKeyId, Path),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat.")), request_body = Rotation,
    security(("token" = ["api_keys:manage"])), responses((status = 201, description = "The new key.", body = ApiKeyMade)))]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller<can::ApiKeysManage>,
    Id(id): Id<ApiKeyId>,
    key: IdempotencyKey,
    Body { value: rotation, raw }: Body<Rotation>,
) -> Answer<Response> {
    if !(0..=720).contains(&rotation.overlap_hours) {
        return Err(Problem::field("overlap_hours", "The overlap is 0 to 720 hours.").into());
    }
    let overlap = Duration::hours(rotation.overlap_hours);
    let response = once(&app, &caller, key, &raw, StatusCode::CREATED, async |tx| {
        caller.may_grant(api_keys::get(tx, id).await?.permissions())?;
        let (api_key, secret) = api_keys::rotate(tx, id, overlap).await?;
        Ok(ApiKeyMade { api_key, secret: secret.expose_secret().to_owned() })
    })
    .await?;
    app.forget_all_keys();
    Ok(response)
}

/// Revoke an API key
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "API keys", params(("id" = ApiKeyId, Path)),
    security(("token" = ["api_keys:manage"])), responses((status = 200, description = "Revoked.", body = ApiKey)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller<can::ApiKeysManage>,
    Id(id): Id<ApiKeyId>,
) -> Answer<Json<ApiKey>> {
    let mut tx = caller.tx(&app).await?;
    let key = api_keys::revoke(&mut tx, id).await?;
    tx.commit().await?;
    app.forget_all_keys();
    Ok(Json(key))
}
