//! X: direct messages, posts that mention a company and replies to it, by API version 2.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `login` | OAuth 2.0 with PKCE, rotating refresh tokens, the app's own bearer |
//! | `limits` | calls within fifteen minutes and a day, and problem documents |
//! | `hooks` | webhooks with their CRC, activity subscriptions, replay |
//! | `posts` | sending and reading direct messages and posts |
//! | `length` | what a post's text weighs |
//! | `tell` | events in both shapes (activity, and account activity before it), signatures |
//!
//! Not here: OAuth 1.0a signatures, the stream, media upload, credits.

mod hooks;
mod length;
mod limits;
mod login;
mod posts;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use self::{
    hooks::{Hook, Subscription},
    limits::{Limit, Problem},
};
use super::{
    acts,
    form::{Form, bearer},
    grants::{Token, secret},
    network::{Ids, Network},
    town::Meter,
};
use crate::{
    outward::{Acted, Ask, Call, Heard, Here, Notice, Seal},
    play::{Line, Stage},
    simulator::{Answer, Latest, Refusal, Refused, Request, Simulator, Table},
};

const SURFACES: &[&str] = &["message", "comment", "mention"];
const PICTURE: &[u8] = include_bytes!("../picture.png");
const MOST_TOLD: usize = 5_000;
const ACCESS_LIFE: Duration = Duration::hours(2);

pub struct X {
    network: Network,
    hooks: BTreeMap<String, Hook>,
    subscriptions: BTreeMap<String, Subscription>,
    /// Webhook and user, in the shape of before.
    account_activity: BTreeSet<(String, String)>,
    meter: Meter<(String, &'static str)>,
    daily: Meter<String>,
    /// The limit that the present call met, for its headers.
    limit: Option<Limit>,
    told: Latest<(OffsetDateTime, Notice)>,
}

#[derive(Debug, Clone)]
struct Caller {
    app: String,
    /// The user, or none when the app itself calls.
    user: Option<String>,
}

type Said = Result<Answer, Problem>;

impl Default for X {
    fn default() -> Self {
        let ids = Ids {
            account: |number| (1_700_000_000_000_000_000 + number).to_string(),
            person: |number| (1_750_000_000_000_000_000 + number).to_string(),
            message: |number| (1_960_000_000_000_000_000 + number).to_string(),
            // An account's first post is always the same one.
            post: |owner, number| match number {
                0 => (owner.parse::<u64>().unwrap_or_default() + 100_000_000_000_000_000).to_string(),
                _ => (1_850_000_000_000_000_000 + number).to_string(),
            },
            comment: |_, number| (1_970_000_000_000_000_000 + number).to_string(),
        };
        Self {
            network: Network::new(ids),
            hooks: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            account_activity: BTreeSet::new(),
            meter: Meter::default(),
            daily: Meter::default(),
            limit: None,
            told: Latest::new(MOST_TOLD),
        }
    }
}

impl X {
    fn route(&mut self, request: &Request, now: OffsetDateTime) -> Said {
        let form = Form::of(request);
        let segments = request.segments();
        let (get, post) = (request.method == Method::GET, request.method == Method::POST);
        match *segments {
            ["media", "picture.png"] if get => Ok(Answer::bytes("image/png", PICTURE)),
            ["i", "oauth2", "authorize"] if get => Ok(self.authorize(request, &form, now)),
            ["2", "oauth2", "token"] if post => Ok(self.token(request, &form, now)),
            ["2", "oauth2", "revoke"] if post => Ok(self.revoke(request, &form)),
            ["oauth2", "token"] if post => Ok(self.app_token(request, &form, now)),
            ["2", "users", "me"] if get => self.me(request, now),
            ["2", "users", id] if get => self.user(id, request, now),
            ["2", "users", id, "mentions"] if get => self.mentions(id, request, &form, now),
            ["2", "users", id, "tweets"] if get => self.posts_of(id, request, &form, now),
            ["2", "webhooks", "replay"] if post => self.replay(request, &form, now),
            ["2", "webhooks"] => self.webhooks(request, &form, now),
            ["2", "webhooks", id] => self.webhook(id, request, now),
            ["2", "activity", "subscriptions"] => self.subscriptions(request, &form, now),
            ["2", "activity", "subscriptions", id] => self.subscription(id, request, &form, now),
            ["2", "account_activity", "webhooks", id, "subscriptions", "all"] if post => {
                self.subscribe_all(id, request, now)
            }
            ["2", "dm_conversations", "with", person, "messages"] if post => {
                self.send_message(person, request, &form, now)
            }
            ["2", "dm_conversations", "with", person, "dm_events"] if get => {
                self.events(Some(person), request, &form, now)
            }
            ["2", "dm_events"] if get => self.events(None, request, &form, now),
            ["2", "tweets"] if post => self.create_post(request, &form, now),
            ["2", "tweets", "search", "recent"] if get => self.search(request, &form, now),
            ["2", "tweets", id] if get => self.post(id, request, now),
            _ => Err(Problem::not_found("endpoint", &request.path)),
        }
    }

    /// Whose bearer token it is; a dead one is refused.
    fn caller(&mut self, request: &Request, now: OffsetDateTime) -> Result<Caller, Problem> {
        let token = bearer(request).and_then(|text| self.network.grants.token(text));
        let token = token.filter(|token| token.revoked.is_none() && token.expires_at.is_none_or(|end| end > now));
        let Token { app, owner, is_of_account, .. } = token.ok_or_else(Problem::unauthorized)?.clone();
        Ok(Caller { app, user: is_of_account.then_some(owner) })
    }

