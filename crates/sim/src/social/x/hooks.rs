//! Webhooks, which must answer a challenge (CRC) when they are made and once an hour after that; and what they hear of.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{
    Duration, OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339, macros::format_description,
};
use url::Url;

use super::{Caller, Problem, Said, X, tell};
use crate::{
    outward::{Acted, Ask, Call, Heard, Notice},
    simulator::{Answer, Refused, Request},
    social::{form::Form, grants::secret},
};

const MOST_ADDRESS: usize = 200;
const CHECK_EVERY: Duration = Duration::hours(1);
/// How long errors of a webhook are put up with.
const PATIENCE: Duration = Duration::hours(28);

#[derive(Debug, Clone)]
pub struct Hook {
    pub id: String,
    pub app: String,
    pub url: String,
    pub is_valid: bool,
    created_at: OffsetDateTime,
    asked_at: OffsetDateTime,
    passed_at: OffsetDateTime,
}

#[derive(Debug, Clone)]
pub struct Subscription {
    pub id: String,
    pub app: String,
    pub event_type: String,
    pub user: String,
    pub tag: Option<String>,
    pub webhook: String,
}

impl Hook {
    fn shown(&self) -> Value {
        let at = self.created_at.format(&Rfc3339).unwrap_or_default();
        json!({ "id": self.id, "url": self.url, "valid": self.is_valid, "created_at": at })
    }
}

impl Subscription {
    fn shown(&self) -> Value {
        let mut shown = json!({
            "subscription_id": self.id, "event_type": self.event_type, "filter": { "user_id": self.user },
            "webhook_id": self.webhook,
        });
        if let Some(tag) = &self.tag {
            shown["tag"] = json!(tag);
        }
        shown
    }
}

impl X {
    pub fn webhooks(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        let app = Self::app_only(&caller)?;
        self.count(&app, "webhooks", now)?;
        match request.method {
            Method::GET => {
                let shown: Vec<_> = self.hooks.values().filter(|hook| hook.app == app).map(Hook::shown).collect();
                Ok(fine(&json!({ "data": shown, "meta": { "result_count": shown.len() } })))
            }
            Method::POST => self.add_webhook(&app, form.get("url")),
            _ => Err(Problem::not_found("endpoint", &request.path)),
        }
    }

    fn add_webhook(&mut self, app: &str, address: &str) -> Said {
        let url = Url::parse(address).ok().filter(|url| url.has_host() && address.len() <= MOST_ADDRESS);
        let is_strict = self.network.strict_callbacks;
        let url = url.filter(|url| !is_strict || (url.scheme() == "https" && url.port().is_none()));
        let Some(url) = url else { return Err(failed("UrlValidationFailed")) };
        if self.hooks.values().any(|hook| hook.url == address) {
            return Err(failed("DuplicateUrlFailed"));
        }
        let about = json!({ "app": app, "url": address });
        self.ask(app, url, about).map(Answer::pending).ok_or_else(|| failed("CrcValidationFailed"))
    }

    fn ask(&self, app: &str, mut url: Url, mut about: Value) -> Option<Ask> {
        let token = secret("crc_");
        let expected = tell::seal(&self.network.apps.get(app)?.secret, token.as_bytes());
        url.query_pairs_mut().append_pair("crc_token", &token);
        about["expected"] = json!(expected);
        Some(Ask { topic: "handshake", call: Call::get(url), about })
    }

    fn ask_again(&self, hook: &Hook, is_waited_for: bool) -> Option<Ask> {
        let about = json!({ "webhook": hook.id, "is_put": is_waited_for });
        self.ask(&hook.app, Url::parse(&hook.url).ok()?, about)
    }

    pub fn webhook(&mut self, id: &str, request: &Request, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        let app = Self::app_only(&caller)?;
        self.count(&app, "webhooks", now)?;
        let hook =
            self.hooks.get(id).filter(|hook| hook.app == app).cloned().ok_or_else(|| failed("WebhookIdInvalid"))?;
        match request.method {
            Method::PUT => {
                self.ask_again(&hook, true).map(Answer::pending).ok_or_else(|| failed("CrcValidationFailed"))
            }
            Method::DELETE => {
                self.hooks.remove(id);
                self.subscriptions.retain(|_, subscription| subscription.webhook != id);
                Ok(fine(&json!({ "data": { "deleted": true } })))
            }
            _ => Err(Problem::not_found("endpoint", &request.path)),
        }
    }

