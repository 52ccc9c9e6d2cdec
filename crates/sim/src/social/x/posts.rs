//! Sending and reading: direct messages, and posts. A reply to a post whose author did not ask for one is refused, and so
//! is a text that was posted before.

use axum::http::StatusCode;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{Problem, Said, X, length, tell};
use crate::{
    outward::Here,
    simulator::{Answer, Effect, Request},
    social::{
        acts::{Deed, Did, blank},
        form::Form,
        town::{File, Written, mark},
    },
};

const MOST_MESSAGE: usize = 10_000;
const KEPT: Duration = Duration::days(30);
const SAME_TEXT: Duration = Duration::hours(24);
const SEARCHED: Duration = Duration::days(7);

impl X {
    pub fn me(&mut self, request: &Request, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        let user = Self::user_of(&caller)?;
        self.count(&user, "", now)?;
        Ok(fine(&json!({ "data": self.user_value(&user) })))
    }

    pub fn user(&mut self, id: &str, request: &Request, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        self.count(&caller.app, "", now)?;
        let town = &self.network.town;
        let is_there = town.accounts.contains_key(id) || town.people.contains_key(id);
        if is_there { Ok(fine(&json!({ "data": self.user_value(id) }))) } else { Err(Problem::not_found("user", id)) }
    }

    pub fn send_message(&mut self, person: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        let user = Self::user_of(&caller)?;
        self.count(&user, "message", now)?;
        let text = form.get("text");
        let media = form.body["attachments"][0]["media_id"].as_str();
        if text.is_empty() && media.is_none() {
            return Err(Problem::invalid("text", "text or attachments is required"));
        }
        if text.chars().count() > MOST_MESSAGE {
            return Err(Problem::invalid("text", "text may have up to 10000 characters"));
        }
        let known = self
            .network
            .town
            .people
            .get(person)
            .ok_or_else(|| Problem::invalid("participant_id", "there is no such user"))?;
        if known.is_blocking {
            return Err(Problem::forbidden("You cannot send messages to this user."));
        }
        let id = (self.network.ids.message)(self.network.town.number());
        let here = Here { now, base: String::new() };
        let written = Written {
            is_from_company: true,
            app: Some(caller.app),
            text: text.to_owned(),
            file: media.map(|media| File::image(media.to_owned())),
            ..blank(id.clone(), user.clone(), person.to_owned(), &here)
        };
        let seen = if text.is_empty() { media.unwrap_or_default() } else { text };
        let effect = Effect { what: "message_visible", place: format!("{user}/{person}"), id: mark(None, seen) };
        self.network.town.write(written.clone());
        let notices = self.notices(&Deed { did: Did::Wrote, written });
        let body = json!({ "data": { "dm_conversation_id": conversation(&user, person), "dm_event_id": id } });
        Ok(Answer::json(StatusCode::CREATED, &body).with_effect(effect).with_notices(notices))
    }

    /// Newest first, of the last thirty days.
    pub fn events(&mut self, person: Option<&str>, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        let user = Self::user_of(&caller)?;
        self.count(&user, "events", now)?;
        let wanted = |it: &&Written| {
            !it.is_comment()
                && it.account == user
                && person.is_none_or(|person| person == it.person)
                && !it.is_gone
                && now - it.at <= KEPT
        };
        let all: Vec<_> = self.network.town.newest().filter(wanted).collect();
        let (part, mut meta) = page(&all, 1, 100, form)?;
        let data: Vec<_> = part
            .iter()
            .map(|it| {
                json!({ "id": it.id, "event_type": "MessageCreate", "text": it.text, "sender_id": Self::author(it),
                "dm_conversation_id": conversation(&it.account, &it.person), "created_at": tell::iso(it) })
            })
            .collect();
        meta["result_count"] = json!(data.len());
        let includes = self.users(part);
        Ok(fine(&listed(&data, &includes, &meta)))
    }

    fn users(&self, part: &[&Written]) -> Value {
        let mut ids: Vec<_> = part.iter().map(|it| Self::author(it)).collect();
        ids.sort_unstable();
        ids.dedup();
        json!({ "users": ids.into_iter().map(|id| self.user_value(id)).collect::<Vec<_>>() })
    }

