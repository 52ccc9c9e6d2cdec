//! Problems as HTTP: `application/problem+json` with the stable code, a sentence, and the request id.

use axum::{
    Json,
    extract::OriginalUri,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use socialai_domain::problems::{Code, Error, FieldError, Problem};
use utoipa::ToSchema;

use crate::http::context;

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// Address of the description of this code.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems#not_found")]
    kind: String,
    #[schema(example = "There is no such thing here")]
    title: &'static str,
    #[schema(example = 404)]
    status: u16,
    /// Stable name of the problem, for programs.
    #[schema(example = "not_found")]
    code: &'static str,
    /// What happened here, for people.
    detail: String,
    /// What to do about it.
    advice: &'static str,
    /// Fields that were not acceptable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Give this to the operator when you ask for help.
    request_id: String,
}

/// What handlers fail with.
#[derive(Debug)]
pub struct Failure(pub Error);

pub type Answer<T> = Result<T, Failure>;

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = match self.0 {
            Error::Problem(problem) => problem,
            // Logged here, once; the caller sees no cause.
            fault => {
                tracing::error!(error = %fault, "a request failed");
                Problem::of(Code::Internal)
            }
        };
        let code = problem.code;
        metrics::counter!("socialai_problems_total", "code" => code.name()).increment(1);
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let document = ProblemDocument {
            kind: format!("/docs/problems#{}", code.name()),
            title: code.title(),
            status: code.status(),
            code: code.name(),
            detail: problem.detail,
            advice: code.advice(),
            errors: problem.errors,
            request_id: context::request_id(),
        };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Rounded up: a client that waits this long is let in.
fn whole_seconds(after: std::time::Duration) -> u64 {
    (after.as_secs() + u64::from(after.subsec_nanos() > 0)).max(1)
}

pub fn unknown_route(uri: &Uri) -> Failure {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(Code::NotFound, format!("Nothing answers at {path}.")).into()
}

pub async fn unknown_method(method: Method, OriginalUri(uri): OriginalUri) -> Failure {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(Code::MethodNotAllowed, format!("{path} does not answer {method}.")).into()
}
