//! What nobody could hear is fetched afterwards: after an account was cut off, after nobody was there, and after a silence
//! that is longer than usual. Where the platform does not give it back, the time stays marked.

use serde_json::json;
use socialai_connect::social::kept::AccountSecrets;
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, State},
        gaps::{self, Gap},
    },
};
use socialai_jobs::channels::Tend;
use socialai_sim::{Fault, Rule, When};
use time::Duration;

use super::rig::{Connected, Rig, token_of};
use crate::harness::{Running, system_tx, tenant_tx, until, until_idle};

const PLATFORM: Platform = Platform::Facebook;

/// The accounts are looked at, as they are every minute, and what follows is done.
async fn look(rig: &Rig) {
    let mut tx = system_tx(&rig.lab).await;
    tx.enqueue(&Tend { shard: None }).unwrap();
    tx.commit().await.unwrap();
    until_idle(&rig.lab).await;
}

/// So many minutes, in which they are looked at as seldom as they may be.
async fn keep_looking(rig: &Rig, minutes: i64) {
    for _ in 0..minutes / 5 {
        rig.pass(Duration::minutes(5));
        look(rig).await;
    }
}

async fn need_somebody(rig: &Rig, account: &Connected) {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let reason = Some("The platform wants somebody to log in again.");
    accounts::set_state(&mut tx, account.id, State::NeedsYou, reason).await.unwrap();
    tx.commit().await.unwrap();
}

/// Newest first.
async fn gaps(rig: &Rig, account: &Connected) -> Vec<Gap> {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    gaps::list(&mut tx, account.id, None, 100).await.unwrap()
}

/// The only one, which is closed with so many messages.
async fn is_filled(rig: &Rig, account: &Connected, recovered: i32) -> Gap {
    let [gap] = gaps(rig, account).await.try_into().unwrap();
    assert_eq!((gap.state, gap.recovered), (gaps::State::Closed, recovered), "{gap:?}");
    gap
}

async fn texts(rig: &Rig) -> Vec<String> {
    let mut all: Vec<_> = rig.all_messages().await.into_iter().map(|message| message.text).collect();
    all.sort();
    all
}

/// An account at which somebody has just been heard.
async fn heard(rig: &Rig) -> (Connected, Running) {
    let account = rig.connect(PLATFORM).await;
    let engine = rig.engine(&account);
    say(rig, "before").await;
    rig.until_messages(1).await;
    until_idle(&rig.lab).await;
    (account, engine)
}

async fn say(rig: &Rig, text: &str) {
    rig.say(PLATFORM, json!({ "person": "Maria", "text": text })).await;
}

/// Two messages of which nobody tells, long enough ago for that to be noticed.
async fn two_are_missed(rig: &Rig) {
    let lost = Fault::Drop { redelivered_after_milliseconds: 600_000 };
    rig.world.add_fault(Rule::new(PLATFORM.name(), lost).when(When::Next(2))).unwrap();
    for text in ["missed 1", "missed 2"] {
        rig.pass(Duration::minutes(10));
        say(rig, text).await;
    }
    rig.pass(Duration::minutes(10));
}

