//! What a delivery of LinkedIn tells; the list of missed notifications has the same entries.

use serde_json::Value;

use super::super::item::{Happened, Item, Party, Said, Surface};
use super::super::json;
use super::urn;

pub(super) fn items(delivery: &Value) -> Vec<Item> {
    let notifications = json::list(&delivery["notifications"]);
    if notifications.is_empty() {
        return vec![Item::unknown("", delivery["type"].as_str().unwrap_or("delivery"), delivery)];
    }
    notifications.iter().map(item).collect()
}

pub(super) fn item(notification: &Value) -> Item {
    let account = json::id(&notification["organizationalEntity"]).unwrap_or_default();
    let action = notification["action"].as_str().unwrap_or("notification");
    let mut item = Item::unknown(&account, action, notification);
    item.surface = Surface::Comment;
    item.provider_at = json::moment(&notification["lastModifiedAt"]);
    let decorated = &notification["decoratedGeneratedActivity"];
    let known = match action {
        "COMMENT" | "ADMIN_COMMENT" | "COMMENT_EDIT" | "COMMENT_DELETE" => {
            comment(action, notification, &decorated["comment"], &mut item)
        }
        "SHARE_MENTION" => mention(notification, &decorated["share"], &mut item),
        _ => None,
    };
    if let Some(happened) = known {
        item.happened = happened;
    }
    item
}

fn urn_in(value: &Value) -> Option<String> {
    json::id(value).filter(|urn| urn.starts_with("urn:li:")).map(|urn| urn::long(&urn))
}

fn comment(action: &str, notification: &Value, decorated: &Value, item: &mut Item) -> Option<Happened> {
    let platform_id = urn_in(&decorated["entity"]).or_else(|| urn_in(&notification["generatedActivity"]))?;
    let thread = urn::parts(&platform_id).map(|(thread, _)| thread);
    item.thread = thread.or_else(|| urn_in(&decorated["object"])).or_else(|| urn_in(&notification["sourcePost"]));
    item.from = json::id(&decorated["owner"]).map(Party::new);
    if action == "ADMIN_COMMENT" {
        // A person of the organisation, in its name.
        item.from = Some(Party::new(&item.account));
    }
    if action == "COMMENT_DELETE" {
        return Some(Happened::Unsent { platform_id });
    }
    let Some(text) = json::text(&decorated["text"]) else { return Some(Happened::Bare { platform_id }) };
    if action == "COMMENT_EDIT" {
        return Some(Happened::Edited { platform_id, text });
    }
    let reply_to = urn_in(&decorated["parentComment"]);
    item.said(Said { platform_id, text, reply_to, ..Said::default() });
    None
}

fn mention(notification: &Value, decorated: &Value, item: &mut Item) -> Option<Happened> {
    let platform_id = urn_in(&decorated["entity"]).or_else(|| urn_in(&notification["generatedActivity"]))?;
    item.surface = Surface::Mention;
    item.thread = Some(platform_id.clone());
    item.from = json::id(&decorated["owner"]).map(Party::new);
    let text = decorated["text"].as_str().unwrap_or_default().to_owned();
    item.said(Said { platform_id, text, ..Said::default() });
    None
}

/// A comment as the API lists it.
pub(super) fn listed(account: &str, comment: &Value) -> Item {
    let mut item = Item::unknown(account, "comment", comment);
    item.surface = Surface::Comment;
    item.provider_at = json::moment(&comment["created"]["time"]);
    item.from = json::id(&comment["actor"]).map(Party::new);
    let Some(platform_id) = id_of(comment) else { return item };
    item.thread = urn::parts(&platform_id).map(|(thread, _)| thread).or_else(|| urn_in(&comment["object"]));
    item.said(Said {
        platform_id,
        text: comment["message"]["text"].as_str().unwrap_or_default().to_owned(),
        reply_to: urn_in(&comment["parentComment"]),
        ..Said::default()
    });
    item
}

/// The id of a listed or created comment, however it is written.
pub(super) fn id_of(comment: &Value) -> Option<String> {
    let whole = ["commentUrn", "$URN", "id"].into_iter().find_map(|name| urn_in(&comment[name]));
    whole.or_else(|| Some(urn::comment(&json::id(&comment["object"])?, &json::id(&comment["id"])?)))
}
