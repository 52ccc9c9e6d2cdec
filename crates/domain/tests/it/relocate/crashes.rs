//! The process that moves a tenant dies at each step in turn; the command is run again or the move is given up.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use socialai_domain::{
    audit::{self, Entry},
    permissions::Role,
    problems::Code,
    tenants::{
        Home, Tenant,
        relocate::{self, Progress},
    },
};
use socialai_testkit::lab::Lab;
use uuid::Uuid;

use super::{
    actor,
    engine::{self, Possessions},
    names, shard, travel, verify_chain,
};

/// What the steps are called, in their order, when the database changes; the ones before the switch first.
const BEFORE: [&str; 6] = ["copying", "pass_done", "door_held", "last_changes_copied", "engine_copied", "door_closed"];
const AFTER: [&str; 4] = ["switched", "arrived", "left", "cleaned"];

fn name(step: &Progress) -> String {
    serde_json::to_value(step).unwrap()["step"].as_str().unwrap().to_owned()
}

/// Runs the move and dies right after the step. The connections are cut, as when a process is killed.
async fn die_at(lab: &Lab, tenant: &Tenant, home: &Home, fatal: &str) {
    relocate::begin(&lab.databases, &lab.endpoints, &tenant.slug, home).await.unwrap();
    let mut dies = |step: Progress| {
        if name(&step) == fatal {
            // A panic without its report.
            std::panic::resume_unwind(Box::new("died on purpose"));
        }
    };
    let run = relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut dies);
    assert!(AssertUnwindSafe(run).catch_unwind().await.is_err(), "{fatal} was reached");
}

/// Until the server has noticed that the dead process is gone, the move counts as being under way.
async fn again(lab: &Lab, tenant: &Tenant) {
    loop {
        match relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut |_| {}).await {
            Err(error) if format!("{:?}", error.problem()).contains("Another process") => {}
            done => return done.unwrap(),
        }
    }
}

async fn give_up(lab: &Lab, tenant: &Tenant) {
    loop {
        match relocate::abort(&lab.databases, &lab.endpoints, &tenant.slug).await {
            Err(error) if format!("{:?}", error.problem()).contains("Another process") => {}
            done => return done.unwrap(),
        }
    }
}

async fn furnished(lab: &Lab) -> (Tenant, Possessions, String) {
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Admin).await;
    engine::furnish(lab, &tenant).await;
    let possessions = engine::possessions(lab, &tenant, None).await;
    (tenant, possessions, member.email)
}

#[tokio::test]
async fn move_that_died_at_any_step_is_finished_by_the_same_command() {
    let lab = Lab::with_shards(&["eu1"]).await;
    for fatal in BEFORE.iter().chain(&AFTER) {
        let (tenant, possessions, email) = furnished(&lab).await;
        die_at(&lab, &tenant, &shard(), fatal).await;
        if *fatal != "cleaned" {
            again(&lab, &tenant).await;
        }
        lab.databases.forget_place(tenant.id).await;
        assert_eq!(names(&lab, tenant.id).await, [email], "{fatal}");
        verify_chain(&lab, tenant.id).await;
        assert_eq!(engine::possessions(&lab, &tenant, Some("eu1")).await, possessions, "{fatal}");
        assert_eq!(engine::possessions(&lab, &tenant, None).await, Possessions::default(), "{fatal}");
        assert_eq!(engine::rows_of(&lab, &tenant, 0).await, 0, "{fatal}: nothing stays at the old place");
    }
}

#[tokio::test]
async fn move_between_tiers_that_died_at_any_step_is_finished_by_the_same_command() {
    let lab = Lab::own().await;
    for fatal in ["copying", "pass_done", "door_held", "last_changes_copied", "switched", "left"] {
        let (tenant, possessions, email) = furnished(&lab).await;
        die_at(&lab, &tenant, &Home::Schema, fatal).await;
        again(&lab, &tenant).await;
        assert_eq!(names(&lab, tenant.id).await, [email], "{fatal}");
        verify_chain(&lab, tenant.id).await;
        assert_eq!(engine::possessions(&lab, &tenant, None).await, possessions, "{fatal}");
    }
}

