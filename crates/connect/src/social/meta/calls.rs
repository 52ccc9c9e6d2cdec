//! What is asked of the Graph API, in the order of the trait.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::super::item::{Happened, Item, Media, MediaKind, Party, Said, Surface};
use super::super::oauth::{Token, token_in};
use super::super::refusal::{Refusal, refused};
use super::super::{
    Account, Credentials, Cursor, Outgoing, Page, QuickReply, Sent, Subscribed, json as read, optional,
};
use super::graph::next_page;
use super::{Meta, delivery};
use crate::call::{CallError, Http};

/// Nobody manages more pages than this times a hundred.
const MOST_LISTS: usize = 20;

pub(super) async fn send(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
) -> Result<Sent, CallError> {
    if outgoing.surface != Surface::Message {
        return send_comment(meta, http, credentials, outgoing).await;
    }
    let first = send_message(meta, http, credentials, outgoing, false).await;
    let is_closed = first.as_ref().err().and_then(Refusal::of) == Some(Refusal::OutsideWindow);
    if is_closed && outgoing.is_human {
        // A refused message was not sent. Only a person's own words may use the longer window.
        return send_message(meta, http, credentials, outgoing, true).await;
    }
    first
}

async fn send_message(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
    as_human_agent: bool,
) -> Result<Sent, CallError> {
    let mut body = json!({ "recipient": { "id": outgoing.to }, "message": message(outgoing) });
    if as_human_agent {
        body["messaging_type"] = "MESSAGE_TAG".into();
        body["tag"] = "HUMAN_AGENT".into();
    } else {
        body["messaging_type"] = "RESPONSE".into();
    }
    let answer = meta.graph.post(http, credentials, &[meta.page(credentials), "messages"], &body).await?;
    Ok(Sent { platform_id: read::id(&answer["message_id"]).ok_or(CallError::Unknown)? })
}

fn message(outgoing: &Outgoing) -> Value {
    let mut message = match &outgoing.attachment {
        Some(attachment) => {
            let payload = json!({ "url": attachment.url.as_str() });
            json!({ "attachment": { "type": attachment.kind.as_str(), "payload": payload } })
        }
        None => json!({ "text": outgoing.text }),
    };
    let choice = |reply: &QuickReply| json!({ "content_type": "text", "title": reply.title, "payload": reply.payload });
    if !outgoing.quick_replies.is_empty() {
        message["quick_replies"] = outgoing.quick_replies.iter().map(choice).collect();
    }
    if let Some(marker) = &outgoing.marker {
        message["metadata"] = marker.as_str().into();
    }
    if let Some(mid) = &outgoing.reply_to {
        message["reply_to"] = json!({ "mid": mid });
    }
    message
}

async fn send_comment(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
) -> Result<Sent, CallError> {
    let path = comments_below(meta, outgoing)?;
    let answer = meta.graph.post(http, credentials, &path, &json!({ "message": outgoing.text })).await?;
    Ok(Sent { platform_id: read::id(&answer["id"]).ok_or(CallError::Unknown)? })
}

/// Where an answer in public goes: below the comment that it answers, or below the post itself.
fn comments_below<'a>(meta: &Meta, outgoing: &'a Outgoing) -> Result<[&'a str; 2], CallError> {
    match (&outgoing.reply_to, &outgoing.thread) {
        (Some(comment), _) => Ok([comment, meta.differences.answers]),
        (None, Some(post)) => Ok([post, "comments"]),
        (None, None) => Err(refused(Refusal::Content, "it is not said what it answers")),
    }
}

pub(super) async fn read_back(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
    since: OffsetDateTime,
) -> Result<Option<Sent>, CallError> {
    let texts = meta.differences.comment_text;
    let is_it = |entry: &Value, text: &str| {
        let at = read::moment(&entry["created_time"]).or_else(|| read::moment(&entry["timestamp"]));
        let is_new = at.is_some_and(|at| at.unix_timestamp() >= since.unix_timestamp());
        let files = read::list(&entry["attachments"]["data"]);
        let is_said = match &outgoing.attachment {
            Some(attachment) => files.iter().any(|file| polled_attachment(file).kind == attachment.kind),
            None => entry[text] == outgoing.text.as_str(),
        };
        is_new && is_said && is_ours(credentials, &entry["from"])
    };
    let found = if outgoing.surface == Surface::Message {
        let query = [
            ("platform", meta.differences.conversations_of),
            ("user_id", outgoing.to.as_str()),
            ("fields", "id,messages.limit(25){id,created_time,from,to,message,attachments}"),
        ];
        let list = meta.graph.get(http, credentials, &[meta.page(credentials), "conversations"], &query).await?;
        let conversations = read::list(&list["data"]).iter();
        let mut messages = conversations.flat_map(|conversation| read::list(&conversation["messages"]["data"]));
        messages.find(|message| is_it(message, "message")).map(|message| message["id"].clone())
    } else {
        let path = comments_below(meta, outgoing)?;
        let query = [
            ("fields", meta.differences.comment_fields),
            ("order", "reverse_chronological"),
            ("filter", "stream"),
            ("limit", "100"),
        ];
        let list = meta.graph.get(http, credentials, &path, &query).await?;
        read::list(&list["data"]).iter().find(|comment| is_it(comment, texts)).map(|comment| comment["id"].clone())
    };
    Ok(found.as_ref().and_then(read::id).map(|platform_id| Sent { platform_id }))
}

