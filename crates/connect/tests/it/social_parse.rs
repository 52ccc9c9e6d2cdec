//! What deliveries tell, in the shapes of the contract, and that no piece of a batch hurts another.

use proptest::prelude::*;
use serde_json::{Value, json};
use socialai_connect::social::{Happened, Item, MediaKind, Party, Surface};
use time::macros::datetime;

use crate::social::{PLATFORMS, connector};

fn items(platform: &str, delivery: &Value) -> Vec<Item> {
    connector(platform).parse(delivery.to_string().as_bytes()).unwrap().items
}

fn one(platform: &str, delivery: &Value) -> Item {
    let mut items = items(platform, delivery);
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
}

fn messaging(event: Value) -> Item {
    let mut event = event;
    event["timestamp"] = json!(1_760_000_000_100_i64);
    if event["sender"].is_null() {
        event["sender"] = json!({ "id": "P" });
        event["recipient"] = json!({ "id": "100" });
    }
    one("facebook", &json!({ "object": "page", "entry": [{ "id": "100", "time": 1, "messaging": [event] }] }))
}

fn feed(value: &Value) -> Item {
    let change = json!({ "field": "feed", "value": value });
    one(
        "facebook",
        &json!({ "object": "page", "entry": [{ "id": "100", "time": 1_678_886_400, "changes": [change] }] }),
    )
}

fn activity(kind: &str, payload: &Value) -> Item {
    let data = json!({ "event_uuid": "-6850472171600526495", "filter": { "user_id": "111" }, "event_type": kind, "payload": payload });
    one("x", &json!({ "data": data }))
}

fn message(platform_id: &str, text: &str) -> Happened {
    Happened::Message {
        platform_id: platform_id.into(),
        text: text.into(),
        reply_to: None,
        attachments: vec![],
        postback: None,
        quick_reply: None,
    }
}

fn unknown(kind: &str) -> Happened {
    Happened::Unknown { kind: kind.into() }
}

#[test]
fn message_of_messenger_is_read() {
    let item = messaging(json!({ "message": { "mid": "m_1", "text": "café 😀" } }));
    assert_eq!(item.happened, message("m_1", "café 😀"));
    assert_eq!((item.account.as_str(), item.surface, item.thread), ("100", Surface::Message, None));
    assert_eq!(item.from, Some(Party::new("P")));
    assert_eq!(item.provider_at, Some(datetime!(2025-10-09 08:53:20.1 UTC)));
    assert!(!item.is_standby);
    assert_eq!(item.raw["message"]["mid"], "m_1");
}

#[test]
fn everything_around_a_message_of_messenger_is_read() {
    let rich = json!({ "message": {
        "mid": "m_2", "text": "", "quick_reply": { "payload": "YES" }, "reply_to": { "mid": "m_1" },
        "attachments": [
            { "type": "image", "payload": { "url": "https://x/a.png" } },
            { "type": "image", "payload": { "url": "https://x/s.png", "sticker_id": 369_239_263_222_822_i64 } },
            { "type": "sticker", "payload": { "sticker_id": "1" } },
            { "type": "hologram", "payload": 7 }, "no object",
        ],
    } });
    let Happened::Message { reply_to, attachments, quick_reply, .. } = messaging(rich).happened else { panic!() };
    assert_eq!((reply_to.as_deref(), quick_reply.as_deref()), (Some("m_1"), Some("YES")));
    let kinds: Vec<_> = attachments.iter().map(|media| media.kind).collect();
    assert_eq!(kinds, [MediaKind::Image, MediaKind::Sticker, MediaKind::Sticker, MediaKind::Other, MediaKind::Other]);
    assert_eq!(attachments[0].url.as_deref(), Some("https://x/a.png"));
}

#[test]
fn echo_knows_the_person_the_program_and_our_marker() {
    let echo = messaging(json!({
        "sender": { "id": "100" }, "recipient": { "id": "P" },
        "message": { "is_echo": true, "app_id": 1_517_776_481_860_111_i64, "metadata": "eff_1", "mid": "m_3", "text": "Hi" },
    }));
    let expected = Happened::Echo {
        platform_id: "m_3".into(),
        text: "Hi".into(),
        marker: Some("eff_1".into()),
        app_id: Some("1517776481860111".into()),
        to: Some(Party::new("P")),
        reply_to: None,
        attachments: vec![],
    };
    assert_eq!(echo.happened, expected);
}

