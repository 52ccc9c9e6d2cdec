//! LinkedIn's ids, in one spelling.
//!
//! A comment is `urn:li:comment:(activity:1,2)` in some places and `urn:li:comment:(urn:li:activity:1,2)` in others. We keep
//! the long form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const COMMENT: &str = "urn:li:comment:(";
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The long form of any URN; what is none stays as it is.
pub(super) fn long(urn: &str) -> String {
    match parts(urn) {
        Some((thread, id)) => comment(&thread, id),
        None => urn.to_owned(),
    }
}

pub(super) fn comment(thread: &str, id: &str) -> String {
    format!("{COMMENT}{},{id})", with_prefix(thread))
}

/// Of a comment: what it stands below, and its number.
pub(super) fn parts(urn: &str) -> Option<(String, &str)> {
    let inside = urn.strip_prefix(COMMENT)?.strip_suffix(')')?;
    let (thread, id) = inside.rsplit_once(',')?;
    (!thread.is_empty() && !id.is_empty()).then(|| (with_prefix(thread), id))
}

fn with_prefix(urn: &str) -> String {
    if urn.starts_with("urn:li:") { urn.to_owned() } else { format!("urn:li:{urn}") }
}

/// As a part of a path: LinkedIn wants colons and brackets of URNs escaped.
pub(super) fn escaped(urn: &str) -> String {
    utf8_percent_encode(urn, ESCAPED).to_string()
}

pub(super) fn unescaped(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_id() {
        let id = "urn:li:comment:(urn:li:activity:7094637247890620418,7094977717598625792)";
        assert_eq!(long("urn:li:comment:(activity:7094637247890620418,7094977717598625792)"), id);
        assert_eq!(long(id), id);
        assert_eq!(parts(id), Some(("urn:li:activity:7094637247890620418".into(), "7094977717598625792")));
        for other in ["urn:li:share:1", "", "urn:li:comment:()", "urn:li:comment:(,)", "urn:li:comment:(a"] {
            assert_eq!(long(other), other);
        }
        assert_eq!(
            escaped("urn:li:comment:(urn:li:activity:1,2)"),
            "urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A1%2C2%29"
        );
        assert_eq!(unescaped("urn%3Ali%3Ashare%3A1"), "urn:li:share:1");
    }
}
