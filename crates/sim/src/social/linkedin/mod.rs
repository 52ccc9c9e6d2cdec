//! LinkedIn: comments on the posts of organisations. There are no direct messages for apps.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `login` | codes, tokens of sixty days, refresh tokens that do not last longer by being used |
//! | `comments` | the comments API |
//! | `tell` | event subscriptions, challenges, notifications and signatures |
//!
//! Not here: BATCH_GET, the posts API, analytics.

mod comments;
mod login;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use url::form_urlencoded;

use self::tell::Subscription;
use super::{
    acts,
    form::{Form, bearer},
    network::{Ids, Network},
    town::Meter,
};
use crate::{
    outward::{Acted, Ask, Call, Heard, Here, Notice, Seal},
    play::{Line, Stage},
    simulator::{Answer, Latest, Refusal, Refused, Request, Simulator, Table},
};

const SURFACES: &[&str] = &["comment", "mention"];
const MOST_TOLD: usize = 5_000;
/// Who logs in, and runs all organisations.
const MEMBER: &str = "urn:li:person:SimAdmin01";
const MEMBER_NAME: &str = "Alex Admin";
/// The development tier's calls within a day.
const CALLS_OF_APP: u64 = 500;
const CALLS_OF_MEMBER: u64 = 100;

pub struct LinkedIn {
    network: Network,
    /// By app and organisation.
    subscriptions: BTreeMap<(String, String), Subscription>,
    /// Organisations that the member does not administer any more.
    lost: BTreeSet<String>,
    told: Latest<(OffsetDateTime, String, Value)>,
    /// Leaves out of notifications what may be absent.
    is_bare: bool,
    app_calls: Meter<String>,
    member_calls: Meter<String>,
    comments: Meter<String>,
}

#[derive(Debug, Clone)]
pub struct Caller {
    app: String,
    member: String,
}

type Said = Result<Answer, Refuse>;

/// A refusal in LinkedIn's form.
#[derive(Debug, Clone)]
pub struct Refuse {
    status: StatusCode,
    service_code: u32,
    code: &'static str,
    message: String,
}

impl Refuse {
    pub fn new(status: StatusCode, service_code: u32, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, service_code, code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 100, "INVALID_ARGUMENT", message)
    }

    fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, 100, "ACCESS_DENIED", message)
    }

    fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 0, "RESOURCE_NOT_FOUND", format!("{what} not found"))
    }

    fn token(service_code: u32) -> Self {
        let (code, message) = match service_code {
            65_601 => ("REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user"),
            65_602 => ("EXPIRED_ACCESS_TOKEN", "The token used in the request has expired"),
            _ => ("INVALID_ACCESS_TOKEN", "Invalid access token"),
        };
        Self::new(StatusCode::UNAUTHORIZED, service_code, code, message)
    }

    fn quota(message: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, 101, "TOO_MANY_REQUESTS", message)
    }

    fn into_answer(self) -> Answer {
        let body = json!({
            "status": self.status.as_u16(), "serviceErrorCode": self.service_code, "code": self.code, "message": self.message,
        });
        Answer::json(self.status, &body)
    }
}

impl Default for LinkedIn {
    fn default() -> Self {
        let ids = Ids {
            account: |number| (96_072_000 + number).to_string(),
            person: |number| format!("urn:li:person:zLqTyg{number:05}"),
            message: |number| number.to_string(),
            post: |owner, number| {
                let digits: String = owner.chars().filter(char::is_ascii_digit).collect();
                let seed = if number == 0 { digits.parse().unwrap_or_default() } else { number + 1_000_000_000 };
                format!("urn:li:activity:{}", 7_094_637_000_000_000_000_u64 + seed)
            },
            comment: |post, number| format!("urn:li:comment:({post},{})", 7_094_977_000_000_000_000_u64 + number),
        };
        Self {
            network: Network::new(ids),
            subscriptions: BTreeMap::new(),
            lost: BTreeSet::new(),
            told: Latest::new(MOST_TOLD),
            is_bare: false,
            app_calls: Meter::default(),
            member_calls: Meter::default(),
            comments: Meter::default(),
        }
    }
}

