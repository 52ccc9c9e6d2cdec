//! What a delivery of X tells, in its two forms.
//!
//! The X Activity API wraps one event (`data`); the Account Activity API sends lists by kind (`for_user_id`). Direct
//! messages have the same older shape in both, posts have the shape of the current API in the first and that of version 1.1
//! in the second.

use serde_json::Value;

use super::super::item::{Happened, Item, Media, MediaKind, Party, Said, Surface};
use super::super::json;

pub(super) fn items(delivery: &Value) -> Vec<Item> {
    let mut items: Vec<_> = json::list(&delivery["data"]).iter().flat_map(activity).collect();
    let account = json::id(&delivery["for_user_id"]).unwrap_or_default();
    if let Some(lists) = delivery.as_object().filter(|lists| lists.contains_key("for_user_id")) {
        for (kind, list) in lists.iter().filter(|(kind, _)| !["for_user_id", "users", "apps"].contains(&kind.as_str()))
        {
            items.extend(json::list(list).iter().filter_map(|event| legacy(&account, kind, event, delivery)));
        }
    } else if !delivery["user_event"].is_null() {
        items.push(revoked_legacy(&delivery["user_event"]));
    }
    if items.is_empty() {
        items.push(Item::unknown(&account, "delivery", delivery));
    }
    items
}

/// One event of the X Activity API; direct messages may be several.
fn activity(event: &Value) -> Vec<Item> {
    let kind = event["event_type"].as_str().unwrap_or("data");
    let payload = &event["payload"];
    let account = json::id(&event["filter"]["user_id"]).unwrap_or_default();
    let includes = if event["includes"].is_null() { &payload["includes"] } else { &event["includes"] };
    let users = if includes["users"].is_null() { &payload["users"] } else { &includes["users"] };
    let known = match kind {
        "dm.received" | "dm.sent" => {
            let list = json::list(&payload["direct_message_events"]);
            return if list.is_empty() {
                vec![message_v2(&account, payload, users)]
            } else {
                list.iter().map(|message| legacy_message(&account, message, users)).collect()
            };
        }
        "dm.read" => {
            let list = json::list(&payload["direct_message_mark_read_events"]);
            let marks = if list.is_empty() { std::slice::from_ref(payload) } else { list };
            return marks.iter().map(|mark| read_mark(&account, mark)).collect();
        }
        "post.mention.create" | "post.reply.create" | "post.quote.create" | "post.create" => {
            Some(Item { raw: event.clone(), ..post_v2(&account, payload, users) })
        }
        "post.delete" => removed(&account, payload, event),
        "oauth.revoke" => json::id(&payload["user_id"]).map(|account| Item {
            happened: Happened::Revoked,
            provider_at: json::moment(&payload["date_time"]),
            ..Item::unknown(&account, kind, event)
        }),
        _ => None,
    };
    vec![known.unwrap_or_else(|| Item::unknown(&account, kind, event))]
}

fn removed(account: &str, payload: &Value, raw: &Value) -> Option<Item> {
    let platform_id = json::id(&payload["id"]).or_else(|| json::id(&payload["post_id"]))?;
    let mut item = Item::unknown(account, "", raw);
    item.surface = Surface::Mention;
    item.happened = Happened::Unsent { platform_id };
    Some(item)
}

/// An entry of one of the Account Activity API's lists. Who is blocked is a remark beside a message.
fn legacy(account: &str, kind: &str, event: &Value, delivery: &Value) -> Option<Item> {
    Some(match kind {
        "direct_message_events" => legacy_message(account, event, &delivery["users"]),
        "tweet_create_events" => legacy_post(account, event),
        "direct_message_mark_read_events" => read_mark(account, event),
        "tweet_delete_events" => {
            let at = json::moment(&event["timestamp_ms"]);
            let item = removed(account, &event["status"], event);
            item.map_or_else(|| Item::unknown(account, kind, event), |item| Item { provider_at: at, ..item })
        }
        "user_has_blocked" if !event.is_object() => return None,
        _ => Item::unknown(account, kind, event),
    })
}

fn revoked_legacy(event: &Value) -> Item {
    let account = json::id(&event["revoke"]["source"]["user_id"]);
    let mut item = Item::unknown(account.as_deref().unwrap_or_default(), "user_event", event);
    if account.is_some() {
        item.happened = Happened::Revoked;
        item.provider_at = json::moment(&event["revoke"]["date_time"]);
    }
    item
}

fn read_mark(account: &str, mark: &Value) -> Item {
    let mut item = Item::unknown(account, "dm.read", mark);
    item.from = json::id(&mark["sender_id"]).map(Party::new);
    item.provider_at = json::moment(&mark["created_timestamp"]);
    // What the account itself read says nothing about what others did.
    let is_of_somebody = item.from.as_ref().is_some_and(|from| from.external_id != account);
    if let (true, Some(id)) = (is_of_somebody, json::id(&mark["last_read_event_id"])) {
        item.happened = Happened::Read { watermark: None, platform_id: Some(id) };
    }
    item
}

fn legacy_message(account: &str, event: &Value, users: &Value) -> Item {
    let created = &event["message_create"];
    let (sender, recipient) = (json::id(&created["sender_id"]), json::id(&created["target"]["recipient_id"]));
    let mut item = Item::unknown(account, event["type"].as_str().unwrap_or("direct_message_events"), event);
    item.provider_at = json::moment(&event["created_timestamp"]);
    item.from = sender.map(|id| party_in(users, id));
    let data = &created["message_data"];
    if let (Some(platform_id), Some(_)) = (json::id(&event["id"]), &item.from) {
        item.said(Said {
            platform_id,
            text: data["text"].as_str().unwrap_or_default().to_owned(),
            attachments: json::list(&data["attachment"]).iter().map(|part| media(&part["media"])).collect(),
            quick_reply: json::text(&data["quick_reply_response"]["metadata"]),
            to: recipient.map(|id| party_in(users, id)),
            reply_to: None,
        });
    }
    item
}

