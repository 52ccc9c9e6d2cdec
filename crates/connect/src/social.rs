//! The platforms on which people write to a company, each behind the same small trait.
//!
//! A delivery comes in by [`Connector::handshake`] (once, to prove that the address is ours), [`Connector::verify`] and
//! [`Connector::parse`], which have no default: a connector cannot forget to check. What was said becomes an
//! [`Item`]; what nobody understands stays in it, raw. The other way lead [`Connector::send`] and, where nobody knows
//! whether a text went out, [`Connector::read_back`]: no platform has an idempotency key, so a send is never repeated
//! before somebody looked. [`Connector::poll`] finds what no webhook brought, and [`Fading`] asks whether there still are
//! webhooks where they end without a word.
//!
//! One file per platform: `facebook.rs` and `instagram.rs` on top of what Meta's two share (`meta.rs`), `x.rs`,
//! `linkedin.rs`. [`oauth`] is one flow for all of them, driven by data. [`refusal`] has our words for why a platform says
//! no, `json.rs` reads what strangers could have written.
//!
//! Deliberately absent: the rules about what may be sent when (the caller's policy; [`Spec`] holds the facts), splitting
//! of long texts, uploads of media, Instagram without a Facebook page, and OAuth 1.0a.

mod facebook;
mod instagram;
mod item;
mod json;
pub mod kept;
mod linkedin;
mod meta;
pub mod oauth;
mod outgoing;
pub mod refusal;
mod signature;
mod spec;
mod x;

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use time::OffsetDateTime;
use url::Url;

pub use self::item::{Happened, Item, Media, MediaKind, Parsed, Party, Surface};
pub use self::meta::signed_request::{SignedRequest, verify_signed_request};
use self::oauth::{App, Flow, Token, Tokens};
pub use self::outgoing::{
    Account, Attachment, Credentials, Cursor, Hook, Outgoing, Page, QuickReply, Sent, Standing, Subscribed,
};
use self::refusal::{Refusal, refused};
pub use self::signature::{Denied, Secrets};
pub use self::spec::{Counted, Spec, SurfaceSpec, TooLong, Window};
use crate::call::{CallError, Http};

/// The body is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct Malformed;

/// What to answer to a platform that asks whether a webhook's address is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeAnswer {
    /// Status 200.
    Proof { content_type: &'static str, body: String },
    /// Status 403.
    Denied,
}

/// Where a platform is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where browsers log in.
    pub web: Url,
    /// Where programs call.
    pub api: Url,
}

impl Endpoints {
    /// Both at one address, as for something that behaves like the platform.
    pub fn at(base: &Url) -> Self {
        Self { web: base.clone(), api: base.clone() }
    }
}

/// What an installation sets for a platform; what it leaves open is as the platform has it today.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub endpoints: Option<Endpoints>,
    /// Of the API, for platforms that have several at once.
    pub version: Option<String>,
    pub scopes: Option<Vec<String>>,
}

/// One platform. Knows no tenant, no time of day, and keeps nothing between calls.
#[async_trait]
pub trait Connector: Send + Sync {
    fn spec(&self) -> &'static Spec;

    /// How an account is connected.
    fn oauth(&self) -> &Flow;

    /// `query` is decoded.
    fn handshake(&self, query: &[(String, String)], secrets: &Secrets) -> HandshakeAnswer;

    /// `body` is what arrived, byte by byte.
    fn verify(&self, headers: &HeaderMap, body: &[u8], secrets: &Secrets) -> Result<(), Denied>;

    /// What a delivery tells. An entry that is not understood becomes [`Happened::Unknown`] and hurts no other.
    fn parse(&self, body: &[u8]) -> Result<Parsed, Malformed>;

    /// Whether the platform takes a text of this length.
    fn fits(&self, surface: Surface, text: &str) -> Result<(), TooLong>;

    /// Sends once. After [`CallError::Unknown`] it may have arrived; [`Connector::read_back`] looks.
    async fn send(&self, http: &Http, credentials: &Credentials, outgoing: &Outgoing) -> Result<Sent, CallError>;

    /// Looks for a text among what the account said at `since` or later. Two equal texts to one person cannot be told
    /// apart; the caller gives the moment before the send, less what clocks may differ, and knows which ids are taken.
    async fn read_back(
        &self,
        http: &Http,
        credentials: &Credentials,
        outgoing: &Outgoing,
        since: OffsetDateTime,
    ) -> Result<Option<Sent>, CallError>;