#[tokio::test]
async fn move_that_died_before_the_switch_is_given_up_and_leaves_nothing() {
    let lab = Lab::with_shards(&["eu1"]).await;
    for fatal in BEFORE {
        let (tenant, possessions, email) = furnished(&lab).await;
        die_at(&lab, &tenant, &shard(), fatal).await;
        lab.databases.forget_place(tenant.id).await;
        if fatal == "door_closed" {
            let refused = lab.databases.tenant(tenant.id, actor()).await.err().unwrap();
            assert_eq!(refused.problem().unwrap().code, Code::WorkspaceMoving);
        } else {
            let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
            tx.record(Entry::new("test.works_on", "tenant", tenant.id));
            tx.rollback().await.unwrap();
        }
        give_up(&lab, &tenant).await;
        assert_eq!(names(&lab, tenant.id).await, std::slice::from_ref(&email), "{fatal}");
        assert_eq!(engine::possessions(&lab, &tenant, None).await, possessions, "{fatal}");
        assert_eq!(engine::rows_of(&lab, &tenant, 1).await, 0, "{fatal}: nothing stays at the target");
        // It can be moved as if nothing had been.
        travel(&lab, &tenant, &shard()).await.unwrap();
        assert_eq!(names(&lab, tenant.id).await, [email], "{fatal}");
    }
}

#[tokio::test]
async fn move_that_died_after_the_switch_cannot_be_given_up() {
    let lab = Lab::with_shards(&["eu1"]).await;
    for fatal in ["switched", "arrived", "left"] {
        let (tenant, _, email) = furnished(&lab).await;
        die_at(&lab, &tenant, &shard(), fatal).await;
        let refused = loop {
            let refused = relocate::abort(&lab.databases, &lab.endpoints, &tenant.slug).await.unwrap_err();
            let message = refused.problem().unwrap().errors[0].message.clone();
            if !message.contains("Another process") {
                break message;
            }
        };
        assert!(refused.contains("lives at the target already"), "{refused}");
        again(&lab, &tenant).await;
        assert_eq!(names(&lab, tenant.id).await, [email], "{fatal}");
    }
}

#[tokio::test]
async fn nobody_writes_or_works_at_the_old_place_after_a_move_that_died() {
    let lab = Lab::with_shards(&["eu1"]).await;
    for fatal in ["door_closed", "switched", "arrived", "left"] {
        let (tenant, possessions, _) = furnished(&lab).await;
        let stale = lab.again().await;
        // Knows the old place and does not ask again for seconds.
        names(&stale, tenant.id).await;
        die_at(&lab, &tenant, &shard(), fatal).await;

        let written = async {
            let mut tx = stale.databases.tenant(tenant.id, actor()).await?;
            tx.record(Entry::new("test.written", "tenant", tenant.id));
            tx.commit().await
        };
        let is_open = ["arrived", "left"].contains(&fatal);
        match written.await {
            Ok(()) => assert!(is_open, "{fatal}"),
            Err(error) => assert!(!is_open && error.problem().unwrap().code == Code::WorkspaceMoving, "{error:?}"),
        }
        let claimed = engine::claim(&lab, None, Uuid::new_v4()).await;
        assert!(claimed.iter().all(|job| job.lease.tenant != tenant.id.0), "{fatal}: the work has left, or waits");

        again(&lab, &tenant).await;
        lab.databases.forget_place(tenant.id).await;
        let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
        let filter = audit::Filter { action: Some("test.written".to_owned()), ..audit::Filter::default() };
        let kept = audit::list(&mut tx, &filter, None, 10).await.unwrap();
        assert_eq!(kept.len(), usize::from(is_open), "{fatal}: what was acknowledged is there");
        tx.rollback().await.unwrap();
        verify_chain(&lab, tenant.id).await;
        if !is_open {
            assert_eq!(engine::possessions(&lab, &tenant, Some("eu1")).await, possessions, "{fatal}");
        }
    }
}
