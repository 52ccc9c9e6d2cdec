//! Pages of lists: a bounded number of rows and an opaque cursor to the next.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use socialai_domain::problems::{Code, Problem};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give this as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// From one row more than was asked for, which only tells that there is a next page.
    pub fn cut<C: Serialize>(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> C) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| encode(&cursor(last)));
        Self { items: rows, next }
    }
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `next` of the page before; without it the first page.
    #[param(max_length = 2000)]
    cursor: Option<String>,
    /// Rows of a page; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

impl Paging {
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            _ => Err(Problem::new(Code::MalformedParameter, format!("`limit` is 1 to {MAX_LIMIT}."))),
        }
    }

    /// Where the page before ended. It holds only what the caller saw, and every query checks the tenant again.
    pub fn after<C: DeserializeOwned>(&self) -> Result<Option<C>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let invalid = || Problem::of(Code::InvalidCursor);
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
        if value.to_string().contains("\\u0000") {
            return Err(invalid());
        }
        serde_json::from_value(value).map(Some).map_err(|_| invalid())
    }
}

/// A moment of a query.
pub fn moment(name: &str, text: Option<&str>) -> Result<Option<OffsetDateTime>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let parsed = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok();
    // PostgreSQL's own range is wider than RFC 3339's four digits of a year.
    let parsed = parsed.ok_or_else(|| {
        Problem::new(Code::MalformedParameter, format!("`{name}` is not a moment such as 2026-11-21T09:00:00Z."))
    })?;
    Ok(Some(parsed))
}

fn encode(cursor: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}
