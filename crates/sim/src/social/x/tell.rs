//! Events in both shapes: those of the activity API, one in an envelope, and those of the account activity API before it.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;

use super::X;
use crate::{
    outward::{Call, Notice, Seal},
    social::{
        acts::{Deed, Did},
        town::{Written, millis},
    },
};

pub const TYPES: [&str; 10] = [
    "dm.received",
    "dm.sent",
    "dm.read",
    "dm.indicate_typing",
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.create",
    "post.delete",
    "oauth.revoke",
];
/// Where the legacy shape puts events.
const LEGACY: &str = "account_activity";

/// As a webhook must answer and deliveries are signed: base64, not hexadecimal.
pub fn seal(secret: &str, text: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", STANDARD.encode(hmac::sign(&key, text)))
}

impl X {
    pub fn notices(&self, deed: &Deed) -> Vec<Notice> {
        let it = &deed.written;
        let (topic, types): (&'static str, &[&'static str]) = match (deed.did, it.is_comment(), it.is_from_company) {
            (Did::Wrote, false, false) => ("message", &["dm.received"]),
            (Did::Wrote, false, true) => ("echo", &["dm.sent"]),
            (Did::Wrote, true, true) => ("own_comment", &["post.create"]),
            (Did::Wrote, true, false) if it.is_mention => ("mention", &["post.mention.create"]),
            // A reply names whom it answers, so it raises both.
            (Did::Wrote, true, false) if self.is_summoned(it) => {
                ("comment", &["post.reply.create", "post.mention.create"])
            }
            (Did::TookBack, true, _) => ("unsend", &["post.delete"]),
            (Did::Read, false, _) => ("read", &["dm.read"]),
            // Nobody is told of edits, reactions and posts that do not concern them.
            _ => return Vec::new(),
        };
        let mut notices = Vec::new();
        for event_type in types {
            notices.extend(self.to_subscribers(it, topic, event_type, &self.payload(deed, event_type)));
        }
        notices.extend(self.to_legacy(deed, topic));
        notices
    }

    fn to_subscribers(&self, it: &Written, topic: &'static str, event_type: &'static str, item: &Value) -> Vec<Notice> {
        let wanting = self.subscriptions.values().filter(|sub| sub.user == it.account && sub.event_type == event_type);
        let notice = |sub: &super::Subscription| {
            let mut item = item.clone();
            if let Some(tag) = &sub.tag {
                item["tag"] = json!(tag);
            }
            Notice {
                app: sub.webhook.clone(),
                account: it.account.clone(),
                topic,
                subject: it.id.clone(),
                shelf: event_type,
                item,
            }
        };
        wanting.map(notice).collect()
    }

    /// The user took back what they allowed.
    pub fn revoked(&self, account: &str, now: OffsetDateTime) -> Vec<Notice> {
        let at = now.format(&Rfc3339).unwrap_or_default();
        let subscriptions = self.subscriptions.values();
        let wanting = subscriptions.filter(|sub| sub.event_type == "oauth.revoke" && sub.user == account);
        let notice = |sub: &super::Subscription| Notice {
            app: sub.webhook.clone(),
            account: account.to_owned(),
            topic: "revoke",
            subject: String::new(),
            shelf: "oauth.revoke",
            item: json!({ "payload": { "date_time": at, "user_id": account, "app_id": sub.app } }),
        };
        wanting.map(notice).collect()
    }

    fn payload(&self, deed: &Deed, event_type: &str) -> Value {
        let it = &deed.written;
        match event_type {
            "dm.received" | "dm.sent" => {
                let users: Map<_, _> = [&it.account, &it.person]
                    .into_iter()
                    .map(|id| (id.clone(), json!({ "data": self.user_value(id) })))
                    .collect();
                json!({ "payload": { "direct_message_events": [Self::message_event(it)], "users": users } })
            }
            "dm.read" => json!({ "payload": { "sender_id": it.person, "target": { "recipient_id": it.account },
                "created_timestamp": it.millis().to_string(), "last_read_event_id": it.id } }),
            "post.delete" => json!({ "payload": { "id": it.id, "author_id": Self::author(it) } }),
            _ => {
                json!({ "payload": self.post_value(it), "includes": { "users": [self.user_value(Self::author(it))] } })
            }
        }
    }

    fn message_event(it: &Written) -> Value {
        let (from, to) = if it.is_from_company { (&it.account, &it.person) } else { (&it.person, &it.account) };
        let mut data =
            json!({ "text": it.text, "entities": { "hashtags": [], "symbols": [], "user_mentions": [], "urls": [] } });
        if let Some(image) = it.file.as_ref().map(|file| &file.url) {
            data["attachment"] = json!({ "type": "media", "media": { "id_str": format!("m{}", it.id), "media_url_https": image, "type": "photo" } });
        }
        json!({
            "type": "message_create", "id": it.id, "created_timestamp": it.millis().to_string(),
            "message_create": { "target": { "recipient_id": to }, "sender_id": from, "message_data": data },
        })
    }

    fn to_legacy(&self, deed: &Deed, topic: &'static str) -> Vec<Notice> {
        let it = &deed.written;
        let (list, item) = match (deed.did, it.is_comment()) {
            (Did::Wrote, false) => ("direct_message_events", Self::message_event(it)),
            (Did::Wrote, true) => ("tweet_create_events", self.legacy_post(it)),
            (Did::Read, false) => (
                "direct_message_mark_read_events",
                json!({ "created_timestamp": it.millis().to_string(), "sender_id": it.person,
                    "target": { "recipient_id": it.account }, "last_read_event_id": it.id }),
            ),
            (Did::TookBack, true) => (
                "tweet_delete_events",
                json!({ "status": { "id": it.id, "user_id": Self::author(it) }, "timestamp_ms": it.millis().to_string() }),
            ),
            _ => return Vec::new(),
        };
        let item = json!({ "list": list, "item": item });
        let hooks = self.account_activity.iter().filter(|(_, user)| *user == it.account);
        let notice = |(webhook, user): &(String, String)| Notice {
            app: webhook.clone(),
            account: user.clone(),
            topic,
            subject: it.id.clone(),
            shelf: LEGACY,
            item: item.clone(),
        };
        hooks.map(notice).collect()
    }

    fn legacy_post(&self, it: &Written) -> Value {
        let author = self.user_value(Self::author(it));
        json!({
            "id_str": it.id, "text": it.text, "truncated": false, "in_reply_to_status_id_str": it.parent.as_ref().or(it.post.as_ref()),
            "user": { "id_str": author["id"], "screen_name": author["username"], "name": author["name"] },
            "timestamp_ms": it.millis().to_string(), "entities": { "user_mentions": [] },
        })
    }

    /// Direct messages of one kind share a call; everything else has its own.
    pub fn calls(&self, notices: &[Notice], seal: Seal) -> Vec<Call> {
        let mut bodies: Vec<(&Notice, Value)> = Vec::new();
        for notice in notices {
            let same = |(other, _): &&mut (&Notice, Value)| {
                (&other.app, &other.account, other.shelf) == (&notice.app, &notice.account, notice.shelf)
            };
            let joined = bodies.iter_mut().find(same).is_some_and(|(_, body)| join(body, notice));
            if !joined {
                bodies.push((notice, Self::envelope(notice)));
            }
        }
        bodies.into_iter().filter_map(|(notice, body)| self.call(notice, &body, seal)).collect()
    }

    fn envelope(notice: &Notice) -> Value {
        if notice.shelf == LEGACY {
            // What is garbage stands where messages do.
            let list = notice.item["list"].as_str().unwrap_or("direct_message_events");
            let item = notice.item.get("item").unwrap_or(&notice.item);
            return json!({ "for_user_id": notice.account, list: [item] });
        }
        let filter = if notice.shelf == "oauth.revoke" { json!({}) } else { json!({ "user_id": notice.account }) };
        let payload = match notice.item.get("payload") {
            Some(payload) => payload.clone(),
            None if notice.shelf.starts_with("dm.") => json!({ "direct_message_events": [notice.item] }),
            None => notice.item.clone(),
        };
        let mut data = json!({
            // As X has them: numbers that may be below zero, in a string.
            "event_uuid": uuid(notice), "filter": filter, "event_type": notice.shelf, "payload": payload,
        });
        for name in ["tag", "includes"] {
            if let Some(value) = notice.item.get(name) {
                data[name] = value.clone();
            }
        }
        json!({ "data": data })
    }

    fn call(&self, notice: &Notice, body: &Value, how: Seal) -> Option<Call> {
        let hook = self.hooks.get(&notice.app).filter(|hook| hook.is_valid)?;
        let app = self.network.apps.get(&hook.app)?;
        let secret = match how {
            Seal::Right => &app.secret,
            Seal::OldSecret => app.old_secret.as_deref().unwrap_or("an_old_secret"),
            Seal::Wrong => "a_wrong_secret",
        };
        let body = body.to_string();
        let signature = seal(secret, body.as_bytes());
        Some(Call::post_json(Url::parse(&hook.url).ok()?, body).with_header("x-twitter-webhooks-signature", signature))
    }

    pub fn author(it: &Written) -> &str {
        if it.is_from_company { &it.account } else { &it.person }
    }

    pub fn user_value(&self, id: &str) -> Value {
        let town = &self.network.town;
        let (name, handle) = match (town.accounts.get(id), town.people.get(id)) {
            (Some(account), _) => (account.name.as_str(), account.handle.as_str()),
            (None, Some(person)) => (person.name.as_str(), person.handle.as_str()),
            _ => ("", ""),
        };
        json!({ "id": id, "name": name, "username": handle })
    }
}

