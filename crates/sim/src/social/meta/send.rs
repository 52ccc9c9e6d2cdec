//! Sending as a page: messages within their window, private answers to comments, answers in public.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use url::Url;

use super::{Caller, Fault, Meta, QUOTA, Said, fine, hour, percent};
use crate::{
    outward::{Ask, Call, Heard, Here},
    simulator::{Answer, Effect, Request},
    social::{
        acts::{Deed, Did, blank},
        form::Form,
        town::{File, Written, mark},
    },
};

const WINDOW: Duration = Duration::hours(24);
const HUMAN_AGENT_WINDOW: Duration = Duration::days(7);
const PRIVATE_ANSWER_WINDOW: Duration = Duration::days(7);
const MOST_METADATA: usize = 1_000;
const MOST_CHARACTERS: usize = 2_000;
const MOST_INSTAGRAM_BYTES: usize = 1_000;
const MOST_COMMENT: usize = 8_000;
const MOST_INSTAGRAM_COMMENT: usize = 2_200;
const ATTACHMENTS: [&str; 4] = ["image", "audio", "video", "file"];

/// Largest file that is fetched.
const MOST_FILE: usize = 25 * 1024 * 1024;

/// A message whose file is being fetched.
#[derive(Serialize, Deserialize)]
struct Waiting {
    caller: Caller,
    person: String,
    draft: Draft,
    usage: Option<(String, u64, u64)>,
}

/// Who may fetch a file stands behind its address.
pub fn link_secret(form: &Form) -> Option<String> {
    let message = form.value("message");
    let url = Url::parse(message["attachment"]["payload"]["url"].as_str()?).ok()?;
    url.query().map(str::to_owned)
}

fn unfetched() -> Fault {
    Fault::parameter("Failed to fetch the file from the url.").sub(2_018_008)
}

/// A message that may be sent.
#[derive(Serialize, Deserialize)]
struct Draft {
    text: String,
    file: Option<File>,
    metadata: Option<String>,
    reply_to: Option<String>,
}

impl Meta {
    pub fn send(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.page_caller(id, request, form, now)?;
        self.count_send(&caller, now)?;
        let (recipient, message) = (form.value("recipient"), form.value("message"));
        if let Some(action) = form.find("sender_action") {
            return self.sender_action(&caller, action, &recipient, &message);
        }
        let draft = self.draft(&message)?;
        let person = match recipient["comment_id"].as_str() {
            Some(comment) => self.private_answer(&caller, comment, now)?,
            None => self.recipient(&caller, &recipient)?,
        };
        if recipient["comment_id"].is_null() {
            self.check_window(&caller, &person, form, now)?;
        }
        match draft.file {
            Some(_) => self.fetch(&caller, person, draft),
            None => Ok(self.deliver(&caller, &person, draft, now)),
        }
    }

    /// A file is fetched from its address before the message is there.
    fn fetch(&self, caller: &Caller, person: String, draft: Draft) -> Said {
        let url = draft.file.as_ref().and_then(|file| Url::parse(&file.url).ok());
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(unfetched)?;
        let waiting = Waiting { caller: caller.clone(), person, draft, usage: self.usage.clone() };
        let about = serde_json::to_value(waiting).map_err(|_| Fault::temporary())?;
        Ok(Answer::pending(Ask { topic: "file", call: Call::fetch(url, MOST_FILE), about }))
    }

    /// What it is has to be what was said of it.
    pub fn fetched(&mut self, about: &Value, heard: &Heard, now: OffsetDateTime) -> Answer {
        let Ok(Waiting { caller, person, draft, usage }) = Waiting::deserialize(about) else {
            return Fault::temporary().into_answer();
        };
        self.usage = usage;
        let kind = draft.file.as_ref().map_or("", |file| file.kind.as_str());
        let is_it = match heard {
            Heard::Answer { status: 200, content_type, body } => {
                !body.is_empty() && (kind == "file" || content_type.split('/').next() == Some(kind))
            }
            _ => false,
        };
        let answer = if is_it { self.deliver(&caller, &person, draft, now) } else { unfetched().into_answer() };
        self.with_usage(answer)
    }

