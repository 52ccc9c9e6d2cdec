//! Every rule is broken and kept again: one alert is raised and one is resolved, and each is told once.

use serde_json::json;
use socialai_domain::{
    alerts::{catalogue, rules, watch::Changes},
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, NewAccount, State},
        gaps,
    },
    ids::ChannelAccountId,
    requests::{self, Count},
    webhooks::endpoints::{self, NewEndpoint},
};
use uuid::Uuid;

use super::rig::Rig;
use crate::harness::{ask, tenant_tx};

/// Breaks a rule in a workspace with one target, looks at it for long enough and longer, and mends it.
async fn is_told_once(rig: &Rig, rule: &str, minutes: i64, mend: impl AsyncFnOnce(&Rig)) {
    let engine = rig.engine();
    for _ in 0..minutes {
        assert_eq!(rig.look().await.raised, 0, "not before its time");
        assert!(rig.alerts().await.is_empty());
        rig.pass(1);
    }
    assert_eq!(rig.look().await.raised, 1);
    assert_eq!(rig.look().await.raised, 0);
    rig.told().await;
    assert_eq!(rig.incidents(), (1, 0));
    let [alert] = rig.alerts().await.try_into().unwrap();
    assert_eq!((alert.rule.as_str(), alert.resolved_at, alert.targets_told), (rule, None, 1));
    assert!(alert.value > alert.threshold && alert.summary.ends_with('.'), "{alert:?}");
    let event = &rig.bodies("pagerduty")[0];
    assert_eq!(event["dedup_key"], json!(alert.id));
    assert_eq!(event["links"][0]["href"], json!(format!("https://hub.example.com/alerts/{}", alert.id)));
    mend(rig).await;
    assert_eq!(rig.look().await.resolved, 0, "it may come back");
    rig.pass(1);
    assert_eq!(rig.look().await.resolved, 0);
    rig.pass(1);
    assert_eq!(rig.look().await.resolved, 1);
    assert_eq!(rig.look().await.resolved, 0);
    rig.told().await;
    assert_eq!(rig.incidents(), (1, 1));
    let [alert] = rig.alerts().await.try_into().unwrap();
    assert!(alert.resolved_at.is_some() && alert.last_seen_at < alert.resolved_at.unwrap());
    engine.stop().await;
}

