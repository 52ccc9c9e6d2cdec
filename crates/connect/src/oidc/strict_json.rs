//! JSON in which no object may name a member twice.
//!
//! Parsers disagree on which of two equal names counts. A token whose second `aud` is ours would be
//! believed by one program and refused by another, so such a document is refused as a whole.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    DuplicateName,
    NotJson,
}

/// Reads an object. The nesting limit is the one of `serde_json`, 128 levels.
pub(super) fn object(text: &[u8]) -> Result<Map<String, Value>, Fault> {
    let mut duplicate = false;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict(&mut duplicate).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => Ok(object),
        _ if duplicate => Err(Fault::DuplicateName),
        _ => Err(Fault::NotJson),
    }
}

/// Builds a value and notes a name that came twice.
struct Strict<'a>(&'a mut bool);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no name appears twice in an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Strict(self.0))? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key_seed(Name)? {
            let value = members.next_value_seed(Strict(self.0))?;
            if object.insert(name, value).is_some() {
                *self.0 = true;
                return Err(A::Error::custom("a name appears twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<String, D::Error> {
        String::deserialize(reader)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::any_json::any_json;

    proptest! {
        #[test]
        fn json_without_duplicates_reads_as_usual(value in any_json(".*")) {
            let text = serde_json::to_vec(&serde_json::json!({ "value": value })).unwrap();
            prop_assert_eq!(object(&text).unwrap(), serde_json::from_slice::<Map<_, _>>(&text).unwrap());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = object(&bytes);
        }
    }

    #[test]
    fn name_that_appears_twice_is_refused_at_every_depth_and_in_every_spelling() {
        for text in [r#"{"aud":"a","aud":"b"}"#, r#"{"x":[{"aud":1,"aud":1}]}"#, r#"{"aud":"a","\u0061ud":"b"}"#] {
            assert_eq!(object(text.as_bytes()), Err(Fault::DuplicateName), "{text}");
        }
        assert!(object(br#"{"aud":"a","x":{"aud":"a"}}"#).is_ok());
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in ["", "[]", "7", "{} {}", "{\"a\":1,}", "{\"a\":\"\u{1}\"}"] {
            assert_eq!(object(text.as_bytes()), Err(Fault::NotJson), "{text}");
        }
        let deep = format!("{}{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        assert_eq!(object(deep.as_bytes()), Err(Fault::NotJson));
    }
}
