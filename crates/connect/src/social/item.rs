//! What happened at an account, in our words.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// Where something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// Between the person and the account.
    Message,
    /// In public, below something of the account.
    Comment,
    /// In public, elsewhere, naming the account.
    Mention,
}

impl Surface {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Comment => "comment",
            Self::Mention => "mention",
        }
    }
}

/// Somebody, as the platform knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    pub external_id: String,
    pub name: Option<String>,
    pub handle: Option<String>,
    pub avatar_url: Option<String>,
}

impl Party {
    pub fn new(external_id: impl Into<String>) -> Self {
        Self { external_id: external_id.into(), ..Self::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    Image,
    Audio,
    Video,
    File,
    Sticker,
    /// A post, a reel or a story of somebody.
    Share,
    /// A kind that we do not know; [`Item::raw`] has it.
    Other,
}

impl MediaKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Sticker => "sticker",
            Self::Share => "share",
            Self::Other => "other",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub kind: MediaKind,
    /// Often signed, and then valid for a short time only.
    pub url: Option<String>,
    pub name: Option<String>,
    pub mime: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A person wrote to the account.
    Message {
        platform_id: String,
        text: String,
        reply_to: Option<String>,
        attachments: Vec<Media>,
        /// What the button means that was pressed instead of writing.
        postback: Option<String>,
        /// What the suggested answer means that was chosen; its words are the text.
        quick_reply: Option<String>,
    },
    /// The account itself wrote, by us, by another program, or by a person in the platform's own app.
    Echo {
        platform_id: String,
        text: String,
        /// Ours, when we sent it and the platform gives it back.
        marker: Option<String>,
        /// The program that wrote it, where the platform tells.
        app_id: Option<String>,
        /// In public nobody in particular.
        to: Option<Party>,
        reply_to: Option<String>,
        attachments: Vec<Media>,
    },
    /// Something was said, and the platform told no more than its id. [`Connector::complete`](super::Connector::complete)
    /// reads it.
    Bare {
        platform_id: String,
    },
    Edited {
        platform_id: String,
        text: String,
    },
    Unsent {
        platform_id: String,
    },
    Reaction {
        platform_id: String,
        /// Empty where only the removal was told.
        emoji: String,
        is_added: bool,
    },
    /// What we sent reached the person: everything up to the watermark, or these.
    Delivered {
        watermark: Option<OffsetDateTime>,
        platform_ids: Vec<String>,
    },
    /// The person read everything up to the watermark, or up to this.
    Read {
        watermark: Option<OffsetDateTime>,
        platform_id: Option<String>,
    },
    /// The account's grant is gone.
    Revoked,
    Unknown {
        kind: String,
    },
}

/// One thing that happened at one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// External id of the receiving account; empty where the delivery does not say.
    pub account: String,
    pub surface: Surface,
    /// In public, what it was said below.
    pub thread: Option<String>,
    /// The person; of what the account itself wrote, the account.
    pub from: Option<Party>,
    pub happened: Happened,
    /// Another program has the conversation at the moment: nothing may be answered by itself.
    pub is_standby: bool,
    pub provider_at: Option<OffsetDateTime>,
    /// As it came, save for what no database holds.
    pub raw: Value,
}

impl Item {
    /// Something that is not understood, until somebody says more.
    pub(super) fn unknown(account: &str, kind: impl Into<String>, raw: &Value) -> Self {
        Self {
            account: account.to_owned(),
            surface: Surface::Message,
            thread: None,
            from: None,
            happened: Happened::Unknown { kind: kind.into() },
            is_standby: false,
            provider_at: None,
            raw: raw.clone(),
        }
    }

    /// Said by a person, or by the account itself.
    pub(super) fn said(&mut self, said: Said) {
        self.happened = if self.from.as_ref().is_some_and(|from| from.external_id == self.account) {
            Happened::Echo {
                platform_id: said.platform_id,
                text: said.text,
                marker: None,
                app_id: None,
                to: said.to,
                reply_to: said.reply_to,
                attachments: said.attachments,
            }
        } else {
            Happened::Message {
                platform_id: said.platform_id,
                text: said.text,
                reply_to: said.reply_to,
                attachments: said.attachments,
                postback: None,
                quick_reply: said.quick_reply,
            }
        };
    }
}

/// Something that was said, whoever it was.
#[derive(Default)]
pub(super) struct Said {
    pub(super) platform_id: String,
    pub(super) text: String,
    pub(super) reply_to: Option<String>,
    pub(super) attachments: Vec<Media>,
    pub(super) quick_reply: Option<String>,
    pub(super) to: Option<Party>,
}

/// What a delivery told.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub items: Vec<Item>,
}
