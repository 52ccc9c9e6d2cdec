//! Instagram accounts that are linked to a Facebook page: messages, comments, mentions.

use serde_json::Value;

use super::Setup;
use super::facebook::WINDOW;
use super::item::{Happened, Item, MediaKind, Party, Said, Surface};
use super::json;
use super::meta::{Change, Differences, Meta, comment_of};
use super::spec::{Counted, Spec, SurfaceSpec};

const LONGEST_MESSAGE_BYTES: usize = 1000;
const LONGEST_COMMENT: usize = 2200;
const ATTACHMENTS: [MediaKind; 4] = [MediaKind::Image, MediaKind::Audio, MediaKind::Video, MediaKind::File];

pub(super) static SPEC: Spec = Spec {
    platform: "instagram",
    label: "Instagram",
    surfaces: &[
        SurfaceSpec {
            surface: Surface::Message,
            limit: LONGEST_MESSAGE_BYTES,
            counted: Counted::Bytes,
            attachments: &ATTACHMENTS,
            most_quick_replies: 13,
            window: Some(WINDOW),
            only_if_mentioned: false,
        },
        SurfaceSpec {
            surface: Surface::Comment,
            limit: LONGEST_COMMENT,
            counted: Counted::Characters,
            attachments: &[],
            most_quick_replies: 0,
            window: None,
            only_if_mentioned: false,
        },
    ],
    polled: &[Surface::Message, Surface::Comment],
    read_back: &[Surface::Message, Surface::Comment],
    has_webhooks: true,
    has_marker: true,
    has_scoped_ids: true,
    scopes: &[
        "pages_show_list",
        "pages_manage_metadata",
        "pages_messaging",
        "pages_read_engagement",
        "instagram_basic",
        "instagram_manage_messages",
        "instagram_manage_comments",
        "business_management",
    ],
};

static DIFFERENCES: Differences = Differences {
    spec: &SPEC,
    object: "instagram",
    conversations_of: "instagram",
    account_is_page: false,
    answers: "replies",
    posts: "media",
    comments: "comments.limit(50)",
    comment_fields: "id,text,from,timestamp,parent_id,media{id}",
    comment_text: "text",
    profile_fields: "name,username,profile_pic",
    // Of the page: Instagram's own fields are chosen for the whole app.
    subscribed_fields: "messages,messaging_postbacks,message_reactions,standby",
    account,
    change,
};

pub(super) fn connector(setup: Setup) -> Meta {
    Meta::new(&DIFFERENCES, setup)
}

fn account(page: &Value) -> Option<Party> {
    let account = &page["instagram_business_account"];
    Some(Party {
        external_id: json::id(&account["id"])?,
        name: json::text(&account["name"]).or_else(|| json::text(&page["name"])),
        handle: json::text(&account["username"]),
        avatar_url: json::text(&account["profile_picture_url"]),
    })
}

fn change(change: &Change<'_>, item: &mut Item) -> Option<()> {
    let value = change.value;
    match change.field {
        "comments" | "live_comments" => {
            let platform_id = json::id(&value["id"])?;
            comment_of(value, item, Surface::Comment, json::id(&value["media"]["id"]));
            let text = value["text"].as_str().unwrap_or_default().to_owned();
            item.said(Said { platform_id, text, reply_to: json::id(&value["parent_id"]), ..Said::default() });
        }
        "mentions" => {
            let media = json::id(&value["media_id"]);
            let platform_id = json::id(&value["comment_id"]).or_else(|| media.clone())?;
            comment_of(value, item, Surface::Mention, media);
            item.happened = Happened::Bare { platform_id };
        }
        _ => return None,
    }
    Some(())
}
