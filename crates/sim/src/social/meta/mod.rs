//! Meta: Facebook (Messenger and comments on pages) and Instagram (messages and comments), which share one API and differ
//! in what they take and tell. Two simulators, of this one kind.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `errors` | error bodies and their numbers |
//! | `login` | dialog, codes, tokens and their check |
//! | `pages` | which pages there are, and who hears of them |
//! | `send` | the Send API with its windows and limits, and answers to comments |
//! | `read` | conversations, comments and profiles, by pages |
//! | `tell` | webhooks: items, envelopes, signatures, the handshake |
//!
//! Not here: handover between apps, templates, data deletion callbacks.

mod errors;
mod login;
mod pages;
mod read;
mod send;
mod tell;

use axum::http::{Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use self::errors::Fault;
use super::{
    acts,
    form::{Form, bearer},
    network::{Ids, Network},
    town::Meter,
};
use crate::{
    outward::{Acted, Ask, Call, Heard, Here, Notice, Seal},
    play::{Line, Stage},
    simulator::{Answer, Refusal, Refused, Request, Simulator, Table},
};

/// The version in use; older ones down to the oldest are served alike, and older than that by the oldest.
const NEWEST_VERSION: u32 = 26;
const OLDEST_VERSION: u32 = 20;
/// Calls of an app, and messages of an account, within an hour; Meta's own depend on how many people there are.
const QUOTA: u64 = 100_000;
/// Who logs in.
const USER: &str = "10158000000000001";
const USER_NAME: &str = "Alex Admin";
const SURFACES: &[&str] = &["message", "comment", "mention"];
const PICTURE: &[u8] = include_bytes!("../picture.png");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Facebook,
    Instagram,
}

pub struct Meta {
    kind: Kind,
    network: Network,
    calls: Meter<String>,
    sends: Meter<String>,
    /// Percentages of the last call, for its headers: the account, its calls and its messages.
    usage: Option<(String, u64, u64)>,
    /// Comments that were answered in private; once is all.
    answered: std::collections::BTreeSet<String>,
}

/// Who calls, by the token.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Caller {
    app: String,
    owner: String,
    is_page: bool,
}

type Said = Result<Answer, Fault>;

impl Meta {
    pub fn facebook() -> Self {
        Self::new(Kind::Facebook)
    }

    pub fn instagram() -> Self {
        Self::new(Kind::Instagram)
    }

    fn new(kind: Kind) -> Self {
        let post = |owner: &str, number: u64| format!("{owner}_{}", 122_100_000_000_000 + number);
        let ids = match kind {
            Kind::Facebook => Ids {
                account: |number| (106_728_097_000_000 + number).to_string(),
                person: |number| (5_489_220_000_000_000 + number).to_string(),
                message: |number| format!("m_SimAbCdEf{number:012}"),
                post,
                comment: |post, number| {
                    format!("{}_{}", post.rsplit('_').next().unwrap_or_default(), 900_000_000_000_000 + number)
                },
            },
            Kind::Instagram => Ids {
                account: |number| (17_841_400_000_000_000 + number).to_string(),
                person: |number| (1_784_200_000_000_000 + number).to_string(),
                message: |number| format!("aWdfZAG1faXRlbTox{number:014}"),
                post: |_, number| (18_050_000_000_000_000 + number).to_string(),
                comment: |_, number| (17_867_300_000_000_000 + number).to_string(),
            },
        };
        let (calls, sends, answered) = (Meter::default(), Meter::default(), std::collections::BTreeSet::new());
        Self { kind, network: Network::new(ids), calls, sends, usage: None, answered }
    }

    fn is_instagram(&self) -> bool {
        self.kind == Kind::Instagram
    }