fn is_ours(credentials: &Credentials, from: &Value) -> bool {
    let id = read::id(&from["id"]);
    id.is_some() && (id.as_ref() == Some(&credentials.account) || id == credentials.via)
}

pub(super) async fn poll(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    cursor: &Cursor,
) -> Result<Page, CallError> {
    match cursor.surface() {
        Surface::Message => poll_messages(meta, http, credentials, cursor).await,
        Surface::Comment => poll_comments(meta, http, credentials, cursor).await,
        Surface::Mention => Err(refused(Refusal::Content, "mentions cannot be listed there")),
    }
}

/// Conversations come with the newest first, so the first that did not change since then ends the round.
async fn poll_messages(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    cursor: &Cursor,
) -> Result<Page, CallError> {
    let mut query = vec![
        ("platform", meta.differences.conversations_of),
        ("fields", "id,updated_time,participants,messages.limit(25){id,created_time,from,to,message,attachments}"),
    ];
    query.extend(cursor.page().map(|page| ("after", page)));
    let list = meta.graph.get(http, credentials, &[meta.page(credentials), "conversations"], &query).await?;
    let conversations = read::list(&list["data"]);
    let has_old = conversations.iter().any(|conversation| !cursor.is_news(read::moment(&conversation["updated_time"])));
    let messages = conversations.iter().flat_map(|conversation| read::list(&conversation["messages"]["data"]));
    let mut items: Vec<_> = messages.map(|message| polled_message(credentials, message)).collect();
    items.retain(|item| cursor.is_news(item.provider_at));
    let next = next_page(&list).filter(|_| !has_old);
    let cursor = cursor.advance(items.iter().filter_map(|item| item.provider_at), next);
    Ok(Page::new(items, cursor))
}

fn polled_message(credentials: &Credentials, message: &Value) -> Item {
    let mut item = Item::unknown(&credentials.account, "conversation:message", message);
    item.provider_at = read::moment(&message["created_time"]);
    item.from = party(&message["from"]);
    if is_ours(credentials, &message["from"]) {
        item.from = Some(Party::new(&credentials.account));
    }
    let (Some(platform_id), Some(_)) = (read::id(&message["id"]), &item.from) else { return item };
    item.said(Said {
        platform_id,
        text: message["message"].as_str().unwrap_or_default().to_owned(),
        attachments: read::list(&message["attachments"]["data"]).iter().map(polled_attachment).collect(),
        to: read::list(&message["to"]["data"]).first().and_then(party),
        ..Said::default()
    });
    item
}

fn party(value: &Value) -> Option<Party> {
    let (name, handle) = (read::text(&value["name"]), read::text(&value["username"]));
    Some(Party { name, handle, ..Party::new(read::id(&value["id"])?) })
}

fn polled_attachment(attachment: &Value) -> Media {
    let url = |name: &str| read::text(&attachment[name]["url"]);
    let file = read::text(&attachment["file_url"]);
    let mime = read::text(&attachment["mime_type"]);
    let (kind, url) = match (url("image_data"), url("video_data"), file) {
        (Some(url), ..) => (MediaKind::Image, Some(url)),
        (_, Some(url), _) => (MediaKind::Video, Some(url)),
        (.., Some(url)) if mime.as_ref().is_some_and(|mime| mime.starts_with("audio/")) => {
            (MediaKind::Audio, Some(url))
        }
        (.., Some(url)) => (MediaKind::File, Some(url)),
        _ => (MediaKind::Other, None),
    };
    Media { kind, url, name: read::text(&attachment["name"]), mime }
}