    fn user_of(caller: &Caller) -> Result<String, Problem> {
        caller.user.clone().ok_or_else(|| {
            Problem::new(
                StatusCode::FORBIDDEN,
                "unsupported-authentication",
                "Unsupported Authentication",
                "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.",
            )
        })
    }

    fn app_only(caller: &Caller) -> Result<String, Problem> {
        match caller.user {
            None => Ok(caller.app.clone()),
            Some(_) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "unsupported-authentication",
                "Unsupported Authentication",
                "Authenticating with OAuth 2.0 User Context is forbidden for this endpoint.",
            )),
        }
    }

    fn add_token(
        &mut self,
        app: &str,
        owner: &str,
        is_of_account: bool,
        scope: &str,
        family: u64,
        now: OffsetDateTime,
    ) -> String {
        let token = Token {
            app: app.to_owned(),
            owner: owner.to_owned(),
            is_of_account,
            scope: scope.to_owned(),
            issued_at: now,
            expires_at: is_of_account.then(|| now + ACCESS_LIFE),
            revoked: None,
            family,
        };
        self.network.grants.add_token(secret("xsim_"), token)
    }

    fn seed(&mut self, given: Value, here: &Here) -> Result<Acted, Refused> {
        let (app, account) = self.network.seed(given)?;
        let family = self.network.grants.family();
        let token = self.add_token(&app.id, &account.id, true, login::SCOPES, family, here.now);
        let refresh_token = self.add_refresh(&app.id, &account.id, login::SCOPES, family);
        let app_token = self.add_token(&app.id, &app.id, false, "", family, here.now);
        let mut result = Network::told(&app, &account, here);
        if let Some(callback) = &app.callback {
            let webhook = self.trusted_hook(&app.id, callback, here.now);
            self.subscribe_to_everything(&webhook, &account.id);
            result["webhook_id"] = json!(webhook);
        }
        result["token"] = json!(token);
        result["refresh_token"] = json!(refresh_token);
        result["app_token"] = json!(app_token);
        Ok(Acted { result, ..Acted::default() })
    }

    fn keep(&mut self, notices: &[Notice], now: OffsetDateTime) {
        for notice in notices {
            self.told.push((now, notice.clone()));
        }
    }
}

impl Simulator for X {
    fn name(&self) -> &'static str {
        "x"
    }

    fn about(&self) -> &'static str {
        "X direct messages, mentions and replies (API v2)"
    }

    fn handle(&mut self, request: &Request, now: OffsetDateTime) -> Answer {
        self.limit = None;
        let mut answer = self.route(request, now).unwrap_or_else(Problem::into_answer);
        let notices = std::mem::take(&mut answer.notices);
        self.keep(&notices, now);
        let answer = answer.with_notices(notices);
        match &self.limit {
            Some(limit) => limit.on(answer),
            None => answer,
        }
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited => Problem::too_many().into_answer(),
            Refusal::ServerError => Problem::unavailable().into_answer(),
            Refusal::ExpiredCredentials => Problem::unauthorized().into_answer(),
        }
    }

    fn secrets(&self, request: &Request) -> Vec<String> {
        let form = Form::of(request);
        let names = ["code", "code_verifier", "refresh_token", "token", "client_secret"];
        names.iter().filter_map(|name| form.find(name).map(str::to_owned)).chain(self.network.secrets()).collect()
    }

    fn tables(&self) -> Vec<Table> {
        let hook = |hook: &Hook| vec![json!(hook.id), json!(hook.url), json!(hook.is_valid)];
        let subscription =
            |it: &Subscription| vec![json!(it.id), json!(it.event_type), json!(it.user), json!(it.webhook)];
        let mut tables = self.network.tables();
        tables.push(Table {
            name: "webhooks",
            columns: &["id", "url", "valid"],
            rows: self.hooks.values().map(hook).collect(),
        });
        tables.push(Table {
            name: "subscriptions",
            columns: &["id", "event_type", "user", "webhook"],
            rows: self.subscriptions.values().map(subscription).collect(),
        });
        tables
    }

    fn configure(&mut self, settings: Value) -> Result<(), Refused> {
        self.network.configure(settings)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn act(&mut self, verb: &str, given: Value, here: &Here) -> Result<Acted, Refused> {
        match verb {
            "seed" => self.seed(given, here),
            "handshake" => self.handshake(&given),
            "expire" => {
                let account = self.network.account(given["account"].as_str())?;
                let ended = self.network.grants.expire(&account, here.now);
                Ok(Acted { result: json!({ "ended": ended }), ..Acted::default() })
            }
            "revoke" => {
                let account = self.network.account(given["account"].as_str())?;
                let notices = self.revoked(&account, here.now);
                let ended = self.network.grants.revoke(&account, 401);
                self.keep(&notices, here.now);
                Ok(Acted { result: json!({ "ended": ended }), notices, ask: None })
            }
            _ => {
                let deed = self.network.act(verb, given, here)?;
                let notices = self.notices(&deed);
                self.keep(&notices, here.now);
                Ok(Acted { result: acts::told(&deed), notices, ask: None })
            }
        }
    }

    fn pack(&self, notices: &[Notice], seal: Seal, _: OffsetDateTime) -> Vec<Call> {
        self.calls(notices, seal)
    }

    fn retries(&self) -> Vec<std::time::Duration> {
        self.network.retries.clone()
    }

    fn due(&mut self, now: OffsetDateTime) -> Vec<Ask> {
        self.checks_due(now)
    }

    fn heard(&mut self, about: Value, heard: Heard, now: OffsetDateTime) -> Answer {
        self.checked(&about, &heard, now)
    }

    fn stage(&self) -> Option<Stage> {
        Some(self.network.stage(SURFACES))
    }

    fn lines(&self, account: &str, person: &str) -> Vec<Line> {
        self.network.lines(account, person)
    }
}
