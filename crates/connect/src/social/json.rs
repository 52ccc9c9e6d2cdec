//! Reads the JSON that platforms send, and loses nothing for one odd piece.
//!
//! A batch holds events of strangers. An ordinary parser refuses the whole batch for one lone surrogate, one deep nest or
//! one number that is too large, and with it everybody else's messages. Here only a broken structure is an error:
//!
//! - an escape that stands for no character, and the character zero (which no database text holds), become U+FFFD;
//! - an integer that does not fit into 64 bits keeps its digits, as text; floats are never made of ids;
//! - what is nested deeper than [`DEEPEST`] becomes null (the delivery itself is kept raw by the caller);
//! - two arrays under one name are one array, otherwise the later value counts.

use serde_json::{Map, Number, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::Malformed;

const DEEPEST: usize = 64;
/// Longer texts are no ids, and an index of the database could not hold them.
const LONGEST_ID: usize = 512;
const NO_CHARACTER: char = char::REPLACEMENT_CHARACTER;

/// Reads a document that is an object.
pub(super) fn read(body: &[u8]) -> Result<Value, Malformed> {
    let text = String::from_utf8_lossy(body);
    let mut reader = Reader { bytes: text.trim_start_matches('\u{feff}').as_bytes(), at: 0 };
    let value = reader.value(0).ok_or(Malformed)?;
    reader.space();
    if reader.at < reader.bytes.len() || !value.is_object() { Err(Malformed) } else { Ok(value) }
}

/// What could not be read is `None`.
struct Reader<'a> {
    /// Valid UTF-8.
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Whether `wanted` is the next sign; it is then behind us.
    fn take(&mut self, wanted: u8) -> bool {
        self.space();
        let is_next = self.peek() == Some(wanted);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.space();
        match self.peek()? {
            b'{' | b'[' if depth == DEEPEST => self.skip_nested().map(|()| Value::Null),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Value::String),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        let found = self.bytes.get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(value)
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        self.at += 1;
        if self.take(b'}') {
            return Some(Value::Object(members));
        }
        loop {
            self.space();
            let name = (self.peek()? == b'"').then(|| self.string())??;
            if !self.take(b':') {
                return None;
            }
            let value = match (members.remove(&name), self.value(depth + 1)?) {
                (Some(Value::Array(mut first)), Value::Array(second)) => {
                    first.extend(second);
                    Value::Array(first)
                }
                (_, value) => value,
            };
            members.insert(name, value);
            if self.take(b'}') {
                return Some(Value::Object(members));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        if self.take(b']') {
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Some(Value::Array(items));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// Without recursion, so that no nest is too deep for the stack.
    fn skip_nested(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.bytes.get(self.at..)?;
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0))?;
            // Cut at ASCII signs, so valid.
            text.push_str(std::str::from_utf8(&rest[..plain]).ok()?);
            self.at += plain + 1;
            match rest[plain] {
                b'"' => return Some(text),
                0 => text.push(NO_CHARACTER),
                _ => text.push(self.escaped()?),
            }
        }
    }

    /// The character after a backslash.
    fn escaped(&mut self) -> Option<char> {
        let sign = self.peek()?;
        if !sign.is_ascii() {
            return Some(NO_CHARACTER);
        }
        self.at += 1;
        Some(match sign {
            b'"' | b'\\' | b'/' => char::from(sign),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.code_point(),
            _ => NO_CHARACTER,
        })
    }

    fn code_point(&mut self) -> char {
        let Some(unit) = self.unit(self.at) else { return NO_CHARACTER };
        self.at += 4;
        let second = self.bytes.get(self.at..).filter(|rest| rest.starts_with(b"\\u")).and(self.unit(self.at + 2));
        if let Some(second) = second
            && let Some(Ok(joined)) = char::decode_utf16([unit, second]).next()
            && joined > '\u{ffff}'
        {
            self.at += 6;
            return joined;
        }
        char::from_u32(unit.into()).filter(|letter| *letter != '\0').unwrap_or(NO_CHARACTER)
    }

    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.bytes.get(at..at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.bytes.get(self.at..)?;
        let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let text = std::str::from_utf8(&rest[..length]).ok()?;
        self.at += length;
        let float: f64 = text.parse().ok()?;
        let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
        Some(match whole {
            Ok(number) if number.to_string() == text => Value::Number(number),
            Err(_) if text.contains(['.', 'e', 'E']) && float.is_finite() => Number::from_f64(float).into(),
            _ => Value::String(text.to_owned()),
        })
    }
}

/// An id is text and never a number to us; some platforms write it as one.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= LONGEST_ID => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// Text with something in it.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The entries of an array; anything else but null is a single entry.
pub(super) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(entries) => entries,
        Value::Null => &[],
        single => std::slice::from_ref(single),
    }
}

