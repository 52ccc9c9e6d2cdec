//! Reading queries, forms and bearer tokens.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::form_urlencoded;

use crate::simulator::Request;

/// Parameters of a query, a form body, and the top level of a JSON body; the last of a name counts.
pub struct Form {
    fields: HashMap<String, String>,
    pub body: Value,
}

impl Form {
    pub fn of(request: &Request) -> Self {
        let query = request.query.as_deref().unwrap_or_default();
        let mut fields: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let body =
            if request.is_json() { serde_json::from_slice(&request.body).unwrap_or_default() } else { Value::Null };
        if body.is_null() {
            fields.extend(form_urlencoded::parse(&request.body).into_owned());
        }
        for (name, value) in body.as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                fields.insert(name.clone(), text.to_owned());
            }
        }
        Self { fields, body }
    }

    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    pub fn find(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    pub fn number(&self, name: &str) -> Option<usize> {
        self.find(name)?.parse().ok()
    }

    /// A JSON value that may also come as the text of a form field.
    pub fn value(&self, name: &str) -> Value {
        match self.body.get(name) {
            Some(value) => value.clone(),
            None => serde_json::from_str(self.get(name)).unwrap_or_default(),
        }
    }
}

pub fn bearer(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ")
}

/// Name and password of `Authorization: Basic`.
pub fn basic(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// The address with more parameters.
pub fn with_query(address: &str, more: &[(&str, &str)]) -> String {
    let Ok(mut url) = url::Url::parse(address) else { return address.to_owned() };
    url.query_pairs_mut().extend_pairs(more);
    url.into()
}