impl LinkedIn {
    fn route(&mut self, request: &Request, now: OffsetDateTime) -> Said {
        let form = Form::of(request);
        let segments = request.segments();
        let (get, post) = (request.method == Method::GET, request.method == Method::POST);
        match *segments {
            ["oauth", "v2", "authorization"] if get => return Ok(self.authorization(request, &form, now)),
            ["oauth", "v2", "accessToken"] if post => return Ok(self.access_token(&form, now)),
            _ => {}
        }
        let caller = self.caller(request, now)?;
        match *segments {
            ["v2", "userinfo"] if get => {
                Ok(fine(&json!({ "sub": MEMBER.trim_start_matches("urn:li:person:"), "name": MEMBER_NAME })))
            }
            ["rest", "me"] if get => Ok(fine(
                &json!({ "id": MEMBER.trim_start_matches("urn:li:person:"), "localizedFirstName": "Alex", "localizedLastName": "Admin" }),
            )),
            ["rest", "organizationAcls"] if get => Ok(self.organisations(&form)),
            ["rest", "organizations", id] if get => self.organisation(id),
            ["rest", "eventSubscriptions"] if get => Ok(self.subscriptions_of(&caller)),
            ["rest", "eventSubscriptions", key] => self.event_subscription(key, &caller, request, &form),
            ["rest", "organizationalEntityNotifications"] if get => self.notifications(&form),
            ["rest", "socialActions", urn, "comments"] if get => self.list_comments(&decoded(urn), request, &form),
            ["rest", "socialActions", urn, "comments"] if post => {
                self.create_comment(&decoded(urn), &caller, &form, now)
            }
            ["rest", "socialActions", urn, "comments", id] => {
                self.one_comment(&decoded(urn), &decoded(id), request, &form, now)
            }
            _ => Err(Refuse::missing("No virtual resource")),
        }
    }

    /// Whose token it is, counted; and whether the version that is asked for lives.
    fn caller(&mut self, request: &Request, now: OffsetDateTime) -> Result<Caller, Refuse> {
        let text = bearer(request).ok_or_else(|| {
            Refuse::new(StatusCode::UNAUTHORIZED, 65_604, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token")
        })?;
        let token = self.network.grants.token(text).ok_or_else(|| Refuse::token(65_600))?;
        if token.revoked.is_some() {
            return Err(Refuse::token(65_601));
        }
        if token.expires_at.is_some_and(|end| end <= now) {
            return Err(Refuse::token(65_602));
        }
        let caller = Caller { app: token.app.clone(), member: token.owner.clone() };
        if request.segments().first() == Some(&"rest") {
            check_version(request, now)?;
        }
        let day = now.replace_time(time::Time::MIDNIGHT);
        let (of_app, of_member) =
            (self.app_calls.count(caller.app.clone(), day), self.member_calls.count(caller.member.clone(), day));
        let (most_of_app, most_of_member) = match self.network.calls {
            Some(calls) => (calls, calls),
            None => (CALLS_OF_APP, CALLS_OF_MEMBER),
        };
        if of_app > most_of_app {
            return Err(Refuse::quota(
                "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
            ));
        }
        if of_member > most_of_member {
            return Err(Refuse::quota(
                "Resource level throttle MEMBER DAY limit for calls to this resource is reached.",
            ));
        }
        Ok(caller)
    }

    fn organisations(&self, form: &Form) -> Answer {
        let element = |id: &String| {
            json!({ "role": "ADMINISTRATOR", "state": "APPROVED", "organization": urn(id), "organizationTarget": urn(id),
                "roleAssignee": MEMBER })
        };
        let all: Vec<_> =
            self.network.town.accounts.keys().filter(|id| self.is_administered(id)).map(element).collect();
        fine(&elements(&all, form))
    }

    fn is_administered(&self, organisation: &str) -> bool {
        self.network.town.accounts.contains_key(organisation) && !self.lost.contains(organisation)
    }

    fn organisation(&self, id: &str) -> Said {
        let account = self.network.town.accounts.get(id).ok_or_else(|| Refuse::missing("Organization"))?;
        let number = id.parse::<u64>().unwrap_or_default();
        Ok(fine(&json!({ "id": number, "localizedName": account.name, "vanityName": account.handle })))
    }

    fn seed(&mut self, given: Value, here: &Here) -> Result<Acted, Refused> {
        let (app, account) = self.network.seed(given)?;
        let (token, refresh_token) = self.grant(&app.id, MEMBER, "", None, here.now);
        if let Some(callback) = &app.callback {
            let subscription = Subscription::new(callback, here.now);
            self.subscriptions.insert((app.id.clone(), account.id.clone()), subscription);
        }
        let mut result = Network::told(&app, &account, here);
        result["account"]["urn"] = json!(urn(&account.id));
        result["token"] = json!(token);
        result["refresh_token"] = json!(refresh_token);
        result["user"] = json!({ "id": MEMBER, "name": MEMBER_NAME });
        Ok(Acted { result, ..Acted::default() })
    }
}

impl Simulator for LinkedIn {
    fn name(&self) -> &'static str {
        "linkedin"
    }

