//! Who hears of what: event subscriptions, the challenge that a webhook answers when it is given and every two hours after
//! that, and notifications, at most ten in a call, signed with a prefix before the body.

use aws_lc_rs::hmac;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use url::Url;
use uuid::Uuid;

use super::{Caller, LinkedIn, MEMBER, Refuse, Said, comments::short, decoded, elements, fine, urn};
use crate::{
    outward::{Acted, Ask, Call, Heard, Notice, Seal},
    simulator::{Answer, Refused, Request},
    social::{
        acts::{Deed, Did},
        form::Form,
    },
};

const KIND: &str = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS";
const MOST_IN_CALL: usize = 10;
const CHECK_EVERY: Duration = Duration::hours(2);
const MOST_FAILURES: u32 = 3;
const LIFE: Duration = Duration::days(60);

#[derive(Debug, Clone)]
pub struct Subscription {
    pub webhook: String,
    expires_at: OffsetDateTime,
    asked_at: OffsetDateTime,
    failures: u32,
}

impl Subscription {
    pub fn new(webhook: &str, now: OffsetDateTime) -> Self {
        Self { webhook: webhook.to_owned(), expires_at: now + LIFE, asked_at: now, failures: 0 }
    }

    /// After three failures in a row, until it passes again on demand.
    pub fn is_blocked(&self) -> bool {
        self.failures >= MOST_FAILURES
    }

    fn shown(&self) -> Value {
        json!({ "webhook": self.webhook, "expiresAt": self.expires_at.unix_timestamp() * 1_000 })
    }
}

pub fn sign(secret: &str, text: &[u8]) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text))
}

/// What stands before the body when it is signed.
fn sealed(secret: &str, body: &str) -> String {
    sign(secret, format!("hmacsha256={body}").as_bytes())
}

impl LinkedIn {
    pub fn subscriptions_of(&self, caller: &Caller) -> Answer {
        let own = self.subscriptions.iter().filter(|((app, _), _)| *app == caller.app);
        let shown: Vec<_> = own
            .map(|((_, account), it)| {
                let mut shown = it.shown();
                shown["entity"] = json!(urn(account));
                shown["eventType"] = json!(KIND);
                shown
            })
            .collect();
        fine(
            &json!({ "elements": shown, "paging": { "start": 0, "count": shown.len(), "total": shown.len(), "links": [] } }),
        )
    }

    /// `(developerApplication:…,user:…,entity:…,eventType:…)`, in which only the names are encoded.
    pub fn event_subscription(&mut self, key: &str, caller: &Caller, request: &Request, form: &Form) -> Said {
        let inner = key.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let parts: Vec<_> = inner.unwrap_or_default().split(',').filter_map(|part| part.split_once(':')).collect();
        let part = |name: &str| {
            parts.iter().find(|(found, _)| *found == name).map(|(_, value)| decoded(value)).unwrap_or_default()
        };
        if part("eventType") != KIND
            || part("developerApplication") != format!("urn:li:developerApplication:{}", caller.app)
        {
            return Err(Refuse::invalid("The key of the event subscription is not valid"));
        }
        if part("user") != MEMBER {
            return Err(Refuse::denied("The subscriber must be the member who is authenticated"));
        }
        let account = part("entity").trim_start_matches("urn:li:organization:").to_owned();
        if !self.is_administered(&account) {
            return Err(Refuse::denied("The member is not an ADMINISTRATOR of the organization"));
        }
        let place = (caller.app.clone(), account);
        match request.method {
            Method::PUT => {
                let url = Url::parse(form.get("webhook")).ok().filter(Url::has_host);
                let url = url.filter(|url| !self.network.strict_callbacks || url.scheme() == "https");
                let url = url.ok_or_else(|| Refuse::invalid("webhook must be a valid HTTPS URL"))?;
                let about = json!({ "app": place.0, "account": place.1, "webhook": form.get("webhook") });
                self.ask(&caller.app, url, about)
                    .map(Answer::pending)
                    .ok_or_else(|| Refuse::invalid("Webhook validation failed"))
            }
            Method::GET => {
                let found = self.subscriptions.get(&place).ok_or_else(|| Refuse::missing("Subscription"))?;
                Ok(fine(&found.shown()))
            }
            Method::DELETE => match self.subscriptions.remove(&place) {
                Some(_) => Ok(Answer::text(StatusCode::NO_CONTENT, "")),
                None => Err(Refuse::missing("Subscription")),
            },
            _ => Err(Refuse::invalid("This method is not supported here")),
        }
    }

