//! How X measures a text.
//!
//! Composed characters (NFC) of most alphabets count 1, others and each emoji 2, an address 23 however long it is. X knows
//! every top-level domain; we know the common ones, so a rare bare domain counts by its letters here. With `https://` every
//! address is recognised.

use unicode_normalization::UnicodeNormalization;

const ADDRESS: usize = 23;
const COMMON_DOMAINS: [&str; 14] =
    ["com", "net", "org", "info", "biz", "io", "co", "app", "dev", "shop", "online", "store", "tv", "me"];
const JOINER: char = '\u{200d}';
const EMOJI_FORM: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

pub(super) fn weigh(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let mut weight = 0;
    walk(&text, |part| {
        weight += match part {
            Part::Address => ADDRESS,
            Part::Emoji(_) => 2,
            Part::Letter(letter) => weight_of(letter),
        };
    });
    weight
}

/// The ranges that X counts single: Latin and its neighbours up to Georgian, and common punctuation.
fn weight_of(letter: char) -> usize {
    match u32::from(letter) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

/// The names in front of an answer are not counted.
pub(super) fn without_leading_mentions(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(name) = rest.strip_prefix('@') {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let end = name.find(|letter| !is_name(letter)).unwrap_or(name.len());
        if end == 0 || name[end..].chars().next().is_some_and(|letter| !letter.is_whitespace()) {
            break;
        }
        rest = name[end..].trim_start();
    }
    rest
}

/// What is left to compare of a text that X has changed: addresses are shortened, three signs are written as in HTML, the
/// names in front may be added.
pub(super) fn skeleton(text: &str) -> String {
    let plain: String = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").nfc().collect();
    let mut skeleton = String::new();
    walk(without_leading_mentions(plain.trim()), |part| match part {
        Part::Address => skeleton.push('\u{fffc}'),
        Part::Emoji(emoji) => skeleton.push_str(emoji),
        Part::Letter(letter) => skeleton.push(letter),
    });
    skeleton
}

enum Part<'a> {
    Address,
    Emoji(&'a str),
    Letter(char),
}

fn walk(text: &str, mut meet: impl FnMut(Part<'_>)) {
    let mut rest = text;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        let (part, length) = match (address_length(rest, before), emoji_length(rest)) {
            (Some(length), _) => (Part::Address, length),
            (None, Some(length)) => (Part::Emoji(&rest[..length]), length),
            (None, None) => (Part::Letter(letter), letter.len_utf8()),
        };
        meet(part);
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
}

/// Of the address at the beginning, in bytes.
fn address_length(text: &str, before: char) -> Option<usize> {
    if before.is_alphanumeric() || "@#$_-./&".contains(before) {
        return None;
    }
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let begin = scheme.map_or(0, str::len);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let host_length = text[begin..].bytes().position(|byte| !is_host(byte)).unwrap_or(text.len() - begin);
    let host = text[begin..begin + host_length].trim_end_matches(['.', '-']);
    let (name, domain) = host.rsplit_once('.')?;
    let is_domain = domain.len() >= 2 && domain.bytes().all(|byte| byte.is_ascii_alphabetic());
    if name.split('.').any(str::is_empty) || !is_domain {
        return None;
    }
    let after_host = &text[begin + host.len()..];
    let has_path = host.len() == host_length && after_host.starts_with('/');
    let is_common = COMMON_DOMAINS.iter().any(|common| common.eq_ignore_ascii_case(domain));
    let is_mail = after_host.starts_with('@');
    if scheme.is_none() && (is_mail || !(is_common || domain.len() == 2 && has_path)) {
        return None;
    }
    let tail = if host.len() == host_length { tail_length(after_host) } else { 0 };
    Some(begin + host.len() + tail)
}

/// Port, path and query, without the punctuation that ends a sentence.
fn tail_length(text: &str) -> usize {
    if !text.starts_with(['/', ':', '?', '#']) {
        return 0;
    }
    let is_part = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte);
    let length = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    text[..length].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', ']', '*']).len()
}

/// Of the emoji at the beginning with all that belongs to it (skin, joined ones, the second half of a flag), in bytes.
fn emoji_length(text: &str) -> Option<usize> {
    let mut letters = text.chars().peekable();
    let first = letters.next()?;
    let mut length = first.len_utf8();
    if is_flag_half(first) {
        let second = letters.peek().filter(|second| is_flag_half(**second));
        return Some(length + second.map_or(0, |second| second.len_utf8()));
    }
    let (second, third) = (letters.peek().copied(), letters.clone().nth(1));
    if first.is_ascii_digit() || first == '#' || first == '*' {
        return match (second, third) {
            (Some(EMOJI_FORM), Some(KEYCAP)) => Some(length + EMOJI_FORM.len_utf8() + KEYCAP.len_utf8()),
            (Some(KEYCAP), _) => Some(length + KEYCAP.len_utf8()),
            _ => None,
        };
    }
    let is_asked_for = second == Some(EMOJI_FORM) && u32::from(first) >= 0xa9;
    if !is_emoji(first) && !is_asked_for {
        return None;
    }
    while let Some(next) = letters.next() {
        let joined = letters.peek().copied().filter(|joined| next == JOINER && is_joinable(*joined));
        if let Some(joined) = joined {
            letters.next();
            length += next.len_utf8() + joined.len_utf8();
        } else if belongs_to_emoji(next) {
            length += next.len_utf8();
        } else {
            break;
        }
    }
    Some(length)
}