/// The same event is told with the same number, however often.
fn uuid(notice: &Notice) -> String {
    let text = format!("{}{}{}", notice.app, notice.shelf, notice.subject);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let bytes: [u8; 8] = std::array::from_fn(|at| digest.as_ref()[at]);
    i64::from_be_bytes(bytes).to_string()
}

/// False when the two cannot stand in one call.
fn join(body: &mut Value, notice: &Notice) -> bool {
    let (events, items) = if notice.shelf == LEGACY {
        let list = notice.item["list"].as_str().unwrap_or("direct_message_events");
        (body.get_mut(list), vec![notice.item.get("item").unwrap_or(&notice.item).clone()])
    } else {
        let events = body.get_mut("data").and_then(|data| data.get_mut("payload")?.get_mut("direct_message_events"));
        let given = notice.item["payload"]["direct_message_events"].as_array().cloned();
        (events, given.unwrap_or_else(|| vec![notice.item.clone()]))
    };
    let Some(Value::Array(events)) = events else { return false };
    events.extend(items);
    if let (Some(Value::Object(users)), Some(more)) = (
        body.get_mut("data").and_then(|data| data.get_mut("payload")?.get_mut("users")),
        notice.item["payload"]["users"].as_object(),
    ) {
        users.extend(more.clone());
    }
    true
}

pub fn iso(it: &Written) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis(it.at)) * 1_000_000).unwrap_or(it.at);
    at.format(time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "x_consumer_secret_EXAMPLE_0001";

    #[test]
    fn the_contracts_vectors_are_sealed_alike() {
        assert_eq!(seal(SECRET, b"challenge_string"), "sha256=p8LZoG2pKzb+dU0UI5B45WWXwgfkAerQdv6JtH/5LXM=");
        let body = r#"{"for_user_id":"4337869213","direct_message_events":[{"type":"message_create","id":"954491830116155396","created_timestamp":"1516403560557","message_create":{"target":{"recipient_id":"4337869213"},"sender_id":"3001969357","message_data":{"text":"Hello World!"}}}]}"#;
        assert_eq!(body.len(), 264);
        assert_eq!(seal(SECRET, body.as_bytes()), "sha256=j23lFVdmH/IZ9zAvkql829VMKa82m6khnIklmKqJvZ4=");
    }
}
