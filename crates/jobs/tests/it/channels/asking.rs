//! Accounts are asked for what no webhook brought, and what one did bring is not doubled.

use serde_json::json;
use socialai_domain::{
    channels::{
        Platform,
        gaps::{self, State},
    },
    conversations::MessageState,
};
use socialai_jobs::channels::Poll;
use socialai_sim::{EffectFilter, Fault, Rule};

use super::rig::{Connected, Rig};
use crate::harness::{ask, tamper, tenant_tx, until, until_idle};

async fn ask_for(rig: &Rig, account: &Connected) {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    tx.enqueue(&Poll { account: account.id }).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_finds_what_was_not_delivered_and_doubles_nothing() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::Facebook).await;
    let engine = rig.engine(&account);
    let began = rig.lab.clock.now();
    rig.say(Platform::Facebook, json!({ "person": "Maria", "text": "delivered" })).await;
    rig.until_messages(1).await;
    let lost = Fault::Drop { redelivered_after_milliseconds: 600_000 };
    rig.world.add_fault(Rule::new("facebook", lost)).unwrap();
    for number in 0..3 {
        rig.say(Platform::Facebook, json!({ "person": "Tom", "text": format!("lost {number}") })).await;
    }
    rig.pass(time::Duration::minutes(10));
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    gaps::open(&mut tx, account.id, began, "test").await.unwrap();
    tx.commit().await.unwrap();
    ask_for(&rig, &account).await;
    rig.until_messages(4).await;
    until("the gap is closed", || async { gap(&rig, &account).await.state == State::Closed }).await;
    until_idle(&rig.lab).await;
    assert_eq!(gap(&rig, &account).await.recovered, 3);
    assert_eq!(rig.account(account.id).await.state, socialai_domain::channels::accounts::State::Degraded);
    ask_for(&rig, &account).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(rig.all_messages().await.len(), 4);
    assert_eq!(rig.conversations().await.len(), 2);
    assert_eq!(rig.account(account.id).await.state, socialai_domain::channels::accounts::State::Healthy);
}

async fn gap(rig: &Rig, account: &Connected) -> gaps::Gap {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    gaps::list(&mut tx, account.id, None, 1).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn comment_that_was_only_named_is_read_and_answered() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::LinkedIn).await;
    let engine = rig.engine(&account);
    let comment = json!({ "person": "Maria", "text": "How much?" });
    rig.world.act("linkedin", "comment", comment).await.unwrap();
    rig.pass(time::Duration::minutes(1));
    ask_for(&rig, &account).await;
    let asked = rig.until_messages(1).await.remove(0);
    assert_eq!(asked.text, "How much?");
    let answer = rig.answer(asked.conversation_id, "10 euros").await;
    rig.until_state(answer, MessageState::Sent).await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(rig.world.visible(&EffectFilter::of("linkedin").what("comment_visible")).total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_of_which_little_may_be_asked_is_asked_slowly() {
    let rig = Rig::start().await;
    let account = rig.connect(Platform::X).await;
    rig.world.configure("x", json!({ "calls": 5 })).unwrap();
    // X counts by quarters of an hour.
    let passed = rig.lab.clock.now().unix_timestamp().rem_euclid(900);
    rig.pass(time::Duration::seconds(900 - passed));
    let engine = rig.engine(&account);
    for _ in 0..3 {
        ask_for(&rig, &account).await;
        until_idle(&rig.lab).await;
    }
    ask_for(&rig, &account).await;
    let pauses = "select count(*) from system.lanes where wait_until > now() + interval '50 seconds'";
    until("it pauses", || async { ask::<i64>(&rig.lab, pauses).await == 1 }).await;
    let left = async |kind: &str| rig.account(account.id).await.quota.unwrap()[kind]["remaining"].as_u64();
    assert_eq!(left("message_reads").await, Some(1));
    tamper(&rig.lab, "update system.lanes set wait_until = now() where wait_until is not null").await;
    until_idle(&rig.lab).await;
    engine.stop().await;
    assert_eq!(left("mention_reads").await, Some(1), "then it goes on");
}