#[test]
fn other_events_of_messenger_are_read() {
    let at = Some(datetime!(2025-10-09 08:53:20 UTC));
    let cases = [
        (json!({ "message": { "mid": "m", "is_deleted": true } }), Happened::Unsent { platform_id: "m".into() }),
        (
            json!({ "message_edit": { "mid": "m", "text": "new", "num_edit": 1 } }),
            Happened::Edited { platform_id: "m".into(), text: "new".into() },
        ),
        (
            json!({ "delivery": { "watermark": 1_760_000_000_000_i64 } }),
            Happened::Delivered { watermark: at, platform_ids: vec![] },
        ),
        (
            json!({ "delivery": { "watermark": 1_760_000_000_000_i64, "mids": ["m"] } }),
            Happened::Delivered { watermark: at, platform_ids: vec!["m".into()] },
        ),
        (json!({ "read": { "watermark": "1760000000000" } }), Happened::Read { watermark: at, platform_id: None }),
        (json!({ "read": { "mid": "m" } }), Happened::Read { watermark: None, platform_id: Some("m".into()) }),
        (
            json!({ "reaction": { "mid": "m", "action": "react", "reaction": "love", "emoji": "❤" } }),
            Happened::Reaction { platform_id: "m".into(), emoji: "❤".into(), is_added: true },
        ),
        (
            json!({ "reaction": { "mid": "m", "action": "unreact" } }),
            Happened::Reaction { platform_id: "m".into(), emoji: String::new(), is_added: false },
        ),
        (json!({ "referral": {} }), unknown("messaging:referral")),
        (json!({ "message": { "text": "no id" } }), unknown("messaging:message")),
        (json!({ "message": 7 }), unknown("messaging:message")),
    ];
    for (event, expected) in cases {
        assert_eq!(messaging(event.clone()).happened, expected, "{event}");
    }
    let press = |postback: Value| messaging(json!({ "postback": postback })).happened;
    let Happened::Message { platform_id, text, postback, .. } = press(json!({ "title": "Start", "payload": "GO" }))
    else {
        panic!()
    };
    assert_eq!(
        (platform_id.as_str(), text.as_str(), postback.as_deref()),
        ("postback:P:1760000000100", "Start", Some("GO"))
    );
}

#[test]
fn standby_is_told_apart() {
    let event = json!({ "sender": { "id": "P" }, "message": { "mid": "m", "text": "x" } });
    let item = one("facebook", &json!({ "object": "page", "entry": [{ "id": "100", "standby": [event] }] }));
    assert!(item.is_standby && matches!(item.happened, Happened::Message { .. }));
}

#[test]
fn comments_of_a_page_are_read() {
    let comment = |parent: &str, from: &str, verb: &str| {
        feed(&json!({ "item": "comment", "verb": verb, "comment_id": "7_8", "post_id": "100_7", "parent_id": parent,
            "from": { "id": from, "name": "Maria" }, "message": "How much?", "created_time": 1_678_886_390 }))
    };
    let top = comment("100_7", "U", "add");
    assert_eq!(top.happened, message("7_8", "How much?"));
    assert_eq!((top.surface, top.thread.as_deref()), (Surface::Comment, Some("100_7")));
    assert_eq!(top.provider_at, Some(datetime!(2023-03-15 13:19:50 UTC)));
    assert_eq!(top.from.unwrap().name.as_deref(), Some("Maria"));
    let Happened::Message { reply_to, .. } = comment("7_5", "U", "add").happened else { panic!() };
    assert_eq!(reply_to.as_deref(), Some("7_5"));
    assert!(matches!(comment("100_7", "100", "add").happened, Happened::Echo { to: None, .. }), "the page's own words");
    for verb in ["edit", "edited"] {
        assert_eq!(
            comment("100_7", "U", verb).happened,
            Happened::Edited { platform_id: "7_8".into(), text: "How much?".into() }
        );
    }
    assert_eq!(comment("100_7", "U", "hide").happened, unknown("changes:feed.comment.hide"));
    let removed = feed(&json!({ "item": "comment", "verb": "remove", "comment_id": "7_8", "post_id": "100_7" }));
    assert_eq!(removed.happened, Happened::Unsent { platform_id: "7_8".into() });
    assert_eq!(removed.provider_at, Some(datetime!(2023-03-15 13:20 UTC)), "the time of the entry");
    let nameless =
        feed(&json!({ "item": "comment", "verb": "add", "comment_id": "7_8", "post_id": "100_7", "message": "?" }));
    assert_eq!((nameless.from, nameless.happened), (None, message("7_8", "?")));
    assert_eq!(feed(&json!({ "item": "post", "verb": "add" })).happened, unknown("changes:feed.post.add"));
}

