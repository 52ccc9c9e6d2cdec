//! Extractors for bodies, paths and queries that refuse bad input with a problem document.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use socialai_domain::problems::{Code, FieldError, Problem};

use crate::{http::BODY_LIMIT_BYTES, problem::Failure, state::App};

const MAX_DEPTH: usize = 64;

/// A JSON body. `raw` is what was sent, for the idempotency hash.
pub struct Body<T> {
    pub value: T,
    pub raw: Bytes,
}

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        if !is_json(&request) {
            return Err(Problem::of(Code::UnsupportedMediaType).into());
        }
        let raw = Bytes::from_request(request, app).await.map_err(unreadable)?;
        let value = parse(&raw)?;
        Ok(Self { value, raw })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn unreadable(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(Code::BodyTooLarge, format!("A body may have {} KiB.", BODY_LIMIT_BYTES / 1024))
    } else {
        Problem::new(Code::MalformedBody, "The body ended before it was complete.")
    }
}

fn is_json(request: &Request) -> bool {
    let Some(value) = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some(("charset", charset)) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
            _ => true,
        })
}

/// Syntax first (400), then shape (422 with the path of the field).
fn parse<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Problem> {
    let malformed = |detail: String| Problem::new(Code::MalformedBody, detail);
    let text = std::str::from_utf8(raw).map_err(|_| malformed("The body is not UTF-8.".to_owned()))?;
    check_depth(text)?;
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| malformed(format!("The body is not JSON: {error}.")))?;
    if has_nul(&value) {
        return Err(malformed("Texts may not contain the NUL character.".to_owned()));
    }
    // A list would be read as the fields in the order of their declaration.
    if !value.is_object() {
        let error = FieldError { field: "body".to_owned(), message: "The body is an object: {…}.".to_owned() };
        return Err(Problem { errors: vec![error], ..Problem::of(Code::Invalid) });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = match error.path().to_string() {
            path if path == "." => "body".to_owned(),
            path => path,
        };
        let message = error.inner().to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Problem { errors: vec![FieldError { field, message }], ..Problem::of(Code::Invalid) }
    })
}

/// Cheaper than parsing: counts open brackets outside strings.
fn check_depth(text: &str) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Problem::new(
                Code::MalformedBody,
                format!("The body is nested more than {MAX_DEPTH} levels deep."),
            ));
        }
    }
    Ok(())
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(values) => values.iter().any(has_nul),
        serde_json::Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// A path parameter. What is no id names nothing: 404, as for an id of another workspace.
pub struct Id<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Path::<T>::from_request_parts(parts, app).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Problem::new(Code::NotFound, "The address does not contain a usable id.").into()),
        }
    }
}

/// The query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or_default();
        let malformed = |detail: String| Failure::from(Problem::new(Code::MalformedParameter, detail));
        if text.to_ascii_lowercase().contains("%00") {
            return Err(malformed("Parameters may not contain the NUL character.".to_owned()));
        }
        let parsed = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(form_urlencoded(text)));
        match parsed {
            Ok(value) => Ok(Self(value)),
            Err(error) => {
                let path = error.path().to_string();
                let what = if path == "." { String::new() } else { format!("`{path}`: ") };
                Err(malformed(format!("{what}{}.", error.into_inner())))
            }
        }
    }
}

/// Refuses a parameter that is longer than the API description says.
pub fn at_most(limit: usize, name: &str, value: Option<&String>) -> Result<(), Problem> {
    if value.is_some_and(|value| value.chars().count() > limit) {
        return Err(Problem::new(Code::MalformedParameter, format!("`{name}` has at most {limit} characters.")));
    }
    Ok(())
}

fn form_urlencoded(text: &str) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[expect(dead_code, reason = "only its type matters")]
        name: String,
    }

    fn code(text: &[u8]) -> Code {
        parse::<Form>(text).map(|_| ()).unwrap_err().code
    }

    #[test]
    fn syntax_is_400_and_shape_is_422_with_the_field() {
        for bad in [
            &b""[..],
            b"{",
            b"nul",
            b"\xff\xfe",
            b"{\"name\":\"a\"} x",
            br#"{"name":"\u0000"}"#,
            br#"{"name":"\ud800"}"#,
        ] {
            assert_eq!(code(bad), Code::MalformedBody, "{}", String::from_utf8_lossy(bad));
        }
        let deep = format!("{{\"name\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(code(deep.as_bytes()), Code::MalformedBody);
        let wrong = parse::<Form>(br#"{"name":5}"#).unwrap_err();
        assert_eq!((wrong.code, wrong.errors[0].field.as_str()), (Code::Invalid, "name"));
        for bad in [&b"{}"[..], b"[]", br#"{"name":"a","other":1}"#, br#"{"name":"a","name":"b"}"#] {
            assert_eq!(code(bad), Code::Invalid, "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn brackets_inside_strings_do_not_count_as_depth() {
        let text = format!("{{\"name\":\"{}\"}}", "[\\\"".repeat(500));
        assert!(parse::<Form>(text.as_bytes()).is_ok());
    }
}