/// The rule is the only one that is broken.
async fn only(rig: &Rig, rule: &str) {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    for other in catalogue::CATALOGUE.iter().filter(|other| other.name != rule) {
        let off = rules::Change { enabled: Some(false), ..rules::Change::default() };
        rules::change(&mut tx, other.name, off).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn rig_for(rule: &str) -> Rig {
    let rig = Rig::start().await;
    rig.pagerduty().await;
    only(&rig, rule).await;
    rig
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letter_is_told_and_so_is_the_decision_about_it() {
    let rig = rig_for("dead_letters.waiting").await;
    rig.bury().await;
    is_told_once(&rig, "dead_letters.waiting", 0, Rig::decide).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letter_of_the_fast_lane_is_critical() {
    let rig = rig_for("dead_letters.urgent").await;
    rig.bury().await;
    assert_eq!(rig.look().await.raised, 0, "this one was not urgent");
    rig.tamper("update system.dead_letters set speed = 0 where tenant_id = $1").await;
    is_told_once(&rig, "dead_letters.urgent", 0, Rig::decide).await;
    assert_eq!(rig.bodies("pagerduty")[0]["payload"]["severity"], "critical");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_nobody_does_is_told_after_two_minutes() {
    let rig = rig_for("jobs.backlog_age").await;
    rig.tamper(
        "with lane as (insert into system.lanes (queue, tenant_id, key, speed, place, last_seq) values ('crm', $1, 'a', 1, 1, 1))
         insert into system.jobs (queue, tenant_id, key, seq, id, kind, version, payload, enqueued_at)
         values ('crm', $1, 'a', 1, gen_random_uuid(), 'tests.one', 1, '{}', clock_timestamp() - interval '10 minutes')",
    )
    .await;
    rig.tamper(
        "with lane as (insert into system.lanes (queue, tenant_id, key, speed, place, last_seq, wait_until)
            values ('crm', $1, 'b', 1, 2, 1, clock_timestamp() + interval '1 hour'))
         insert into system.jobs (queue, tenant_id, key, seq, id, kind, version, payload, enqueued_at)
         values ('crm', $1, 'b', 1, gen_random_uuid(), 'tests.one', 1, '{}', clock_timestamp() - interval '10 days')",
    )
    .await;
    for minute in 0..2 {
        assert_eq!(rig.look().await.raised, 0, "minute {minute}");
        rig.pass(1);
    }
    assert_eq!(rig.look().await.raised, 1);
    let alert = &rig.alerts().await[0];
    assert!((590.0..900.0).contains(&alert.value), "one that failed and waits for its turn is not late: {alert:?}");
    rig.tamper("delete from system.jobs where tenant_id = $1").await;
    rig.tamper("delete from system.lanes where tenant_id = $1 and queue = 'crm'").await;
    assert_eq!(rig.look_until_over().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_system_that_is_not_called_is_told_after_five_minutes() {
    let rig = rig_for("circuits.open").await;
    rig.tamper("insert into system.remotes (remote, tenant_id, process, state, failures) values ('crm:x', $1, gen_random_uuid(), 'open', 9)").await;
    rig.tamper("insert into system.remotes (remote, tenant_id, process, state, failures) values ('crm:x', $1, gen_random_uuid(), 'half_open', 9)").await;
    is_told_once(&rig, "circuits.open", 5, async |rig: &Rig| {
        rig.tamper("delete from system.remotes where tenant_id = $1").await;
    })
    .await;
    assert_eq!(rig.alerts().await[0].subject.as_deref(), Some("crm:x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn act_of_which_nobody_knows_is_told_after_a_quarter_of_an_hour() {
    let rig = rig_for("effects.unknown").await;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    for kind in ["crm.write", "alert.notice", "webhook.delivery"] {
        let plan = socialai_domain::effects::Plan {
            kind,
            remote: "crm".to_owned(),
            about_kind: "test",
            about_id: kind.to_owned(),
            idempotency_key: kind.to_owned(),
            request: json!({}),
        };
        socialai_domain::effects::plan(&mut tx, plan).await.unwrap();
    }
    let now = tx.now();
    tx.commit().await.unwrap();
    sqlx::query("update shared.effects set state = 'unknown', dispatched_at = $1 where about_kind = 'test'")
        .bind(now)
        .execute(&mut rig.lab.owner().await)
        .await
        .unwrap();
    rig.pass(15);
    assert_eq!(rig.look().await.raised, 0);
    rig.pass(1);
    is_told_once(&rig, "effects.unknown", 0, async |rig: &Rig| {
        rig.tamper("update shared.effects set state = 'confirmed' where about_kind = 'test' and tenant_id = $1").await;
    })
    .await;
    assert!((0.9..1.1).contains(&rig.alerts().await[0].value), "what settles itself is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_that_was_switched_off_for_its_failures_is_told_by_its_name() {
    let rig = rig_for("webhook_endpoints.disabled").await;
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    for name in ["Orders", "Switched off by hand"] {
        let new = NewEndpoint {
            name: name.to_owned(),
            url: "https://example.com/".to_owned(),
            events: vec!["*".to_owned()],
            is_ordered: false,
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
        };
        endpoints::create(&mut tx, new).await.unwrap();
    }
    tx.commit().await.unwrap();
    rig.tamper(
        "update shared.webhook_endpoints set enabled = false, disabled_at = now(),
            disabled_reason = case name when 'Orders' then 'failing' else 'by_hand' end where tenant_id = $1",
    )
    .await;
    is_told_once(&rig, "webhook_endpoints.disabled", 0, async |rig: &Rig| {
        rig.tamper(
            "update shared.webhook_endpoints set enabled = true, disabled_at = null, disabled_reason = null where tenant_id = $1",
        )
        .await;
    })
    .await;
    let alert = &rig.alerts().await[0];
    assert_eq!(alert.label.as_deref(), Some("Orders"));
    assert!(alert.subject.as_deref().unwrap().starts_with("whe_") && alert.summary.contains("“Orders”"));
}

/// A page of the workspace, which is well.
async fn page(rig: &Rig) -> ChannelAccountId {
    let new = NewAccount {
        platform: Platform::Facebook,
        external_id: "1067280970047460".to_owned(),
        name: "Acme".to_owned(),
        handle: None,
        avatar_url: None,
        credentials: Some(r#"{"token":"t1"}"#.to_owned().into()),
        token_expires_at: None,
        refresh_at: None,
        uses_own_app: false,
        scopes: Vec::new(),
    };
    accounts::connect(&rig.lab.databases, rig.tenant.id, Actor::system("test"), &new).await.unwrap().id
}

async fn is_now(rig: &Rig, page: ChannelAccountId, state: State, reason: &str) {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    accounts::set_state(&mut tx, page, state, Some(reason)).await.unwrap();
    tx.commit().await.unwrap();
}

/// Messages may be missing, from now on or, once it ended so, up to now.
async fn gap(rig: &Rig, page: ChannelAccountId, state: gaps::State) {
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    let now = tx.now();
    gaps::open(&mut tx, page, now, "Nothing came.").await.unwrap();
    if state != gaps::State::Open {
        gaps::close(&mut tx, page, now, 0, state).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_needs_somebody_is_told_by_its_name() {
    let rig = rig_for("channel_accounts.broken").await;
    let page = page(&rig).await;
    is_now(&rig, page, State::NeedsYou, "The access was withdrawn.").await;
    is_told_once(&rig, "channel_accounts.broken", 0, async |rig: &Rig| {
        is_now(rig, page, State::Healthy, "").await;
    })
    .await;
    let alert = &rig.alerts().await[0];
    assert_eq!((alert.subject.clone(), alert.label.as_deref()), (Some(page.to_string()), Some("Acme (Facebook)")));
    assert!(alert.summary.contains("“Acme (Facebook)”"));
}

#[tokio::test(flavor = "multi_thread")]
async fn account_of_which_messages_may_be_missing_is_told_after_two_minutes() {
    let rig = rig_for("channel_accounts.silent").await;
    let page = page(&rig).await;
    gap(&rig, page, gaps::State::Open).await;
    is_told_once(&rig, "channel_accounts.silent", 2, async |rig: &Rig| {
        gap(rig, page, gaps::State::Closed).await;
    })
    .await;
    assert_eq!(rig.alerts().await[0].subject, Some(page.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn account_is_heard_again_when_something_comes_and_webhooks_bring_it() {
    let rig = rig_for("channel_accounts.silent").await;
    let page = page(&rig).await;
    let is_raised = async || {
        rig.look().await;
        rig.pass(2);
        rig.look().await.raised == 1
    };
    assert!(!is_raised().await);
    gap(&rig, page, gaps::State::Lost).await;
    assert!(is_raised().await, "nothing came since");
    let mut tx = tenant_tx(&rig.lab, rig.tenant.id).await;
    accounts::note_event(&mut tx, page).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(rig.look_until_over().await, 1);
    is_now(&rig, page, State::Degraded, gaps::MISSED).await;
    assert!(is_raised().await, "no webhook brought it");
    is_now(&rig, page, State::Degraded, "The quota is nearly used up.").await;
    assert_eq!(rig.look_until_over().await, 1);
    gap(&rig, page, gaps::State::Open).await;
    accounts::disconnect(&rig.lab.databases, rig.tenant.id, Actor::system("test"), page).await.unwrap();
    assert!(!is_raised().await, "nobody wants to hear it");
}

/// So many answers in this minute, of which some failed.
async fn requests(rig: &Rig, good: i32, bad: i32, took_ms: u64) {
    let mut count = Count::new(rig.tenant.id, requests::minute_of(rig.lab.clock.now()));
    for number in 0..good + bad {
        count.add(number < bad, std::time::Duration::from_millis(took_ms));
    }
    requests::write(&rig.lab.databases, Uuid::new_v4(), &[count]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn share_of_failed_requests_is_that_of_the_last_five_minutes() {
    let rig = rig_for("requests.error_rate").await;
    requests(&rig, 0, 19, 10).await;
    assert_eq!(rig.look().await.raised, 0, "nineteen say nothing");
    requests(&rig, 81, 0, 10).await;
    is_told_once(&rig, "requests.error_rate", 0, async |rig: &Rig| {
        rig.pass(4);
        assert_eq!(rig.look().await.resolved, 0);
        assert!((18.9..19.1).contains(&rig.alerts().await[0].value));
        rig.pass(1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_answers_are_told() {
    let rig = rig_for("requests.latency_p95").await;
    requests(&rig, 94, 0, 10).await;
    requests(&rig, 6, 0, 2500).await;
    is_told_once(&rig, "requests.latency_p95", 0, async |rig: &Rig| requests(rig, 100, 0, 10).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_alerts_is_not_alerted() {
    let rig = Rig::start().await;
    rig.bury().await;
    rig.tamper("update system.dead_letters set kind = 'alerts.tell', speed = 0 where tenant_id = $1").await;
    assert_eq!(rig.look().await.raised, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_that_is_switched_off_ends_its_alert() {
    let rig = rig_for("dead_letters.waiting").await;
    rig.bury().await;
    assert_eq!(rig.look().await.raised, 1);
    only(&rig, "none").await;
    assert_eq!(rig.look().await.resolved, 1, "at once");
    assert_eq!(rig.look().await.raised, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_workspace_is_written_about_only_when_it_was_looked_at() {
    let rig = rig_for("dead_letters.waiting").await;
    rig.bury().await;
    rig.look().await;
    let rows = "select (select max(xmin::text::bigint) from shared.alerts) + (select max(xmin::text::bigint) from system.residents)";
    let before: i64 = ask(&rig.lab, rows).await;
    rig.pass(1);
    assert_eq!(rig.look().await, Changes::default());
    assert_eq!(ask::<i64>(&rig.lab, rows).await, before, "alerts and counts stay untouched");
}
