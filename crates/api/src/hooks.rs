//! Where platforms deliver. A delivery is believed by its signature alone, over the bytes as they came, and kept before it
//! is answered; what is in it is read by a job. Nobody is slowed down here but visitors whose signatures are wrong.

pub mod data_deletion;

use std::borrow::Cow;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor as Read};
use serde_json::json;
use socialai_connect::social::{Denied, HandshakeAnswer, Secrets};
use socialai_domain::{
    channels::inbound::Delivery,
    ids::TenantId,
    problems::{Code, Problem, Result},
    tenants::Plan,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{
        body::{Id, Query},
        context,
    },
    limits::quotas,
    platforms::Served,
    problem::Answer,
    state::App,
};

/// Largest delivery. Platforms bundle, and send at most about one mebibyte.
const LIMIT_BYTES: usize = 2 * 1024 * 1024;
const KEPT: &str = "EVENT_RECEIVED";

/// The routes, each also under its second name.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(handshake, receive))
        .routes(routes!(own_handshake, own_receive))
        .layer(DefaultBodyLimit::max(LIMIT_BYTES))
        .merge(second_names().into())
        .routes(routes!(data_deletion::ask))
        .routes(routes!(data_deletion::status))
}

/// The second names, which stand without a version too.
pub fn second_names() -> Router<App> {
    Router::new()
        .route("/webhooks/{platform}", get(handshake).post(receive))
        .route("/webhooks/{platform}/{app_tenant}", get(own_handshake).post(own_receive))
        .layer(DefaultBodyLimit::max(LIMIT_BYTES))
}

/// Prove to a platform that a webhook's address is ours
///
/// Also under `/webhooks/{platform}`.
#[utoipa::path(get, path = "/webhook/{platform}", tag = "Platforms", params(("platform" = String, Path)), security(()),
    responses((status = 200, description = "What the platform wants to hear.", body = String, content_type = "text/plain")))]
pub async fn handshake(
    State(app): State<App>,
    Id(name): Id<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer<Response> {
    let served = app.platforms().named(&name)?;
    prove(&app, served, &query, &served.operator.secrets).await
}

/// Take a delivery of a platform
///
/// Signed as the platform signs. It is durable when this answers. Also under `/webhooks/{platform}`.
#[utoipa::path(post, path = "/webhook/{platform}", tag = "Platforms", params(("platform" = String, Path)), security(()),
    request_body(content = Object, description = "As the platform sends it, at most 2 MiB."),
    responses((status = 200, description = "Kept.", body = String, content_type = "text/plain")))]
pub async fn receive(
    State(app): State<App>,
    Id(name): Id<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Response> {
    let served = app.platforms().named(&name)?;
    take(&app, served, &served.operator.secrets, None, &headers, whole(body)?).await
}

/// Prove that a webhook's address is ours, to a workspace's own app
#[utoipa::path(get, path = "/webhook/{platform}/{app_tenant}", tag = "Platforms",
    params(("platform" = String, Path), ("app_tenant" = String, Path, description = "The workspace whose app it is.")), security(()),
    responses((status = 200, description = "What the platform wants to hear.", body = String, content_type = "text/plain")))]
pub async fn own_handshake(
    State(app): State<App>,
    Id((name, tenant)): Id<(String, TenantId)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer<Response> {
    let served = app.platforms().named(&name)?;
    let secrets = own_secrets(&app, served, tenant).await?;
    prove(&app, served, &query, &secrets).await
}

/// Take a delivery of a platform through a workspace's own app
#[utoipa::path(post, path = "/webhook/{platform}/{app_tenant}", tag = "Platforms",
    params(("platform" = String, Path), ("app_tenant" = String, Path, description = "The workspace whose app it is.")), security(()),
    request_body(content = Object, description = "As the platform sends it, at most 2 MiB."),
    responses((status = 200, description = "Kept.", body = String, content_type = "text/plain")))]
