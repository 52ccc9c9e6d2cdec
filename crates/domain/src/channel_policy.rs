//! What may be sent through a channel, and until when: rules as data, one table for all platforms, and one function that
//! holds facts against them. It is asked when an answer is composed, when it is approved and right before it is sent, and
//! always says the same about the same facts. Whoever is refused learns why, and when it will be allowed if ever.
//!
//! Nothing here looks at a clock, a database or a text: the facts are handed in.

mod length;
mod rules;

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

pub use self::{
    length::{Unit, measure},
    rules::{RULES, VERSION, of},
};
use crate::channels::{Platform, Surface};

/// What a platform allows on one of its surfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChannelRules)]
pub struct Rules {
    pub platform: Platform,
    pub surface: Surface,
    /// How the text is counted.
    pub unit: Unit,
    /// The limit unless the account has another one.
    pub default_limit: u32,
    /// The platform's own limit, which holds always.
    pub hard_limit: u32,
    pub window: Option<Window>,
    /// Kinds of attachments, by their names (`image`, `audio`, `video`, `file`).
    pub media: &'static [&'static str],
    /// With one answer.
    pub most_attachments: u32,
    pub largest_attachment_bytes: u32,
    /// False: an answer becomes several messages, first the text and then each attachment.
    pub text_with_media: bool,
    pub most_quick_replies: u32,
    /// We answer only who wrote to us of their own accord (a mention, a message).
    pub needs_invitation: bool,
    /// We may write a text, and a person sends it by hand at the platform.
    pub is_draft_only: bool,
}

/// For how long the person's last message lets us answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChannelWindow)]
pub struct Window {
    pub standard_seconds: u32,
    /// For what a human wrote by hand, where the platform granted that right to the account.
    pub human_agent_seconds: Option<u32>,
}

/// Who wrote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// A person typed it or approved it as their own.
    Human,
    /// A program or a model.
    Machine,
}

/// What is known of an answer that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub now: OffsetDateTime,
    pub writer: Writer,
    /// In the unit of the rules, see [`measure`].
    pub length: u32,
    /// The limit that the account has instead of the default.
    pub own_limit: Option<u32>,
    pub has_text: bool,
    pub media: Vec<Media>,
    pub quick_replies: u32,
    /// When the person wrote last, in the platform's time.
    pub last_inbound_at: Option<OffsetDateTime>,
    pub has_human_agent: bool,
    pub was_invited: bool,
}

/// An attachment, as far as rules ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    pub kind: &'static str,
    pub bytes: u64,
}

/// Why an answer is refused; a stable name for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChannelRefusalCode)]
pub enum RefusalCode {
    Empty,
    TooLong,
    MediaNotAllowed,
    TooManyAttachments,
    AttachmentTooLarge,
    TooManyQuickReplies,
    DraftOnly,
    NotInvited,
    WindowClosed,
    HumanOnly,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChannelRefusal)]
pub struct Refusal {
    pub code: RefusalCode,
    /// For the person who wrote the answer.
    pub sentence: String,
}

/// What the rules say of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChannelVerdict)]
pub struct Verdict {
    pub rules_version: u16,
    /// Null: it may be sent.
    pub refused: Option<Refusal>,
    /// In the unit of the rules.
    pub text_limit: u32,
    /// Until when this kind of answer may be sent; null: at any time, or not any more until the person writes again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub window_closes_at: Option<OffsetDateTime>,
    /// It is sent under the platform's tag for what humans write by hand, because the ordinary window is over.
    pub needs_human_agent_tag: bool,
}

impl Verdict {
    pub fn is_allowed(&self) -> bool {
        self.refused.is_none()
    }
}

/// Holds the facts against the rules. What is wrong for good comes before what only the time forbids.
pub fn evaluate(rules: &Rules, facts: &Facts) -> Verdict {
    let text_limit = facts.own_limit.unwrap_or(rules.default_limit).min(rules.hard_limit);
    let standing = rules.window.map(|window| standing(window, facts));
    let refused = lasting(rules, facts, text_limit).or_else(|| refused_now(rules, facts, standing));
    Verdict {
        rules_version: VERSION,
        refused,
        text_limit,
        window_closes_at: standing.and_then(|standing| standing.closes_at),
        needs_human_agent_tag: standing.is_some_and(|standing| standing.needs_tag),
    }
}

