//! Reading back: conversations, messages, comments, profiles. Lists come in pages with cursors; `next` is absent on the
//! last one and nowhere else.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::format_description};

use super::{Fault, Meta, Said, base_of, fine};
use crate::{
    simulator::{Request, Simulator},
    social::{
        form::{Form, with_query},
        town::{File, Written},
    },
};

const PAGE: usize = 25;
const MOST_PAGE: usize = 100;
/// Only so many messages of a conversation tell their details.
const DETAILED: usize = 20;

/// The part of a list that was asked for, and where the next one is. A cursor names the last id of a page, so that what is
/// new shifts nothing.
pub fn page<'a, T>(
    all: &'a [T],
    id: impl Fn(&T) -> &str,
    address: &str,
    request: &Request,
    form: &Form,
) -> (&'a [T], Value) {
    let limit = form.number("limit").unwrap_or(PAGE).clamp(1, MOST_PAGE);
    let after = form.find("after").and_then(|cursor| String::from_utf8(STANDARD.decode(cursor).ok()?).ok());
    let start = after.and_then(|after| all.iter().position(|it| id(it) == after)).map_or(0, |at| at + 1);
    let part = &all[start..all.len().min(start + limit)];
    let (Some(first), Some(last)) = (part.first(), part.last()) else { return (part, json!({})) };
    let after = STANDARD.encode(id(last));
    let mut paging = json!({ "cursors": { "before": STANDARD.encode(id(first)), "after": after } });
    if start + part.len() < all.len() {
        let old = url::form_urlencoded::parse(request.query.as_deref().unwrap_or_default().as_bytes()).into_owned();
        let kept: Vec<_> = old.filter(|(name, _)| name != "after" && name != "limit").collect();
        let mut more: Vec<_> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let limit = limit.to_string();
        more.extend([("limit", limit.as_str()), ("after", after.as_str())]);
        paging["next"] = json!(with_query(address, &more));
    }
    (part, paging)
}

