//! Facebook and Instagram over real HTTP: what is asked, and what is made of the answers.

use serde_json::{Value, json};
use socialai_connect::call::CallError;
use socialai_connect::social::refusal::Refusal;
use socialai_connect::social::{
    Attachment, Cursor, Happened, Hook, Item, MediaKind, Outgoing, Party, QuickReply, Sent, Surface,
};
use time::OffsetDateTime;
use time::macros::datetime;
use url::Url;

use crate::remote::{Remote, Reply};
use crate::social::{app, at, connector, credentials, http, outgoing, serving};

const SINCE: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

fn body(remote: &Remote, path: &str) -> Value {
    serde_json::from_str(&remote.seen(path).last().unwrap().body).unwrap()
}

fn outside_window() -> Reply {
    Reply::json(&json!({ "error": { "code": 10, "error_subcode": 2_018_278 } })).with_status(400)
}

#[tokio::test]
async fn message_is_sent_with_marker_and_choices_and_the_token_in_a_header() {
    let success = Reply::json(&json!({ "recipient_id": "222", "message_id": "m_9" }));
    let (remote, connector) = serving("facebook", "/v26.0/100/messages", success).await;
    let mut message = Outgoing { marker: Some("eff_1".into()), ..outgoing(Surface::Message, "Hi") };
    message.quick_replies = vec![QuickReply { title: "Yes".into(), payload: "YES".into() }];
    message.reply_to = Some("m_1".into());
    let mut credentials = credentials("facebook");
    credentials.app_secret = Some("s3cret".into());
    let sent = connector.send(&http(), &credentials, &message).await.unwrap();
    assert_eq!(sent, Sent { platform_id: "m_9".into() });
    let path = "/facebook/v26.0/100/messages";
    let expected = json!({
        "recipient": { "id": "222" }, "messaging_type": "RESPONSE",
        "message": { "text": "Hi", "metadata": "eff_1", "reply_to": { "mid": "m_1" },
            "quick_replies": [{ "content_type": "text", "title": "Yes", "payload": "YES" }] },
    });
    assert_eq!(body(&remote, path), expected);
    let seen = remote.seen(path).remove(0);
    assert_eq!(seen.headers["authorization"], "Bearer token-1");
    assert!(seen.query.starts_with("appsecret_proof=") && !seen.query.contains("token-1"));
}

#[tokio::test]
async fn file_is_named_by_its_address_and_goes_without_a_text() {
    let success = Reply::json(&json!({ "recipient_id": "222", "message_id": "m_9" }));
    let (remote, connector) = serving("instagram", "/v26.0/100/messages", success).await;
    let video =
        Attachment { kind: MediaKind::Video, url: Url::parse("https://hub.example/v1/files/a?b=1&c=2").unwrap() };
    let message = Outgoing { attachment: Some(video), marker: Some("eff_1".into()), ..outgoing(Surface::Message, "") };
    connector.send(&http(), &credentials("instagram"), &message).await.unwrap();
    let attachment = json!({ "type": "video", "payload": { "url": "https://hub.example/v1/files/a?b=1&c=2" } });
    let sent = body(&remote, "/instagram/v26.0/100/messages");
    assert_eq!(sent["message"], json!({ "attachment": attachment, "metadata": "eff_1" }));
}