    /// Whether the author asked the company to answer: by its name, or by writing below its own post.
    pub fn is_summoned(&self, it: &Written) -> bool {
        let handle =
            self.network.town.accounts.get(&it.account).map(|account| format!("@{}", account.handle.to_lowercase()));
        let is_below = it.post.as_deref() == Some((self.network.ids.post)(&it.account, 0).as_str());
        let is_named = handle.is_some_and(|handle| handle.len() > 1 && it.text.to_lowercase().contains(&handle));
        it.is_mention || is_below || is_named
    }

    pub fn create_post(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        let user = Self::user_of(&caller)?;
        self.count(&user, "post", now)?;
        let text = form.get("text");
        let parent = form.body["reply"]["in_reply_to_tweet_id"].as_str();
        let weight = if parent.is_some() { length::of_reply(text) } else { length::of(text) };
        if text.is_empty() || weight > length::MOST {
            return Err(Problem::invalid("text", "Your Tweet text is too long, or there is none."));
        }
        let same = |it: &&Written| {
            it.is_from_company
                && it.is_comment()
                && it.account == user
                && it.text == text
                && !it.is_gone
                && now - it.at <= SAME_TEXT
        };
        if self.network.town.newest().any(|it| same(&it)) {
            return Err(Problem::forbidden("You are not allowed to create a Tweet with duplicate content."));
        }
        let answered = match parent {
            None => None,
            Some(id) => Some(self.answered(id, &user)?),
        };
        Ok(self.post_it(caller.app, &user, text, answered, now))
    }

    fn answered(&self, id: &str, user: &str) -> Result<Written, Problem> {
        let found = self.network.town.find(id).filter(|it| it.is_comment() && !it.is_gone);
        let found = found.ok_or_else(|| {
            Problem::forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
        })?;
        if found.account != user || !(found.is_from_company || self.is_summoned(found)) {
            let detail = "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.";
            return Err(Problem::forbidden(detail));
        }
        Ok(found.clone())
    }

    fn post_it(
        &mut self,
        app: String,
        user: &str,
        text: &str,
        answered: Option<Written>,
        now: OffsetDateTime,
    ) -> Answer {
        let here = Here { now, base: String::new() };
        let number = self.network.town.number();
        let post =
            answered.as_ref().and_then(|it| it.post.clone()).unwrap_or_else(|| (self.network.ids.post)(user, number));
        let id = if answered.is_some() { (self.network.ids.comment)(&post, number) } else { post.clone() };
        let person = answered.as_ref().map(|it| it.person.clone()).unwrap_or_default();
        let parent = answered.map(|it| it.id);
        let place = parent.clone().unwrap_or_else(|| user.to_owned());
        let written = Written {
            is_from_company: true,
            app: Some(app),
            post: Some(post),
            parent,
            text: text.to_owned(),
            ..blank(id.clone(), user.to_owned(), person, &here)
        };
        self.network.town.write(written.clone());
        let notices = self.notices(&Deed { did: Did::Wrote, written });
        let effect = Effect { what: "comment_visible", place, id: mark(None, text) };
        let body = json!({ "data": { "id": id, "text": text, "edit_history_tweet_ids": [id] } });
        Answer::json(StatusCode::CREATED, &body).with_effect(effect).with_notices(notices)
    }

    pub fn post_value(&self, it: &Written) -> Value {
        let account = self.network.town.accounts.get(&it.account);
        let handle = account.map(|account| account.handle.as_str()).unwrap_or_default();
        let mut value = json!({
            "id": it.id, "text": it.text, "author_id": Self::author(it), "created_at": tell::iso(it), "conversation_id": it.post,
            "edit_history_tweet_ids": [it.id],
        });
        if let Some(answered) = it.parent.as_ref().or(it.post.as_ref()).filter(|id| **id != it.id) {
            value["referenced_tweets"] = json!([{ "type": "replied_to", "id": answered }]);
            value["in_reply_to_tweet_id"] = json!(answered);
            value["in_reply_to_user_id"] =
                json!(if it.is_mention || it.is_from_company { &it.person } else { &it.account });
        }
        if !it.is_from_company && self.is_summoned(it) {
            value["entities"] =
                json!({ "mentions": [{ "start": 0, "end": handle.len() + 1, "username": handle, "id": it.account }] });
        }
        value
    }

    pub fn post(&mut self, id: &str, request: &Request, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        self.count(&caller.app, "", now)?;
        let found = self.network.town.find(id).filter(|it| it.is_comment() && !it.is_gone);
        let found = found.ok_or_else(|| Problem::not_found("tweet", id))?;
        Ok(fine(
            &json!({ "data": self.post_value(found), "includes": { "users": [self.user_value(Self::author(found))] } }),
        ))
    }