    fn about(&self) -> &'static str {
        "LinkedIn comments on posts of organisations (Community Management API)"
    }

    fn handle(&mut self, request: &Request, now: OffsetDateTime) -> Answer {
        self.route(request, now).unwrap_or_else(Refuse::into_answer)
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited => {
                Refuse::quota("Resource level throttle APPLICATION DAY limit for calls to this resource is reached.")
                    .into_answer()
            }
            Refusal::ServerError => {
                Refuse::new(StatusCode::INTERNAL_SERVER_ERROR, 0, "INTERNAL_SERVER_ERROR", "Internal Server Error")
                    .into_answer()
            }
            Refusal::ExpiredCredentials => Refuse::token(65_602).into_answer(),
        }
    }

    fn secrets(&self, request: &Request) -> Vec<String> {
        let form = Form::of(request);
        let names = ["code", "client_secret", "refresh_token"];
        names.iter().filter_map(|name| form.find(name).map(str::to_owned)).chain(self.network.secrets()).collect()
    }

    fn tables(&self) -> Vec<Table> {
        let row = |((app, account), it): (&(String, String), &Subscription)| {
            vec![json!(app), json!(account), json!(it.webhook), json!(it.is_blocked())]
        };
        let mut tables = self.network.tables();
        let rows = self.subscriptions.iter().map(row).collect();
        tables.push(Table { name: "subscriptions", columns: &["app", "organisation", "webhook", "blocked"], rows });
        tables
    }

    /// Beside the settings of all platforms `without_decoration`.
    fn configure(&mut self, mut settings: Value) -> Result<(), Refused> {
        let bare = settings.as_object_mut().and_then(|settings| settings.remove("without_decoration"));
        let bare = match bare {
            None => self.is_bare,
            Some(bare) => {
                bare.as_bool().ok_or_else(|| Refused::Invalid("`without_decoration` is true or false".to_owned()))?
            }
        };
        self.network.configure(settings)?;
        self.is_bare = bare;
        Ok(())
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn act(&mut self, verb: &str, given: Value, here: &Here) -> Result<Acted, Refused> {
        match verb {
            "seed" => self.seed(given, here),
            "handshake" => self.handshake(&given),
            "lose_subscription" | "lose_role" | "give_role" => self.change_rights(verb, &given),
            "revoke" | "expire" => {
                let ended = match verb {
                    "expire" => self.network.grants.expire(MEMBER, here.now),
                    _ => self.network.grants.revoke(MEMBER, 65_601),
                };
                Ok(Acted { result: json!({ "ended": ended }), ..Acted::default() })
            }
            "say" | "read" => Err(Refused::Missing("LinkedIn gives apps no direct messages; use `comment`".to_owned())),
            "echo" if given.get("reply_to").is_none() => {
                Err(Refused::Invalid("say which comment is answered with `reply_to`".to_owned()))
            }
            _ => {
                let deed = self.network.act(verb, given, here)?;
                Ok(Acted { result: acts::told(&deed), notices: self.notices(&deed, here.now), ask: None })
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

fn urn(organisation: &str) -> String {
    format!("urn:li:organization:{organisation}")
}

fn decoded(segment: &str) -> String {
    form_urlencoded::parse(segment.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

/// Versions live a year.
fn check_version(request: &Request, now: OffsetDateTime) -> Result<(), Refuse> {
    let version = request.header("linkedin-version").unwrap_or_default();
    if version.is_empty() {
        return Err(Refuse::new(
            StatusCode::BAD_REQUEST,
            0,
            "VERSION_MISSING",
            "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
        ));
    }
    let month = |at: OffsetDateTime| at.year() * 100 + i32::from(u8::from(at.month()));
    let lives = month(now - Duration::days(365))..=month(now);
    let number = version.split('.').next().and_then(|version| version.parse().ok());
    if number.is_some_and(|number: i32| lives.contains(&number)) {
        return Ok(());
    }
    Err(Refuse::new(
        StatusCode::UPGRADE_REQUIRED,
        0,
        "NONEXISTENT_VERSION",
        format!("Requested version {version} is not active"),
    ))
}

/// The part of a list that `start` and `count` ask for.
fn elements(all: &[Value], form: &Form) -> Value {
    let (start, count) = (form.number("start").unwrap_or(0), form.number("count").unwrap_or(10).min(100));
    let part: Vec<_> = all.iter().skip(start).take(count).collect();
    json!({ "elements": part, "paging": { "start": start, "count": count, "total": all.len(), "links": [] } })
}

fn fine(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}
