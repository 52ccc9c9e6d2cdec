//! What a connector is given and gives back when it calls a platform.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;

use super::item::{Item, MediaKind, Party, Surface};
use super::oauth::{App, Token};

/// Speaks as one account.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// External id: of the page, the Instagram account, the user of X, the organisation (as URN) of LinkedIn.
    pub account: String,
    /// The page through which an Instagram account is reached.
    pub via: Option<String>,
    pub token: Token,
    /// Where Meta is set to want a proof that a token was not stolen.
    pub app_secret: Option<SecretString>,
}

/// A message or a public answer.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub surface: Surface,
    /// External id of the person; in public without meaning.
    pub to: String,
    /// In public, what it is said below.
    pub thread: Option<String>,
    /// What it answers.
    pub reply_to: Option<String>,
    pub text: String,
    pub attachment: Option<Attachment>,
    pub quick_replies: Vec<QuickReply>,
    /// Comes back with the echo, where the platform has that.
    pub marker: Option<String>,
    /// A person wrote it. What is not so is declared a machine's text, and never uses what is meant for people.
    pub is_human: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub kind: MediaKind,
    /// The platform fetches it from there.
    pub url: Url,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickReply {
    pub title: String,
    pub payload: String,
}

/// The platform has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub platform_id: String,
}

/// How far an account was read on one surface. The caller keeps it as JSON and does not look inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    surface: Surface,
    /// What is older is known.
    since_ms: i64,
    /// The newest of this round.
    newest_ms: i64,
    /// For platforms that count by id.
    since_id: Option<String>,
    newest_id: Option<String>,
    /// Where the next page of this round begins.
    page: Option<String>,
}

impl Cursor {
    pub fn since(surface: Surface, moment: OffsetDateTime) -> Self {
        let since_ms = i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        Self { surface, since_ms, newest_ms: since_ms, since_id: None, newest_id: None, page: None }
    }

    pub fn surface(&self) -> Surface {
        self.surface
    }

    pub(super) fn since_ms(&self) -> i64 {
        self.since_ms
    }

    pub(super) fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    pub(super) fn since_id(&self) -> Option<&str> {
        self.since_id.as_deref()
    }

    /// Many platforms tell whole seconds, so all of the first second is new.
    pub(super) fn is_news(&self, at: Option<OffsetDateTime>) -> bool {
        at.is_none_or(|at| at.unix_timestamp() >= self.since_ms.div_euclid(1000))
    }

    /// After a page: `next` goes on in this round, without it the next round begins where this one did.
    pub(super) fn advance(&self, seen: impl Iterator<Item = OffsetDateTime>, next: Option<String>) -> Self {
        let newest = seen.map(|at| i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()).max();
        let newest_ms = newest.unwrap_or_default().max(self.newest_ms);
        let since_ms = if next.is_some() { self.since_ms } else { newest_ms };
        Self { since_ms, newest_ms, page: next, ..self.clone() }
    }

    /// The newest comes first, so the first page of a round has it.
    pub(super) fn with_newest_id(mut self, first_of_page: Option<String>) -> Self {
        self.newest_id = self.newest_id.or(first_of_page);
        if self.page.is_none() {
            self.since_id = self.newest_id.take().or(self.since_id);
        }
        self
    }
}

/// A part of what was said since the cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub items: Vec<Item>,
    /// To be kept when the items are.
    pub next: Cursor,
    /// Ask again at once.
    pub has_more: bool,
}

impl Page {
    pub(super) fn new(items: Vec<Item>, next: Cursor) -> Self {
        let has_more = next.page.is_some();
        Self { items, next, has_more }
    }
}

/// How the platform reaches us.
#[derive(Debug, Clone)]
pub struct Hook {
    pub callback: Url,
    pub app: App,
    /// LinkedIn's number of the developer application.
    pub application_id: Option<String>,
    /// LinkedIn's URN of the person who connected the organisation.
    pub member: Option<String>,
}

/// What to name when the subscription ends; empty where the platform needs no name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    pub ids: Vec<String>,
}

/// A subscription as the platform has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// `None`: the platform names no end.
    pub ends_at: Option<OffsetDateTime>,
}

/// An account that can be connected.
#[derive(Debug, Clone)]
pub struct Account {
    pub party: Party,
    /// As in [`Credentials::via`].
    pub via: Option<String>,
    /// Of the account itself, where it has one apart from the person's.
    pub token: Option<Token>,
    /// LinkedIn's URN of the person who logged in, by whom subscriptions are named.
    pub member: Option<String>,
}
