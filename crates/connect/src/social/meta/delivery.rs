//! What a delivery of Meta tells.
//!
//! A delivery is a batch: entries of several accounts, each with messages (`messaging`, or `standby` while another app has
//! the conversation) or with changes (comments). Each piece is understood by itself, or kept.

use serde_json::Value;

use super::super::item::{Happened, Item, Media, MediaKind, Party, Surface};
use super::super::json;
use super::Differences;

/// An entry of `changes` and what stands around it.
pub(in super::super) struct Change<'a> {
    pub(in super::super) field: &'a str,
    pub(in super::super) value: &'a Value,
}

pub(super) fn items(delivery: &Value, differences: &Differences) -> Vec<Item> {
    let object = delivery["object"].as_str().unwrap_or_default();
    if object != differences.object || delivery["entry"].is_null() {
        return vec![Item::unknown("", format!("object:{object}"), delivery)];
    }
    json::list(&delivery["entry"]).iter().flat_map(|entry| of_entry(entry, differences)).collect()
}

fn of_entry(entry: &Value, differences: &Differences) -> Vec<Item> {
    let account = json::id(&entry["id"]).unwrap_or_default();
    let messages = json::list(&entry["messaging"]).iter().map(|event| message(&account, event));
    let standby =
        json::list(&entry["standby"]).iter().map(|event| Item { is_standby: true, ..message(&account, event) });
    let changes = json::list(&entry["changes"]).iter().map(|change| {
        let mut item = changed(&account, change, differences);
        item.provider_at = item.provider_at.or_else(|| json::moment(&entry["time"]));
        item
    });
    let items: Vec<_> = messages.chain(standby).chain(changes).collect();
    if items.is_empty() { vec![Item::unknown(&account, "entry", entry)] } else { items }
}

fn changed(account: &str, change: &Value, differences: &Differences) -> Item {
    let field = change["field"].as_str().unwrap_or_default();
    let mut item = Item::unknown(account, format!("changes:{field}"), change);
    let value = &change["value"];
    let mut understood = item.clone();
    if (differences.change)(&Change { field, value }, &mut understood).is_some() {
        return understood;
    }
    let part = |name: &str| value[name].as_str().map(|word| format!(".{word}")).unwrap_or_default();
    item.happened = Happened::Unknown { kind: format!("changes:{field}{}{}", part("item"), part("verb")) };
    item
}

fn message(account: &str, event: &Value) -> Item {
    let mut item = Item::unknown(account, kind_of(event), event);
    item.provider_at = json::moment(&event["timestamp"]);
    item.from = json::id(&event["sender"]["id"]).map(Party::new);
    if let Some(happened) = happened(event, &item) {
        item.happened = happened;
    }
    item
}

/// What the event is called: the name of the member that is no frame.
fn kind_of(event: &Value) -> String {
    let frame = ["sender", "recipient", "timestamp"];
    let names = event.as_object().map(|members| members.keys().filter(|name| !frame.contains(&name.as_str())));
    let name = names.and_then(|mut names| names.next()).map_or("", String::as_str);
    format!("messaging:{}", name.chars().take(64).collect::<String>())
}

fn happened(event: &Value, item: &Item) -> Option<Happened> {
    let has = |name: &str| event[name].is_object();
    if has("message") {
        return said(event, item);
    }
    if has("message_edit") {
        let edit = &event["message_edit"];
        return Some(Happened::Edited { platform_id: json::id(&edit["mid"])?, text: json::text(&edit["text"])? });
    }
    if has("postback") {
        return pressed(event, item);
    }
    if has("reaction") {
        let reaction = &event["reaction"];
        let is_added = match reaction["action"].as_str()? {
            "react" => true,
            "unreact" => false,
            _ => return None,
        };
        let emoji = json::text(&reaction["emoji"]).or_else(|| json::text(&reaction["reaction"])).unwrap_or_default();
        return Some(Happened::Reaction { platform_id: json::id(&reaction["mid"])?, emoji, is_added });
    }
    if has("delivery") {
        let delivery = &event["delivery"];
        let platform_ids: Vec<_> = json::list(&delivery["mids"]).iter().filter_map(json::id).collect();
        let watermark = json::moment(&delivery["watermark"]);
        let tells = watermark.is_some() || !platform_ids.is_empty();
        return tells.then_some(Happened::Delivered { watermark, platform_ids });
    }
    if has("read") {
        let read = &event["read"];
        let (watermark, platform_id) = (json::moment(&read["watermark"]), json::id(&read["mid"]));
        let tells = watermark.is_some() || platform_id.is_some();
        return tells.then_some(Happened::Read { watermark, platform_id });
    }
    None
}

