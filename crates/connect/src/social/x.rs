//! X: direct messages, and posts that name the account.
//!
//! Deliveries come in two forms: those of the X Activity API, and those of the older Account Activity API, which existing
//! users still get (`x/delivery.rs`). Everything that an account does carries its own user's token; only the webhook itself
//! belongs to the app (`x/hook.rs`). Reads cost money per post, so nothing is read twice that can be remembered.

mod calls;
mod delivery;
mod errors;
mod hook;
mod length;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use time::OffsetDateTime;
use url::Url;

use super::item::Item;
use super::oauth::{App, Flow, Proof, Renewal, Token, Tokens};
use super::spec::{self, Counted, Spec, SurfaceSpec, TooLong};
use super::{
    Account, Connector, Credentials, Cursor, Denied, HandshakeAnswer, Hook, Malformed, Outgoing, Page, Parsed, Party,
    Secrets, Sent, Setup, Subscribed, Surface, default_endpoints, join, json, signature,
};
use crate::call::{CallError, Http};

const WEB: &str = "https://x.com";
const API: &str = "https://api.x.com";
const SIGNATURE: &str = "x-twitter-webhooks-signature";
const LONGEST_MESSAGE: usize = 10_000;
const LONGEST_POST: usize = 280;

pub(super) static SPEC: Spec = Spec {
    platform: "x",
    label: "X",
    surfaces: &[
        SurfaceSpec {
            surface: Surface::Message,
            limit: LONGEST_MESSAGE,
            counted: Counted::Characters,
            attachments: &[],
            most_quick_replies: 0,
            window: None,
            only_if_mentioned: false,
        },
        SurfaceSpec {
            surface: Surface::Mention,
            limit: LONGEST_POST,
            counted: Counted::Weighted,
            attachments: &[],
            most_quick_replies: 0,
            window: None,
            only_if_mentioned: true,
        },
    ],
    polled: &[Surface::Message, Surface::Mention],
    read_back: &[Surface::Message, Surface::Mention],
    has_webhooks: true,
    has_marker: false,
    has_scoped_ids: false,
    scopes: &["tweet.read", "tweet.write", "users.read", "dm.read", "dm.write", "offline.access"],
};

pub(super) struct X {
    api: Url,
    flow: Flow,
}

impl X {
    pub(super) fn new(setup: Setup) -> Self {
        let endpoints = default_endpoints(setup.endpoints, WEB, API);
        let scopes = SPEC.scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let flow = Flow {
            authorize: join(&endpoints.web, &["i", "oauth2", "authorize"]),
            token: join(&endpoints.api, &["2", "oauth2", "token"]),
            scopes: setup.scopes.unwrap_or(scopes),
            scope_separator: " ",
            has_pkce: true,
            proof: Proof::Basic,
            renewal: Renewal::Rotating,
        };
        Self { api: endpoints.api, flow }
    }

    /// Without the version: the API has one.
    fn url(&self, path: &[&str]) -> Url {
        join(&join(&self.api, &["2"]), path)
    }
}

#[async_trait]
impl Connector for X {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn oauth(&self) -> &Flow {
        &self.flow
    }

    fn handshake(&self, query: &[(String, String)], secrets: &Secrets) -> HandshakeAnswer {
        let token = query.iter().find(|(name, _)| name == "crc_token").map(|(_, token)| token.as_str());
        match (token.filter(|token| signature::is_harmless(token)), secrets.current()) {
            (Some(token), Some(secret)) => {
                let proof = STANDARD.encode(signature::sign(secret, token.as_bytes()));
                let body = serde_json::json!({ "response_token": format!("sha256={proof}") });
                HandshakeAnswer::Proof { content_type: "application/json", body: body.to_string() }
            }
            _ => HandshakeAnswer::Denied,
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], secrets: &Secrets) -> Result<(), Denied> {
        let header = headers.get(SIGNATURE).ok_or(Denied::NotSigned)?;
        let encoded = header.to_str().ok().and_then(|text| text.strip_prefix("sha256="));
        signature::check(&secrets.signing, body, encoded.and_then(|encoded| STANDARD.decode(encoded).ok()))
    }

    fn parse(&self, body: &[u8]) -> Result<Parsed, Malformed> {
        Ok(Parsed { items: delivery::items(&json::read(body)?) })
    }

    fn fits(&self, surface: Surface, text: &str) -> Result<(), TooLong> {
        spec::fits(&SPEC, surface, text, |text| length::weigh(length::without_leading_mentions(text)))
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

    /// Deliveries of X tell everything.
    async fn complete(&self, _: &Http, _: &Credentials, item: &Item) -> Result<Option<Item>, CallError> {
        Ok(Some(item.clone()))
    }

    async fn subscribe(&self, http: &Http, credentials: &Credentials, hook: &Hook) -> Result<Subscribed, CallError> {
        hook::subscribe(self, http, credentials, hook).await
    }

    async fn unsubscribe(
        &self,
        http: &Http,
        credentials: &Credentials,
        _hook: &Hook,
        subscribed: &Subscribed,
    ) -> Result<(), CallError> {
        hook::unsubscribe(self, http, credentials, subscribed).await
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