    fn count_send(&mut self, caller: &Caller, now: OffsetDateTime) -> Result<(), Fault> {
        let count = self.sends.count(caller.owner.clone(), hour(now));
        let most = self.network.sends.unwrap_or(QUOTA);
        if let Some((_, _, sends)) = &mut self.usage {
            *sends = percent(count, most);
        }
        if count <= most {
            return Ok(());
        }
        let code = if self.is_instagram() { 80_002 } else { 80_006 };
        Err(Fault::new(code, "There have been too many calls to this messaging account. Wait a bit and try again."))
    }

    fn sender_action(&self, caller: &Caller, action: &str, recipient: &Value, message: &Value) -> Said {
        if !message.is_null() {
            return Err(Fault::parameter("Cannot send a message together with sender_action"));
        }
        if !["mark_seen", "typing_on", "typing_off"].contains(&action) {
            return Err(Fault::parameter("Param sender_action must be one of {MARK_SEEN, TYPING_ON, TYPING_OFF}"));
        }
        let person = self.recipient(caller, recipient)?;
        Ok(fine(&json!({ "recipient_id": person })))
    }

    fn draft(&self, message: &Value) -> Result<Draft, Fault> {
        let text = message["text"].as_str().unwrap_or_default().to_owned();
        let is_long = if self.is_instagram() {
            text.len() > MOST_INSTAGRAM_BYTES
        } else {
            text.chars().count() > MOST_CHARACTERS
        };
        if is_long {
            let most = if self.is_instagram() { MOST_INSTAGRAM_BYTES } else { MOST_CHARACTERS };
            return Err(Fault::parameter(format!(
                "Length of param message[text] must be less than or equal to {most}"
            )));
        }
        let metadata = message["metadata"].as_str().map(str::to_owned);
        if metadata.as_ref().is_some_and(|metadata| metadata.chars().count() > MOST_METADATA) {
            return Err(Fault::parameter("Length of param message[metadata] must be less than or equal to 1000"));
        }
        let attachment = &message["attachment"];
        let file = match attachment["type"].as_str() {
            None => None,
            Some(kind) if ATTACHMENTS.contains(&kind) => {
                let url = attachment["payload"]["url"].as_str();
                let url = url.ok_or_else(|| Fault::parameter("Param message[attachment][payload] needs a url"))?;
                Some(File { kind: kind.to_owned(), url: url.to_owned() })
            }
            Some(_) => {
                return Err(Fault::parameter("Param message[attachment][type] is not one of those that are supported"));
            }
        };
        if text.is_empty() && file.is_none() {
            return Err(Fault::parameter("Message cannot be empty, must provide valid attachment or text"));
        }
        if !text.is_empty() && file.is_some() {
            return Err(Fault::parameter("Only one of the text or attachment can be specified"));
        }
        let reply_to = message["reply_to"]["mid"].as_str().map(str::to_owned);
        Ok(Draft { text, file, metadata, reply_to })
    }

    /// Somebody who has written to the page; an id of another page's world means nobody.
    fn recipient(&self, caller: &Caller, recipient: &Value) -> Result<String, Fault> {
        let id = recipient["id"].as_str().ok_or_else(|| Fault::parameter("The parameter recipient is required"))?;
        let town = &self.network.town;
        if town.last_heard(&caller.owner, id).is_none() {
            let subcode = if self.is_instagram() { 2_534_014 } else { 2_018_001 };
            return Err(Fault::parameter("No matching user found").sub(subcode));
        }
        if town.people.get(id).is_some_and(|person| person.is_blocking) {
            return Err(Fault::new(551, "This person isn't available right now."));
        }
        if town.accounts.get(&caller.owner).is_some_and(|account| account.is_restricted) {
            return Err(Fault::new(10, "This Page is temporarily restricted from sending messages.").sub(1_893_063));
        }
        Ok(id.to_owned())
    }

