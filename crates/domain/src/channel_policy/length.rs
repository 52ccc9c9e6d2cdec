//! How long a text is, as a platform counts. X weighs: letters of most scripts count once, everything else (Chinese, Japanese,
//! Korean, emoji) twice, an emoji of several characters like one, and every address like 23 letters.

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChannelTextUnit)]
pub enum Unit {
    Characters,
    /// Bytes of UTF-8.
    Bytes,
    /// As X weighs.
    Weighted,
}

impl Unit {
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Bytes => "bytes",
            Self::Weighted => "characters, as X counts them",
        }
    }
}

const ADDRESS_WEIGHT: u32 = 23;

/// How long the text is in that unit.
pub fn measure(unit: Unit, text: &str) -> u32 {
    match unit {
        Unit::Characters => count(text.chars().count()),
        Unit::Bytes => count(text.len()),
        Unit::Weighted => weighted(text),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn weighted(text: &str) -> u32 {
    // White space parts addresses from the rest, and weighs itself.
    let spaces = count(text.chars().filter(|c| c.is_whitespace()).count());
    let words =
        text.split(char::is_whitespace).map(|word| if is_address(word) { ADDRESS_WEIGHT } else { of_word(word) });
    words.fold(spaces, u32::saturating_add)
}

fn is_address(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    ["http://", "https://"].iter().any(|scheme| lower.strip_prefix(scheme).is_some_and(|rest| rest.contains('.')))
}

/// What follows a joiner, and marks that only change how an emoji looks, belong to what is before.
fn of_word(word: &str) -> u32 {
    let (mut weight, mut is_joined, mut is_half_a_flag) = (0_u32, false, false);
    for c in word.chars() {
        let code = u32::from(c);
        if code == 0x200d {
            is_joined = true;
            continue;
        }
        let changes_looks = matches!(code, 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff | 0xe0020..=0xe007f);
        let ends_a_flag = is_half_a_flag && is_flag_letter(code);
        if !is_joined && !changes_looks && !ends_a_flag {
            weight = weight.saturating_add(if weighs_once(code) { 1 } else { 2 });
        }
        is_half_a_flag = is_flag_letter(code) && !ends_a_flag;
        is_joined = false;
    }
    weight
}

const fn is_flag_letter(code: u32) -> bool {
    matches!(code, 0x1f1e6..=0x1f1ff)
}

const fn weighs_once(code: u32) -> bool {
    matches!(code, 0..=0x10ff | 0x2000..=0x200d | 0x2010..=0x201f | 0x2032..=0x2037)
}
