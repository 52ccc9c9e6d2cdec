//! POST requests that create or send: the whole effect in one transaction, with the `Idempotency-Key` claimed at its
//! beginning and the answer stored at its end.

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;
use socialai_domain::{
    idempotency::{self, Answer as Stored, Claim},
    problems::{Code, Error, Problem, Result},
    tenancy::TenantTx,
    tokens::sha256,
};

use crate::{caller::Caller, problem::Failure, state::App};

const REPLAYED: &str = "idempotency-replayed";

/// The request's key, if it has one, and its place.
pub struct IdempotencyKey {
    key: Option<String>,
    place: String,
}

impl IdempotencyKey {
    /// What must be the same for the same request, for what has to be found again by it.
    pub fn seed(&self, caller: &str) -> Option<Vec<u8>> {
        let key = self.key.as_deref()?;
        Some([caller, &self.place, key].join("\n").into_bytes())
    }

    fn hash(&self, body: &[u8]) -> Vec<u8> {
        sha256(&[self.place.as_bytes(), b"\n", body].concat())
    }
}

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let malformed =
            || Problem::new(Code::MalformedParameter, "An Idempotency-Key has 1 to 200 visible ASCII characters.");
        let path = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.0.path());
        let place = format!("{} {}", parts.method, path.strip_prefix("/api").unwrap_or(path));
        let key = match parts.headers.get("idempotency-key") {
            None => None,
            Some(value) => {
                let text = value.to_str().map_err(|_| malformed())?;
                let fits = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
                Some(if fits { text.to_owned() } else { return Err(malformed().into()) })
            }
        };
        Ok(Self { key, place })
    }
}

/// What was answered to the same request before, for whoever does something before [`once`].
pub async fn answered<D>(
    app: &App,
    caller: &Caller<D>,
    key: &IdempotencyKey,
    body: &Bytes,
) -> Result<Option<Response>, Failure> {
    let Some(text) = &key.key else { return Ok(None) };
    let mut tx = caller.tx(app).await?;
    let stored = idempotency::find(&mut tx, &caller.actor.id, text, &key.hash(body)).await?;
    tx.rollback().await?;
    Ok(stored.map(|stored| answer(&stored, true)))
}

/// Runs `effect` in a transaction of the caller's tenant and answers with what it returns. Repeated with the same key and
/// body, it answers the same without doing anything again.
pub async fn once<D, T, F>(
    app: &App,
    caller: &Caller<D>,
    key: IdempotencyKey,
    body: &Bytes,
    status: StatusCode,
    effect: F,
) -> Result<Response, Failure>
where
    T: Serialize,
    F: AsyncFnOnce(&mut TenantTx) -> Result<T>,
{
    let mut tx = caller.tx(app).await?;
    let claimed = match &key.key {
        None => None,
        Some(text) => match idempotency::claim(&mut tx, &caller.actor.id, text, &key.hash(body)).await? {
            Claim::New(id) => Some(id),
            Claim::Done(stored) => {
                tx.rollback().await?;
                return Ok(answer(&stored, true));
            }
        },
    };
    let value = effect(&mut tx).await?;
    let body = serde_json::to_vec(&value).map_err(|error| Error::Fault(format!("an answer: {error}")))?;
    let stored = Stored { status: status.as_u16(), body };
    if let Some(id) = claimed {
        idempotency::remember(&mut tx, id, &stored).await?;
    }
    tx.commit().await?;
    Ok(answer(&stored, false))
}

fn answer(stored: &Stored, replayed: bool) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let mut response = (status, stored.body.clone()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// Whether it was answered before, and nothing was done now.
pub fn is_replayed(response: &Response) -> bool {
    response.headers().contains_key(REPLAYED)
}
