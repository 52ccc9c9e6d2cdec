//! A fact as a record: what stands in key, headers and value, and what is made of records that are not ours.
//!
//! The value is what is read. The headers say the same to other programs, so that they can choose without parsing.

use std::borrow::Cow;

use rdkafka::message::{Header, OwnedHeaders};
use serde::{Deserialize, Serialize};
use socialai_queue::facts::Fact;
use thiserror::Error;

/// Raised when a reader of the version before would misunderstand; new fields alone do not.
const VERSION: u32 = 1;

/// The database that tells a fact; `None` is the control database. Positions rise within a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(pub Option<String>);

impl Source {
    pub fn of(shard: Option<&str>) -> Self {
        Self(shard.map(str::to_owned))
    }

    pub fn name(&self) -> String {
        self.0.as_ref().map_or_else(|| "control".to_owned(), |shard| format!("shard/{shard}"))
    }

    fn named(name: &str) -> Option<Self> {
        if name == "control" {
            Some(Self(None))
        } else {
            name.strip_prefix("shard/").map(|shard| Self::of(Some(shard)))
        }
    }
}

#[derive(Debug, PartialEq)]
pub struct Told {
    pub source: Source,
    pub fact: Fact,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "envelope")]
    version: u32,
    source: Cow<'a, str>,
    fact: Cow<'a, Fact>,
}

#[derive(Deserialize)]
struct JustVersion {
    #[serde(rename = "envelope")]
    version: u32,
}

#[derive(Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error("the record has no value")]
    Empty,
    #[error("this is not a fact of ours: {0}")]
    NotOurs(String),
    #[error("its envelope has version {0}; this program reads up to {VERSION}")]
    Newer(u32),
}

/// Records of one key are read in their order.
pub fn key(fact: &Fact) -> String {
    format!("{}/{}", fact.tenant_id, fact.key)
}

pub fn encode(source: &Source, fact: &Fact) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Envelope { version: VERSION, source: source.name().into(), fact: Cow::Borrowed(fact) })
}

pub fn headers(source: &Source, fact: &Fact) -> OwnedHeaders {
    let (version, tenant, source) = (fact.version.to_string(), fact.tenant_id.to_string(), source.name());
    OwnedHeaders::new()
        .insert(Header { key: "kind", value: Some(fact.kind.as_bytes()) })
        .insert(Header { key: "version", value: Some(version.as_bytes()) })
        .insert(Header { key: "tenant", value: Some(tenant.as_bytes()) })
        .insert(Header { key: "source", value: Some(source.as_bytes()) })
}

pub fn decode(value: Option<&[u8]>) -> Result<Told, Unreadable> {
    let value = value.ok_or(Unreadable::Empty)?;
    let not_ours = |error: serde_json::Error| Unreadable::NotOurs(error.to_string());
    let JustVersion { version } = serde_json::from_slice(value).map_err(not_ours)?;
    if version > VERSION {
        return Err(Unreadable::Newer(version));
    }
    let Envelope { source, fact, .. } = serde_json::from_slice(value).map_err(not_ours)?;
    let source = Source::named(&source).ok_or_else(|| Unreadable::NotOurs(format!("its source is `{source}`")))?;
    Ok(Told { source, fact: fact.into_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    fn fact() -> Fact {
        Fact {
            position: 7,
            tenant_id: Uuid::from_u128(1),
            fact_id: Uuid::from_u128(2),
            kind: "lead.hot".to_owned(),
            version: 3,
            key: "lead/9".to_owned(),
            data: json!({ "score": 0.5, "name": "Zoë" }),
            trace: Some("00-trace".to_owned()),
            at: datetime!(2026-11-21 10:11:12.123_456 UTC),
        }
    }

    #[test]
    fn fact_is_read_as_it_was_written() {
        for source in [None, Some("eu"), Some("control")].map(Source::of) {
            let value = encode(&source, &fact()).unwrap();
            assert_eq!(decode(Some(&value)), Ok(Told { source, fact: fact() }));
        }
    }

    #[test]
    fn fields_of_a_later_program_do_no_harm() {
        let mut value: serde_json::Value = serde_json::from_slice(&encode(&Source(None), &fact()).unwrap()).unwrap();
        value["hint"] = json!(1);
        value["fact"]["colour"] = json!("red");
        assert_eq!(decode(Some(value.to_string().as_bytes())).unwrap().fact, fact());
    }

    #[test]
    fn records_that_are_not_ours_are_told_from_newer_ones() {
        assert_eq!(decode(None), Err(Unreadable::Empty));
        assert!(matches!(decode(Some(b"\xff\xfe")), Err(Unreadable::NotOurs(_))));
        assert!(matches!(decode(Some(b"{\"envelope\":1}")), Err(Unreadable::NotOurs(_))));
        assert_eq!(decode(Some(b"{\"envelope\":2,\"body\":{}}")), Err(Unreadable::Newer(2)));
    }
}