    /// What was said since the cursor's moment, a page at a time; some of it may have been told before.
    async fn poll(
        &self,
        http: &Http,
        credentials: &Credentials,
        cursor: &Cursor,
        now: OffsetDateTime,
    ) -> Result<Page, CallError>;

    /// Reads what [`Happened::Bare`] only named. `None`: it is gone or not for us to read.
    async fn complete(&self, http: &Http, credentials: &Credentials, item: &Item) -> Result<Option<Item>, CallError>;

    /// Has the platform deliver what happens at the account. May be repeated.
    async fn subscribe(&self, http: &Http, credentials: &Credentials, hook: &Hook) -> Result<Subscribed, CallError>;

    async fn unsubscribe(
        &self,
        http: &Http,
        credentials: &Credentials,
        hook: &Hook,
        subscribed: &Subscribed,
    ) -> Result<(), CallError>;

    /// Where subscriptions may end without a word; elsewhere nobody has to look after them.
    fn fading(&self) -> Option<&dyn Fading> {
        None
    }

    /// New tokens for old ones. [`CallError::Reauth`]: a person must log in again.
    async fn refresh(&self, http: &Http, app: &App, tokens: &Tokens) -> Result<Tokens, CallError>;

    /// Which accounts whoever logged in may connect.
    async fn accounts(&self, http: &Http, token: &Token) -> Result<Vec<Account>, CallError>;

    /// `None` where the platform does not tell about this person.
    async fn profile(
        &self,
        http: &Http,
        credentials: &Credentials,
        external_id: &str,
    ) -> Result<Option<Party>, CallError>;
}

/// Subscriptions that the platform ends when whoever made them loses a right, and of which it can be asked. They are named
/// by whose they are: there are no ids of them to keep.
#[async_trait]
pub trait Fading: Send + Sync {
    /// The subscription that [`Connector::subscribe`] made. `None`: there is none, or it delivers to another address.
    async fn standing(
        &self,
        http: &Http,
        credentials: &Credentials,
        hook: &Hook,
    ) -> Result<Option<Standing>, CallError>;
}

/// All platforms. `setup` is asked with each one's name.
pub fn all(setup: impl Fn(&'static str) -> Setup) -> Vec<Arc<dyn Connector>> {
    vec![
        Arc::new(facebook::connector(setup(facebook::SPEC.platform))),
        Arc::new(instagram::connector(setup(instagram::SPEC.platform))),
        Arc::new(x::X::new(setup(x::SPEC.platform))),
        Arc::new(linkedin::LinkedIn::new(setup(linkedin::SPEC.platform))),
    ]
}

/// Refuses before anything is sent what the platform would refuse.
fn check_sendable(connector: &dyn Connector, outgoing: &Outgoing) -> Result<(), CallError> {
    let Some(surface) = connector.spec().surface(outgoing.surface) else {
        return Err(refused(Refusal::Content, "nothing can be sent there"));
    };
    if outgoing.text.trim().is_empty() && outgoing.attachment.is_none() {
        return Err(refused(Refusal::Content, "it is empty"));
    }
    if let Some(attachment) = &outgoing.attachment {
        if !surface.attachments.contains(&attachment.kind) {
            return Err(refused(Refusal::Content, "this kind of attachment cannot be sent there"));
        }
        if !outgoing.text.is_empty() {
            return Err(refused(Refusal::Content, "text and attachment are two messages there"));
        }
    }
    if outgoing.quick_replies.len() > surface.most_quick_replies {
        return Err(refused(Refusal::Content, "there are more quick replies than it takes"));
    }
    connector.fits(outgoing.surface, &outgoing.text).map_err(|too_long| refused(Refusal::TooLong, too_long))
}

/// After a send, an answer that cannot be read leaves open whether it took effect.
fn unsettled(error: CallError) -> CallError {
    match error {
        CallError::Unreadable(_) => CallError::Unknown,
        other => other,
    }
}

/// What is missing, or not for us, is no failure of a read that can do without it.
fn optional<T>(outcome: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(CallError::Refused { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// `base` with more path; a base without a path is refused by the call.
fn join(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

fn with_query(mut url: Url, query: &[(&str, &str)]) -> Url {
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

fn default_endpoints(setup: Option<Endpoints>, web: &str, api: &str) -> Endpoints {
    let parse = |text: &str| Url::parse(text);
    match (setup, parse(web), parse(api)) {
        (Some(endpoints), ..) => endpoints,
        (None, Ok(web), Ok(api)) => Endpoints { web, api },
        (None, ..) => unreachable!("the built-in addresses are addresses"),
    }
}
