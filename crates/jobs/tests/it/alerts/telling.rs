//! Who is told what, once.

use secrecy::SecretString;
use serde_json::json;
use socialai_connect::mail::Mail;
use socialai_domain::{
    alerts::{
        Severity,
        rules::{self, Audience},
        targets::{self, Address, Target},
    },
    effects::State,
    mails,
    permissions::Role,
};

use super::rig::Rig;
use crate::harness::{ask, count, system_tx, tenant_tx};

#[tokio::test(flavor = "multi_thread")]
async fn two_looks_at_once_raise_one_alert() {
    let rig = Rig::start().await;
    rig.slack("B1").await;
    rig.bury().await;
    let raised: u32 = futures::future::join_all((0..6).map(|_| rig.look())).await.iter().map(|look| look.raised).sum();
    assert_eq!(raised, 1);
    let engine = rig.engine();
    rig.told().await;
    assert_eq!(rig.seen("slack", "message_posted"), 1);
    rig.decide().await;
    futures::future::join_all((0..6).map(|_| rig.look())).await;
    rig.pass(2);
    let over = futures::future::join_all((0..6).map(|_| rig.look())).await;
    assert_eq!(over.iter().map(|look| look.resolved).sum::<u32>(), 1);
    rig.told().await;
    assert_eq!(rig.seen("slack", "message_posted"), 2);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_without_any_target_is_still_there_to_be_seen() {
    let rig = Rig::start().await;
    rig.bury().await;
    assert_eq!(rig.look().await.raised, 1);
    let [alert] = rig.alerts().await.try_into().unwrap();
    assert_eq!((alert.targets_told, rig.notices(alert.id).await.len()), (0, 0));
    assert_eq!(count(&rig.lab, "jobs").await, 0);
    let open: Vec<i32> = ask(&rig.lab, "select open_alerts from system.residents").await;
    assert_eq!(open, [0, 0, 1, 0], "for the metrics");
    rig.decide().await;
    assert_eq!(rig.look_until_over().await, 1);
    assert!(ask::<bool>(&rig.lab, "select open_alerts is null from system.residents").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_the_workspace_tell_of_the_alert() {
    let rig = Rig::start().await;
    rig.bury().await;
    rig.look().await;
    let alert = rig.alerts().await[0].clone();
    let told: serde_json::Value = ask(&rig.lab, "select data from system.outbox where kind = 'alert.raised'").await;
    let expected = json!({ "entity": { "kind": "alert", "id": alert.id }, "rule": "dead_letters.waiting",
        "severity": "error", "summary": "1 job was given up and waits for a decision." });
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_hear_what_is_severe_enough_and_meant_for_them() {
    let rig = Rig::start().await;
    let (named, other) = (rig.slack("B1").await, rig.slack("B2").await);
    let deaf = rig.target_for("deaf", rig.slack_at("B3"), Severity::Critical).await;
    let off = rig.slack("B4").await;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let change = targets::Change { enabled: Some(false), ..targets::Change::default() };
    targets::change(&mut tx, off.id, change).await.unwrap();
    let these =
        rules::Change { targets: Some(Audience::These(vec![named.id, deaf.id, off.id])), ..rules::Change::default() };
    rules::change(&mut tx, "dead_letters.waiting", these).await.unwrap();
    tx.commit().await.unwrap();
    rig.bury().await;
    rig.look().await;
    let alert = rig.alerts().await[0].id;
    let told: Vec<_> = rig.notices(alert).await.into_iter().map(|told| told.target_id).collect();
    assert_eq!(told, [Some(named.id)]);
    assert!(rig.target_now(&other).await.last_sent_at.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_hear_by_mail_without_having_set_anything_up() {
    let mut rig = Rig::start().await;
    rig.mail = Mail::Outbox;
    let (ann, bea) = (rig.lab.member(&rig.tenant, Role::Admin).await, rig.lab.member(&rig.tenant, Role::Admin).await);
    rig.lab.member(&rig.tenant, Role::Viewer).await;
    rig.bury().await;
    rig.look().await;
    rig.look().await;
    let engine = rig.engine();
    rig.told().await;
    engine.stop().await;
    let mut tx = system_tx(&rig.lab).await;
    let mails = mails::list(&mut tx, rig.tenant.id).await.unwrap();
    let mut to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    let mut expected = [ann.email.as_str(), bea.email.as_str()];
    expected.sort_unstable();
    assert_eq!(to, expected);
    let summary = "1 job was given up and waits for a decision.";
    assert_eq!(mails[0].subject, format!("[{}] Alert (error): {summary}", rig.tenant.slug));
    assert!(mails[0].text.contains(&format!("https://hub.example.com/alerts/{}", rig.alerts().await[0].id)));
    // Whoever removes it does not get it again.
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let [target] = targets::list(&mut tx).await.unwrap().try_into().unwrap();
    assert_eq!((target.name.as_str(), target.address.as_str()), ("Administrators", "All administrators"));
    targets::remove(&mut tx, target.id).await.unwrap();
    tx.commit().await.unwrap();
    rig.look().await;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    assert_eq!(targets::list(&mut tx).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn workspace_without_administrators_breaks_no_target() {
    let mut rig = Rig::start().await;
    rig.mail = Mail::Outbox;
    rig.bury().await;
    rig.look().await;
    let engine = rig.engine();
    rig.told().await;
    engine.stop().await;
    let notices = rig.notices(rig.alerts().await[0].id).await;
    assert_eq!((notices.len(), notices[0].state), (1, State::Failed));
    assert!(notices[0].failure.as_deref().unwrap().contains("no active administrator"));
    assert!(
        !ask::<bool>(&rig.lab, "select exists (select from shared.alert_targets where broken_since is not null)").await
    );
}

/// A webhook target whose inbox verifies what arrives.
async fn webhook(rig: &Rig) -> Target {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    rig.world.configure("webhook-receiver", json!({ "inboxes": { "alerts": { "secret": SECRET } } })).unwrap();
    let url = format!("{}/alerts", rig.world.url("webhook-receiver"));
    rig.target("hook", Address::Webhook { url, secret: SecretString::from(SECRET) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook_gets_signed_news_of_beginning_and_end() {
    let rig = Rig::start().await;
    webhook(&rig).await;
    rig.bury().await;
    rig.look().await;
    let engine = rig.engine();
    rig.told().await;
    rig.decide().await;
    rig.look_until_over().await;
    rig.told().await;
    engine.stop().await;
    assert_eq!(rig.seen("webhook-receiver", "webhook_accepted"), 2);
    let alert = rig.alerts().await[0].clone();
    let bodies = rig.bodies("webhook-receiver");
    let kinds: Vec<_> = bodies.iter().map(|body| body["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["alert.raised", "alert.resolved"]);
    assert_eq!(bodies[0]["data"]["alert"]["id"], json!(alert.id));
    assert_eq!(bodies[0]["data"]["alert"]["rule"], "dead_letters.waiting");
    assert_eq!(bodies[0]["data"]["alert"]["resolved_at"], json!(null));
    assert!(bodies[1]["data"]["alert"]["resolved_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_cannot_mark_up_a_post() {
    let rig = Rig::start().await;
    rig.slack("B1").await;
    rig.tamper("insert into system.remotes (remote, tenant_id, process, state, failures) values ('<!channel> & *x*', $1, gen_random_uuid(), 'open', 9)").await;
    rig.look().await;
    rig.pass(5);
    assert_eq!(rig.look().await.raised, 1);
    let engine = rig.engine();
    rig.told().await;
    engine.stop().await;
    let sent = rig.bodies("slack")[0].to_string();
    assert!(sent.contains("&lt;!channel&gt; &amp;") && !sent.contains("<!channel"), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn test_of_a_pager_leaves_no_incident_open() {
    let rig = Rig::start().await;
    let target = rig.pagerduty().await;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    targets::test(&mut tx, target.id).await.unwrap();
    tx.commit().await.unwrap();
    let engine = rig.engine();
    rig.told().await;
    engine.stop().await;
    assert_eq!(rig.incidents(), (1, 1));
    assert_eq!(rig.bodies("pagerduty")[0]["payload"]["severity"], "info");
    assert_eq!(rig.target_now(&target).await.last_sent_at, Some(rig.lab.clock.now()));
}