    fn check_window(&self, caller: &Caller, person: &str, form: &Form, now: OffsetDateTime) -> Result<(), Fault> {
        let age = self.network.town.last_heard(&caller.owner, person).map_or(Duration::MAX, |last| now - last);
        let closed = || {
            let subcode = if self.is_instagram() { 2_534_022 } else { 2_018_278 };
            Fault::new(10, "This message is sent outside of allowed window.").sub(subcode)
        };
        let is_open = match form.get("messaging_type") {
            "" | "RESPONSE" | "UPDATE" if form.get("tag").is_empty() => age <= WINDOW,
            "" | "MESSAGE_TAG" => match form.get("tag") {
                "HUMAN_AGENT" if self.network.apps.get(&caller.app).is_some_and(|app| app.human_agent) => {
                    age <= HUMAN_AGENT_WINDOW
                }
                "HUMAN_AGENT" => {
                    let sentence = "This app is not allowed to use the HUMAN_AGENT tag: the feature was not approved.";
                    return Err(Fault::new(10, sentence));
                }
                "" => return Err(Fault::parameter("The parameter tag is required for messaging_type MESSAGE_TAG")),
                _ => return Err(Fault::parameter("Param tag is not a tag that can be used; use a utility template")),
            },
            "RESPONSE" | "UPDATE" => return Err(Fault::parameter("A tag needs messaging_type MESSAGE_TAG")),
            "UTILITY" => return Err(Fault::parameter("A utility message needs an approved template")),
            _ => {
                return Err(Fault::parameter(
                    "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}",
                ));
            }
        };
        if is_open { Ok(()) } else { Err(closed()) }
    }

    /// One message to whoever commented, within seven days, once.
    fn private_answer(&mut self, caller: &Caller, comment: &str, now: OffsetDateTime) -> Result<String, Fault> {
        let found =
            self.network.town.find(comment).filter(|it| it.is_comment() && it.account == caller.owner && !it.is_gone);
        let found = found.ok_or_else(|| Fault::missing(comment))?;
        if now - found.at > PRIVATE_ANSWER_WINDOW {
            return Err(Fault::new(10, "This comment is too old for a private reply.").sub(2_534_025));
        }
        let person = found.person.clone();
        if !self.answered.insert(comment.to_owned()) {
            return Err(Fault::new(100, "Activity already replied to").sub(2_534_023));
        }
        Ok(person)
    }

    fn deliver(&mut self, caller: &Caller, person: &str, draft: Draft, now: OffsetDateTime) -> Answer {
        let here = Here { now, base: String::new() };
        let id = (self.network.ids.message)(self.network.town.number());
        let written = Written {
            is_from_company: true,
            app: Some(caller.app.clone()),
            text: draft.text,
            file: draft.file,
            metadata: draft.metadata,
            parent: draft.reply_to,
            ..blank(id.clone(), caller.owner.clone(), person.to_owned(), &here)
        };
        let seen = written.file.as_ref().map_or(&written.text, |file| &file.url);
        let effect = Effect {
            what: "message_visible",
            place: format!("{}/{person}", caller.owner),
            id: mark(written.metadata.as_deref(), seen),
        };
        self.network.town.write(written.clone());
        let mut notices = self.notices(&Deed { did: Did::Wrote, written: written.clone() });
        notices.extend(self.delivered(&written));
        fine(&json!({ "recipient_id": person, "message_id": id })).with_effect(effect).with_notices(notices)
    }

    /// In public, under a comment.
    pub fn answer_comment(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.page_caller("me", request, form, now)?;
        let text = form.get("message");
        let most = if self.is_instagram() { MOST_INSTAGRAM_COMMENT } else { MOST_COMMENT };
        if text.is_empty() {
            return Err(Fault::parameter("The parameter message is required"));
        }
        if text.chars().count() > most {
            return Err(Fault::parameter(format!("Length of param message must be less than or equal to {most}")));
        }
        let parent =
            self.network.town.find(id).filter(|it| it.is_comment() && it.account == caller.owner && !it.is_gone);
        let parent = parent.ok_or_else(|| Fault::missing(id))?.clone();
        let post = parent.post.unwrap_or_default();
        let here = Here { now, base: String::new() };
        let comment = (self.network.ids.comment)(&post, self.network.town.number());
        let written = Written {
            is_from_company: true,
            app: Some(caller.app.clone()),
            post: Some(post),
            parent: Some(parent.id),
            text: text.to_owned(),
            ..blank(comment.clone(), caller.owner, parent.person, &here)
        };
        let effect = Effect { what: "comment_visible", place: id.to_owned(), id: mark(None, text) };
        self.network.town.write(written.clone());
        let notices = self.notices(&Deed { did: Did::Wrote, written });
        Ok(fine(&json!({ "id": comment })).with_effect(effect).with_notices(notices))
    }
}