    fn ask(&self, app: &str, mut url: Url, mut about: Value) -> Option<Ask> {
        let code = Uuid::new_v4().to_string();
        about["code"] = json!(code);
        about["expected"] = json!(sign(&self.network.apps.get(app)?.secret, code.as_bytes()));
        url.query_pairs_mut().append_pair("challengeCode", &code).append_pair("applicationId", app);
        Some(Ask { topic: "handshake", call: Call::get(url), about })
    }

    fn ask_again(&self, place: &(String, String)) -> Option<Ask> {
        let webhook = &self.subscriptions.get(place)?.webhook;
        let about = json!({ "app": place.0, "account": place.1, "webhook": webhook, "again": true });
        self.ask(&place.0, Url::parse(webhook).ok()?, about)
    }

    /// Challenges a webhook on demand.
    pub fn handshake(&self, given: &Value) -> Result<Acted, Refused> {
        let fits = |place: &&(String, String)| given["account"].as_str().is_none_or(|account| account == place.1);
        let ask = self.subscriptions.keys().find(fits).and_then(|place| self.ask_again(place));
        let ask =
            ask.ok_or_else(|| Refused::Missing("nothing is subscribed; make a subscription with `seed`".to_owned()))?;
        Ok(Acted { ask: Some(ask), ..Acted::default() })
    }

    /// The member loses the role of administrator or gets it back; with the role goes the subscription, which may also end by
    /// itself. Nobody is told.
    pub fn change_rights(&mut self, verb: &str, given: &Value) -> Result<Acted, Refused> {
        let account = self.network.account(given["account"].as_str())?;
        match verb {
            "give_role" => self.lost.remove(&account),
            "lose_role" => self.lost.insert(account.clone()),
            _ => false,
        };
        if verb != "give_role" {
            self.subscriptions.retain(|(_, of), _| *of != account);
        }
        Ok(Acted { result: json!({ "account": account }), ..Acted::default() })
    }

    pub fn checks_due(&mut self, now: OffsetDateTime) -> Vec<Ask> {
        self.subscriptions.retain(|_, subscription| subscription.expires_at > now);
        let mut due = Vec::new();
        for (place, subscription) in &mut self.subscriptions {
            if now - subscription.asked_at >= CHECK_EVERY && !subscription.is_blocked() {
                subscription.asked_at = now;
                due.push(place.clone());
            }
        }
        due.iter().filter_map(|place| self.ask_again(place)).collect()
    }

