//! The wall between tenants, in all three tiers.

use socialai_domain::{
    audit::Actor,
    ids::UserId,
    permissions::Role,
    problems::Code,
    tenants::{self, Home, Status},
    users::{self, Filter},
};
use socialai_testkit::lab::Lab;

fn actor() -> Actor {
    Actor::system("test")
}

async fn names(lab: &Lab, tenant: socialai_domain::ids::TenantId) -> Vec<String> {
    let mut tx = lab.databases.tenant(tenant, actor()).await.unwrap();
    let users = users::list(&mut tx, &Filter::default(), None, 200).await.unwrap();
    users.into_iter().map(|user| user.email).collect()
}

#[tokio::test]
async fn tenants_of_every_tier_see_only_their_own_users() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let mut seen = Vec::new();
    for home in
        [Home::Shared, Home::Shared, Home::Schema, Home::Schema, Home::Shard("eu1".into()), Home::Shard("eu1".into())]
    {
        let tenant = lab.tenant_in(home).await;
        let member = lab.member(&tenant, Role::Admin).await;
        seen.push((tenant.id, member));
    }
    for (tenant, member) in &seen {
        assert_eq!(names(&lab, *tenant).await, std::slice::from_ref(&member.email));
        let mut tx = lab.databases.tenant(*tenant, actor()).await.unwrap();
        for (_, other) in seen.iter().filter(|(other, _)| other != tenant) {
            assert!(users::find(&mut tx, other.id).await.unwrap().is_none());
            assert!(users::find_by_email(&mut tx, &other.email).await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn a_row_of_another_tenant_cannot_be_written() {
    let lab = Lab::shared().await;
    let (mine, theirs) = (lab.tenant().await, lab.tenant().await);
    let mut app = lab.app().await;
    sqlx::query("begin").execute(&mut app).await.unwrap();
    let entered: bool =
        sqlx::query_scalar("select system.enter($1, 'shared')").bind(mine.id.0).fetch_one(&mut app).await.unwrap();
    assert!(entered);
    let refused = sqlx::query("insert into settings (tenant_id, id, updated_at) values ($1, gen_random_uuid(), now())")
        .bind(theirs.id.0)
        .execute(&mut app)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
}

#[tokio::test]
async fn tenant_transaction_sees_nothing_of_the_installation() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    lab.member(&tenant, Role::Admin).await;
    let mut app = lab.app().await;
    sqlx::query("begin").execute(&mut app).await.unwrap();
    sqlx::query("select system.enter($1, 'shared')").bind(tenant.id.0).execute(&mut app).await.unwrap();
    for table in ["people", "tenants", "signing_keys", "tickets", "memberships", "audit_log"] {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from system.{table}")))
            .fetch_one(&mut app)
            .await
            .unwrap();
        assert_eq!(count, 0, "{table}");
    }
}

#[tokio::test]
async fn suspended_deleted_and_unknown_tenants_do_not_open() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    for (status, code) in [(Status::Suspended, Code::WorkspaceSuspended), (Status::Deleted, Code::NotFound)] {
        let mut tx = lab.databases.system(actor()).await.unwrap();
        tenants::set_status(&mut tx, tenant.id, status).await.unwrap();
        tx.commit().await.unwrap();
        lab.databases.forget_place(tenant.id).await;
        let refused = lab.databases.tenant(tenant.id, actor()).await.err().unwrap();
        assert_eq!(refused.problem().unwrap().code, code);
    }
    let refused = lab.databases.tenant(socialai_domain::ids::TenantId::fresh(), actor()).await.err().unwrap();
    assert_eq!(refused.problem().unwrap().code, Code::NotFound);
}

#[tokio::test]
async fn dropping_the_future_of_a_beginning_transaction_leaves_no_open_one_behind() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    for _ in 0..200 {
        let databases = lab.databases.clone();
        // Polled once, then dropped: the client went away while the transaction was beginning.
        let begin = Box::pin(databases.tenant(tenant.id, actor()));
        let _ = futures::poll!(begin);
    }
    // The pool still serves, and the server has no transaction standing idle.
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    users::list(&mut tx, &Filter::default(), None, 1).await.unwrap();
    tx.rollback().await.unwrap();
    let mut owner = lab.owner().await;
    for _ in 0..100 {
        let idle: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        if idle == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("transactions were left open");
}

#[tokio::test]
async fn two_administrators_cannot_demote_each_other_at_once() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let (first, second) = (lab.member(&tenant, Role::Admin).await, lab.member(&tenant, Role::Admin).await);
    let demote = |id: UserId| {
        let databases = lab.databases.clone();
        let tenant = tenant.id;
        async move {
            let mut tx = databases.tenant(tenant, actor()).await?;
            users::set_role(&mut tx, id, Role::Viewer).await?;
            tx.commit().await
        }
    };
    let (a, b) = tokio::join!(demote(first.id), demote(second.id));
    assert!(a.is_ok() != b.is_ok(), "exactly one may win: {a:?} {b:?}");
}