#[test]
fn comments_and_mentions_of_instagram_are_read() {
    let changed = |field: &str, value: Value| {
        let change = json!({ "field": field, "value": value });
        one(
            "instagram",
            &json!({ "entry": [{ "id": "200", "time": 1_776_339_591, "changes": [change] }], "object": "instagram" }),
        )
    };
    let comment = |from: &str| {
        changed(
            "comments",
            json!({ "from": { "id": from, "username": "user123" }, "id": "17867301270523379",
            "media": { "id": "18050", "media_product_type": "FEED" }, "text": "LINK" }),
        )
    };
    let item = comment("IGSID");
    assert_eq!((item.happened, item.thread.as_deref()), (message("17867301270523379", "LINK"), Some("18050")));
    assert_eq!(item.from.unwrap().handle.as_deref(), Some("user123"));
    assert!(matches!(comment("200").happened, Happened::Echo { .. }));
    let mention = changed("mentions", json!({ "media_id": "1", "comment_id": "2" }));
    assert_eq!((mention.surface, mention.happened), (Surface::Mention, Happened::Bare { platform_id: "2".into() }));
    assert_eq!(changed("story_insights", json!({})).happened, unknown("changes:story_insights"));
}

#[test]
fn direct_messages_of_the_x_activity_api_are_read() {
    let dm = |sender: &str, recipient: &str| {
        activity(
            "dm.received",
            &json!({
                "direct_message_events": [{ "type": "message_create", "id": "2080765901528535096", "created_timestamp": "1784928224372",
                    "message_create": { "target": { "recipient_id": recipient }, "sender_id": sender, "message_data": { "text": "hello!" } } }],
                "users": { "222": { "data": { "id": "222", "username": "OtherUser", "name": "Other" } } },
            }),
        )
    };
    let item = dm("222", "111");
    assert_eq!((item.account.as_str(), item.happened), ("111", message("2080765901528535096", "hello!")));
    assert_eq!(item.from.unwrap().handle.as_deref(), Some("OtherUser"));
    assert_eq!(item.provider_at, Some(datetime!(2026-07-24 21:23:44.372 UTC)));
    let Happened::Echo { to: Some(to), .. } = dm("111", "222").happened else { panic!() };
    assert_eq!((to.external_id.as_str(), to.name.as_deref()), ("222", Some("Other")));
}

#[test]
fn posts_of_the_x_activity_api_are_read() {
    let post = |more: Value| {
        let mut post = json!({ "id": 9_007_199_254_740_993_i64, "text": "@us hi", "author_id": "222", "conversation_id": "5",
            "created_at": "2026-07-24T21:23:44.000Z", "referenced_tweets": [{ "type": "replied_to", "id": "6" }] });
        post.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        activity("post.mention.create", &post)
    };
    let item = post(json!({}));
    let Happened::Message { platform_id, reply_to, .. } = &item.happened else { panic!() };
    assert_eq!((platform_id.as_str(), reply_to.as_deref()), ("9007199254740993", Some("6")));
    assert_eq!((item.surface, item.thread.as_deref()), (Surface::Mention, Some("5")));
    assert!(matches!(post(json!({ "author_id": "111" })).happened, Happened::Echo { .. }));
    let edited = post(json!({ "edit_history_tweet_ids": ["1", "9007199254740993"] })).happened;
    assert_eq!(edited, Happened::Edited { platform_id: "1".into(), text: "@us hi".into() });
}

#[test]
fn end_of_a_grant_is_read_in_both_forms() {
    let item =
        activity("oauth.revoke", &json!({ "date_time": "2026-07-24T21:23:44.000Z", "user_id": "111", "app_id": "9" }));
    assert_eq!((item.account.as_str(), item.happened), ("111", Happened::Revoked));
    let legacy = json!({ "user_event": { "revoke": { "source": { "user_id": "111" }, "target": { "app_id": "9" } } } });
    assert_eq!(one("x", &legacy).happened, Happened::Revoked);
    assert_eq!(activity("chat.received", &json!({ "sealed": true })).happened, unknown("chat.received"));
}