/// Below each of what was published, the newest comments. Old posts are looked at too: people comment on them.
async fn poll_comments(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    cursor: &Cursor,
) -> Result<Page, CallError> {
    let fields = format!("id,{}{{{}}}", meta.differences.comments, meta.differences.comment_fields);
    let mut query = vec![("fields", fields.as_str()), ("limit", "25")];
    query.extend(cursor.page().map(|page| ("after", page)));
    let list = meta.graph.get(http, credentials, &[&credentials.account, meta.differences.posts], &query).await?;
    let mut items = Vec::new();
    for post in read::list(&list["data"]) {
        for comment in read::list(&post["comments"]["data"]) {
            let mut item = Item::unknown(&credentials.account, "comment", comment);
            comment_into(meta, comment, &mut item, read::id(&post["id"]), Surface::Comment);
            items.push(item);
        }
    }
    items.retain(|item| cursor.is_news(item.provider_at));
    let cursor = cursor.advance(items.iter().filter_map(|item| item.provider_at), next_page(&list));
    Ok(Page::new(items, cursor))
}

/// A comment as the API gives it, which is not how a delivery does.
fn comment_into(meta: &Meta, comment: &Value, item: &mut Item, thread: Option<String>, surface: Surface) {
    let Some(platform_id) = read::id(&comment["id"]) else { return };
    delivery::comment_of(comment, item, surface, thread);
    let text = comment[meta.differences.comment_text].as_str().unwrap_or_default().to_owned();
    let reply_to = read::id(&comment["parent"]["id"]).or_else(|| read::id(&comment["parent_id"]));
    item.said(Said { platform_id, text, reply_to, ..Said::default() });
}

pub(super) async fn complete(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    item: &Item,
) -> Result<Option<Item>, CallError> {
    let Happened::Bare { platform_id } = &item.happened else { return Ok(Some(item.clone())) };
    let query = [("fields", meta.differences.comment_fields)];
    let Some(comment) = optional(meta.graph.get(http, credentials, &[platform_id], &query).await)? else {
        return Ok(None);
    };
    let mut complete = item.clone();
    comment_into(meta, &comment, &mut complete, item.thread.clone(), item.surface);
    complete.provider_at = complete.provider_at.or(item.provider_at);
    let is_told = !matches!(complete.happened, Happened::Bare { .. });
    Ok(is_told.then_some(complete))
}

pub(super) async fn subscribe(meta: &Meta, http: &Http, credentials: &Credentials) -> Result<Subscribed, CallError> {
    let path = [meta.page(credentials), "subscribed_apps"];
    let body = json!({ "subscribed_fields": meta.differences.subscribed_fields });
    let answer = meta.graph.post(http, credentials, &path, &body).await?;
    if answer["success"] == true || answer["success"] == "true" {
        return Ok(Subscribed::default());
    }
    Err(refused(Refusal::Rejected, "it did not confirm the subscription"))
}

pub(super) async fn accounts(meta: &Meta, http: &Http, token: &Token) -> Result<Vec<Account>, CallError> {
    let user = Credentials { account: "me".to_owned(), via: None, token: token.clone(), app_secret: None };
    let fields = "id,name,access_token,tasks,instagram_business_account{id,username,name}";
    let (mut accounts, mut after) = (Vec::new(), None::<String>);
    for _ in 0..MOST_LISTS {
        let mut query = vec![("fields", fields), ("limit", "100")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let list = meta.graph.get(http, &user, &["me", "accounts"], &query).await?;
        accounts.extend(read::list(&list["data"]).iter().filter_map(|page| {
            let party = (meta.differences.account)(page)?;
            Some(Account { party, via: read::id(&page["id"]), token: token_in(&page["access_token"]), member: None })
        }));
        after = next_page(&list);
        if after.is_none() {
            break;
        }
    }
    Ok(accounts)
}

/// Not everybody may be looked at; a message without a profile is still a message.
pub(super) async fn profile(
    meta: &Meta,
    http: &Http,
    credentials: &Credentials,
    external_id: &str,
) -> Result<Option<Party>, CallError> {
    let query = [("fields", meta.differences.profile_fields)];
    let Some(profile) = optional(meta.graph.get(http, credentials, &[external_id], &query).await)? else {
        return Ok(None);
    };
    let names: Vec<_> = ["first_name", "last_name"].into_iter().filter_map(|name| profile[name].as_str()).collect();
    let full = Some(names.join(" ")).filter(|name| !name.trim().is_empty());
    Ok(Some(Party {
        name: read::text(&profile["name"]).or(full),
        handle: read::text(&profile["username"]),
        avatar_url: read::text(&profile["profile_pic"]),
        ..Party::new(external_id)
    }))
}