fn said(event: &Value, item: &Item) -> Option<Happened> {
    let message = &event["message"];
    let platform_id = json::id(&message["mid"])?;
    if message["is_deleted"] == true {
        return Some(Happened::Unsent { platform_id });
    }
    item.from.as_ref()?;
    let text = message["text"].as_str().unwrap_or_default().to_owned();
    let attachments = attachments(message);
    let reply_to = json::id(&message["reply_to"]["mid"]);
    // Dashboards leave the flag out when they let a page write to itself.
    let is_ours = message["is_echo"] == true || item.from.as_ref().is_some_and(|from| from.external_id == item.account);
    if is_ours {
        return Some(Happened::Echo {
            platform_id,
            text,
            marker: json::text(&message["metadata"]),
            app_id: json::id(&message["app_id"]),
            to: json::id(&event["recipient"]["id"]).map(Party::new),
            reply_to,
            attachments,
        });
    }
    Some(Happened::Message {
        platform_id,
        text,
        reply_to,
        attachments,
        postback: None,
        quick_reply: json::text(&message["quick_reply"]["payload"]),
    })
}

/// A button. Older ones have no id of their own; who pressed it and when is one, and the same when it is told again.
fn pressed(event: &Value, item: &Item) -> Option<Happened> {
    let postback = &event["postback"];
    let from = item.from.as_ref()?;
    let made = || Some(format!("postback:{}:{}", from.external_id, json::id(&event["timestamp"])?));
    Some(Happened::Message {
        platform_id: json::id(&postback["mid"]).or_else(made)?,
        text: json::text(&postback["title"]).unwrap_or_default(),
        reply_to: None,
        attachments: Vec::new(),
        postback: Some(json::text(&postback["payload"]).unwrap_or_default()),
        quick_reply: None,
    })
}

fn attachments(message: &Value) -> Vec<Media> {
    let mut attachments: Vec<_> = json::list(&message["attachments"]).iter().map(attachment).collect();
    let story = &message["reply_to"]["story"];
    if story.is_object() {
        attachments.push(Media { kind: MediaKind::Share, url: json::text(&story["url"]), name: None, mime: None });
    }
    if attachments.is_empty() && message["is_unsupported"] == true {
        attachments.push(Media { kind: MediaKind::Other, url: None, name: None, mime: None });
    }
    attachments
}

fn attachment(attachment: &Value) -> Media {
    let payload = &attachment["payload"];
    let is_sticker = !payload["sticker_id"].is_null();
    let kind = match attachment["type"].as_str().unwrap_or_default() {
        "sticker" => MediaKind::Sticker,
        "image" if is_sticker => MediaKind::Sticker,
        "image" => MediaKind::Image,
        "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        "file" => MediaKind::File,
        "share" | "fallback" | "story_mention" | "ig_reel" | "reel" | "ig_post" => MediaKind::Share,
        _ => MediaKind::Other,
    };
    let name = json::text(&payload["title"]).or_else(|| json::text(&attachment["title"]));
    let url = json::text(&payload["url"]).or_else(|| json::text(&attachment["url"]));
    Media { kind, url, name, mime: None }
}

/// Sets what a comment has in both platforms. `id` is the comment's own.
pub(in super::super) fn comment_of(value: &Value, item: &mut Item, surface: Surface, thread: Option<String>) {
    item.surface = surface;
    item.thread = thread;
    item.provider_at = json::moment(&value["created_time"]).or_else(|| json::moment(&value["timestamp"]));
    item.from = json::id(&value["from"]["id"]).map(|external_id| Party {
        external_id,
        name: json::text(&value["from"]["name"]),
        handle: json::text(&value["from"]["username"]),
        avatar_url: None,
    });
}