fn is_flag_half(letter: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&letter)
}

/// Skin, the form of the sign, and the letters inside of the flags of England, Scotland and Wales.
fn belongs_to_emoji(letter: char) -> bool {
    letter == EMOJI_FORM || matches!(u32::from(letter), 0x1f3fb..=0x1f3ff | 0xe0020..=0xe007f)
}

/// What may follow a joiner: also the signs of male and female, and the heart.
fn is_joinable(letter: char) -> bool {
    is_emoji(letter) || matches!(u32::from(letter), 0x2190..=0x27bf | 0x2b00..=0x2bff)
}

/// Signs that are shown as emoji without being asked to.
fn is_emoji(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x1f000..=0x1faff | 0x231a..=0x231b | 0x23e9..=0x23ec | 0x23f0 | 0x23f3 | 0x25fd..=0x25fe | 0x2614..=0x2615
            | 0x2648..=0x2653 | 0x267f | 0x2693 | 0x26a1 | 0x26aa..=0x26ab | 0x26bd..=0x26be | 0x26c4..=0x26c5
            | 0x26ce | 0x26d4 | 0x26ea | 0x26f2..=0x26f3 | 0x26f5 | 0x26fa | 0x26fd | 0x2705 | 0x270a..=0x270b
            | 0x2728 | 0x274c | 0x274e | 0x2753..=0x2755 | 0x2757 | 0x2795..=0x2797 | 0x27b0 | 0x27bf
            | 0x2b1b..=0x2b1c | 0x2b50 | 0x2b55
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_weighs_what_x_says() {
        let weights = [
            ("", 0),
            ("hello", 5),
            ("café", 4),
            ("cafe\u{301}", 4),
            ("привет", 6),
            ("日本語", 6),
            ("한국", 4),
            ("😀", 2),
            ("👍🏽", 2),
            ("👨‍👩‍👧‍👦", 2),
            ("🇩🇪", 2),
            ("🇩🇪🇫🇷", 4),
            ("1️⃣", 2),
            ("❤️", 2),
            ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
            ("🙋🏽‍♀️", 2),
            ("… “x”", 6),
            ("12#*", 4),
            ("a\nb", 3),
        ];
        for (text, weight) in weights {
            assert_eq!(weigh(text), weight, "{text:?}");
        }
    }

    #[test]
    fn address_weighs_twenty_three() {
        let long = format!("https://example.com/{}", "x".repeat(300));
        for text in [
            &long,
            "http://a.de",
            "https://example.com",
            "example.com",
            "EXAMPLE.COM/path?q=1#f",
            "sub.example.io",
            "t.ly/abc",
            "https://example.museum:8080/x",
        ] {
            assert_eq!(weigh(text), 23, "{text}");
        }
        assert_eq!(weigh("see (https://example.com/a)."), 4 + 1 + 23 + 2);
        assert_eq!(weigh("https://example.com日本"), 27);
        assert_eq!(weigh("https://example.com/日本"), 27);
        assert_eq!(weigh("https://a.de https://b.de"), 47);
        for text in ["ann@example.com", "end.Next", "1.5", "..com", "a..com", "https://", "https://localhost", "x.y"] {
            assert_eq!(weigh(text), text.len(), "{text}");
        }
    }

    #[test]
    fn names_in_front_are_not_counted() {
        for (text, rest) in [
            ("@ann @bob_1 hi @carl", "hi @carl"),
            ("hi @ann", "hi @ann"),
            ("@ann", ""),
            ("@", "@"),
            ("@ann, hi", "@ann, hi"),
            ("@日本 x", "@日本 x"),
        ] {
            assert_eq!(without_leading_mentions(text), rest);
        }
    }

    #[test]
    fn text_is_recognised_after_x_changed_it() {
        let (sent, shown) = ("a & b <c> https://example.com/long", "@ann a &amp; b &lt;c&gt; https://t.co/abc");
        assert_eq!(skeleton(sent), skeleton(shown));
        assert_ne!(skeleton("yes"), skeleton("no"));
        assert_ne!(skeleton("😀"), skeleton("😢"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in any::<String>(), path in "[\\x20-\\x7e]{0,20}") {
            weigh(&text);
            skeleton(&text);
            weigh(&format!("https://a.de/{path}{text}"));
            weigh(&format!("1\u{fe0f}{text}"));
        }

        #[test]
        fn plain_letters_weigh_one(text in "[a-z ]{0,400}") {
            prop_assert_eq!(weigh(&text), text.len());
        }
    }
}
