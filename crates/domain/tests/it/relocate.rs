//! Moving tenants between tiers and databases: what they own arrives, whatever happens on the way.

use socialai_domain::{
    audit::{self, Actor, Entry},
    ids::{TenantId, UserId},
    permissions::Role,
    problems::Result,
    tenants::{
        Home, Tenant,
        relocate::{self, Progress},
    },
    users::{self, Filter},
};
use socialai_testkit::lab::Lab;
use sqlx::Executor;

mod crashes;
mod engine;
mod traffic;

fn actor() -> Actor {
    Actor::system("test")
}

fn shard() -> Home {
    Home::Shard("eu1".to_owned())
}

async fn names(lab: &Lab, tenant: TenantId) -> Vec<String> {
    let mut tx = lab.databases.tenant(tenant, actor()).await.unwrap();
    let users = users::list(&mut tx, &Filter::default(), None, 200).await.unwrap();
    users.into_iter().map(|user| user.email).collect()
}

/// Moves a tenant and answers with every step that was told.
async fn travel(lab: &Lab, tenant: &Tenant, home: &Home) -> Result<Vec<Progress>> {
    relocate::begin(&lab.databases, &lab.endpoints, &tenant.slug, home).await?;
    let mut steps = Vec::new();
    relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut |step| steps.push(step)).await?;
    Ok(steps)
}

async fn verify_chain(lab: &Lab, tenant: TenantId) -> i64 {
    let mut tx = lab.databases.tenant(tenant, actor()).await.unwrap();
    let verdict = audit::verify(&mut tx).await.unwrap();
    assert_eq!(verdict.broken, None);
    verdict.verified
}

#[tokio::test]
async fn moving_through_all_tiers_keeps_every_row_and_the_audit_chain() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Admin).await;
    let neighbour = lab.tenant().await;
    let other = lab.member(&neighbour, Role::Admin).await;
    let stale = lab.again().await;
    for home in [Home::Schema, shard(), Home::Shared, shard(), Home::Schema, Home::Shared] {
        // The second process believes in the old place and must be taught by the fence.
        assert_eq!(names(&stale, tenant.id).await, std::slice::from_ref(&member.email));
        let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
        tx.record(Entry::new("test.moved", "tenant", tenant.id).changed(
            serde_json::json!({ "b": 1.0, "a": "ü\u{2028}\"", "zz": null }),
            serde_json::json!({ "b": 2, "a": "x", "zz": [1, { "k": "v" }] }),
        ));
        tx.commit().await.unwrap();

        travel(&lab, &tenant, &home).await.unwrap();

        for process in [&lab, &stale] {
            assert_eq!(names(process, tenant.id).await, std::slice::from_ref(&member.email), "{home:?}");
            assert!(verify_chain(process, tenant.id).await >= 2);
        }
        assert_eq!(names(&lab, neighbour.id).await, std::slice::from_ref(&other.email));
    }
}

#[tokio::test]
async fn moves_that_make_no_sense_are_refused() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let told = |error: socialai_domain::problems::Error| error.problem().unwrap().errors[0].message.clone();
    let begin = async |home: Home| relocate::begin(&lab.databases, &lab.endpoints, &tenant.slug, &home).await.map(drop);
    assert!(told(begin(Home::Shared).await.unwrap_err()).contains("lives there already"));
    assert!(told(begin(shard()).await.unwrap_err()).contains("no shard `eu1`"));
    let nothing = relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut |_| {}).await.unwrap_err();
    assert!(told(nothing).contains("No move"));
    let nothing = relocate::abort(&lab.databases, &lab.endpoints, &tenant.slug).await.unwrap_err();
    assert!(told(nothing).contains("No move"));
    begin(Home::Schema).await.unwrap();
    assert!(told(begin(Home::Shared).await.unwrap_err()).contains("Another move"));
}

