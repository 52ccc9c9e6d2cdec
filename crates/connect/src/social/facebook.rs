//! Facebook pages: messages by Messenger, comments below what the page published, mentions.

use std::time::Duration;

use serde_json::Value;

use super::Setup;
use super::item::{Happened, Item, Media, MediaKind, Party, Said, Surface};
use super::json;
use super::meta::{Change, Differences, Meta, comment_of};
use super::spec::{Counted, Spec, SurfaceSpec, Window};

pub(super) const WINDOW: Window =
    Window { anything: Duration::from_hours(24), by_a_person: Duration::from_hours(24 * 7) };
const LONGEST_MESSAGE: usize = 2000;
const LONGEST_COMMENT: usize = 8000;
const ATTACHMENTS: [MediaKind; 4] = [MediaKind::Image, MediaKind::Audio, MediaKind::Video, MediaKind::File];

pub(super) static SPEC: Spec = Spec {
    platform: "facebook",
    label: "Facebook",
    surfaces: &[
        SurfaceSpec {
            surface: Surface::Message,
            limit: LONGEST_MESSAGE,
            counted: Counted::Characters,
            attachments: &ATTACHMENTS,
            most_quick_replies: 13,
            window: Some(WINDOW),
            only_if_mentioned: false,
        },
        PUBLIC,
        SurfaceSpec { surface: Surface::Mention, ..PUBLIC },
    ],
    polled: &[Surface::Message, Surface::Comment],
    read_back: &[Surface::Message, Surface::Comment, Surface::Mention],
    has_webhooks: true,
    has_marker: true,
    has_scoped_ids: true,
    scopes: &[
        "pages_show_list",
        "pages_manage_metadata",
        "pages_messaging",
        "pages_read_engagement",
        "pages_read_user_content",
        "pages_manage_engagement",
        "business_management",
    ],
};

const PUBLIC: SurfaceSpec = SurfaceSpec {
    surface: Surface::Comment,
    limit: LONGEST_COMMENT,
    counted: Counted::Characters,
    attachments: &[],
    most_quick_replies: 0,
    window: None,
    only_if_mentioned: false,
};

static DIFFERENCES: Differences = Differences {
    spec: &SPEC,
    object: "page",
    conversations_of: "messenger",
    account_is_page: true,
    answers: "comments",
    posts: "feed",
    comments: "comments.filter(stream).order(reverse_chronological).limit(50)",
    comment_fields: "id,message,from,created_time,parent{id},object{id}",
    comment_text: "message",
    profile_fields: "first_name,last_name,profile_pic",
    subscribed_fields: "messages,message_echoes,message_deliveries,message_reads,message_edits,message_reactions,\
        messaging_postbacks,messaging_handovers,standby,feed,mention,messaging_policy_enforcement",
    account,
    change,
};

pub(super) fn connector(setup: Setup) -> Meta {
    Meta::new(&DIFFERENCES, setup)
}

fn account(page: &Value) -> Option<Party> {
    Some(Party { name: json::text(&page["name"]), ..Party::new(json::id(&page["id"])?) })
}

fn change(change: &Change<'_>, item: &mut Item) -> Option<()> {
    match change.field {
        "feed" if change.value["item"] == "comment" => comment(change.value, item),
        "mention" => mention(change.value, item),
        _ => None,
    }
}

fn comment(value: &Value, item: &mut Item) -> Option<()> {
    let platform_id = json::id(&value["comment_id"])?;
    let post = json::id(&value["post_id"]);
    comment_of(value, item, Surface::Comment, post.clone());
    let text = value["message"].as_str().unwrap_or_default().to_owned();
    match value["verb"].as_str()? {
        "add" => {
            let reply_to = json::id(&value["parent_id"]).filter(|parent| Some(parent) != post.as_ref());
            item.said(Said { platform_id, text, reply_to, attachments: media(value), ..Said::default() });
        }
        "edited" | "edit" => item.happened = Happened::Edited { platform_id, text: json::text(&value["message"])? },
        "remove" => item.happened = Happened::Unsent { platform_id },
        _ => return None,
    }
    Some(())
}

fn media(value: &Value) -> Vec<Media> {
    let of =
        |name: &str, kind| json::text(&value[name]).map(|url| Media { kind, url: Some(url), name: None, mime: None });
    [of("photo", MediaKind::Image), of("video", MediaKind::Video)].into_iter().flatten().collect()
}

fn mention(value: &Value, item: &mut Item) -> Option<()> {
    let post = json::id(&value["post_id"]);
    let platform_id = json::id(&value["comment_id"]).or_else(|| post.clone())?;
    comment_of(value, item, Surface::Mention, post);
    item.from = item.from.take().or_else(|| json::id(&value["sender_id"]).map(Party::new));
    match (value["verb"].as_str().unwrap_or("add"), json::text(&value["message"])) {
        ("remove", _) => item.happened = Happened::Unsent { platform_id },
        ("edited" | "edit", Some(text)) => item.happened = Happened::Edited { platform_id, text },
        ("add", Some(text)) => item.said(Said { platform_id, text, ..Said::default() }),
        ("add", None) => item.happened = Happened::Bare { platform_id },
        _ => return None,
    }
    Some(())
}
