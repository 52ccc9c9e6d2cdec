//! What subscribers are told, and how: items in envelopes, signed over bytes in which nothing but ASCII stands; and the
//! question that a callback must answer before it is told anything.

use std::{collections::BTreeSet, fmt::Write, io};

use aws_lc_rs::hmac;
use rand::random;
use serde::Serialize;
use serde_json::{Value, json, ser::Formatter};
use time::OffsetDateTime;
use url::Url;

use super::{Fault, Meta, fine};
use crate::{
    outward::{Acted, Ask, Call, Heard, Notice, Seal},
    simulator::{Answer, Refused},
    social::{
        acts::{Deed, Did},
        town::{Written, millis},
    },
};

const FIELDS: [&str; 18] = [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_edits",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_handovers",
    "messaging_optins",
    "messaging_seen",
    "standby",
    "feed",
    "mention",
    "messaging_policy_enforcement",
    "comments",
    "live_comments",
    "mentions",
];
/// A native answer comes from Meta's own inbox.
const INBOX_APP: u64 = 263_902_037_430_900;

pub fn all_fields() -> BTreeSet<String> {
    FIELDS.map(str::to_owned).into()
}

pub fn proof(secret: &str, token: &str) -> String {
    sign(hmac::HMAC_SHA256, secret, token.as_bytes())
}

fn sign(algorithm: hmac::Algorithm, secret: &str, body: &[u8]) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), body))
}

/// The question to a callback. None when the address is none.
pub fn question(app: &str, callback: &str, token: &str) -> Option<Ask> {
    let mut url = Url::parse(callback).ok()?;
    let challenge = (u64::from(random::<u32>()) + 1_000_000_000).to_string();
    url.query_pairs_mut().extend_pairs([
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", token),
    ]);
    Some(Ask {
        topic: "handshake",
        call: Call::get(url),
        about: json!({ "app": app, "callback": callback, "challenge": challenge }),
    })
}

impl Meta {
    /// Asks the callback of an app on demand; `verify_token` asks with a wrong one.
    pub fn handshake(&self, given: &Value) -> Result<Acted, Refused> {
        let app = match given["app"].as_str() {
            Some(id) => self.network.apps.get(id),
            None => self.network.apps.values().next(),
        };
        let app = app.ok_or_else(|| Refused::Missing("there is no such app; make one with `seed`".to_owned()))?;
        let callback = given["callback"].as_str().or(app.callback.as_deref());
        let callback = callback.ok_or_else(|| Refused::Invalid("say where with `callback`".to_owned()))?;
        let ask = question(&app.id, callback, given["verify_token"].as_str().unwrap_or(&app.verify_token));
        let ask = ask.ok_or_else(|| Refused::Invalid("`callback` is no address".to_owned()))?;
        Ok(Acted { ask: Some(ask), ..Acted::default() })
    }

    pub fn verified(&mut self, about: &Value, heard: &Heard) -> Answer {
        let right = about["challenge"].as_str().unwrap_or_default();
        let said = match heard {
            Heard::Answer { status: 200, body, .. } if body == right.as_bytes() => Ok(()),
            Heard::Answer { status: 200, .. } => Err("the challenge was not returned".to_owned()),
            Heard::Answer { status, .. } => Err(format!("HTTP Status Code = {status}")),
            Heard::Nothing => Err("the callback could not be reached".to_owned()),
        };
        if let Err(why) = said {
            let sentence = format!("Callback verification failed with the following errors: {why}");
            return Fault::new(2_200, sentence).into_answer();
        }
        if let Some(app) = about["app"].as_str().and_then(|app| self.network.apps.get_mut(app)) {
            app.callback = about["callback"].as_str().map(str::to_owned);
        }
        fine(&json!({ "success": true }))
    }

    /// What is told of a deed, to each app that wants to hear it.
    pub fn notices(&self, deed: &Deed) -> Vec<Notice> {
        let it = &deed.written;
        let Some((topic, field, shelf, item)) =
            (if it.is_comment() { self.change(deed) } else { self.messaging(deed) })
        else {
            return Vec::new();
        };
        self.to_subscribers(it, topic, field, shelf, &item)
    }

    fn to_subscribers(
        &self,
        it: &Written,
        topic: &'static str,
        field: &str,
        shelf: &'static str,
        item: &Value,
    ) -> Vec<Notice> {
        let Some(account) = self.network.town.accounts.get(&it.account) else { return Vec::new() };
        let wanting = account.subscriptions.iter().filter(|(_, fields)| fields.contains(field));
        let notice = |(app, _): (&String, _)| Notice {
            app: app.clone(),
            account: it.account.clone(),
            topic,
            subject: it.id.clone(),
            shelf,
            item: item.clone(),
        };
        wanting.map(notice).collect()
    }