#[test]
fn account_activity_of_x_is_read() {
    let delivery = json!({
        "for_user_id": "111", "user_has_blocked": "false",
        "tweet_create_events": [
            { "id": 1, "id_str": "9007199254740993", "text": "short…", "truncated": true, "extended_tweet": { "full_text": "long text" },
              "user": { "id_str": "222", "screen_name": "other" }, "created_at": "Thu Oct 09 08:53:20 +0000 2025" },
            { "id_str": "2", "text": "RT", "user": { "id_str": "222" }, "retweeted_status": {} },
        ],
        "direct_message_mark_read_events": [{ "sender_id": "222", "last_read_event_id": "7", "created_timestamp": "1760000000000" }],
        "tweet_delete_events": [{ "status": { "id": "3", "user_id": "222" }, "timestamp_ms": "1760000000000" }],
        "follow_events": [{ "type": "follow" }],
    });
    let items = items("x", &delivery);
    let find = |wanted: &Happened| items.iter().find(|item| item.happened == *wanted).unwrap();
    let long = find(&message("9007199254740993", "long text"));
    assert_eq!(long.provider_at, Some(datetime!(2025-10-09 08:53:20 UTC)));
    find(&unknown("tweet_create_events"));
    find(&Happened::Read { watermark: None, platform_id: Some("7".into()) });
    find(&Happened::Unsent { platform_id: "3".into() });
    find(&unknown("follow_events"));
    assert_eq!(items.len(), 5);
}

fn notification(action: &str, owner: &str) -> Value {
    json!({
        "notificationId": 5_603_453_321_i64, "organizationalEntity": "urn:li:organization:9", "action": action,
        "sourcePost": "urn:li:activity:7094637247890620418", "lastModifiedAt": 1_691_574_506_310_i64,
        "generatedActivity": "urn:li:comment:(activity:7094637247890620418,7094977717598625792)",
        "decoratedGeneratedActivity": { "comment": {
            "entity": "urn:li:comment:(urn:li:activity:7094637247890620418,7094977717598625792)",
            "owner": owner, "object": "urn:li:activity:7094637247890620418", "text": "Commenting" } },
    })
}

#[test]
fn comments_of_linkedin_are_read_in_both_spellings() {
    const ID: &str = "urn:li:comment:(urn:li:activity:7094637247890620418,7094977717598625792)";
    let of = |notification: Value| one("linkedin", &json!({ "type": "T", "notifications": [notification] }));
    let person = "urn:li:person:zLqTygBP8S";
    let item = of(notification("COMMENT", person));
    assert_eq!((item.account.as_str(), item.happened), ("urn:li:organization:9", message(ID, "Commenting")));
    assert_eq!(item.thread.as_deref(), Some("urn:li:activity:7094637247890620418"));
    assert_eq!(item.from, Some(Party::new(person)));
    let mut bare = notification("COMMENT", person);
    bare.as_object_mut().unwrap().remove("decoratedGeneratedActivity");
    assert_eq!(of(bare).happened, Happened::Bare { platform_id: ID.into() });
    assert!(matches!(of(notification("COMMENT", "urn:li:organization:9")).happened, Happened::Echo { .. }));
    assert!(matches!(of(notification("ADMIN_COMMENT", person)).happened, Happened::Echo { .. }));
    assert_eq!(
        of(notification("COMMENT_EDIT", person)).happened,
        Happened::Edited { platform_id: ID.into(), text: "Commenting".into() }
    );
    assert_eq!(of(notification("COMMENT_DELETE", person)).happened, Happened::Unsent { platform_id: ID.into() });
    assert_eq!(of(notification("LIKE", person)).happened, unknown("LIKE"));
}

#[test]
fn share_that_names_an_organisation_of_linkedin_is_a_mention() {
    const SHARE: &str = "urn:li:share:7094637247487995904";
    let mut shared = notification("SHARE_MENTION", "urn:li:person:zLqTygBP8S");
    shared["generatedActivity"] = SHARE.into();
    shared["decoratedGeneratedActivity"] = json!({ "share": {
        "entity": SHARE, "owner": "urn:li:person:zLqTygBP8S", "text": "Ask Acme", "mediaCategory": "NONE" } });
    let item = one("linkedin", &json!({ "type": "T", "notifications": [shared] }));
    assert_eq!((item.surface, item.thread.as_deref()), (Surface::Mention, Some(SHARE)));
    assert_eq!(item.from, Some(Party::new("urn:li:person:zLqTygBP8S")));
    assert_eq!((item.account.as_str(), item.happened), ("urn:li:organization:9", message(SHARE, "Ask Acme")));
}

