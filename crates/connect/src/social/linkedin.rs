//! LinkedIn pages of organisations: comments below their posts, and posts that name them.
//!
//! Direct messages are closed to apps. Ids are URNs, which LinkedIn spells in two ways (`linkedin/urn.rs`). Apps in the
//! development tier get no webhooks, so polling must do alone. A subscription is a person's and goes with that
//! person's role.

mod calls;
mod delivery;
mod errors;
mod urn;

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use time::OffsetDateTime;
use url::Url;

use super::item::Item;
use super::oauth::{App, Flow, Proof, Renewal, Token, Tokens};
use super::spec::{self, Counted, Spec, SurfaceSpec, TooLong};
use super::{
    Account, Connector, Credentials, Cursor, Denied, Fading, HandshakeAnswer, Hook, Malformed, Outgoing, Page, Parsed,
    Party, Secrets, Sent, Setup, Standing, Subscribed, Surface, default_endpoints, join, json, signature,
};
use crate::call::{CallError, Http};

const WEB: &str = "https://www.linkedin.com";
const API: &str = "https://api.linkedin.com";
/// Each lives for about a year.
const VERSION: &str = "202607";
const SIGNATURE: &str = "x-li-signature";
/// Stands before the body in what is signed; some write it before the signature too.
const PREFIX: &str = "hmacsha256=";
const LONGEST_COMMENT: usize = 1250;

pub(super) static SPEC: Spec = Spec {
    platform: "linkedin",
    label: "LinkedIn",
    surfaces: &[COMMENT, SurfaceSpec { surface: Surface::Mention, ..COMMENT }],
    polled: &[Surface::Comment],
    read_back: &[Surface::Comment, Surface::Mention],
    has_webhooks: true,
    has_marker: false,
    has_scoped_ids: false,
    scopes: &["r_organization_social_feed", "w_organization_social_feed", "rw_organization_admin"],
};

const COMMENT: SurfaceSpec = SurfaceSpec {
    surface: Surface::Comment,
    limit: LONGEST_COMMENT,
    counted: Counted::Characters,
    attachments: &[],
    most_quick_replies: 0,
    window: None,
    only_if_mentioned: false,
};

pub(super) struct LinkedIn {
    rest: Url,
    version: String,
    flow: Flow,
}

impl LinkedIn {
    pub(super) fn new(setup: Setup) -> Self {
        let endpoints = default_endpoints(setup.endpoints, WEB, API);
        let scopes = SPEC.scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let flow = Flow {
            authorize: join(&endpoints.web, &["oauth", "v2", "authorization"]),
            token: join(&endpoints.web, &["oauth", "v2", "accessToken"]),
            scopes: setup.scopes.unwrap_or(scopes),
            scope_separator: " ",
            has_pkce: false,
            proof: Proof::Form,
            renewal: Renewal::Lasting,
        };
        let version = setup.version.unwrap_or_else(|| VERSION.to_owned());
        Self { rest: join(&endpoints.api, &["rest"]), version, flow }
    }
}

#[async_trait]
impl Connector for LinkedIn {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn oauth(&self) -> &Flow {
        &self.flow
    }

    fn handshake(&self, query: &[(String, String)], secrets: &Secrets) -> HandshakeAnswer {
        let code = query.iter().find(|(name, _)| name == "challengeCode").map(|(_, code)| code.as_str());
        match (code.filter(|code| signature::is_harmless(code)), secrets.current()) {
            (Some(code), Some(secret)) => {
                let proof = hex::encode(signature::sign(secret, code.as_bytes()));
                let body = serde_json::json!({ "challengeCode": code, "challengeResponse": proof });
                HandshakeAnswer::Proof { content_type: "application/json", body: body.to_string() }
            }
            _ => HandshakeAnswer::Denied,
        }
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], secrets: &Secrets) -> Result<(), Denied> {
        let header = headers.get(SIGNATURE).ok_or(Denied::NotSigned)?;
        let digits = header.to_str().ok().map(|text| text.strip_prefix(PREFIX).unwrap_or(text));
        let content = [PREFIX.as_bytes(), body].concat();
        signature::check(&secrets.signing, &content, digits.and_then(|digits| hex::decode(digits).ok()))
    }

    fn parse(&self, body: &[u8]) -> Result<Parsed, Malformed> {
        Ok(Parsed { items: delivery::items(&json::read(body)?) })
    }

    fn fits(&self, surface: Surface, text: &str) -> Result<(), TooLong> {
        spec::fits(&SPEC, surface, text, str::len)
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
        now: OffsetDateTime,
    ) -> Result<Page, CallError> {
        calls::poll(self, http, credentials, cursor, now).await
    }

    async fn complete(&self, http: &Http, credentials: &Credentials, item: &Item) -> Result<Option<Item>, CallError> {
        calls::complete(self, http, credentials, item).await
    }

    async fn subscribe(&self, http: &Http, credentials: &Credentials, hook: &Hook) -> Result<Subscribed, CallError> {
        calls::subscribe(self, http, credentials, hook).await
    }

    async fn unsubscribe(
        &self,
        http: &Http,
        credentials: &Credentials,
        hook: &Hook,
        _subscribed: &Subscribed,
    ) -> Result<(), CallError> {
        calls::unsubscribe(self, http, credentials, hook).await
    }

    fn fading(&self) -> Option<&dyn Fading> {
        Some(self)
    }

    async fn refresh(&self, http: &Http, app: &App, tokens: &Tokens) -> Result<Tokens, CallError> {
        self.flow.refresh(http, app, tokens).await
    }

    async fn accounts(&self, http: &Http, token: &Token) -> Result<Vec<Account>, CallError> {
        calls::accounts(self, http, token).await
    }

    /// LinkedIn gives apps no profiles of other members.
    async fn profile(&self, _: &Http, _: &Credentials, _: &str) -> Result<Option<Party>, CallError> {
        Ok(None)
    }
}

#[async_trait]
impl Fading for LinkedIn {
    async fn standing(
        &self,
        http: &Http,
        credentials: &Credentials,
        hook: &Hook,
    ) -> Result<Option<Standing>, CallError> {
        calls::standing(self, http, credentials, hook).await
    }
}
