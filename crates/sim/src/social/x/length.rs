//! What a post's text weighs: 280 at most. An address is 23, an emoji or an ideograph 2.

pub const MOST: usize = 280;
const ADDRESS: usize = 23;
const JOINER: char = '\u{200d}';

/// Names that a reply begins with are added by X itself and weigh nothing.
pub fn of_reply(text: &str) -> usize {
    let mut rest = text.trim_start();
    while rest.starts_with('@') {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest[end..].trim_start();
    }
    of(rest)
}

pub fn of(text: &str) -> usize {
    text.split_inclusive(char::is_whitespace).map(of_word).sum()
}

fn of_word(word: &str) -> usize {
    let bare = word.trim_end();
    if bare.starts_with("https://") || bare.starts_with("http://") {
        return ADDRESS + word[bare.len()..].chars().count();
    }
    let (mut weight, mut is_joined) = (0, false);
    for character in word.chars() {
        weight += match character {
            // Parts of one emoji weigh as much as one.
            JOINER | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => 0,
            _ if is_joined => 0,
            '\0'..='\u{10ff}' | '\u{2000}'..='\u{200c}' | '\u{2010}'..='\u{201f}' | '\u{2032}'..='\u{2037}' => 1,
            _ => 2,
        };
        is_joined = character == JOINER;
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_emoji_and_ideographs_have_their_weights() {
        assert_eq!(of("hello"), 5);
        assert_eq!(of("see https://example.com/a/very/long/address/that/goes/on now"), 4 + 23 + 1 + 3);
        assert_eq!(of("日本"), 4);
        assert_eq!(of("👨\u{200d}👩\u{200d}👧"), 2);
        assert_eq!(of_reply("@acme @bob yes"), 3);
    }
}
