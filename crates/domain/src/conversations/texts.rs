//! What strangers write, made fit to be kept: PostgreSQL takes no NUL, neither in a text nor in JSON.

use serde_json::Value;

/// Characters of a message that are kept. No platform sends more; whoever does is cut off.
const LONGEST: usize = 50_000;
const PREVIEW: usize = 140;

pub(super) fn clean(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

pub(super) fn clean_id(id: &str) -> String {
    id.chars().take(1_000).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

pub(super) fn clean_json(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', "\u{fffd}")),
        Value::Array(items) => items.into_iter().map(clean_json).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name.replace('\0', "\u{fffd}"), clean_json(value))).collect()
        }
        other => other,
    }
}

/// One line of it for a list.
pub(super) fn preview(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > PREVIEW {
            return line.chars().take(PREVIEW - 1).chain(['…']).collect();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nul_is_replaced_wherever_it_stands() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert_eq!(clean_json(json!({ "a\0": ["\0", 1, null] })), json!({ "a\u{fffd}": ["\u{fffd}", 1, null] }));
    }

    #[test]
    fn preview_is_one_short_line() {
        assert_eq!(preview("  Hello,\n\n  world \t"), "Hello, world");
        let long = preview(&"ü".repeat(1_000));
        assert!(long.chars().count() == PREVIEW && long.ends_with('…'));
    }

    proptest::proptest! {
        #[test]
        fn preview_is_never_too_long_and_never_has_a_line_end(text in "(?s).*") {
            let line = preview(&text);
            proptest::prop_assert!(line.chars().count() <= PREVIEW && !line.contains('\n'));
        }
    }
}