    /// Asks a webhook on demand.
    pub fn handshake(&mut self, given: &Value) -> Result<Acted, Refused> {
        let hook = match given["webhook"].as_str() {
            Some(id) => self.hooks.get(id),
            None => self.hooks.values().next(),
        };
        let ask = hook.and_then(|hook| self.ask_again(hook, true));
        let ask = ask.ok_or_else(|| Refused::Missing("there is no such webhook; make one with `seed`".to_owned()))?;
        Ok(Acted { ask: Some(ask), ..Acted::default() })
    }

    pub fn checks_due(&mut self, now: OffsetDateTime) -> Vec<Ask> {
        let due: Vec<_> = self.hooks.values().filter(|hook| now - hook.asked_at >= CHECK_EVERY).cloned().collect();
        for hook in &due {
            if let Some(hook) = self.hooks.get_mut(&hook.id) {
                hook.asked_at = now;
            }
        }
        due.iter().filter_map(|hook| self.ask_again(hook, false)).collect()
    }

    /// The end of a challenge: of one that makes a webhook, or of one that is there.
    pub fn checked(&mut self, about: &Value, heard: &Heard, now: OffsetDateTime) -> Answer {
        let (is_right, is_forgiven) = match heard {
            Heard::Answer { status: 200, body, .. } => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                (body["response_token"] == about["expected"], false)
            }
            Heard::Answer { status, .. } => (false, *status >= 400),
            Heard::Nothing => (false, true),
        };
        let refused = || failed("CrcValidationFailed").into_answer();
        if let Some(hook) = about["webhook"].as_str().and_then(|id| self.hooks.get_mut(id)) {
            if is_right {
                hook.passed_at = now;
            }
            hook.is_valid = is_right || (hook.is_valid && is_forgiven && now - hook.passed_at <= PATIENCE);
            return if is_right { fine(&json!({ "data": { "valid": true } })) } else { refused() };
        }
        let (Some(app), Some(url)) = (about["app"].as_str(), about["url"].as_str()) else { return refused() };
        if !is_right {
            return refused();
        }
        let id = self.trusted_hook(app, url, now);
        fine(&json!({ "data": self.hooks.get(&id).map(Hook::shown) }))
    }

    /// A webhook that is there without being asked, or because it answered.
    pub fn trusted_hook(&mut self, app: &str, url: &str, now: OffsetDateTime) -> String {
        if let Some(hook) = self.hooks.values().find(|hook| hook.url == url && hook.app == app) {
            return hook.id.clone();
        }
        let id = (1_980_000_000_000_000_000 + self.network.town.number()).to_string();
        let hook = Hook {
            id: id.clone(),
            app: app.to_owned(),
            url: url.to_owned(),
            is_valid: true,
            created_at: now,
            asked_at: now,
            passed_at: now,
        };
        self.hooks.insert(id.clone(), hook);
        id
    }

    pub fn subscribe_to_everything(&mut self, webhook: &str, user: &str) {
        for event_type in tell::TYPES {
            let is_there = |it: &Subscription| it.webhook == webhook && it.user == user && it.event_type == event_type;
            if !self.subscriptions.values().any(is_there) {
                self.subscribe(webhook, event_type, user, None);
            }
        }
    }

    fn subscribe(&mut self, webhook: &str, event_type: &str, user: &str, tag: Option<String>) -> Subscription {
        let id = (1_990_000_000_000_000_000 + self.network.town.number()).to_string();
        let app = self.hooks.get(webhook).map(|hook| hook.app.clone()).unwrap_or_default();
        let (event_type, user, webhook) = (event_type.to_owned(), user.to_owned(), webhook.to_owned());
        let subscription = Subscription { id: id.clone(), app, event_type, user, tag, webhook };
        self.subscriptions.insert(id, subscription.clone());
        subscription
    }

    pub fn subscriptions(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        self.count(&caller.app, "subscriptions", now)?;
        let of_app = |it: &&Subscription| it.app == caller.app;
        match request.method {
            Method::GET => {
                let shown: Vec<_> = self.subscriptions.values().filter(of_app).map(Subscription::shown).collect();
                Ok(fine(&json!({ "data": shown, "meta": { "total_subscriptions": shown.len() } })))
            }
            Method::POST => {
                let user = form.body["filter"]["user_id"].as_str().unwrap_or_default().to_owned();
                self.check_subscription(&caller, form, &user)?;
                let tag = form.find("tag").map(str::to_owned);
                let made = self.subscribe(form.get("webhook_id"), form.get("event_type"), &user, tag);
                let total = self.subscriptions.values().filter(of_app).count();
                Ok(fine(&json!({ "data": made.shown(), "meta": { "total_subscriptions": total } })))
            }
            _ => Err(Problem::not_found("endpoint", &request.path)),
        }
    }

    fn check_subscription(&self, caller: &Caller, form: &Form, user: &str) -> Result<(), Problem> {
        let (event_type, webhook) = (form.get("event_type"), form.get("webhook_id"));
        if !tell::TYPES.contains(&event_type) {
            return Err(Problem::invalid(
                "event_type",
                &format!("The event_type [{event_type}] is not one that exists"),
            ));
        }
        if self.hooks.get(webhook).is_none_or(|hook| hook.app != caller.app) {
            return Err(Problem::invalid("webhook_id", "WebhookIdInvalid"));
        }
        // What is private is told with the consent of the one whom it concerns.
        if event_type != "oauth.revoke" && caller.user.as_deref() != Some(user) {
            return Err(Problem::forbidden("You are not permitted to subscribe to events of this user."));
        }
        let is_there = |it: &Subscription| it.event_type == event_type && it.user == user && it.webhook == webhook;
        if self.subscriptions.values().any(is_there) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "duplicate-subscription",
                "Conflict",
                "This subscription exists already.",
            ));
        }
        Ok(())
    }

    pub fn subscription(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        self.count(&caller.app, "subscriptions", now)?;
        let found = self.subscriptions.get_mut(id).filter(|it| it.app == caller.app);
        let found = found.ok_or_else(|| Problem::not_found("subscription", id))?;
        match request.method {
            Method::PUT => {
                found.tag = form.find("tag").map(str::to_owned).or(found.tag.take());
                if let Some(webhook) = form.find("webhook_id") {
                    webhook.clone_into(&mut found.webhook);
                }
                Ok(fine(&json!({ "data": found.shown() })))
            }
            Method::DELETE => {
                self.subscriptions.remove(id);
                Ok(fine(&json!({ "data": { "deleted": true } })))
            }
            _ => Err(Problem::not_found("endpoint", &request.path)),
        }
    }

    /// In the shape of before; with the user's own token.
    pub fn subscribe_all(&mut self, id: &str, request: &Request, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        let user = Self::user_of(&caller)?;
        self.count(&caller.app, "subscriptions", now)?;
        if self.hooks.get(id).is_none_or(|hook| hook.app != caller.app) {
            return Err(failed("WebhookIdInvalid"));
        }
        self.account_activity.insert((id.to_owned(), user));
        Ok(fine(&json!({ "data": { "subscribed": true } })))
    }

    /// Tells a webhook again what it was told between two minutes.
    pub fn replay(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        Self::app_only(&caller)?;
        let id = form.get("webhook_id");
        if !self.hooks.contains_key(id) {
            return Err(failed("WebhookIdInvalid"));
        }
        let minute = |name: &str| {
            let read = PrimitiveDateTime::parse(
                &format!("{}00", form.get(name)),
                format_description!("[year][month][day][hour][minute][second]"),
            );
            read.map(PrimitiveDateTime::assume_utc).map_err(|_| Problem::invalid(name, "write it as yyyymmddhhmm"))
        };
        let (from, to) = (minute("from_date")?, minute("to_date")?);
        let wanted = |(at, notice): &&(OffsetDateTime, Notice)| notice.app == id && *at >= from && *at <= to;
        let mut again: Vec<_> = self.told.newest().filter(wanted).map(|(_, notice)| notice.clone()).collect();
        again.reverse();
        let job = self.network.town.number().to_string();
        let at = now.format(&Rfc3339).unwrap_or_default();
        Ok(fine(&json!({ "data": { "job_id": job, "created_at": at } })).with_notices(again))
    }
}

fn failed(why: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-request", why, why)
}

fn fine(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}
