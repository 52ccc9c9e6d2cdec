//! Targets that are down, that refuse, and processes that die while they tell.

use serde_json::{Value, json};
use socialai_domain::{
    alerts::{
        Notice, Tell,
        sending::{self, NOBODY_KNOWS, Next},
        targets::{self, Address, Target},
    },
    effects::State,
};
use socialai_sim::{Fault, Moment, Rule, When};

use super::rig::Rig;
use crate::harness::{tenant_tx, until};

fn down(simulator: &str, times: u64) -> Rule {
    let fault = Fault::ServerError { status: 503, moment: Moment::BeforeEffect };
    Rule::new(simulator, fault).when(When::Next(times))
}

async fn test(rig: &Rig, target: &Target) {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    targets::test(&mut tx, target.id).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn target_that_is_down_gets_it_later_and_in_order() {
    let rig = Rig::start().await;
    rig.pagerduty().await;
    rig.slack("B1").await;
    rig.world.add_fault(down("pagerduty", 3)).unwrap();
    rig.world.add_fault(down("slack", 3)).unwrap();
    rig.bury().await;
    rig.look().await;
    rig.decide().await;
    assert_eq!(rig.look_until_over().await, 1, "before anybody was told");
    let engine = rig.engine();
    rig.told().await;
    engine.stop().await;
    let actions: Vec<_> = rig.bodies("pagerduty").iter().map(|event| event["event_action"].clone()).collect();
    assert_eq!(actions, ["trigger", "trigger", "trigger", "trigger", "resolve"]);
    let texts: Vec<_> =
        rig.bodies("slack").iter().map(|post| post["text"].as_str().unwrap().starts_with("Over")).collect();
    assert_eq!(texts, [false, false, false, false, true]);
    assert_eq!((rig.incidents(), rig.seen("slack", "message_posted")), ((1, 1), 2));
    let notices = rig.notices(rig.alerts().await[0].id).await;
    assert!(notices.iter().all(|notice| notice.state == State::Confirmed), "{notices:?}");
    assert_eq!(notices.iter().map(|notice| notice.attempts).max(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn target_that_refuses_is_broken_and_the_others_hear_of_it() {
    let rig = Rig::start().await;
    let slack = rig.slack("B1").await;
    rig.pagerduty().await;
    rig.slack_fails("B1", &json!("no_service"));
    rig.bury().await;
    rig.look().await;
    let engine = rig.engine();
    rig.told().await;
    let broken = rig.target_now(&slack).await;
    assert_eq!(broken.broken_since, Some(rig.lab.clock.now()));
    assert!(broken.broken_reason.as_deref().unwrap().contains("removed or turned off"), "{broken:?}");
    assert_eq!(rig.look().await.raised, 1);
    rig.told().await;
    assert_eq!((rig.incidents(), rig.requests("slack").len()), ((2, 0), 1), "the broken one is left alone");
    let alerts = rig.alerts().await;
    let about = alerts.iter().find(|alert| alert.rule == "alert_targets.broken").unwrap();
    assert_eq!((about.subject.clone(), about.label.as_deref()), (Some(slack.id.to_string()), Some("B1")));
    // Mended, it says so by a test, and is not told of the end of what it never heard of.
    rig.slack_fails("B1", &Value::Null);
    test(&rig, &slack).await;
    rig.told().await;
    assert_eq!(rig.target_now(&slack).await.broken_since, None);
    rig.decide().await;
    assert_eq!(rig.look_until_over().await, 2);
    rig.told().await;
    engine.stop().await;
    assert_eq!((rig.incidents(), rig.seen("slack", "message_posted")), ((2, 2), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn test_that_is_refused_breaks_the_target_and_a_change_mends_it() {
    let rig = Rig::start().await;
    let slack = rig.slack("B1").await;
    rig.slack_fails("B1", &json!("channel_is_archived"));
    let engine = rig.engine();
    test(&rig, &slack).await;
    rig.told().await;
    assert!(rig.target_now(&slack).await.broken_since.is_some());
    let Address::Slack { url } = rig.slack_at("B2") else { panic!("an address of Slack") };
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let moved = targets::Change { url: Some(url), ..targets::Change::default() };
    assert_eq!(targets::change(&mut tx, slack.id, moved).await.unwrap().broken_since, None);
    tx.commit().await.unwrap();
    rig.bury().await;
    rig.look().await;
    rig.told().await;
    engine.stop().await;
    assert_eq!(rig.seen("slack", "message_posted"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn target_that_does_not_answer_for_a_day_is_given_up() {
    let rig = Rig::start().await;
    let slack = rig.slack("B1").await;
    rig.world.add_fault(Rule::new("slack", Fault::RateLimited { retry_after_seconds: 0 })).unwrap();
    rig.bury().await;
    rig.look().await;
    let engine = rig.engine();
    until("it was tried twice", || async { rig.requests("slack").len() >= 2 }).await;
    assert_eq!(rig.target_now(&slack).await.broken_since, None);
    rig.pass(24 * 60);
    rig.told().await;
    engine.stop().await;
    let notices = rig.notices(rig.alerts().await[0].id).await;
    assert_eq!(notices[0].state, State::Failed);
    assert!(notices[0].failure.as_deref().unwrap().starts_with("Given up. "));
    assert!(rig.target_now(&slack).await.broken_since.is_some());
    assert_eq!(rig.alerts().await[0].targets_failed, 1);
}

/// A process puts the notice on record as sent, and dies.
async fn dies_while_telling(rig: &Rig, target: &Target) {
    let alert = rig.alerts().await[0].id;
    let effect = rig.notices(alert).await.iter().find(|told| told.target_id == Some(target.id)).unwrap().effect_id;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let task = Tell { alert: Some(alert), target: target.id, notice: Notice::Raised, effect };
    let Next::Send(sending) = sending::begin(&mut tx, &task).await.unwrap() else { panic!("nothing to send") };
    sending.dispatch(tx).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn message_that_may_have_arrived_is_sent_again_only_where_it_is_recognised() {
    let rig = Rig::start().await;
    let (pager, slack) = (rig.pagerduty().await, rig.slack("B1").await);
    rig.bury().await;
    rig.look().await;
    dies_while_telling(&rig, &pager).await;
    dies_while_telling(&rig, &slack).await;
    let engine = rig.engine();
    rig.told().await;
    let alert = rig.alerts().await[0].clone();
    assert_eq!((rig.incidents(), rig.requests("slack").len()), ((1, 0), 0));
    assert_eq!(rig.bodies("pagerduty")[0]["dedup_key"], json!(alert.id));
    let of = |notices: &[socialai_domain::alerts::history::Told], target: &Target| {
        let told = notices.iter().find(|told| told.target_id == Some(target.id)).unwrap();
        (told.state, told.failure.clone())
    };
    let notices = rig.notices(alert.id).await;
    assert_eq!(of(&notices, &pager), (State::Confirmed, None));
    assert_eq!(of(&notices, &slack), (State::Failed, Some(NOBODY_KNOWS.to_owned())));
    assert_eq!(rig.target_now(&slack).await.broken_since, None, "nothing says that it does not work");
    // Who may have heard of the alert hears of its end.
    rig.decide().await;
    rig.look_until_over().await;
    rig.told().await;
    engine.stop().await;
    assert_eq!((rig.incidents(), rig.seen("slack", "message_posted")), ((1, 1), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_was_lost_is_asked_for_only_where_that_does_no_harm() {
    let rig = Rig::start().await;
    rig.pagerduty().await;
    rig.slack("B1").await;
    for simulator in ["pagerduty", "slack"] {
        let cut = Rule::new(simulator, Fault::Cut { moment: Moment::AfterEffect }).when(When::Next(1));
        rig.world.add_fault(cut).unwrap();
    }
    rig.bury().await;
    rig.look().await;
    let engine = rig.engine();
    rig.told().await;
    engine.stop().await;
    assert_eq!((rig.requests("pagerduty").len(), rig.incidents()), (2, (1, 0)));
    assert_eq!((rig.requests("slack").len(), rig.seen("slack", "message_posted")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn target_that_was_removed_or_switched_off_gets_nothing_more() {
    let rig = Rig::start().await;
    let (gone, off) = (rig.slack("B1").await, rig.slack("B2").await);
    rig.bury().await;
    rig.look().await;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    targets::remove(&mut tx, gone.id).await.unwrap();
    let change = targets::Change { enabled: Some(false), ..targets::Change::default() };
    targets::change(&mut tx, off.id, change).await.unwrap();
    tx.commit().await.unwrap();
    let engine = rig.engine();
    rig.told().await;
    engine.stop().await;
    let notices = rig.notices(rig.alerts().await[0].id).await;
    assert!(notices.len() == 2 && notices.iter().all(|told| told.state == State::Cancelled), "{notices:?}");
    assert!(rig.requests("slack").is_empty());
}
