//! What Facebook pages and Instagram accounts share: the Graph API, the form of deliveries, the Send API.
//!
//! The two differ in data only ([`Differences`]), so one connector stands for both. An Instagram account is reached through
//! the page that it is linked to. A call to a version of the API that has expired is silently served by another, so the
//! version is a setting.

mod calls;
mod delivery;
mod errors;
mod graph;
pub(super) mod signed_request;

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::Value;
use time::OffsetDateTime;

pub(super) use self::delivery::{Change, comment_of};
use self::graph::Graph;
use super::oauth::{App, Flow, Proof, Renewal, Token, Tokens};
use super::spec::{self, Spec, TooLong};
use super::{
    Account, Connector, Credentials, Cursor, Denied, HandshakeAnswer, Hook, Item, Malformed, Outgoing, Page, Parsed,
    Party, Secrets, Sent, Setup, Subscribed, Surface, default_endpoints, join, json, signature,
};
use crate::call::{CallError, Http};

const WEB: &str = "https://www.facebook.com";
const API: &str = "https://graph.facebook.com";
const VERSION: &str = "v26.0";
const SIGNATURE: &str = "x-hub-signature-256";

/// In what the two differ.
pub(super) struct Differences {
    pub(super) spec: &'static Spec,
    /// What deliveries are about.
    pub(super) object: &'static str,
    /// How the list of conversations names the platform.
    pub(super) conversations_of: &'static str,
    pub(super) account_is_page: bool,
    /// The edge of a comment that takes answers.
    pub(super) answers: &'static str,
    /// The edge of the account that lists what can be commented on.
    pub(super) posts: &'static str,
    /// How comments are listed below each of those.
    pub(super) comments: &'static str,
    /// The fields of one comment, and the one of them that is its text.
    pub(super) comment_fields: &'static str,
    pub(super) comment_text: &'static str,
    pub(super) profile_fields: &'static str,
    pub(super) subscribed_fields: &'static str,
    /// The account that a page stands for, or has.
    pub(super) account: fn(page: &Value) -> Option<Party>,
    /// Understands an entry of `changes`; `None` keeps it raw.
    pub(super) change: fn(&Change<'_>, &mut Item) -> Option<()>,
}

pub(super) struct Meta {
    differences: &'static Differences,
    graph: Graph,
    flow: Flow,
}

impl Meta {
    pub(super) fn new(differences: &'static Differences, setup: Setup) -> Self {
        let endpoints = default_endpoints(setup.endpoints, WEB, API);
        let version = setup.version.unwrap_or_else(|| VERSION.to_owned());
        let scopes = differences.spec.scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let flow = Flow {
            authorize: join(&endpoints.web, &[&version, "dialog", "oauth"]),
            token: join(&endpoints.api, &[&version, "oauth", "access_token"]),
            scopes: setup.scopes.unwrap_or(scopes),
            scope_separator: ",",
            has_pkce: false,
            proof: Proof::Query,
            renewal: Renewal::Exchange,
        };
        Self { differences, graph: Graph { base: join(&endpoints.api, &[&version]) }, flow }
    }

    /// An Instagram account's messages and subscriptions belong to its page; the token knows which one that is.
    fn page<'a>(&self, credentials: &'a Credentials) -> &'a str {
        let account = self.differences.account_is_page.then_some(credentials.account.as_str());
        account.or(credentials.via.as_deref()).unwrap_or("me")
    }
}

#[async_trait]
impl Connector for Meta {
    fn spec(&self) -> &'static Spec {
        self.differences.spec
    }

    fn oauth(&self) -> &Flow {
        &self.flow
    }

    fn handshake(&self, query: &[(String, String)], secrets: &Secrets) -> HandshakeAnswer {
        let value = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        match (value("hub.mode"), value("hub.verify_token"), value("hub.challenge")) {
            (Some("subscribe"), Some(token), Some(challenge)) if secrets.has_verify_token(token) => {
                HandshakeAnswer::Proof { content_type: "text/plain", body: challenge.to_owned() }
            }
            _ => HandshakeAnswer::Denied,
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], secrets: &Secrets) -> Result<(), Denied> {
        let header = headers.get(SIGNATURE).ok_or(Denied::NotSigned)?;
        let digits = header.to_str().ok().and_then(|text| text.strip_prefix("sha256="));
        signature::check(&secrets.signing, body, digits.and_then(|digits| hex::decode(digits).ok()))
    }

    fn parse(&self, body: &[u8]) -> Result<Parsed, Malformed> {
        Ok(Parsed { items: delivery::items(&json::read(body)?, self.differences) })
    }

    fn fits(&self, surface: Surface, text: &str) -> Result<(), TooLong> {
        spec::fits(self.differences.spec, surface, text, str::len)
    }

    async fn send(&self, http: &Http, credentials: &Credentials, outgoing: &Outgoing) -> Result<Sent, CallError> {
        super::check_sendable(self, outgoing)?;
        calls::send(self, http, credentials, outgoing).await.map_err(super::unsettled)
    }

    async fn read_back(
        &self,
        http: &Http,
        credentials: &Credentials,
        outgoing: &Outgoing,
        since: OffsetDateTime,
    ) -> Result<Option<Sent>, CallError> {
        calls::read_back(self, http, credentials, outgoing, since).await
    }

    async fn poll(
        &self,
        http: &Http,
        credentials: &Credentials,
        cursor: &Cursor,
        _now: OffsetDateTime,
    ) -> Result<Page, CallError> {
        calls::poll(self, http, credentials, cursor).await
    }

    async fn complete(&self, http: &Http, credentials: &Credentials, item: &Item) -> Result<Option<Item>, CallError> {
        calls::complete(self, http, credentials, item).await
    }

    async fn subscribe(&self, http: &Http, credentials: &Credentials, _hook: &Hook) -> Result<Subscribed, CallError> {
        calls::subscribe(self, http, credentials).await
    }

    async fn unsubscribe(
        &self,
        http: &Http,
        credentials: &Credentials,
        _hook: &Hook,
        _subscribed: &Subscribed,
    ) -> Result<(), CallError> {
        self.graph.delete(http, credentials, &[self.page(credentials), "subscribed_apps"]).await
    }

    async fn refresh(&self, http: &Http, app: &App, tokens: &Tokens) -> Result<Tokens, CallError> {
        self.flow.refresh(http, app, tokens).await
    }

    async fn accounts(&self, http: &Http, token: &Token) -> Result<Vec<Account>, CallError> {
        calls::accounts(self, http, token).await
    }

    async fn profile(
        &self,
        http: &Http,
        credentials: &Credentials,
        external_id: &str,
    ) -> Result<Option<Party>, CallError> {
        calls::profile(self, http, credentials, external_id).await
    }
}
