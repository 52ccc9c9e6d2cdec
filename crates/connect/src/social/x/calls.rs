//! What is asked of X's API, in the order of the trait.

use serde_json::{Value, json};
use time::OffsetDateTime;
use url::Url;

use super::super::item::{Item, Party, Surface};
use super::super::oauth::Token;
use super::super::refusal::{Refusal, refused};
use super::super::{Account, Credentials, Cursor, Outgoing, Page, Sent, json as read, optional, with_query};
use super::{X, delivery, errors, length};
use crate::call::{Answer, CallError, Http};

const DM_FIELDS: &str = "id,event_type,text,sender_id,dm_conversation_id,created_at,attachments";
const POST_FIELDS: &str = "id,text,author_id,created_at,conversation_id,in_reply_to_user_id,\
     referenced_tweets,entities,edit_history_tweet_ids";
const USER_FIELDS: &str = "username,name,profile_image_url";

pub(super) async fn send(
    x: &X,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
) -> Result<Sent, CallError> {
    let (url, body, id, kind) = match outgoing.surface {
        Surface::Message => {
            let url = x.url(&["dm_conversations", "with", &outgoing.to, "messages"]);
            (url, json!({ "text": outgoing.text }), "dm_event_id", "messages")
        }
        Surface::Comment | Surface::Mention => {
            let answered = outgoing.reply_to.as_ref().or(outgoing.thread.as_ref());
            let answered = answered.ok_or_else(|| refused(Refusal::Content, "it is not said what it answers"))?;
            let mut body = json!({ "text": outgoing.text, "reply": { "in_reply_to_tweet_id": answered } });
            if !outgoing.is_human {
                body["made_with_ai"] = true.into();
            }
            (x.url(&["tweets"]), body, "id", "posts")
        }
    };
    let answer = http.post_json(&url, &body).bearer_auth(credentials.token.secret()).send().await?;
    let answer = errors::counted(kind, answer)?;
    Ok(Sent { platform_id: read::id(&answer["data"][id]).ok_or(CallError::Unknown)? })
}

async fn get(http: &Http, token: &Token, url: Url, query: &[(&str, &str)]) -> Result<Value, CallError> {
    errors::outcome(asked(http, token, url, query).await?)
}

async fn asked(http: &Http, token: &Token, url: Url, query: &[(&str, &str)]) -> Result<Answer, CallError> {
    http.get(&with_query(url, query)).bearer_auth(token.secret()).send().await
}

/// X shortens addresses and writes some signs as HTML does, so texts are compared without both.
pub(super) async fn read_back(
    x: &X,
    http: &Http,
    credentials: &Credentials,
    outgoing: &Outgoing,
    since: OffsetDateTime,
) -> Result<Option<Sent>, CallError> {
    let list = if outgoing.surface == Surface::Message {
        let query = [("max_results", "100"), ("dm_event.fields", DM_FIELDS), ("event_types", "MessageCreate")];
        let url = x.url(&["dm_conversations", "with", &outgoing.to, "dm_events"]);
        get(http, &credentials.token, url, &query).await?
    } else {
        let query = [("max_results", "100"), ("tweet.fields", POST_FIELDS)];
        get(http, &credentials.token, x.url(&["users", &credentials.account, "tweets"]), &query).await?
    };
    let wanted = length::skeleton(&outgoing.text);
    let is_it = |entry: &&Value| {
        let is_new = read::moment(&entry["created_at"]).is_some_and(|at| at.unix_timestamp() >= since.unix_timestamp());
        let author = read::id(&entry["sender_id"]).or_else(|| read::id(&entry["author_id"]));
        let is_ours = author.is_none_or(|author| author == credentials.account);
        is_new && is_ours && entry["text"].as_str().is_some_and(|text| length::skeleton(text) == wanted)
    };
    let found = read::list(&list["data"]).iter().find(is_it);
    Ok(found.and_then(|entry| read::id(&entry["id"])).map(|platform_id| Sent { platform_id }))
}

pub(super) async fn poll(x: &X, http: &Http, credentials: &Credentials, cursor: &Cursor) -> Result<Page, CallError> {
    match cursor.surface() {
        Surface::Message => poll_messages(x, http, credentials, cursor).await,
        Surface::Mention => poll_mentions(x, http, credentials, cursor).await,
        Surface::Comment => Err(refused(Refusal::Content, "comments are mentions there")),
    }
}

/// The newest come first; what is older than the cursor ends the round, as X cannot be asked for news only.
async fn poll_messages(x: &X, http: &Http, credentials: &Credentials, cursor: &Cursor) -> Result<Page, CallError> {
    let mut query = vec![
        ("max_results", "100"),
        ("dm_event.fields", DM_FIELDS),
        ("expansions", "sender_id"),
        ("user.fields", "username,name"),
        ("event_types", "MessageCreate"),
    ];
    query.extend(cursor.page().map(|page| ("pagination_token", page)));
    let answer = asked(http, &credentials.token, x.url(&["dm_events"]), &query).await?;
    let list = errors::counted("message_reads", answer)?;
    let message = |event: &Value| delivery::message_v2(&credentials.account, event, &list["includes"]["users"]);
    Ok(page(&list, cursor, read::list(&list["data"]).iter().map(message).collect()))
}

async fn poll_mentions(x: &X, http: &Http, credentials: &Credentials, cursor: &Cursor) -> Result<Page, CallError> {
    let mut query = vec![
        ("max_results", "100"),
        ("tweet.fields", POST_FIELDS),
        ("expansions", "author_id"),
        ("user.fields", USER_FIELDS),
    ];
    query.extend(cursor.since_id().map(|id| ("since_id", id)));
    query.extend(cursor.page().map(|page| ("pagination_token", page)));
    let answer = asked(http, &credentials.token, x.url(&["users", &credentials.account, "mentions"]), &query).await?;
    let list = errors::counted("mention_reads", answer)?;
    let post = |post: &Value| delivery::post_v2(&credentials.account, post, &list["includes"]["users"]);
    Ok(page(&list, cursor, read::list(&list["data"]).iter().map(post).collect()))
}

fn page(list: &Value, cursor: &Cursor, mut items: Vec<Item>) -> Page {
    let has_old = items.iter().any(|item| !cursor.is_news(item.provider_at));
    items.retain(|item| cursor.is_news(item.provider_at));
    let next = read::text(&list["meta"]["next_token"]).filter(|_| !has_old);
    let newest = read::list(&list["data"]).first().and_then(|entry| read::id(&entry["id"]));
    let cursor = cursor.advance(items.iter().filter_map(|item| item.provider_at), next).with_newest_id(newest);
    Page::new(items, cursor)
}

/// Who logged in is the account.
pub(super) async fn accounts(x: &X, http: &Http, token: &Token) -> Result<Vec<Account>, CallError> {
    let answer = get(http, token, x.url(&["users", "me"]), &[("user.fields", USER_FIELDS)]).await?;
    let party = delivery::user(&answer["data"]).ok_or(CallError::Unreadable("it names no user"))?;
    Ok(vec![Account { party, via: None, token: None, member: None }])
}

pub(super) async fn profile(
    x: &X,
    http: &Http,
    credentials: &Credentials,
    external_id: &str,
) -> Result<Option<Party>, CallError> {
    let url = x.url(&["users", external_id]);
    let answer = optional(get(http, &credentials.token, url, &[("user.fields", USER_FIELDS)]).await)?;
    Ok(answer.and_then(|answer| delivery::user(&answer["data"])))
}