#[tokio::test]
async fn move_that_another_process_finished_or_gave_up_erases_nothing() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Admin).await;
    let begin = async || relocate::begin(&lab.databases, &lab.endpoints, &tenant.slug, &Home::Schema).await;
    begin().await.unwrap();
    // A second operator notes the same move before the first has run it.
    begin().await.unwrap();
    let (mut quiet, mut silent) = (|_| {}, |_| {});
    let (first, second) = tokio::join!(
        relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut quiet),
        relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut silent),
    );
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    assert!(
        relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut |_| {}).await.is_err(),
        "nothing is left to run"
    );
    assert_eq!(names(&lab, tenant.id).await, [member.email]);
}

/// Moves a tenant between tiers while one of its transactions stays open, until the door has been tried in vain and given
/// back and `meanwhile` is over.
async fn travel_around<T>(lab: &Lab, tenant: &Tenant, meanwhile: impl Future<Output = T>) -> (Vec<Progress>, T) {
    let slow = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut steps = Vec::new();
    relocate::begin(&lab.databases, &lab.endpoints, &tenant.slug, &Home::Schema).await.unwrap();
    let mut tell = |step: Progress| {
        told.send(step.clone()).unwrap();
        steps.push(step);
    };
    let moved = relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut tell);
    let others = async {
        while heard.recv().await != Some(Progress::Waiting) {}
        let outcome = meanwhile.await;
        slow.commit().await.unwrap();
        outcome
    };
    let (moved, outcome) = tokio::join!(moved, others);
    moved.unwrap();
    (steps, outcome)
}

#[tokio::test]
async fn somebody_inside_holds_up_the_switch_and_nobody_else() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (first, second) = (lab.member(&tenant, Role::Admin).await, lab.member(&tenant, Role::Admin).await);
    // Open while the first pass reads, with a savepoint, of which a snapshot does not know.
    let mut owner = lab.owner().await;
    let name = "update shared.users set name = 'Renamed in a savepoint' where id = $1";
    owner.execute("begin; select pg_current_xact_id(); savepoint inner_part").await.unwrap();
    sqlx::query(name).bind(second.id).execute(&mut owner).await.unwrap();

    let meanwhile = async {
        owner.execute("release savepoint inner_part; commit").await.unwrap();
        // The door was given back: others get in and change things.
        let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
        users::set_name(&mut tx, first.id, "Renamed meanwhile").await.unwrap();
        tx.commit().await.unwrap();
    };
    travel_around(&lab, &tenant, Box::pin(meanwhile)).await;

    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    assert_eq!(users::get(&mut tx, first.id).await.unwrap().name, "Renamed meanwhile");
    assert_eq!(users::get(&mut tx, second.id).await.unwrap().name, "Renamed in a savepoint");
    tx.rollback().await.unwrap();
    verify_chain(&lab, tenant.id).await;
}

#[tokio::test]
async fn unique_values_that_are_exchanged_during_the_move_make_it_copy_again() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (first, second) = (lab.member(&tenant, Role::Admin).await, lab.member(&tenant, Role::Admin).await);
    let mut owner = lab.owner().await;
    for (member, subject) in [(&first, "one"), (&second, "two")] {
        subject_is(&mut owner, member.id, Some(subject)).await;
    }
    let exchange = async {
        owner.execute("begin").await.unwrap();
        for (member, subject) in [(&first, None), (&second, Some("one")), (&first, Some("two"))] {
            subject_is(&mut owner, member.id, subject).await;
        }
        owner.execute("commit").await.unwrap();
    };
    let (steps, ()) = travel_around(&lab, &tenant, exchange).await;
    assert!(steps.contains(&Progress::StartingOver), "{steps:?}");
    let schema = Home::Schema.schema_for(tenant.id);
    let subjects = format!("select id, sso_subject from {schema}.users order by sso_subject");
    let subjects: Vec<(UserId, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(subjects)).fetch_all(&mut owner).await.unwrap();
    assert_eq!(subjects, [(second.id, "one".to_owned()), (first.id, "two".to_owned())]);
}

async fn subject_is(owner: &mut sqlx::PgConnection, user: UserId, subject: Option<&str>) {
    let link = sqlx::query("update shared.users set sso_subject = $2 where id = $1").bind(user).bind(subject);
    link.execute(owner).await.unwrap();
}