/// The names of the fields at the top, with what stands in braces behind them: `messages.limit(2){id,text}`.
fn fields(text: &str) -> Vec<(&str, &str)> {
    let (mut all, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, character) in text.char_indices().chain([(text.len(), ',')]) {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            ',' if depth <= 0 => {
                let field = text[start..at].trim();
                let name = field.find(['.', '{', '(']).map_or(field, |end| &field[..end]);
                if !name.is_empty() {
                    all.push((name, &field[name.len()..]));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    all
}

fn only(value: Value, wanted: &[(&str, &str)]) -> Value {
    let Value::Object(mut object) = value else { return value };
    object.retain(|name, _| name == "id" || wanted.iter().any(|(field, _)| field == name));
    Value::Object(object)
}

fn attachment(message: &str, File { kind, url }: &File) -> Value {
    let id = format!("att_{message}");
    match kind.as_str() {
        "image" => json!({ "id": id, "mime_type": "image/png", "name": "picture.png",
            "image_data": { "url": url, "preview_url": url, "width": 48, "height": 48 } }),
        "video" => json!({ "id": id, "mime_type": "video/mp4", "name": "video.mp4",
            "video_data": { "url": url, "preview_url": url, "length": 1, "width": 48, "height": 48 } }),
        "audio" => json!({ "id": id, "mime_type": "audio/mpeg", "name": "audio.mp3", "file_url": url }),
        _ => json!({ "id": id, "mime_type": "application/pdf", "name": "file", "file_url": url }),
    }
}

fn graph_time(at: OffsetDateTime) -> String {
    at.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+0000")).unwrap_or_default()
}

impl Meta {
    pub fn base(&self, request: &Request, path: &str) -> String {
        format!("{}/v{}.0/{path}", base_of(request, self.name()), super::NEWEST_VERSION)
    }

    fn who(&self, id: &str) -> Value {
        let (account, person) = (self.network.town.accounts.get(id), self.network.town.people.get(id));
        let (name, handle) = match (account, person) {
            (Some(account), _) => (&account.name, &account.handle),
            (None, Some(person)) => (&person.name, &person.handle),
            _ => return json!({ "id": id }),
        };
        if self.is_instagram() {
            json!({ "id": id, "username": handle })
        } else {
            json!({ "id": id, "name": name, "email": format!("{id}@facebook.com") })
        }
    }

    fn message(&self, it: &Written) -> Value {
        let (from, to) = if it.is_from_company { (&it.account, &it.person) } else { (&it.person, &it.account) };
        let mut value = json!({
            "id": it.id, "created_time": graph_time(it.at), "from": self.who(from), "to": { "data": [self.who(to)] },
            "message": if it.is_gone { "" } else { &it.text },
        });
        if let Some(file) = it.file.as_ref().filter(|_| !it.is_gone) {
            value["attachments"] = json!({ "data": [attachment(&it.id, file)] });
        }
        if let Some(reaction) = &it.reaction {
            value["reactions"] = json!({ "data": [{ "reaction": reaction, "users": [{ "id": it.person }] }] });
        }
        value
    }

    /// Only the latest tell their details.
    fn listed_messages(&self, account: &str, person: &str, wanted: &[(&str, &str)]) -> Vec<Value> {
        let thread = self.network.town.thread(account, person).enumerate();
        let listed = |(at, it): (usize, &Written)| {
            if at < DETAILED {
                only(self.message(it), wanted)
            } else {
                json!({ "id": it.id, "created_time": graph_time(it.at) })
            }
        };
        thread.map(listed).collect()
    }

    pub fn conversations(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.page_caller(id, request, form, now)?;
        let platform = if self.is_instagram() { "instagram" } else { "messenger" };
        if form.find("platform").is_some_and(|asked| asked != platform) {
            return Ok(fine(&json!({ "data": [] })));
        }
        let asked = if form.get("fields").is_empty() { "id,updated_time" } else { form.get("fields") };
        let wanted = fields(asked);
        let inner = wanted.iter().find(|(name, _)| *name == "messages").map(|(_, rest)| *rest);
        let (since, until) = (form.number("updated_after_ms"), form.number("updated_before_ms"));
        let latest: Vec<_> = self.network.town.correspondents(&caller.owner).into_iter().cloned().collect();
        let in_time = |it: &Written| {
            let millis = usize::try_from(it.millis()).unwrap_or_default();
            since.is_none_or(|since| millis > since) && until.is_none_or(|until| millis < until)
        };
        let of_user = |it: &Written| form.find("user_id").is_none_or(|user| user == it.person);
        let latest: Vec<_> = latest.into_iter().filter(|it| in_time(it) && of_user(it)).collect();
        let path = format!("{}/conversations", caller.owner);
        let (part, paging) = page(&latest, |it| it.person.as_str(), &self.base(request, &path), request, form);
        let conversation = |last: &Written| {
            let mut value = json!({
                "id": thread_id(&caller.owner, &last.person), "updated_time": graph_time(last.at),
                "participants": { "data": [self.who(&last.person), self.who(&caller.owner)] },
            });
            if let Some(inner) = inner {
                let limit =
                    inner.strip_prefix(".limit(").and_then(|rest| rest.split(')').next()?.parse().ok()).unwrap_or(PAGE);
                let names = inner.find('{').map_or("id,created_time", |at| inner[at + 1..].trim_end_matches('}'));
                let mut messages = self.listed_messages(&caller.owner, &last.person, &fields(names));
                messages.truncate(limit);
                value["messages"] = json!({ "data": messages });
            }
            only(value, &wanted)
        };
        let data: Vec<_> = part.iter().map(conversation).collect();
        Ok(fine(&json!({ "data": data, "paging": paging })))
    }

    pub fn messages(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.page_caller("me", request, form, now)?;
        let person = self.network.town.people.keys().find(|person| thread_id(&caller.owner, person) == id);
        let person = person.ok_or_else(|| Fault::missing(id))?;
        let asked = if form.get("fields").is_empty() { "id,created_time" } else { form.get("fields") };
        let all = self.listed_messages(&caller.owner, person, &fields(asked));
        let path = format!("{id}/messages");
        let (part, paging) =
            page(&all, |it| it["id"].as_str().unwrap_or_default(), &self.base(request, &path), request, form);
        Ok(fine(&json!({ "data": part, "paging": paging })))
    }

    fn comment_value(&self, it: &Written) -> Value {
        let author = if it.is_from_company { &it.account } else { &it.person };
        let mut value = json!({ "id": it.id, "from": self.who(author) });
        if self.is_instagram() {
            let name = self.who(author)["username"].clone();
            value["text"] = json!(it.text);
            value["username"] = name;
            value["timestamp"] = json!(graph_time(it.at));
            value["parent_id"] = json!(it.parent);
        } else {
            value["message"] = json!(it.text);
            value["created_time"] = json!(graph_time(it.at));
            value["parent"] = it.parent.as_ref().map_or(Value::Null, |parent| json!({ "id": parent }));
        }
        value
    }

    /// Comments of a post, or answers to a comment. Facebook lists answers too when asked for the whole stream.
    pub fn comments(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.page_caller("me", request, form, now)?;
        let is_stream = form.get("filter") == "stream";
        let since = form.number("since").and_then(|since| i64::try_from(since).ok());
        let comment = self.network.town.find(id).filter(|it| it.is_comment());
        let post = comment.map_or(id, |comment| comment.post.as_deref().unwrap_or_default());
        let wanted = |it: &&Written| {
            let place =
                if comment.is_some() { it.parent.as_deref() == Some(id) } else { is_stream || it.parent.is_none() };
            it.account == caller.owner && place && since.is_none_or(|since| it.at.unix_timestamp() >= since)
        };
        let mut all: Vec<_> = self.network.town.comments(post).filter(wanted).cloned().collect();
        let is_reversed = form.get("order") == "reverse_chronological" || self.is_instagram();
        if is_reversed {
            all.reverse();
        }
        let path = format!("{id}/comments");
        let (part, paging) = page(&all, |it| it.id.as_str(), &self.base(request, &path), request, form);
        let data: Vec<_> = part.iter().map(|it| self.comment_value(it)).collect();
        Ok(fine(&json!({ "data": data, "paging": paging })))
    }

    pub fn posts(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.page_caller(id, request, form, now)?;
        let posts: Vec<_> = self.network.town.posts(&caller.owner).into_iter().map(str::to_owned).collect();
        let path = format!("{}/feed", caller.owner);
        let (part, paging) = page(&posts, String::as_str, &self.base(request, &path), request, form);
        let data: Vec<_> = part.iter().map(|post| json!({ "id": post })).collect();
        Ok(fine(&json!({ "data": data, "paging": paging })))
    }

    /// A person, a page, a comment or a message, by its id.
    pub fn profile(&mut self, id: &str, request: &Request, form: &Form, now: OffsetDateTime) -> Said {
        let caller = self.caller(request, form, now)?;
        let town = &self.network.town;
        if let Some(it) = town.find(id).filter(|it| it.account == caller.owner) {
            return Ok(fine(&if it.is_comment() { self.comment_value(it) } else { self.message(it) }));
        }
        if let Some(account) = town.accounts.get(id) {
            return Ok(fine(&json!({ "id": id, "name": account.name, "username": account.handle })));
        }
        // Only whom the page knows.
        let person = town.people.get(id).filter(|_| town.last_heard(&caller.owner, id).is_some());
        let person = person.ok_or_else(|| Fault::missing(id))?;
        let picture = format!("{}/media/picture.png", base_of(request, self.name()));
        let (first, last) = person.name.split_once(' ').unwrap_or((&person.name, ""));
        Ok(fine(&if self.is_instagram() {
            json!({ "id": id, "name": person.name, "username": person.handle, "profile_pic": picture, "follower_count": 42 })
        } else {
            json!({ "id": id, "first_name": first, "last_name": last, "name": person.name, "profile_pic": picture })
        }))
    }
}

fn thread_id(account: &str, person: &str) -> String {
    format!("t_{account}{person}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_where_their_braces_do() {
        let found = fields("id,participants, messages.limit(2){id,from},updated_time");
        assert_eq!(found, [("id", ""), ("participants", ""), ("messages", ".limit(2){id,from}"), ("updated_time", "")]);
    }
}