    pub fn mentions(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        self.count(caller.user.as_deref().unwrap_or(&caller.app), "mentions", now)?;
        let wanted = |it: &&Written| it.account == id && !it.is_from_company && self.is_summoned(it);
        self.list(form, 5, wanted)
    }

    /// What an account posted itself, its answers among it.
    pub fn posts_of(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        self.count(caller.user.as_deref().unwrap_or(&caller.app), "", now)?;
        self.list(form, 5, |it| it.account == id && it.is_from_company)
    }

    /// What a query asks for: `conversation_id:ID` and `to:name`; other words must stand in the text.
    pub fn search(&mut self, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, now)?;
        self.count(caller.user.as_deref().unwrap_or(&caller.app), "", now)?;
        let query = form.get("query");
        if query.is_empty() {
            return Err(Problem::invalid("query", "query is required"));
        }
        let handle_of =
            |it: &Written| self.network.town.accounts.get(&it.account).map(|account| account.handle.clone());
        let fits = |it: &Written, word: &str| match word.split_once(':') {
            Some(("conversation_id", id)) => it.post.as_deref() == Some(id),
            Some(("to", name)) => !it.is_from_company && handle_of(it).as_deref() == Some(name.trim_start_matches('@')),
            _ => it.text.to_lowercase().contains(&word.to_lowercase()),
        };
        let user = caller.user.as_deref();
        let wanted = |it: &&Written| {
            user.is_none_or(|user| user == it.account)
                && now - it.at <= SEARCHED
                && query.split_whitespace().all(|word| fits(it, word))
        };
        self.list(form, 10, wanted)
    }

    fn list(&self, form: &Form, least: usize, wanted: impl Fn(&&Written) -> bool) -> Said {
        let since = form.find("since_id").and_then(|id| id.parse::<u64>().ok());
        let is_new = |it: &Written| since.is_none_or(|since| it.id.parse::<u64>().is_ok_and(|id| id > since));
        let posts = self.network.town.newest().filter(|it| it.is_comment() && !it.is_gone && is_new(it));
        let all: Vec<_> = posts.filter(wanted).collect();
        let (part, mut meta) = page(&all, least, 100, form)?;
        let data: Vec<_> = part.iter().map(|it| self.post_value(it)).collect();
        meta["result_count"] = json!(data.len());
        if let (Some(first), Some(last)) = (part.first(), part.last()) {
            (meta["newest_id"], meta["oldest_id"]) = (json!(first.id), json!(last.id));
        }
        let includes = self.users(part);
        Ok(fine(&listed(&data, &includes, &meta)))
    }
}

/// `data` is absent when there is nothing.
fn listed(data: &[Value], includes: &Value, meta: &Value) -> Value {
    if data.is_empty() { json!({ "meta": meta }) } else { json!({ "data": data, "includes": includes, "meta": meta }) }
}

/// The part that was asked for; the token names the last id of the page before.
fn page<'a, 'b>(
    all: &'a [&'b Written],
    least: usize,
    most: usize,
    form: &Form,
) -> Result<(&'a [&'b Written], Value), Problem> {
    let size = match form.find("max_results") {
        None => most.min(if least == 1 { 100 } else { 10 }),
        Some(_) => form.number("max_results").filter(|size| (least..=most).contains(size)).ok_or_else(|| {
            Problem::invalid(
                "max_results",
                &format!("The `max_results` query parameter value is not between {least} and {most}"),
            )
        })?,
    };
    let start = match form.find("pagination_token").or_else(|| form.find("next_token")) {
        None => 0,
        Some(token) => {
            let id = token.strip_prefix("7140").unwrap_or_default();
            let at = all.iter().position(|it| it.id == id);
            at.ok_or_else(|| Problem::invalid("pagination_token", "The pagination_token is not one that was given"))?
                + 1
        }
    };
    let part = &all[start..all.len().min(start + size)];
    let mut meta = json!({});
    if let Some(last) = part.last().filter(|_| start + part.len() < all.len()) {
        meta["next_token"] = json!(format!("7140{}", last.id));
    }
    Ok((part, meta))
}

/// The smaller id first.
fn conversation(one: &str, other: &str) -> String {
    let (small, large) = if (one.len(), one) < (other.len(), other) { (one, other) } else { (other, one) };
    format!("{small}-{large}")
}

fn fine(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}