    fn route(&mut self, request: &Request, now: OffsetDateTime) -> Said {
        let segments = request.segments();
        let (version, rest) = match segments.split_first() {
            Some((first, rest)) if is_version(first) => (Some(*first), rest),
            _ => (None, &segments[..]),
        };
        if let Some(version) = version
            && number_of(version) > NEWEST_VERSION
        {
            return Err(Fault::unknown_path(version));
        }
        let form = Form::of(request);
        let (get, post, delete) =
            (request.method == Method::GET, request.method == Method::POST, request.method == Method::DELETE);
        match *rest {
            ["media", "picture.png"] if get => Ok(Answer::bytes("image/png", PICTURE)),
            ["dialog", "oauth"] | ["oauth", "authorize"] if get => Ok(self.dialog(request, &form, now)),
            ["oauth", "access_token"] => self.access_token(&form, now),
            ["access_token" | "refresh_access_token"] if get && self.is_instagram() => self.access_token(&form, now),
            ["debug_token"] if get => self.debug_token(request, &form, now),
            ["me"] if get => self.me(request, &form, now),
            ["me", "accounts"] if get => self.pages(request, &form, now),
            [_, "permissions"] if delete => self.end_permissions(request, &form, now),
            [id, "subscribed_apps"] => self.subscribed_apps(id, request, &form, now),
            [app, "subscriptions"] => self.subscriptions(app, request, &form),
            [id, "messages"] if post => self.send(id, request, &form, now),
            [id, "messages"] if get => self.messages(id, request, &form, now),
            [id, "conversations"] if get => self.conversations(id, request, &form, now),
            [id, "comments" | "replies"] if post => self.answer_comment(id, request, &form, now),
            [id, "comments" | "replies"] if get => self.comments(id, request, &form, now),
            [id, "feed" | "posts" | "media"] if get => self.posts(id, request, &form, now),
            [id] if get => self.profile(id, request, &form, now),
            _ => Err(Fault::unknown_path(&request.path)),
        }
    }

    /// Whose token it is, counted; a dead one and one too many are refused.
    fn caller(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Result<Caller, Fault> {
        let text = form.find("access_token").or_else(|| bearer(request)).ok_or_else(Fault::no_token)?.to_owned();
        let token = self.network.grants.token(&text).ok_or_else(Fault::unreadable_token)?.clone();
        if let Some(subcode) = token.revoked {
            return Err(Fault::dead_token(subcode));
        }
        if token.expires_at.is_some_and(|end| end <= now) {
            return Err(Fault::dead_token(463));
        }
        let app = self.network.apps.get(&token.app).ok_or_else(Fault::unreadable_token)?;
        let given = form.find("appsecret_proof");
        if (app.require_proof || given.is_some()) && given != Some(tell::proof(&app.secret, &text).as_str()) {
            return Err(Fault::parameter("Invalid appsecret_proof provided in the API argument"));
        }
        let count = self.calls.count(token.app.clone(), hour(now));
        self.usage = Some((token.owner.clone(), percent(count, self.most_calls()), 0));
        if count > self.most_calls() {
            return Err(Fault::new(613, "Calls to this api have exceeded the rate limit."));
        }
        Ok(Caller { app: token.app, owner: token.owner, is_page: token.is_of_account })
    }

    /// The page that a token speaks for, named by its id or as `me`.
    fn page_caller(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Result<Caller, Fault> {
        let caller = self.caller(request, form, now)?;
        if !caller.is_page {
            return Err(Fault::new(210, "A page access token is required to request this resource."));
        }
        if id != "me" && id != caller.owner {
            return Err(Fault::missing(id));
        }
        Ok(caller)
    }

    fn most_calls(&self) -> u64 {
        self.network.calls.unwrap_or(QUOTA)
    }

    fn with_usage(&self, answer: Answer) -> Answer {
        let answer = answer.with_header("facebook-api-version", format!("v{NEWEST_VERSION}.0"));
        let Some((owner, calls, sends)) = &self.usage else { return answer };
        let kind = if self.is_instagram() { "instagram" } else { "messenger" };
        let wait = if *calls > 100 || *sends > 100 { 60 } else { 0 };
        let business = json!({ owner: [{ "type": kind, "call_count": sends, "total_cputime": 1, "total_time": 1,
            "estimated_time_to_regain_access": wait }] });
        let app = json!({ "call_count": calls, "total_time": 1, "total_cputime": 1 });
        answer
            .with_header("x-app-usage", app.to_string())
            .with_header("x-business-use-case-usage", business.to_string())
    }

    fn seed(&mut self, given: Value, here: &Here) -> Result<Acted, Refused> {
        let (app, account) = self.network.seed(given)?;
        if let Some(found) = self.network.town.accounts.get_mut(&account.id) {
            found.subscriptions.insert(app.id.clone(), tell::all_fields());
        }
        let user_token = self.add_token(&app.id, USER, false, Some(here.now + login::LONG_LIFE), here.now);
        let token = self.add_token(&app.id, &account.id, true, None, here.now);
        let mut result = Network::told(&app, &account, here);
        result["token"] = json!(token);
        result["user"] = json!({ "id": USER, "name": USER_NAME, "token": user_token });
        Ok(Acted { result, ..Acted::default() })
    }
}

impl Simulator for Meta {
    fn name(&self) -> &'static str {
        if self.is_instagram() { "instagram" } else { "facebook" }
    }

    fn about(&self) -> &'static str {
        if self.is_instagram() {
            "Instagram messages and comments (Graph API)"
        } else {
            "Messenger and comments on Facebook pages (Graph API)"
        }
    }