/// What no waiting mends.
fn lasting(rules: &Rules, facts: &Facts, text_limit: u32) -> Option<Refusal> {
    let title = rules.platform.title();
    if rules.is_draft_only {
        let sentence = format!("{title} lets nobody but people send this; copy the text and send it there.");
        return Some(refuse(RefusalCode::DraftOnly, sentence));
    }
    if !facts.has_text && facts.media.is_empty() {
        return Some(refuse(RefusalCode::Empty, "There is nothing to send: write a text or add an attachment.".into()));
    }
    if facts.length > text_limit {
        let over = facts.length - text_limit;
        let sentence =
            format!("The text has {} of {text_limit} {}: shorten it by {over}.", facts.length, rules.unit.plural());
        return Some(refuse(RefusalCode::TooLong, sentence));
    }
    if let Some(media) = facts.media.iter().find(|media| !rules.media.contains(&media.kind)) {
        let what = if rules.surface == Surface::Comment { "comments" } else { "messages" };
        let sentence = format!("{title} takes no attachment of the kind `{}` in {what}.", media.kind);
        return Some(refuse(RefusalCode::MediaNotAllowed, sentence));
    }
    if facts.media.iter().any(|media| media.bytes > rules.largest_attachment_bytes.into()) {
        let megabytes = rules.largest_attachment_bytes / 1_048_576;
        let sentence = format!("{title} takes attachments of at most {megabytes} MB.");
        return Some(refuse(RefusalCode::AttachmentTooLarge, sentence));
    }
    if u32::try_from(facts.media.len()).unwrap_or(u32::MAX) > rules.most_attachments {
        let sentence = format!("{title} takes at most {} attachments with one answer.", rules.most_attachments);
        return Some(refuse(RefusalCode::TooManyAttachments, sentence));
    }
    if facts.quick_replies > rules.most_quick_replies {
        let sentence = match rules.most_quick_replies {
            0 => format!("{title} has no quick replies here."),
            most => format!("{title} shows at most {most} quick replies."),
        };
        return Some(refuse(RefusalCode::TooManyQuickReplies, sentence));
    }
    None
}

/// What may be different when the person writes again.
fn refused_now(rules: &Rules, facts: &Facts, standing: Option<Standing>) -> Option<Refusal> {
    let title = rules.platform.title();
    if rules.needs_invitation && !facts.was_invited {
        let sentence = format!("{title} lets us answer only people who wrote to us or mentioned us.");
        return Some(refuse(RefusalCode::NotInvited, sentence));
    }
    let standing = standing?;
    match (standing.is_open, standing.is_human_only) {
        (true, _) => None,
        (false, true) => {
            let sentence =
                format!("The time for automatic answers on {title} is over; a person can still answer by hand.");
            Some(refuse(RefusalCode::HumanOnly, sentence))
        }
        (false, false) => {
            let sentence = format!(
                "{title} lets us answer only for some time after the person wrote, and that is over. It opens when they write again."
            );
            Some(refuse(RefusalCode::WindowClosed, sentence))
        }
    }
}

fn refuse(code: RefusalCode, sentence: String) -> Refusal {
    Refusal { code, sentence }
}

/// Where we are in a window.
#[derive(Clone, Copy)]
struct Standing {
    is_open: bool,
    /// It is closed, and would be open for a human.
    is_human_only: bool,
    needs_tag: bool,
    closes_at: Option<OffsetDateTime>,
}

fn standing(window: Window, facts: &Facts) -> Standing {
    let closed = Standing { is_open: false, is_human_only: false, needs_tag: false, closes_at: None };
    let Some(opened_at) = facts.last_inbound_at else { return closed };
    // A time that cannot be counted is none that ever comes.
    let end = |seconds: u32| opened_at.checked_add(Duration::seconds(seconds.into()));
    let (standard, human) = (end(window.standard_seconds), window.human_agent_seconds.and_then(end));
    let is_before = |end: Option<OffsetDateTime>| end.is_some_and(|end| facts.now < end);
    let human = human.filter(|_| facts.has_human_agent);
    if is_before(standard) {
        let lasts = if facts.writer == Writer::Human { human.or(standard) } else { standard };
        return Standing { is_open: true, closes_at: lasts, ..closed };
    }
    if !is_before(human) {
        return closed;
    }
    match facts.writer {
        Writer::Human => Standing { is_open: true, needs_tag: true, closes_at: human, ..closed },
        Writer::Machine => Standing { is_human_only: true, ..closed },
    }
}

#[cfg(test)]
mod tests;