#[tokio::test]
async fn only_a_persons_words_use_the_longer_window() {
    let remote = Remote::start().await;
    let path = "/facebook/v26.0/100/messages";
    let connector = at(&remote.url("/"), "facebook");
    let success = Reply::json(&json!({ "message_id": "m_9" }));
    remote.serve_in_turn(path, [outside_window(), success]);
    let machine = Outgoing { is_human: false, ..outgoing(Surface::Message, "Hi") };
    let refused = connector.send(&http(), &credentials("facebook"), &machine).await.unwrap_err();
    assert_eq!(Refusal::of(&refused), Some(Refusal::OutsideWindow));
    assert_eq!(remote.seen(path).len(), 1);
    remote.serve_in_turn(path, [outside_window(), Reply::json(&json!({ "message_id": "m_9" }))]);
    connector.send(&http(), &credentials("facebook"), &outgoing(Surface::Message, "Hi")).await.unwrap();
    let last = body(&remote, path);
    assert_eq!((&last["messaging_type"], &last["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
}

#[tokio::test]
async fn comments_are_answered_where_they_stand() {
    let cases = [
        ("facebook", Some("7_8"), "/v26.0/7_8/comments"),
        ("facebook", None, "/v26.0/100_7/comments"),
        ("instagram", Some("17867"), "/v26.0/17867/replies"),
    ];
    for (platform, reply_to, path) in cases {
        let (remote, connector) = serving(platform, path, Reply::json(&json!({ "id": "7_9" }))).await;
        let answer = Outgoing {
            thread: Some("100_7".into()),
            reply_to: reply_to.map(str::to_owned),
            ..outgoing(Surface::Comment, "Hi")
        };
        let sent = connector.send(&http(), &credentials(platform), &answer).await.unwrap();
        assert_eq!(sent.platform_id, "7_9");
        assert_eq!(body(&remote, &format!("/{platform}{path}")), json!({ "message": "Hi" }));
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_leaves() {
    let image = Attachment { kind: MediaKind::Image, url: Url::parse("https://example.com/a.png").unwrap() };
    let cases = [
        ("facebook", outgoing(Surface::Message, &"x".repeat(2001)), Refusal::TooLong),
        ("instagram", outgoing(Surface::Message, &"é".repeat(501)), Refusal::TooLong),
        ("linkedin", outgoing(Surface::Comment, &"x".repeat(1251)), Refusal::TooLong),
        ("x", outgoing(Surface::Mention, &"日".repeat(141)), Refusal::TooLong),
        ("x", outgoing(Surface::Message, &"x".repeat(10_001)), Refusal::TooLong),
        ("x", Outgoing { attachment: Some(image.clone()), ..outgoing(Surface::Message, "") }, Refusal::Content),
        ("facebook", Outgoing { attachment: Some(image), ..outgoing(Surface::Message, "and text") }, Refusal::Content),
        ("facebook", outgoing(Surface::Message, " "), Refusal::Content),
        ("facebook", outgoing(Surface::Comment, "below nothing"), Refusal::Content),
        ("x", outgoing(Surface::Mention, "to nobody"), Refusal::Content),
        ("linkedin", outgoing(Surface::Message, "x"), Refusal::Content),
        ("instagram", outgoing(Surface::Mention, "x"), Refusal::Content),
    ];
    let remote = Remote::start().await;
    for (platform, message, refusal) in cases {
        let connector = at(&remote.url("/"), platform);
        let refused = connector.send(&http(), &credentials(platform), &message).await.unwrap_err();
        assert_eq!(Refusal::of(&refused), Some(refusal), "{platform} {refused:?}");
    }
    let too_long = connector("x").fits(Surface::Mention, &"x".repeat(281)).unwrap_err();
    assert_eq!((too_long.limit, too_long.counted), (280, 281));
    assert_eq!(connector("x").fits(Surface::Mention, &format!("@ann @bob {}", "x".repeat(280))), Ok(()));
}

fn conversations(next: bool) -> Value {
    let message = |id: &str, from: &str, to: &str, at: &str, text: &str| json!({ "id": id, "created_time": at, "from": { "id": from, "name": "N" }, "to": { "data": [{ "id": to }] }, "message": text });
    let mut list = json!({ "data": [{ "id": "t_1", "updated_time": "2026-11-21T12:05:00+0000", "messages": { "data": [
        message("m_3", "100", "222", "2026-11-21T12:05:00+0000", "Hi"),
        message("m_2", "222", "100", "2026-11-21T12:04:00+0000", "Hello"),
        message("m_1", "100", "222", "2026-11-21T11:00:00+0000", "Hi"),
    ] } }], "paging": { "cursors": { "after": "A" } } });
    if next {
        list["paging"]["next"] = json!("https://elsewhere.example/?access_token=s3cret");
    }
    list
}

#[tokio::test]
async fn sent_file_is_found_again_by_its_kind_and_time() {
    let mut list = conversations(false);
    let messages = list["data"][0]["messages"]["data"].as_array_mut().unwrap();
    let url = json!({ "url": "https://cdn.example/1" });
    messages[0]["message"] = json!("");
    messages[0]["attachments"] = json!({ "data": [{ "mime_type": "image/png", "image_data": url }] });
    let path = "/v26.0/100/conversations";
    let (remote, connector) = serving("facebook", path, Reply::json(&list)).await;
    let find = async |kind: MediaKind, since: OffsetDateTime| {
        let attachment = Attachment { kind, url: Url::parse("https://hub.example/a").unwrap() };
        let message = Outgoing { attachment: Some(attachment), ..outgoing(Surface::Message, "") };
        connector.read_back(&http(), &credentials("facebook"), &message, since).await.unwrap()
    };
    assert_eq!(find(MediaKind::Image, SINCE).await, Some(Sent { platform_id: "m_3".into() }));
    assert_eq!(find(MediaKind::Video, SINCE).await, None);
    assert_eq!(find(MediaKind::Image, datetime!(2026-11-21 12:06 UTC)).await, None);
    assert!(remote.seen("/facebook/v26.0/100/conversations")[0].query.contains("attachments"));
}

#[tokio::test]
async fn sent_message_is_found_again_by_its_text_and_time() {
    let path = "/v26.0/100/conversations";
    let (remote, connector) = serving("facebook", path, Reply::json(&conversations(false))).await;
    let find = async |text: &str, since: OffsetDateTime| {
        let message = outgoing(Surface::Message, text);
        connector.read_back(&http(), &credentials("facebook"), &message, since).await.unwrap()
    };
    assert_eq!(find("Hi", SINCE).await, Some(Sent { platform_id: "m_3".into() }));
    assert_eq!(find("Hello", SINCE).await, None, "the person's own words");
    assert_eq!(find("Other", SINCE).await, None);
    assert_eq!(find("Hi", datetime!(2026-11-21 12:06 UTC)).await, None);
    assert!(remote.seen("/facebook/v26.0/100/conversations")[0].query.contains("user_id=222"));
}

#[tokio::test]
async fn poll_goes_through_the_pages_and_begins_the_next_round_where_it_began() {
    let remote = Remote::start().await;
    let path = "/facebook/v26.0/100/conversations";
    remote.serve_in_turn(path, [Reply::json(&conversations(true)), Reply::json(&json!({ "data": [] }))]);
    let connector = at(&remote.url("/"), "facebook");
    let cursor = Cursor::since(Surface::Message, SINCE);
    let poll = async |cursor: &Cursor| connector.poll(&http(), &credentials("facebook"), cursor, SINCE).await.unwrap();
    let first = poll(&cursor).await;
    let ids: Vec<_> = first.items.iter().filter_map(id_of).collect();
    assert_eq!(ids, ["m_3", "m_2"], "what is older is known");
    assert!(matches!(&first.items[0].happened, Happened::Echo { to: Some(to), .. } if to.external_id == "222"));
    assert!(matches!(&first.items[1].happened, Happened::Message { text, .. } if text == "Hello"));
    assert!(first.has_more);
    let kept: Cursor = serde_json::from_value(serde_json::to_value(&first.next).unwrap()).unwrap();
    let second = poll(&kept).await;
    assert!(!second.has_more && remote.seen(path)[1].query.contains("after=A"));
    assert!(!remote.seen(path)[1].query.contains("s3cret"));
    // Another round sees only what came at the newest moment or later.
    remote.serve(path, Reply::json(&conversations(false)));
    let third = poll(&second.next).await;
    assert_eq!(third.items.iter().filter_map(id_of).collect::<Vec<_>>(), ["m_3"]);
}

fn id_of(item: &Item) -> Option<&str> {
    match &item.happened {
        Happened::Message { platform_id, .. } | Happened::Echo { platform_id, .. } => Some(platform_id),
        _ => None,
    }
}

#[tokio::test]
async fn comments_are_polled_below_each_post() {
    let comment = json!({ "id": "7_8", "message": "How much?", "from": { "id": "U" }, "created_time": "2026-11-21T12:05:00+0000" });
    let list = json!({ "data": [{ "id": "100_7", "comments": { "data": [comment] } }, { "id": "100_6" }] });
    let (_remote, connector) = serving("facebook", "/v26.0/100/feed", Reply::json(&list)).await;
    let cursor = Cursor::since(Surface::Comment, SINCE);
    let page = connector.poll(&http(), &credentials("facebook"), &cursor, SINCE).await.unwrap();
    assert_eq!((id_of(&page.items[0]), page.items[0].thread.as_deref()), (Some("7_8"), Some("100_7")));
    assert_eq!(page.items.len(), 1);
}

#[tokio::test]
async fn bare_mention_is_completed_or_gone() {
    let path = "/v26.0/2";
    let comment = json!({ "id": "2", "text": "@us look", "from": { "id": "U", "username": "ann" }, "timestamp": "2026-11-21T12:05:00+0000" });
    let (remote, connector) = serving("instagram", path, Reply::json(&comment)).await;
    let change = json!({ "field": "mentions", "value": { "media_id": "1", "comment_id": "2" } });
    let delivery = json!({ "object": "instagram", "entry": [{ "id": "200", "changes": [change] }] });
    let bare = connector.parse(delivery.to_string().as_bytes()).unwrap().items.remove(0);
    let complete = connector.complete(&http(), &credentials("instagram"), &bare).await.unwrap().unwrap();
    assert!(matches!(&complete.happened, Happened::Message { text, .. } if text == "@us look"));
    assert_eq!((complete.surface, complete.from.unwrap().handle.as_deref()), (Surface::Mention, Some("ann")));
    let gone = json!({ "error": { "code": 100, "error_subcode": 33 } });
    remote.serve("/instagram/v26.0/2", Reply::json(&gone).with_status(400));
    assert_eq!(connector.complete(&http(), &credentials("instagram"), &bare).await.unwrap(), None);
}

#[tokio::test]
async fn pages_and_their_instagram_accounts_are_listed() {
    let list = json!({ "data": [
        { "id": "100", "name": "Shop", "access_token": "page-token", "instagram_business_account": { "id": "200", "username": "shop" } },
        { "id": "101", "name": "Other", "access_token": "" }, 7,
    ] });
    for (platform, expected) in [("facebook", vec!["100", "101"]), ("instagram", vec!["200"])] {
        let (_remote, connector) = serving(platform, "/v26.0/me/accounts", Reply::json(&list)).await;
        let accounts = connector.accounts(&http(), &credentials(platform).token).await.unwrap();
        let ids: Vec<_> = accounts.iter().map(|account| account.party.external_id.as_str()).collect();
        assert_eq!(ids, expected);
        assert_eq!(accounts[0].via.as_deref(), Some("100"));
        assert_eq!(accounts[0].token.as_ref().unwrap().expose(), "page-token");
        assert!(accounts.get(1).is_none_or(|other| other.token.is_none()));
    }
}

#[tokio::test]
async fn subscription_believes_both_spellings_of_success() {
    for (answer, is_done) in [(json!(true), true), (json!("true"), true), (json!(false), false)] {
        for platform in ["facebook", "instagram"] {
            let reply = Reply::json(&json!({ "success": answer }));
            let (remote, connector) = serving(platform, "/v26.0/100/subscribed_apps", reply).await;
            let hook = Hook { callback: remote.url("/hook"), app: app(), application_id: None, member: None };
            let subscribed = connector.subscribe(&http(), &credentials(platform), &hook).await;
            assert_eq!(subscribed.is_ok(), is_done);
            let seen = body(&remote, &format!("/{platform}/v26.0/100/subscribed_apps"));
            assert!(seen["subscribed_fields"].as_str().unwrap().starts_with("messages,"));
            connector
                .unsubscribe(&http(), &credentials(platform), &hook, &subscribed.unwrap_or_default())
                .await
                .unwrap();
            assert_eq!(remote.seen(&format!("/{platform}/v26.0/100/subscribed_apps"))[1].method, "DELETE");
        }
    }
}

#[tokio::test]
async fn message_without_a_profile_is_still_a_message() {
    let profile = json!({ "first_name": "Ann", "last_name": "Lee", "profile_pic": "https://x/a.png", "id": "222" });
    let (remote, connector) = serving("facebook", "/v26.0/222", Reply::json(&profile)).await;
    let read = async || connector.profile(&http(), &credentials("facebook"), "222").await;
    let expected =
        Party { name: Some("Ann Lee".into()), avatar_url: Some("https://x/a.png".into()), ..Party::new("222") };
    assert_eq!(read().await.unwrap(), Some(expected));
    remote.serve(
        "/facebook/v26.0/222",
        Reply::json(&json!({ "error": { "code": 100, "error_subcode": 33 } })).with_status(400),
    );
    assert_eq!(read().await.unwrap(), None);
    remote.serve("/facebook/v26.0/222", Reply::json(&json!({ "error": { "code": 190 } })).with_status(400));
    assert_eq!(read().await.unwrap_err(), CallError::Reauth);
}