    fn handle(&mut self, request: &Request, now: OffsetDateTime) -> Answer {
        self.usage = None;
        let answer = self.route(request, now).unwrap_or_else(Fault::into_answer);
        if answer.ask.is_some() { answer } else { self.with_usage(answer) }
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited => Fault::new(613, "Calls to this api have exceeded the rate limit.").into_answer(),
            Refusal::ServerError => Fault::temporary().into_answer(),
            Refusal::ExpiredCredentials => Fault::dead_token(463).into_answer(),
        }
    }

    fn secrets(&self, request: &Request) -> Vec<String> {
        let form = Form::of(request);
        let names = [
            "access_token",
            "client_secret",
            "fb_exchange_token",
            "input_token",
            "code",
            "hub.verify_token",
            "verify_token",
            // Of the addresses from which files are fetched.
            "signature",
        ];
        let given = names.iter().filter_map(|name| form.find(name).map(str::to_owned));
        given
            .chain(send::link_secret(&form))
            .chain(self.network.secrets())
            .chain(form.find("appsecret_proof").map(str::to_owned))
            .collect()
    }

    fn tables(&self) -> Vec<Table> {
        self.network.tables()
    }

    fn configure(&mut self, settings: Value) -> Result<(), Refused> {
        self.network.configure(settings)
    }

    fn reset(&mut self) {
        *self = Self::new(self.kind);
    }

    fn act(&mut self, verb: &str, given: Value, here: &Here) -> Result<Acted, Refused> {
        match verb {
            "seed" => self.seed(given, here),
            "handshake" => self.handshake(&given),
            "revoke" | "expire" => {
                let account = self.network.account(given["account"].as_str())?;
                let ended = match verb {
                    "expire" => self.network.grants.expire(&account, here.now),
                    _ => self.network.grants.revoke(&account, 460),
                };
                Ok(Acted { result: json!({ "ended": ended }), ..Acted::default() })
            }
            _ => {
                let deed = self.network.act(verb, given, here)?;
                Ok(Acted { result: acts::told(&deed), notices: self.notices(&deed), ask: None })
            }
        }
    }

    fn pack(&self, notices: &[Notice], seal: Seal, now: OffsetDateTime) -> Vec<Call> {
        self.envelopes(notices, seal, now)
    }

    fn retries(&self) -> Vec<std::time::Duration> {
        self.network.retries.clone()
    }

    fn due(&mut self, _: OffsetDateTime) -> Vec<Ask> {
        Vec::new()
    }

    fn heard(&mut self, about: Value, heard: Heard, now: OffsetDateTime) -> Answer {
        if about["challenge"].is_string() { self.verified(&about, &heard) } else { self.fetched(&about, &heard, now) }
    }

    fn stage(&self) -> Option<Stage> {
        Some(self.network.stage(SURFACES))
    }

    fn lines(&self, account: &str, person: &str) -> Vec<Line> {
        self.network.lines(account, person)
    }
}

fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    number.is_some_and(|(major, minor)| {
        [major, minor].iter().all(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
    })
}

/// An old version is not refused: the oldest that lives answers.
fn number_of(version: &str) -> u32 {
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.unwrap_or(u32::MAX).max(OLDEST_VERSION)
}

fn percent(count: u64, most: u64) -> u64 {
    count.saturating_mul(100) / most.max(1)
}

/// The beginning of the hour, in which calls are counted.
fn hour(now: OffsetDateTime) -> OffsetDateTime {
    now - Duration::seconds(now.unix_timestamp().rem_euclid(3_600)) - Duration::nanoseconds(now.nanosecond().into())
}

/// The address at which the request arrived, up to the simulator's name.
fn base_of(request: &Request, name: &str) -> String {
    format!("http://{}/{name}", request.header(header::HOST.as_str()).unwrap_or("localhost"))
}

fn fine(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}