/// A batch of three, the middle one replaced.
fn batch(platform: &str, middle: &Value) -> Value {
    let event = |id: &str| json!({ "sender": { "id": "P" }, "recipient": { "id": "1" }, "timestamp": 1_760_000_000, "message": { "mid": id, "text": "x" } });
    let dm = |id: &str| json!({ "type": "message_create", "id": id, "message_create": { "sender_id": "2", "target": { "recipient_id": "1" }, "message_data": { "text": "x" } } });
    match platform {
        "x" => json!({ "for_user_id": "1", "direct_message_events": [dm("first"), middle, dm("last")] }),
        "linkedin" => {
            let named = |id: &str| {
                let mut named = notification("COMMENT", "urn:li:person:1");
                named["decoratedGeneratedActivity"]["comment"]["entity"] =
                    format!("urn:li:comment:(urn:li:activity:1,{id})").into();
                named
            };
            json!({ "notifications": [named("first"), middle, named("last")] })
        }
        _ => {
            let object = if platform == "facebook" { "page" } else { "instagram" };
            json!({ "object": object, "entry": [{ "id": "1", "messaging": [event("first"), middle, event("last")] }] })
        }
    }
}

fn ends_are_kept(platform: &str, body: &[u8]) -> bool {
    let items = connector(platform).parse(body).unwrap().items;
    let has = |end: &str| {
        items
            .iter()
            .any(|item| matches!(&item.happened, Happened::Message { platform_id, .. } if platform_id.contains(end)))
    };
    has("first") && has("last")
}

#[test]
fn hostile_pieces_do_not_hurt_their_neighbours() {
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let pieces = [
        "null",
        "7",
        "1e999",
        "\"\\ud800\"",
        "[[]]",
        "{\"message\":{\"mid\":\"\\udc00\\u0000\"}}",
        "{\"id\":1,\"id\":[2]}",
        "99999999999999999999999999",
        &deep,
    ];
    for platform in PLATFORMS {
        let whole = batch(platform, &json!("MIDDLE")).to_string();
        for piece in pieces {
            assert!(
                ends_are_kept(platform, whole.replace("\"MIDDLE\"", piece).as_bytes()),
                "{platform} {}",
                &piece[..piece.len().min(40)]
            );
        }
        let mut bytes = whole.into_bytes();
        let at = bytes.windows(6).position(|part| part == b"MIDDLE").unwrap();
        bytes[at] = 0xff;
        assert!(ends_are_kept(platform, &bytes), "{platform}");
    }
}

#[test]
fn what_is_no_object_is_malformed_and_what_is_unknown_is_kept() {
    for platform in PLATFORMS {
        for body in ["", "[]", "nonsense", "{\"a\":", "7"] {
            assert!(connector(platform).parse(body.as_bytes()).is_err(), "{platform} {body}");
        }
        let item = one(platform, &json!({ "object": "planet", "moons": 2 }));
        assert!(matches!(item.happened, Happened::Unknown { .. }));
        assert_eq!(item.raw["moons"], 2, "{platform}");
    }
}

fn any_piece() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "[a-z_]{1,8}",
        Just("message".into()),
        Just("mid".into()),
        Just("id".into()),
        Just("sender".into()),
        Just("postback".into()),
        Just("read".into()),
        Just("message_create".into()),
        Just("action".into()),
        Just("COMMENT".into()),
        Just("generatedActivity".into()),
        Just("timestamp".into()),
        Just("attachments".into())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(word.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn one_changed_piece_leaves_the_others(piece in any_piece()) {
        for platform in PLATFORMS {
            prop_assert!(ends_are_kept(platform, batch(platform, &piece).to_string().as_bytes()));
        }
    }

    #[test]
    fn no_bytes_break_a_parser(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for platform in PLATFORMS {
            let _ = connector(platform).parse(&bytes);
        }
    }

    #[test]
    fn no_change_of_a_delivery_breaks_a_parser(at in 0_usize..400, byte in any::<u8>(), cut in 0_usize..600) {
        for platform in PLATFORMS {
            let mut body = batch(platform, &json!({})).to_string().into_bytes();
            body.truncate(cut.max(1));
            let at = at % body.len();
            body[at] = byte;
            let _ = connector(platform).parse(&body);
        }
    }

    #[test]
    fn no_json_breaks_a_parser(piece in any_piece(), kind in "[a-z._]{0,20}") {
        for platform in PLATFORMS {
            let frames = [
                json!({ "object": "page", "entry": piece }), json!({ "object": "page", "entry": [{ "id": "1", "changes": [{ "field": "feed", "value": piece }] }] }),
                json!({ "object": "instagram", "entry": [{ "messaging": piece, "changes": piece, "standby": piece }] }),
                json!({ "data": piece }), json!({ "data": { "event_type": kind, "payload": piece, "includes": piece } }),
                json!({ "data": { "event_type": "post.mention.create", "payload": piece } }),
                json!({ "for_user_id": piece, "tweet_create_events": piece, "users": piece }), json!({ "notifications": piece }),
            ];
            for frame in frames {
                items(platform, &frame);
            }
        }
    }
}