pub async fn own_receive(
    State(app): State<App>,
    Id((name, tenant)): Id<(String, TenantId)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Response> {
    let served = app.platforms().named(&name)?;
    let secrets = own_secrets(&app, served, tenant).await?;
    take(&app, served, &secrets, Some(tenant), &headers, whole(body)?).await
}

async fn own_secrets(app: &App, served: &Served, tenant: TenantId) -> Result<std::sync::Arc<Secrets>> {
    let secrets = app.platforms().own_secrets(app.databases(), tenant, served.platform).await?;
    secrets.ok_or_else(|| Problem::missing("app of this workspace").into())
}

async fn prove(app: &App, served: &Served, query: &[(String, String)], secrets: &Secrets) -> Answer<Response> {
    match served.connector.handshake(query, secrets) {
        HandshakeAnswer::Proof { content_type, body } => {
            Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
        }
        HandshakeAnswer::Denied => {
            count_failure(app).await?;
            Err(Problem::new(Code::Forbidden, "The verify token is not the one that is set here.").into())
        }
    }
}

async fn take(
    app: &App,
    served: &Served,
    secrets: &Secrets,
    app_tenant: Option<TenantId>,
    headers: &HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    if let Err(denied) = verified(served, headers, &body, secrets) {
        metrics::counter!("socialai_deliveries_total", "outcome" => "denied").increment(1);
        count_failure(app).await?;
        return Err(denied.into());
    }
    if !is_object(&body) {
        return Err(Problem::new(Code::MalformedBody, "A delivery is one JSON object.").into());
    }
    let delivery = Delivery {
        platform: served.platform,
        app_tenant,
        received_at: app.databases().now(),
        body: body.into(),
        headers: json!({}),
    };
    app.intake().keep(delivery).await?;
    Ok((StatusCode::OK, KEPT).into_response())
}

fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Code::BodyTooLarge, format!("A delivery may have {} MiB.", LIMIT_BYTES / 1024 / 1024))
        }
        _ => Problem::new(Code::MalformedBody, "The body ended before it was complete."),
    })
}

fn verified(served: &Served, headers: &HeaderMap, body: &[u8], secrets: &Secrets) -> Result<(), Problem> {
    let denied = match served.connector.verify(headers, body, secrets) {
        Ok(()) => return Ok(()),
        Err(denied) => denied,
    };
    tracing::debug!(platform = served.platform.name(), %denied, "a delivery was denied");
    let sentence: Cow<'static, str> = match denied {
        Denied::NotSigned => "The delivery is not signed.".into(),
        // Whether a secret is set is nobody's business.
        Denied::NoSecret | Denied::WrongSignature | Denied::Expired => {
            let title = served.platform.title();
            format!("The signature is not one of {title} over these bytes.").into()
        }
    };
    Err(Problem::new(Code::SignatureWrong, sentence))
}

/// Counts a guess against the visitor; refuses when there were too many.
async fn count_failure(app: &App) -> Result<(), Problem> {
    let ip = context::visitor().ip.unwrap_or_default();
    app.limit(&format!("{ip}|/v1/webhook"), quotas::GUESS, Plan::Standard).await
}

/// Whether the body is one JSON object. Its values are passed over, and nothing is copied.
fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<Object>(body).is_ok()
}

struct Object;

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Passing;

        impl<'de> Read<'de> for Passing {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Object)
            }
        }

        deserializer.deserialize_map(Passing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_object_is_a_delivery() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for body in ["{}", " {\"a\":[1,{\"b\":null}]} \n", "{\"a\":1,\"a\":2}", "{\"a\":1e999}", deep.as_str()] {
            assert!(is_object(body.as_bytes()), "{}", &body[..body.len().min(40)]);
        }
        for body in ["", "[]", "null", "\"{}\"", "7", "{", "{}{}", "{\"a\":}", "{a:1}", "\u{feff}{}", "{\"a\":01}"] {
            assert!(!is_object(body.as_bytes()), "{body}");
        }
    }
}
