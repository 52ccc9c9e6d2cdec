//! The rounds: the schedule orders looks at the workspaces of its database, and nothing piles up.

use socialai_domain::{
    alerts::{LookAt, rounds},
    audit::Actor,
    ids::TenantId,
    tenants::{self, Status},
};
use socialai_queue::jobs::Task;
use socialai_testkit::lab::Lab;

use super::rig::Rig;
use crate::harness::{Running, ask, count, system_tx, tamper, until};

#[tokio::test(flavor = "multi_thread")]
async fn schedule_looks_at_every_workspace_and_tells_what_it_sees() {
    let rig = Rig::start().await;
    rig.slack("B1").await;
    rig.bury().await;
    let quiet = rig.lab.tenant().await;
    rounds::schedule(&rig.lab.databases, None).await.unwrap();
    rounds::schedule(&rig.lab.databases, None).await.unwrap();
    assert_eq!(count(&rig.lab, "schedules").await, 1);
    let engine = rig.engine();
    tamper(&rig.lab, "update system.schedules set next_at = clock_timestamp()").await;
    until("both were looked at", || {
        ask(&rig.lab, "select count(*) = 2 from shared.alert_watch where looked_at is not null")
    })
    .await;
    rig.told().await;
    engine.stop().await;
    assert_eq!((rig.alerts().await.len(), rig.seen("slack", "message_posted")), (1, 1));
    let quiet = Rig { tenant: quiet, ..rig };
    assert_eq!(quiet.alerts().await, []);
}

async fn order(lab: &Lab, tenants: &[TenantId]) -> i64 {
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    rounds::order(&mut tx, tenants).await.unwrap();
    tx.commit().await.unwrap();
    count(lab, "jobs").await
}

#[tokio::test(flavor = "multi_thread")]
async fn look_that_waits_is_not_ordered_again() {
    let lab = Lab::own().await;
    let (one, two) = (lab.tenant().await, lab.tenant().await);
    assert_eq!(order(&lab, &[one.id]).await, 1);
    assert_eq!(order(&lab, &[one.id, two.id]).await, 2);
    assert_eq!(order(&lab, &[one.id, two.id]).await, 2);
    let kinds: bool = ask(&lab, "select bool_and(kind = 'alerts.look_at') from system.jobs").await;
    assert!(kinds && LookAt::KIND == "alerts.look_at");
}

#[tokio::test(flavor = "multi_thread")]
async fn workspace_that_is_leaving_or_suspended_is_not_looked_at() {
    let lab = Lab::own().await;
    let (leaving, suspended, stays) = (lab.tenant().await, lab.tenant().await, lab.tenant().await);
    let mut tx = system_tx(&lab).await;
    tenants::set_status(&mut tx, suspended.id, Status::Suspended).await.unwrap();
    tx.commit().await.unwrap();
    let active = rounds::workspaces(&lab.databases, None).await.unwrap().concat();
    assert!(active.contains(&leaving.id) && active.contains(&stays.id) && !active.contains(&suspended.id));
    // As a move does in its last step.
    let mut mover = lab.owner().await;
    sqlx::query("begin").execute(&mut mover).await.unwrap();
    let lock = "select pg_advisory_xact_lock(hashtextextended($1::text, 7))";
    sqlx::query(lock).bind(leaving.id.0).execute(&mut mover).await.unwrap();
    assert_eq!(order(&lab, &active).await, 1);
    sqlx::query("update system.residents set open = false where tenant_id = $1")
        .bind(leaving.id)
        .execute(&mut mover)
        .await
        .unwrap();
    sqlx::query("commit").execute(&mut mover).await.unwrap();
    assert_eq!(order(&lab, &[leaving.id]).await, 1);
    let whose: uuid::Uuid = ask(&lab, "select tenant_id from system.jobs").await;
    assert_eq!(whose, stays.id.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_of_a_shard_are_looked_at_there() {
    let lab = Lab::with_shards(&["north"]).await;
    let north = lab.tenant_in(socialai_domain::tenants::Home::Shard("north".to_owned())).await;
    let found = rounds::workspaces(&lab.databases, Some("north")).await.unwrap().concat();
    assert_eq!(found, [north.id]);
    rounds::schedule(&lab.databases, Some("north")).await.unwrap();
    let rig = Rig { lab, tenant: north, ..Rig::start().await };
    let engine = Running::start(&rig.lab.databases, rig.handlers(), Vec::new());
    let mut tx = rig.lab.databases.system_at(Some("north"), Actor::system("test")).await.unwrap();
    sqlx::query("update system.schedules set next_at = clock_timestamp()").execute(tx.engine()).await.unwrap();
    tx.commit().await.unwrap();
    until("it was looked at", || async {
        let mut tx = crate::harness::tenant_tx(&rig.lab, rig.tenant.id).await;
        let (_, looked_at) = socialai_domain::alerts::rules::list(&mut tx).await.unwrap();
        looked_at.is_some()
    })
    .await;
    engine.stop().await;
}