    fn messaging(&self, deed: &Deed) -> Option<(&'static str, &'static str, &'static str, Value)> {
        let it = &deed.written;
        let (topic, field, key, value) = match deed.did {
            Did::Wrote if it.is_from_company => {
                let field = if self.is_instagram() { "messages" } else { "message_echoes" };
                ("echo", field, "message", Self::body(it))
            }
            Did::Wrote => ("message", "messages", "message", Self::body(it)),
            Did::Edited if self.is_instagram() => return None,
            Did::Edited => (
                "edit",
                "message_edits",
                "message_edit",
                json!({ "mid": it.id, "text": it.text, "num_edit": it.edits }),
            ),
            Did::TookBack => ("unsend", "messages", "message", json!({ "mid": it.id, "is_deleted": true })),
            Did::Reacted => ("reaction", "message_reactions", "reaction", reaction(it)),
            Did::Read if self.is_instagram() => ("read", "messaging_seen", "read", json!({ "mid": it.id })),
            Did::Read => ("read", "message_reads", "read", json!({ "watermark": it.millis() })),
        };
        let is_ours = it.is_from_company && matches!(deed.did, Did::Wrote);
        let (from, to) = if is_ours { (&it.account, &it.person) } else { (&it.person, &it.account) };
        let at = it.millis() + i64::from(it.edits);
        let mut item = json!({ "sender": { "id": from }, "recipient": { "id": to }, "timestamp": at });
        item[key] = value;
        Some((topic, field, "messaging", item))
    }

    fn body(it: &Written) -> Value {
        let mut body = json!({ "mid": it.id });
        if !it.text.is_empty() {
            body["text"] = json!(it.text);
        }
        if let Some(file) = &it.file {
            body["attachments"] = json!([{ "type": file.kind, "payload": { "url": file.url } }]);
        }
        if let Some(parent) = &it.parent {
            body["reply_to"] = json!({ "mid": parent });
        }
        if it.is_from_company {
            body["is_echo"] = json!(true);
            let app = it.app.as_deref().and_then(|app| app.parse::<u64>().ok());
            body["app_id"] = json!(app.unwrap_or(INBOX_APP));
            if let Some(metadata) = &it.metadata {
                body["metadata"] = json!(metadata);
            }
        }
        body
    }

    /// After the echo: that it arrived. Messenger only.
    pub fn delivered(&self, it: &Written) -> Vec<Notice> {
        if self.is_instagram() {
            return Vec::new();
        }
        let item = json!({
            "sender": { "id": it.person }, "recipient": { "id": it.account }, "timestamp": it.millis(),
            "delivery": { "mids": [it.id], "watermark": it.millis() },
        });
        self.to_subscribers(it, "delivery", "message_deliveries", "messaging", &item)
    }

    fn change(&self, deed: &Deed) -> Option<(&'static str, &'static str, &'static str, Value)> {
        let it = &deed.written;
        let topic = match deed.did {
            Did::Wrote if it.is_from_company => "own_comment",
            Did::Wrote if it.is_mention => "mention",
            Did::Wrote => "comment",
            Did::Edited => "edit",
            Did::TookBack => "unsend",
            Did::Reacted | Did::Read => return None,
        };
        // Instagram tells of new comments only.
        if self.is_instagram() && deed.did != Did::Wrote {
            return None;
        }
        let (field, value) = match (self.is_instagram(), it.is_mention) {
            (true, true) => ("mentions", json!({ "media_id": it.post, "comment_id": it.id })),
            (true, false) => ("comments", self.instagram_comment(it)),
            (false, true) => (
                "mention",
                json!({ "post_id": it.post, "comment_id": it.id, "item": "comment", "verb": "add", "sender_id": it.person,
                    "sender_name": self.network.town.person_name(&it.person), "message": it.text }),
            ),
            (false, false) => ("feed", self.feed(deed)),
        };
        Some((topic, field, "changes", json!({ "field": field, "value": value })))
    }

    fn feed(&self, deed: &Deed) -> Value {
        let it = &deed.written;
        let verb = match deed.did {
            Did::Edited => "edited",
            Did::TookBack => "remove",
            _ => "add",
        };
        let parent = it.parent.as_ref().or(it.post.as_ref());
        let mut value = json!({
            "item": "comment", "verb": verb, "comment_id": it.id, "post_id": it.post, "parent_id": parent,
            "created_time": it.at.unix_timestamp(),
        });
        if deed.did != Did::TookBack {
            value["message"] = json!(it.text);
            value["from"] = self.author(it);
            value["permalink_url"] = json!(format!("https://www.facebook.com/{}", it.id));
            value["post"] = json!({ "id": it.post, "status_type": "mobile_status_update", "is_published": true });
        }
        value
    }

    fn author(&self, it: &Written) -> Value {
        if it.is_from_company {
            let name = self.network.town.accounts.get(&it.account).map(|account| &account.name);
            return json!({ "id": it.account, "name": name });
        }
        json!({ "id": it.person, "name": self.network.town.person_name(&it.person) })
    }