/// What is there does not come again, whoever brings it.
async fn nothing_is_doubled(rig: &Rig, account: &Connected) {
    say(rig, "after").await;
    let all = ["after", "before", "missed 1", "missed 2"];
    until("the last one is there", || async { texts(rig).await.contains(&"after".to_owned()) }).await;
    for _ in 0..2 {
        rig.pass(Duration::minutes(1));
        look(rig).await;
    }
    assert_eq!(texts(rig).await, all);
    assert_eq!(rig.account(account.id).await.state, State::Healthy, "the webhooks are innocent");
    assert_eq!(gaps(rig, account).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_is_connected_again_gets_what_was_said_meanwhile() {
    for is_disconnected in [true, false] {
        let rig = Rig::start().await;
        let (account, engine) = heard(&rig).await;
        let heard_at = rig.account(account.id).await.last_event_at.unwrap();
        if is_disconnected {
            let databases = &rig.lab.databases;
            accounts::disconnect(databases, rig.tenant.id, Actor::system("test"), account.id).await.unwrap();
        } else {
            need_somebody(&rig, &account).await;
        }
        two_are_missed(&rig).await;
        look(&rig).await;
        assert_eq!((texts(&rig).await.len(), gaps(&rig, &account).await), (1, Vec::new()), "nobody asks in vain");
        rig.connect_with(&rig.tenant, PLATFORM, &account.external_id, &token_of(&account.seed)).await;
        let [gap] = gaps(&rig, &account).await.try_into().unwrap();
        assert_eq!((gap.state, gap.from_at, gap.reason.as_str()), (gaps::State::Open, heard_at, gaps::CUT_OFF));
        look(&rig).await;
        is_filled(&rig, &account, 2).await;
        nothing_is_doubled(&rig, &account).await;
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_worked_and_is_connected_again_missed_nothing() {
    let rig = Rig::start().await;
    let (account, engine) = heard(&rig).await;
    rig.connect_with(&rig.tenant, PLATFORM, &account.external_id, &token_of(&account.seed)).await;
    look(&rig).await;
    assert_eq!(gaps(&rig, &account).await, []);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_nobody_was_there_is_fetched() {
    let rig = Rig::start().await;
    let (account, engine) = heard(&rig).await;
    keep_looking(&rig, 10).await;
    assert_eq!(gaps(&rig, &account).await, [], "a late round is no absence");
    let looked_at = rig.lab.clock.now();
    engine.stop().await;
    two_are_missed(&rig).await;
    let engine = rig.engine(&account);
    look(&rig).await;
    let gap = is_filled(&rig, &account, 2).await;
    assert_eq!((gap.from_at, gap.until_at), (looked_at, Some(rig.lab.clock.now())));
    assert_eq!(gap.reason, gaps::NOBODY_THERE);
    nothing_is_doubled(&rig, &account).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_waits_for_somebody_gets_what_was_said_while_nobody_was_there_when_it_is_connected_again() {
    let rig = Rig::start().await;
    let (account, engine) = heard(&rig).await;
    look(&rig).await;
    let looked_at = rig.lab.clock.now();
    need_somebody(&rig, &account).await;
    two_are_missed(&rig).await;
    look(&rig).await;
    let [gap] = gaps(&rig, &account).await.try_into().unwrap();
    assert_eq!((gap.state, gap.from_at), (gaps::State::Open, looked_at));
    rig.connect_with(&rig.tenant, PLATFORM, &account.external_id, &token_of(&account.seed)).await;
    look(&rig).await;
    is_filled(&rig, &account, 2).await;
    nothing_is_doubled(&rig, &account).await;
    engine.stop().await;
}

/// An account at which ten people wrote, a minute after each other: then an hour of silence is usual, and no more.
async fn busy(rig: &Rig) -> (Connected, Running) {
    let account = rig.connect(PLATFORM).await;
    let engine = rig.engine(&account);
    for number in 0..10 {
        rig.say(PLATFORM, json!({ "person": format!("Person {number}"), "text": "hello" })).await;
        rig.pass(Duration::minutes(1));
    }
    rig.until_messages(10).await;
    until_idle(&rig.lab).await;
    (account, engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn unusual_silence_is_looked_into_and_what_no_webhook_brought_is_fetched() {
    let rig = Rig::start().await;
    let (account, engine) = busy(&rig).await;
    let heard_at = rig.account(account.id).await.last_event_at.unwrap();
    two_are_missed(&rig).await;
    while gaps(&rig, &account).await.is_empty() {
        keep_looking(&rig, 5).await;
    }
    let silence = rig.lab.clock.now() - heard_at;
    assert!(silence > Duration::HOUR && silence <= Duration::minutes(65), "{silence}");
    let gap = is_filled(&rig, &account, 2).await;
    assert_eq!(gap.from_at, heard_at);
    assert_eq!(rig.all_messages().await.len(), 12);
    let account = rig.account(account.id).await;
    assert_eq!((account.state, account.state_reason.as_deref()), (State::Degraded, Some(gaps::MISSED)));
    engine.stop().await;
}

/// From now on the platform does not tell what is said there: that takes a token of the page and not of a person.
async fn nothing_is_told(rig: &Rig, account: &Connected) {
    let access = account.seed["user"]["token"].as_str().unwrap().to_owned();
    let kept = AccountSecrets { access, ..token_of(&account.seed) };
    rig.connect_with(&rig.tenant, PLATFORM, &account.external_id, &kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_the_platform_does_not_give_back_stays_marked() {
    let rig = Rig::start().await;
    let (account, engine) = heard(&rig).await;
    nothing_is_told(&rig, &account).await;
    look(&rig).await;
    let looked_at = rig.lab.clock.now();
    two_are_missed(&rig).await;
    look(&rig).await;
    let found_at = rig.lab.clock.now();
    keep_looking(&rig, 10).await;
    let [gap] = gaps(&rig, &account).await.try_into().unwrap();
    assert_eq!(
        (gap.state, gap.recovered, gap.from_at, gap.until_at),
        (gaps::State::Lost, 0, looked_at, Some(found_at))
    );
    assert_eq!(texts(&rig).await, ["before"]);
    assert_eq!(rig.account(account.id).await.state, State::Healthy, "what is said from now on is delivered");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_that_the_platform_does_not_explain_is_marked_once_and_not_every_minute() {
    let rig = Rig::start().await;
    let (account, engine) = busy(&rig).await;
    nothing_is_told(&rig, &account).await;
    keep_looking(&rig, 100).await;
    let [first] = gaps(&rig, &account).await.try_into().unwrap();
    assert_eq!(first.state, gaps::State::Lost);
    keep_looking(&rig, 50).await;
    let [second, _] = gaps(&rig, &account).await.try_into().unwrap();
    assert_eq!((second.state, Some(second.from_at)), (gaps::State::Lost, first.until_at), "no moment is left out");
    engine.stop().await;
}