    pub fn checked(&mut self, about: &Value, heard: &Heard, now: OffsetDateTime) -> Answer {
        let is_right = match heard {
            Heard::Answer { status: 200, content_type, body } if content_type.starts_with("application/json") => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                body["challengeCode"] == about["code"] && body["challengeResponse"] == about["expected"]
            }
            _ => false,
        };
        let text = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
        let place = (text("app"), text("account"));
        let known = self.subscriptions.get_mut(&place).filter(|known| known.webhook == text("webhook"));
        match known {
            Some(known) if !is_right => known.failures += 1,
            // It lasts no longer for being asked again.
            Some(known) if about["again"] == true => known.failures = 0,
            _ if is_right && about["again"] != true => {
                self.subscriptions.insert(place, Subscription::new(&text("webhook"), now));
            }
            _ => {}
        }
        if is_right { fine(&json!({})) } else { Refuse::invalid("Webhook validation failed").into_answer() }
    }

    /// Kept for those who missed it, and told to those who subscribed.
    pub fn notices(&mut self, deed: &Deed, now: OffsetDateTime) -> Vec<Notice> {
        let it = &deed.written;
        let (topic, action) = match deed.did {
            Did::Wrote if it.is_from_company => ("own_comment", "ADMIN_COMMENT"),
            Did::Wrote if it.is_mention => ("mention", "SHARE_MENTION"),
            Did::Wrote => ("comment", "COMMENT"),
            Did::Edited => ("edit", "COMMENT_EDIT"),
            Did::TookBack => ("unsend", "COMMENT_DELETE"),
            Did::Reacted => ("reaction", "LIKE"),
            Did::Read => return Vec::new(),
        };
        let item = self.notification(deed, action, now);
        self.told.push((now, it.account.clone(), item.clone()));
        let hearing = self.subscriptions.keys().filter(|(_, account)| *account == it.account);
        let notice = |(app, account): &(String, String)| Notice {
            app: app.clone(),
            account: account.clone(),
            topic,
            subject: it.id.clone(),
            shelf: "notifications",
            item: item.clone(),
        };
        hearing.map(notice).collect()
    }

    fn notification(&mut self, deed: &Deed, action: &str, now: OffsetDateTime) -> Value {
        let it = &deed.written;
        let owner = if it.is_from_company { urn(&it.account) } else { it.person.clone() };
        let mut item = json!({
            "notificationId": 5_603_453_000 + self.network.town.number(), "organizationalEntity": urn(&it.account),
            "action": action, "sourcePost": it.post, "generatedActivity": short(&it.id), "subscriber": MEMBER,
            "lastModifiedAt": now.unix_timestamp() * 1_000 + i64::from(now.millisecond()),
        });
        if !self.is_bare && deed.did != Did::TookBack {
            item["decoratedSourcePost"] =
                json!({ "entity": it.post, "owner": urn(&it.account), "text": "A post", "mediaCategory": "NONE" });
            let kind = if action == "SHARE_MENTION" { "share" } else { "comment" };
            item["decoratedGeneratedActivity"] = json!({ kind: {
                "entity": it.id, "owner": owner, "object": it.post, "text": it.text,
            } });
        }
        item
    }

    /// What was told lately, for those who missed it.
    pub fn notifications(&self, form: &Form) -> Said {
        if form.get("q") != "criteria" {
            return Err(Refuse::invalid("q must be criteria"));
        }
        let actions = form.get("actions").trim_start_matches("List(").trim_end_matches(')');
        let actions: Vec<_> = actions.split(',').filter(|action| !action.is_empty()).collect();
        let entity = form.get("organizationalEntity").trim_start_matches("urn:li:organization:");
        if self.lost.contains(entity) {
            return Err(Refuse::denied("The member is not an ADMINISTRATOR of the organization"));
        }
        let bound = |name: &str| {
            let range = form.get("timeRange").trim_matches(['(', ')']);
            range.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix(':')?.parse::<i64>().ok())
        };
        let (start, end) = (bound("start"), bound("end"));
        let wanted = |(_, account, item): &&(OffsetDateTime, String, Value)| {
            let at = item["lastModifiedAt"].as_i64().unwrap_or_default();
            account == entity
                && (actions.is_empty() || actions.contains(&item["action"].as_str().unwrap_or_default()))
                && start.is_none_or(|start| at >= start)
                && end.is_none_or(|end| at < end)
        };
        let all: Vec<_> = self.told.newest().filter(wanted).map(|(_, _, item)| item.clone()).collect();
        Ok(fine(&elements(&all, form)))
    }

    pub fn calls(&self, notices: &[Notice], seal: Seal) -> Vec<Call> {
        let mut addresses: Vec<(&str, &str, Vec<&Value>)> = Vec::new();
        for notice in notices {
            let place = (notice.app.clone(), notice.account.clone());
            let Some(subscription) = self.subscriptions.get(&place).filter(|it| !it.is_blocked()) else { continue };
            let same = |(app, webhook, _): &&mut (&str, &str, Vec<&Value>)| {
                *app == notice.app && *webhook == subscription.webhook
            };
            match addresses.iter_mut().find(same) {
                Some((_, _, items)) => items.push(&notice.item),
                None => addresses.push((&notice.app, &subscription.webhook, vec![&notice.item])),
            }
        }
        let parts = addresses
            .iter()
            .flat_map(|(app, webhook, items)| items.chunks(MOST_IN_CALL).map(move |part| (app, webhook, part)));
        parts.filter_map(|(app, webhook, items)| self.call(app, webhook, items, seal)).collect()
    }

    fn call(&self, app: &str, webhook: &str, items: &[&Value], seal: Seal) -> Option<Call> {
        let app = self.network.apps.get(app)?;
        let secret = match seal {
            Seal::Right => &app.secret,
            Seal::OldSecret => app.old_secret.as_deref().unwrap_or("an_old_secret"),
            Seal::Wrong => "a_wrong_secret",
        };
        let body = json!({ "type": KIND, "notifications": items }).to_string();
        let signature = sealed(secret, &body);
        Some(Call::post_json(Url::parse(webhook).ok()?, body).with_header("x-li-signature", signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "linkedin_client_secret_EXAMPLE_0001";

    #[test]
    fn the_contracts_vectors_are_signed_alike() {
        let response = sign(SECRET, b"890e4665-4dfe-4ab1-b689-ed553bceeed0");
        assert_eq!(response, "35d8652cc3a6e3b4c21fdc91ee4f5848f0f7766d9955a41ce534778c75f24508");
        let body = r#"{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[{"notificationId":4406004,"organizationalEntity":"urn:li:organization:12345","action":"COMMENT","lastModifiedAt":1760000000000}]}"#;
        assert_eq!(sealed(SECRET, body), "3e89073829d033db2af6a34639c7afd72db869fcaec93272ca1dc1f0cf679a3a");
        let without = "409e33b08faedd1738c30dd4010ae5416bc76c89179182da9dc99ab0cee3fc5a";
        assert_eq!(sign(SECRET, body.as_bytes()), without);
    }
}