/// A moment in any of the forms that platforms use: seconds, milli- or microseconds since 1970 as a number or as text, ISO
/// with either way to write the zone, and the old one of X. Nonsense is no moment.
pub(super) fn moment(value: &Value) -> Option<OffsetDateTime> {
    match value {
        Value::Number(number) => number.as_i64().and_then(since_epoch).or_else(|| seconds(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().and_then(since_epoch).or_else(|| written(text.trim())),
        _ => None,
    }
}

/// The size tells the unit: the limits lie in the year 5138 and in 1973.
fn since_epoch(number: i64) -> Option<OffsetDateTime> {
    let nanoseconds_each = match number {
        1..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => return None,
    };
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(number) * nanoseconds_each).ok()
}

fn seconds(number: f64) -> Option<OffsetDateTime> {
    let since = time::Duration::checked_seconds_f64(number).filter(|since| since.is_positive())?;
    OffsetDateTime::UNIX_EPOCH.checked_add(since)
}

fn written(text: &str) -> Option<OffsetDateTime> {
    let graph =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory][offset_minute]");
    let old_x = format_description!(
        "[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute] [year]"
    );
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, &graph))
        .or_else(|_| OffsetDateTime::parse(text, &old_x))
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::any_json::any_json;

    fn of(text: &str) -> Value {
        read(format!("{{\"v\":{text}}}").as_bytes()).unwrap()["v"].clone()
    }

    #[test]
    fn odd_pieces_do_not_spoil_their_neighbours() {
        assert_eq!(
            of(r#"["\ud800", "\udc00x", "\ud83d\ude00", "a\u0000b"]"#),
            json!(["\u{fffd}", "\u{fffd}x", "😀", "a\u{fffd}b"])
        );
        assert_eq!(
            of(r#"["\ud800\ud83d\ude00", "\ud83d\n", "\uZZ", "\q"]"#),
            json!(["\u{fffd}😀", "\u{fffd}\n", "\u{fffd}ZZ", "\u{fffd}"])
        );
        let deep = format!("[{}1{}, \"kept\"]", "[{\"a\":".repeat(50_000), "}]".repeat(50_000));
        assert_eq!(of(&deep)[1], "kept");
        assert_eq!(read(br#"{"a":[1],"b":1,"a":[2],"b":2}"#).unwrap(), json!({ "a": [1, 2], "b": 2 }));
        assert_eq!(read(b"{\"a\":\"\xff\",\"b\":1}").unwrap(), json!({ "a": "\u{fffd}", "b": 1 }));
    }

    #[test]
    fn ids_keep_every_digit() {
        for digits in [
            "9007199254740993",
            "18446744073709551615",
            "-6850472171600526495",
            "340282366920938463463374607431768211457",
        ] {
            assert_eq!(id(&of(digits)).as_deref(), Some(digits));
            assert_eq!(id(&of(&format!("\"{digits}\""))).as_deref(), Some(digits));
        }
        for none in ["1.5", "null", "\"\"", "{}", "true"] {
            assert_eq!(id(&of(none)), None, "{none}");
        }
        assert_eq!(id(&json!("x".repeat(513))), None);
    }

    #[test]
    fn moments_are_read_in_every_form() {
        let expected = time::macros::datetime!(2025-10-09 08:53:20 UTC);
        let forms = [
            "1760000000",
            "\"1760000000\"",
            "1760000000000",
            "\"1760000000000\"",
            "1760000000000000",
            "\"2025-10-09T08:53:20Z\"",
            "\"2025-10-09T08:53:20.000Z\"",
            "\"2025-10-09T08:53:20+0000\"",
            "\"2025-10-09T10:53:20+02:00\"",
            "\"Thu Oct 09 08:53:20 +0000 2025\"",
            "1760000000.0",
        ];
        for form in forms {
            assert_eq!(moment(&of(form)), Some(expected), "{form}");
        }
        for none in ["0", "-1", "\"0\"", "\"yesterday\"", "9223372036854775807", "1e300", "-1.5", "null", "[]"] {
            assert_eq!(moment(&of(none)), None, "{none}");
        }
    }

    #[test]
    fn broken_structure_is_malformed() {
        for text in [
            "",
            "[]",
            "7",
            "{} {}",
            "{\"a\":1,}",
            "{\"a\":}",
            "{\"a\"",
            "{a:1}",
            "{\"a\":-}",
            "{\"a\":\"x}",
            "{\"a\":tru}",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        let unclosed = "{\"a\":".repeat(100_000);
        assert!(read(unclosed.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn ordinary_json_reads_as_usual(value in any_json("[^\0]*")) {
            let document = json!({ "value": value });
            prop_assert_eq!(read(&serde_json::to_vec_pretty(&document).unwrap()).unwrap(), document);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn almost_json_never_panics(text in r#"[\[\]{}":,\\ud80c0-9.eE+-truefalsn ]{0,80}"#) {
            let _ = read(text.as_bytes());
            moment(&Value::String(text));
        }
    }
}