/// A direct message as the current API lists it.
pub(super) fn message_v2(account: &str, event: &Value, users: &Value) -> Item {
    let mut item = Item::unknown(account, event["event_type"].as_str().unwrap_or("dm"), event);
    item.provider_at = json::moment(&event["created_at"]);
    item.from = json::id(&event["sender_id"]).map(|id| party_in(users, id));
    let is_message = event["event_type"].as_str().is_none_or(|kind| kind == "MessageCreate");
    if let (true, Some(platform_id), Some(_)) = (is_message, json::id(&event["id"]), &item.from) {
        let keys = json::list(&event["attachments"]["media_keys"]);
        let attachment = |_| Media { kind: MediaKind::Other, url: None, name: None, mime: None };
        item.said(Said {
            platform_id,
            text: event["text"].as_str().unwrap_or_default().to_owned(),
            attachments: keys.iter().map(attachment).collect(),
            to: other_in(event["dm_conversation_id"].as_str(), account).map(|id| party_in(users, id)),
            ..Said::default()
        });
    }
    item
}

/// A conversation of two is named by both.
fn other_in(conversation: Option<&str>, account: &str) -> Option<String> {
    let (one, other) = conversation?.split_once('-')?;
    let id = if one == account { other } else { one };
    (!id.is_empty()).then(|| id.to_owned())
}

/// A post as the current API has it.
pub(super) fn post_v2(account: &str, post: &Value, users: &Value) -> Item {
    let mut item = Item::unknown(account, "post", post);
    item.surface = Surface::Mention;
    item.thread = json::id(&post["conversation_id"]);
    item.provider_at = json::moment(&post["created_at"]);
    item.from = json::id(&post["author_id"]).map(|id| party_in(users, id));
    let Some(platform_id) = json::id(&post["id"]) else { return item };
    let text = post["text"].as_str().unwrap_or_default().to_owned();
    // An edited post is a new one that knows the earlier.
    let first = json::list(&post["edit_history_tweet_ids"]).iter().find_map(json::id);
    if let Some(first) = first.filter(|first| *first != platform_id) {
        item.happened = Happened::Edited { platform_id: first, text };
        return item;
    }
    let answered = json::list(&post["referenced_tweets"]).iter().find(|other| other["type"] == "replied_to");
    let reply_to = json::id(&post["in_reply_to_tweet_id"]).or_else(|| json::id(&answered?["id"]));
    item.said(Said { platform_id, text, reply_to, ..Said::default() });
    item
}

fn legacy_post(account: &str, post: &Value) -> Item {
    let id_of =
        |value: &Value, name: &str| json::id(&value[&*format!("{name}_str")]).or_else(|| json::id(&value[name]));
    let mut item = Item::unknown(account, "tweet_create_events", post);
    item.surface = Surface::Mention;
    item.provider_at = json::moment(&post["timestamp_ms"]).or_else(|| json::moment(&post["created_at"]));
    let author = &post["user"];
    item.from = id_of(author, "id").map(|external_id| Party {
        external_id,
        name: json::text(&author["name"]),
        handle: json::text(&author["screen_name"]),
        avatar_url: json::text(&author["profile_image_url_https"]),
    });
    let Some(platform_id) = id_of(post, "id").filter(|_| post["retweeted_status"].is_null()) else { return item };
    let reply_to = id_of(post, "in_reply_to_status_id");
    item.thread = id_of(post, "conversation_id").or_else(|| reply_to.clone()).or_else(|| Some(platform_id.clone()));
    let full = &post["extended_tweet"];
    let (text, entities) = match json::text(&full["full_text"]).or_else(|| json::text(&post["full_text"])) {
        Some(text) => (text, &full["extended_entities"]),
        None => (post["text"].as_str().unwrap_or_default().to_owned(), &post["extended_entities"]),
    };
    let attachments = json::list(&entities["media"]).iter().map(media).collect();
    item.said(Said { platform_id, text, reply_to, attachments, ..Said::default() });
    item
}

fn media(media: &Value) -> Media {
    let kind = match media["type"].as_str() {
        Some("photo") => MediaKind::Image,
        Some("video" | "animated_gif") => MediaKind::Video,
        _ => MediaKind::Other,
    };
    let url = json::text(&media["media_url_https"]).or_else(|| json::text(&media["media_url"]));
    Media { kind, url, name: None, mime: None }
}

/// Finds a person among those that a delivery includes: a list, or an object by id, each plain or wrapped in `data`.
fn party_in(users: &Value, id: String) -> Party {
    let by_id = &users[&*id];
    let listed = json::list(users).iter().find(|user| json::id(&user["id"]).as_ref() == Some(&id));
    let found =
        if by_id["data"].is_object() { Some(&by_id["data"]) } else { Some(by_id).filter(|user| user.is_object()) };
    match found.or(listed) {
        Some(found) => Party {
            name: json::text(&found["name"]),
            handle: json::text(&found["username"]).or_else(|| json::text(&found["screen_name"])),
            avatar_url: json::text(&found["profile_image_url"])
                .or_else(|| json::text(&found["profile_image_url_https"])),
            external_id: id,
        },
        None => Party::new(id),
    }
}

/// A user as the API has it.
pub(super) fn user(user: &Value) -> Option<Party> {
    Some(Party {
        external_id: json::id(&user["id"])?,
        name: json::text(&user["name"]),
        handle: json::text(&user["username"]),
        avatar_url: json::text(&user["profile_image_url"]),
    })
}
