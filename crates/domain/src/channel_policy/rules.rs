//! The table of rules. What it says of the platforms is from their documents where those could be read; limits that could not
//! be checked are the careful ones.

use super::{Rules, Unit, Window};
use crate::channels::{Platform, Surface};

/// Rises when a rule changes, so that a verdict of before can be told apart.
pub const VERSION: u16 = 2;

const DAY: u32 = 86_400;
/// Answers on X, weighted; elsewhere characters.
const SHORT: u32 = 280;
const USUAL: u32 = 500;
const ALL_MEDIA: &[&str] = &["image", "audio", "video", "file"];
const MEBIBYTE: u32 = 1_048_576;

/// One for each platform and surface that there is.
pub const RULES: &[Rules] = &[
    Rules {
        window: Some(Window { standard_seconds: DAY, human_agent_seconds: Some(7 * DAY) }),
        media: ALL_MEDIA,
        most_attachments: 5,
        largest_attachment_bytes: 25 * MEBIBYTE,
        text_with_media: false,
        most_quick_replies: 13,
        hard_limit: 2_000,
        ..plain(Platform::Facebook, Surface::Message)
    },
    Rules { hard_limit: 8_000, ..plain(Platform::Facebook, Surface::Comment) },
    Rules {
        // Instagram counts bytes of UTF-8.
        unit: Unit::Bytes,
        hard_limit: 1_000,
        window: Some(Window { standard_seconds: DAY, human_agent_seconds: Some(7 * DAY) }),
        media: &["image", "audio", "video"],
        most_attachments: 5,
        largest_attachment_bytes: 8 * MEBIBYTE,
        text_with_media: false,
        most_quick_replies: 13,
        ..plain(Platform::Instagram, Surface::Message)
    },
    Rules { hard_limit: 2_200, ..plain(Platform::Instagram, Surface::Comment) },
    Rules {
        unit: Unit::Weighted,
        default_limit: SHORT,
        hard_limit: 10_000,
        // Its messages name media by an id; how media are uploaded to get one could not be read.
        ..plain(Platform::X, Surface::Message)
    },
    Rules {
        unit: Unit::Weighted,
        default_limit: SHORT,
        hard_limit: SHORT,
        needs_invitation: true,
        ..plain(Platform::X, Surface::Comment)
    },
    // There is no interface for private messages: a text can be prepared, and a person sends it.
    Rules { is_draft_only: true, hard_limit: 8_000, ..plain(Platform::LinkedIn, Surface::Message) },
    Rules { hard_limit: 1_250, ..plain(Platform::LinkedIn, Surface::Comment) },
    Rules {
        hard_limit: 10_000,
        media: ALL_MEDIA,
        most_attachments: 10,
        largest_attachment_bytes: 25 * MEBIBYTE,
        most_quick_replies: 13,
        ..plain(Platform::WebChat, Surface::Message)
    },
];

const fn plain(platform: Platform, surface: Surface) -> Rules {
    Rules {
        platform,
        surface,
        unit: Unit::Characters,
        default_limit: USUAL,
        hard_limit: USUAL,
        window: None,
        media: &[],
        most_attachments: 0,
        largest_attachment_bytes: 0,
        text_with_media: true,
        most_quick_replies: 0,
        needs_invitation: false,
        is_draft_only: false,
    }
}

/// What nobody has rules for is not sent.
static NOTHING: Rules = Rules { is_draft_only: true, ..plain(Platform::WebChat, Surface::Comment) };

/// The rules of a surface.
pub fn of(platform: Platform, surface: Surface) -> &'static Rules {
    RULES.iter().find(|rules| rules.platform == platform && rules.surface == surface).unwrap_or(&NOTHING)
}