    fn instagram_comment(&self, it: &Written) -> Value {
        let (id, handle) = if it.is_from_company {
            (&it.account, self.network.town.accounts.get(&it.account).map(|account| &account.handle))
        } else {
            (&it.person, self.network.town.people.get(&it.person).map(|person| &person.handle))
        };
        let mut value = json!({
            "from": { "id": id, "username": handle }, "id": it.id, "text": it.text,
            "media": { "id": it.post, "media_product_type": "FEED" },
        });
        if let Some(parent) = &it.parent {
            value["parent_id"] = json!(parent);
        }
        value
    }

    /// One call per app, with an entry per account and kind of item.
    pub fn envelopes(&self, notices: &[Notice], seal: Seal, now: OffsetDateTime) -> Vec<Call> {
        let mut apps: Vec<&str> = notices.iter().map(|notice| notice.app.as_str()).collect();
        apps.sort_unstable();
        apps.dedup();
        apps.into_iter().filter_map(|app| self.envelope(app, notices, seal, now)).collect()
    }

    fn envelope(&self, app: &str, notices: &[Notice], seal: Seal, now: OffsetDateTime) -> Option<Call> {
        let app = self.network.apps.get(app)?;
        let url = Url::parse(app.callback.as_deref()?).ok()?;
        let mut entries: Vec<Value> = Vec::new();
        for notice in notices.iter().filter(|notice| notice.app == app.id) {
            let same = |entry: &&mut Value| entry["id"] == notice.account.as_str() && entry.get(notice.shelf).is_some();
            if let Some(entry) = entries.iter_mut().find(same) {
                entry[notice.shelf].as_array_mut()?.push(notice.item.clone());
            } else {
                let time = if notice.shelf == "messaging" { millis(now) } else { now.unix_timestamp() };
                entries.push(json!({ "id": notice.account, "time": time, notice.shelf: [notice.item] }));
            }
        }
        // Instagram's bodies are spaced, and begin with the entries.
        let body = if self.is_instagram() {
            ascii(&format!("{{\"entry\": {}, \"object\": \"instagram\"}}", spaced(&Value::Array(entries))))
        } else {
            ascii(&format!("{{\"object\":\"page\",\"entry\":{}}}", Value::Array(entries)))
        };
        let secret = match seal {
            Seal::Right => &app.secret,
            Seal::OldSecret => app.old_secret.as_deref().unwrap_or("an_old_secret"),
            Seal::Wrong => "a_wrong_secret",
        };
        let new = format!("sha256={}", sign(hmac::HMAC_SHA256, secret, body.as_bytes()));
        let old = format!("sha1={}", sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret, body.as_bytes()));
        Some(Call::post_json(url, body).with_header("x-hub-signature", old).with_header("x-hub-signature-256", new))
    }
}

fn reaction(it: &Written) -> Value {
    match &it.reaction {
        Some(emoji) => json!({ "mid": it.id, "action": "react", "reaction": "love", "emoji": emoji }),
        None => json!({ "mid": it.id, "action": "unreact" }),
    }
}

/// JSON in which everything that is not ASCII is escaped.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

/// JSON with a space behind each colon and comma.
fn spaced(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
    // Writing a value into memory cannot fail.
    let _ = value.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "meta_app_secret_EXAMPLE_0001";

    #[test]
    fn the_contracts_body_is_escaped_and_signed_as_it_says() {
        let utf8 = "{\"object\":\"page\",\"entry\":[{\"id\":\"1067280970047460\",\"time\":1760000000123,\"messaging\":[{\"sender\":{\"id\":\"5489220131\"},\"recipient\":{\"id\":\"1067280970047460\"},\"timestamp\":1760000000100,\"message\":{\"mid\":\"m_AbCdEf0001\",\"text\":\"café 😀\"}}]}]}";
        let body = ascii(utf8);
        assert_eq!((utf8.len(), body.len()), (236, 248));
        let right = "ad7e1d3ccfc3e92cec190ed9f517d0d7d727dd47937796589b51b3593fa9a55d";
        assert_eq!(sign(hmac::HMAC_SHA256, SECRET, body.as_bytes()), right);
        let wrong = "a20cf254d1b6585de139af18e0929818f9ef65c1672c9be5ad2b9cb2d17ded15";
        assert_eq!(sign(hmac::HMAC_SHA256, SECRET, utf8.as_bytes()), wrong);
        let second = sign(hmac::HMAC_SHA256, SECRET, b"{\"object\": \"page\", \"entry\": []}");
        assert_eq!(second, "7c564067c1d5d95c33b1bb4bdd6392d3ed615c1a7888075e6f532913931dcd54");
    }

    #[test]
    fn the_proof_is_that_of_the_contract() {
        let proof = proof(SECRET, "EAAB_example_token");
        assert_eq!(proof, "4eafa7620c461edf2162bcf637033c5189688e386ad653f197666d27b0d02cc0");
    }

    #[test]
    fn spaces_stand_where_they_do_in_the_wild() {
        let value: Value = serde_json::from_str(r#"[{"id":"1","list":[1,2],"none":{}}]"#).unwrap();
        assert_eq!(spaced(&value), r#"[{"id": "1", "list": [1, 2], "none": {}}]"#);
    }
}
