//! What people write at a platform becomes conversations, however it is delivered.

use serde_json::json;
use socialai_domain::{
    channels::Platform,
    conversations::{Kind, MessageState},
};
use socialai_sim::{Fault, Rule, When};

use super::rig::Rig;
use crate::harness::{ask, until, until_idle};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_writes_becomes_a_conversation() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    let said = rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "Do you ship?" })).await;
    let messages = rig.until_messages(1).await;
    assert_eq!((messages[0].text.as_str(), messages[0].platform_id.as_deref()), ("Do you ship?", said["id"].as_str()));
    let conversations = rig.conversations().await;
    assert_eq!((conversations.len(), conversations[0].unread_count), (1, 1));
    assert!(rig.account(account.id).await.last_event_at.is_some());
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(ask::<i64>(&rig.lab, "select count(*) from system.dead_letters").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_comes_twice_or_out_of_order_is_one_message_each() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    for fault in [Fault::Duplicate { times: 3 }, Fault::Reorder {}] {
        rig.world.add_fault(Rule::new("facebook", fault).when(When::Next(2)).about("message")).unwrap();
    }
    let engine = rig.engine(&account);
    for number in 0..6 {
        rig.say(Platform::Facebook, json!({ "person": "Maria", "text": format!("line {number}") })).await;
    }
    rig.until_messages(6).await;
    rig.world.act("facebook", "redeliver", json!({ "last": 6 })).await.unwrap();
    rig.told(Platform::Facebook, "message", 12).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    let mut texts: Vec<_> = rig.all_messages().await.into_iter().map(|message| message.text).collect();
    texts.sort();
    assert_eq!(texts, (0..6).map(|number| format!("line {number}")).collect::<Vec<_>>());
    assert_eq!(rig.conversations().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_item_hurts_no_sibling_and_stays_raw() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    rig.world.add_fault(Rule::new("facebook", Fault::GarbageItem {}).about("message")).unwrap();
    let engine = rig.engine(&account);
    rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "still here" })).await;
    let messages = rig.until_messages(1).await;
    assert_eq!(messages[0].text, "still here");
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(ask::<i64>(&rig.lab, "select count(*) from system.inbound where state = 'unreadable'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_for_nobody_is_kept_and_read_when_somebody_is_there() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    let other = "106728097999999";
    let body = json!({ "object": "page", "entry": [{ "id": other, "time": 1, "messaging": [{
        "sender": { "id": "77" }, "recipient": { "id": other }, "timestamp": 1_795_262_420_000_i64,
        "message": { "mid": "m_1", "text": "hello" } }] }] });
    rig.deliver(Platform::Facebook, &body).await;
    let unrouted = "select count(*) from system.inbound where state = 'unrouted'";
    until("it is left over", || async { ask::<i64>(&rig.lab, unrouted).await == 1 }).await;
    assert!(rig.all_messages().await.is_empty());
    rig.connect_in(&rig.tenant, Platform::Facebook, json!(other)).await;
    socialai_jobs::channels::schedule(&rig.lab.databases, None).await.unwrap();
    crate::harness::tamper(&rig.lab, "update system.schedules set next_at = now() where name = 'channels.tend'").await;
    assert_eq!(rig.until_messages(1).await[0].text, "hello");
    until("it is left over no more", || async { ask::<i64>(&rig.lab, unrouted).await == 0 }).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_in_the_platforms_own_app_is_a_humans() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "hello" })).await;
    rig.until_messages(1).await;
    rig.world.act("facebook", "echo", json!({ "person": "Maria", "text": "typed there" })).await.unwrap();
    let messages = rig.until_messages(2).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(messages.len(), 2);
    let typed = messages.iter().find(|message| message.text == "typed there").unwrap();
    assert_eq!((typed.state, typed.author_id), (Some(MessageState::Sent), None));
    assert!(rig.conversations().await[0].machine_paused);
}

#[tokio::test(flavor = "multi_thread")]
async fn mention_below_somebody_elses_post_becomes_a_conversation_with_its_author() {
    for platform in [Platform::Facebook, Platform::X, Platform::LinkedIn] {
        let rig = Rig::start().await;
        let account = rig.connect(platform).await;
        let engine = rig.engine(&account);
        let mention = json!({ "person": "Maria", "text": "Ask @acme how they do it", "is_mention": true });
        let mention = rig.world.act(platform.name(), "comment", mention).await.unwrap();
        let message = rig.until_messages(1).await.remove(0);
        assert_eq!((message.kind, message.text.as_str()), (Kind::Mention, "Ask @acme how they do it"));
        assert_eq!(message.platform_id.as_deref(), mention["id"].as_str(), "{}", platform.name());
        until_idle(&rig.lab).await;
        engine.stop().await;
        let conversations = rig.conversations().await;
        assert_eq!((conversations.len(), rig.contacts().await), (1, 1), "{}", platform.name());
        assert!(conversations[0].was_invited);
    }
}
