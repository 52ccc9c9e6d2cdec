//! X over real HTTP: what is asked, and what is made of the answers.

use serde_json::{Value, json};
use socialai_connect::call::CallError;
use socialai_connect::social::{Cursor, Happened, Hook, Outgoing, Sent, Surface};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::remote::{Remote, Reply};
use crate::social::{app, at, credentials, http, outgoing, serving};

const SINCE: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

#[tokio::test]
async fn direct_message_and_answer_are_sent() {
    let created = json!({ "data": { "dm_conversation_id": "111-222", "dm_event_id": "1128" } });
    let path = "/2/dm_conversations/with/222/messages";
    let (remote, connector) = serving("x", path, Reply::json(&created).with_status(201)).await;
    let sent = connector.send(&http(), &credentials("x"), &outgoing(Surface::Message, "Hi")).await.unwrap();
    assert_eq!(sent.platform_id, "1128");
    assert_eq!(remote.seen(&format!("/x{path}"))[0].body, r#"{"text":"Hi"}"#);
    remote.serve("/x/2/tweets", Reply::json(&json!({ "data": { "id": "9", "text": "Hi" } })).with_status(201));
    for is_human in [true, false] {
        let answer = Outgoing { reply_to: Some("123".into()), is_human, ..outgoing(Surface::Mention, "Hi") };
        assert_eq!(connector.send(&http(), &credentials("x"), &answer).await.unwrap().platform_id, "9");
        let body: Value = serde_json::from_str(&remote.seen("/x/2/tweets").last().unwrap().body).unwrap();
        assert_eq!(body["reply"], json!({ "in_reply_to_tweet_id": "123" }));
        assert_eq!(body["made_with_ai"] == true, !is_human);
    }
}

#[tokio::test]
async fn sent_words_are_found_although_x_changed_them() {
    let event = |id: &str, sender: &str, at: &str| json!({ "id": id, "event_type": "MessageCreate", "text": "See https://t.co/x &amp; more", "sender_id": sender, "created_at": at });
    let list = json!({ "data": [
        event("3", "222", "2026-11-21T12:05:00.000Z"), event("2", "111", "2026-11-21T12:04:00.000Z"), event("1", "111", "2026-11-21T11:00:00.000Z"),
    ], "meta": { "result_count": 3 } });
    let (remote, connector) = serving("x", "/2/dm_conversations/with/222/dm_events", Reply::json(&list)).await;
    let find = async |surface: Surface, text: &str| {
        connector.read_back(&http(), &credentials("x"), &outgoing(surface, text), SINCE).await.unwrap()
    };
    let sent = find(Surface::Message, "See https://example.com/long & more").await;
    assert_eq!(sent, Some(Sent { platform_id: "2".into() }));
    assert_eq!(find(Surface::Message, "Other").await, None);
    let posts = json!({ "data": [{ "id": "9", "text": "@ann Hi", "author_id": "111", "created_at": "2026-11-21T12:04:00.000Z" }] });
    remote.serve("/x/2/users/111/tweets", Reply::json(&posts));
    assert_eq!(find(Surface::Mention, "Hi").await, Some(Sent { platform_id: "9".into() }));
    remote.serve("/x/2/users/111/tweets", Reply::json(&json!({ "meta": { "result_count": 0 } })));
    assert_eq!(find(Surface::Mention, "Hi").await, None);
}

#[tokio::test]
async fn messages_are_polled_until_one_is_known() {
    let event = |id: &str, sender: &str, at: &str| json!({ "id": id, "event_type": "MessageCreate", "text": "t", "sender_id": sender, "dm_conversation_id": "111-222", "created_at": at });
    let users = json!({ "users": [{ "id": "222", "username": "ann", "name": "Ann" }] });
    let first = json!({ "data": [event("4", "222", "2026-11-21T12:05:00.000Z"), event("3", "111", "2026-11-21T12:04:00.000Z")],
        "includes": users, "meta": { "next_token": "N" } });
    let second = json!({ "data": [event("2", "222", "2026-11-21T12:01:00.000Z"), event("1", "222", "2026-11-21T11:00:00.000Z")],
        "meta": { "next_token": "M" } });
    let remote = Remote::start().await;
    remote.serve_in_turn("/x/2/dm_events", [Reply::json(&first), Reply::json(&second)]);
    let connector = at(&remote.url("/"), "x");
    let poll = async |cursor: &Cursor| connector.poll(&http(), &credentials("x"), cursor, SINCE).await.unwrap();
    let page = poll(&Cursor::since(Surface::Message, SINCE)).await;
    assert!(page.has_more);
    assert_eq!(page.items[0].from.as_ref().unwrap().handle.as_deref(), Some("ann"));
    assert!(matches!(&page.items[1].happened, Happened::Echo { to: Some(to), .. } if to.external_id == "222"));
    let page = poll(&page.next).await;
    assert!(!page.has_more, "an older message ends the round");
    assert_eq!(page.items.len(), 1);
    assert!(remote.seen("/x/2/dm_events")[1].query.contains("pagination_token=N"));
}

#[tokio::test]
async fn mentions_are_asked_for_by_the_newest_id_of_the_last_round() {
    let post =
        |id: &str| json!({ "id": id, "text": "@us", "author_id": "222", "created_at": "2026-11-21T12:05:00.000Z" });
    let path = "/x/2/users/111/mentions";
    let remote = Remote::start().await;
    let first = json!({ "data": [post("9007199254740993"), post("8")], "meta": { "next_token": "N" } });
    let last = json!({ "data": [post("7")], "meta": {} });
    remote.serve_in_turn(
        path,
        [Reply::json(&first), Reply::json(&last), Reply::json(&json!({ "meta": { "result_count": 0 } }))],
    );
    let connector = at(&remote.url("/"), "x");
    let mut cursor = Cursor::since(Surface::Mention, SINCE);
    for has_more in [true, false, false, false] {
        let page = connector.poll(&http(), &credentials("x"), &cursor, SINCE).await.unwrap();
        assert_eq!(page.has_more, has_more);
        cursor = page.next;
    }
    let asked: Vec<_> = remote.seen(path).iter().map(|seen| seen.query.contains("since_id=9007199254740993")).collect();
    assert_eq!(asked, [false, false, true, true]);
}

#[tokio::test]
async fn subscriptions_that_are_there_are_left_as_they_are() {
    let remote = Remote::start().await;
    let callback = remote.url("/hook");
    remote.serve("/x/oauth2/token", Reply::json(&json!({ "token_type": "bearer", "access_token": "app-token" })));
    remote.serve(
        "/x/2/webhooks",
        Reply::json(&json!({ "data": [{ "id": "77", "url": callback.as_str(), "valid": false }] })),
    );
    remote.serve("/x/2/webhooks/77", Reply::json(&json!({ "data": { "valid": true } })));
    let path = "/x/2/activity/subscriptions";
    let known = json!({ "data": [
        { "subscription_id": "s1", "event_type": "dm.received", "filter": { "user_id": "111" } },
        { "subscription_id": "s2", "event_type": "dm.sent", "filter": { "user_id": "999" } },
    ] });
    let object = json!({ "data": { "subscription_id": "new" } });
    let list = json!({ "data": [{ "subscription_id": "new" }] });
    remote.serve_in_turn(path, [Reply::json(&known), Reply::json(&object), Reply::json(&list)]);
    let connector = at(&remote.url("/"), "x");
    let hook = Hook { callback, app: app(), application_id: None, member: None };
    let subscribed = connector.subscribe(&http(), &credentials("x"), &hook).await.unwrap();
    assert_eq!(subscribed.ids, ["s1", "new", "new", "new", "new", "new", "new", "new"]);
    let seen = remote.seen(path);
    let body: Value = serde_json::from_str(&seen[1].body).unwrap();
    assert_eq!(body, json!({ "event_type": "dm.sent", "filter": { "user_id": "111" }, "webhook_id": "77" }));
    assert_eq!(seen[1].headers["authorization"], "Bearer token-1");
    let last: Value = serde_json::from_str(&seen.last().unwrap().body).unwrap();
    assert_eq!((&last["event_type"], &last["filter"]), (&json!("oauth.revoke"), &json!({})));
    assert_eq!(remote.seen("/x/2/webhooks/77")[0].method, "PUT");
    remote.serve("/x/2/activity/subscriptions/s1", Reply::json(&json!({ "data": { "deleted": true } })));
    connector.unsubscribe(&http(), &credentials("x"), &hook, &subscribed).await.unwrap();
    assert_eq!(remote.seen("/x/2/activity/subscriptions/new").len(), 7, "what is gone already is no failure");
}

#[tokio::test]
async fn whoever_logged_in_is_the_account() {
    let me = json!({ "data": { "id": "2080765901528535096", "name": "Shop", "username": "shop" } });
    let (remote, connector) = serving("x", "/2/users/me", Reply::json(&me)).await;
    let accounts = connector.accounts(&http(), &credentials("x").token).await.unwrap();
    assert_eq!(accounts[0].party.external_id, "2080765901528535096");
    assert!(accounts[0].token.is_none());
    remote.serve("/x/2/users/222", Reply::json(&me));
    let profile = connector.profile(&http(), &credentials("x"), "222").await.unwrap();
    assert_eq!(profile.unwrap().handle.as_deref(), Some("shop"));
    assert_eq!(connector.profile(&http(), &credentials("x"), "333").await.unwrap(), None);
    remote.serve("/x/2/users/444", Reply::status(401));
    assert_eq!(connector.profile(&http(), &credentials("x"), "444").await.unwrap_err(), CallError::Reauth);
}
