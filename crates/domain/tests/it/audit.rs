//! The audit chain: written with the change, append-only for the application, and every kind of tampering shows.

use socialai_domain::{
    audit::{self, Actor, Broken, Entry, Filter},
    permissions::Role,
    tenants::Tenant,
    users,
};
use socialai_testkit::lab::Lab;
use sqlx::{AssertSqlSafe, Executor};

async fn with_entries(lab: &Lab, count: usize) -> Tenant {
    let tenant = lab.tenant().await;
    for number in 0..count {
        let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
        tx.record(
            Entry::new("test.happened", "thing", number)
                .changed(serde_json::json!({}), serde_json::json!({ "n": number })),
        );
        tx.commit().await.unwrap();
    }
    tenant
}

async fn verdict(lab: &Lab, tenant: &Tenant) -> audit::Verdict {
    let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    audit::verify(&mut tx).await.unwrap()
}

#[tokio::test]
async fn a_rolled_back_change_leaves_no_entry_and_a_committed_one_exactly_one() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let member = lab.member(&tenant, Role::Viewer).await;
    for commit in [false, true] {
        let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
        users::set_role(&mut tx, member.id, Role::Agent).await.unwrap();
        if commit { tx.commit().await.unwrap() } else { drop(tx) }
    }
    let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
    let filter = Filter { action: Some("user.role_changed".into()), ..Filter::default() };
    let rows = audit::list(&mut tx, &filter, None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0].changes,
        Some(serde_json::json!({ "before": { "role": "viewer" }, "after": { "role": "agent" } }))
    );
}

#[tokio::test]
async fn concurrent_writers_make_one_unbroken_chain() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await;
    let writers = (0..20).map(|number| {
        let databases = lab.databases.clone();
        let tenant = tenant.id;
        async move {
            let mut tx = databases.tenant(tenant, Actor::system("test")).await.unwrap();
            tx.record(Entry::new("test.happened", "thing", number));
            tx.record(Entry::new("test.happened", "thing", number));
            tx.commit().await.unwrap();
        }
    });
    futures::future::join_all(writers).await;
    let verdict = verdict(&lab, &tenant).await;
    assert_eq!((verdict.verified, verdict.broken), (40, None));
}

#[tokio::test]
async fn application_role_cannot_change_or_delete_entries() {
    let lab = Lab::shared().await;
    let tenant = with_entries(&lab, 1).await;
    for statement in
        ["update audit_log set action = 'x'", "delete from audit_log", "truncate audit_log", "delete from audit_heads"]
    {
        let mut app = lab.app().await;
        app.execute("begin").await.unwrap();
        sqlx::query("select system.enter($1, 'shared')").bind(tenant.id.0).execute(&mut app).await.unwrap();
        let refused = app.execute(statement).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn verification_names_the_first_row_that_was_tampered_with() {
    let lab = Lab::shared().await;
    let tampering = [
        ("update shared.audit_log set action = 'test.other' where seq = 3", 3),
        ("update shared.audit_log set at = at + interval '1 microsecond' where seq = 2", 2),
        ("update shared.audit_log set changes = '{\"before\":{},\"after\":{\"n\":9}}' where seq = 4", 4),
        ("update shared.audit_log set ip = '' where seq = 5", 5),
        ("update shared.audit_log set hash = sha256('x') where seq = 1", 1),
        ("delete from shared.audit_log where seq = 2", 2),
        ("delete from shared.audit_log where seq = 5", 5),
        ("update shared.audit_log set seq = seq + 10 where seq = 5", 5),
        ("update shared.audit_heads set seq = 7", 6),
    ];
    for (statement, expected) in tampering {
        let tenant = with_entries(&lab, 5).await;
        assert_eq!(verdict(&lab, &tenant).await.broken, None);
        let connector = if statement.contains(" where ") { "and" } else { "where" };
        let statement = format!("{statement} {connector} tenant_id = '{}'", tenant.id.0);
        lab.owner().await.execute(AssertSqlSafe(statement.clone())).await.unwrap();
        let Some(Broken { seq, reason }) = verdict(&lab, &tenant).await.broken else { panic!("not seen: {statement}") };
        assert_eq!(seq, expected, "{statement}: {reason}");
    }
}

#[tokio::test]
async fn chain_of_one_tenant_cannot_be_put_in_place_of_another() {
    let lab = Lab::shared().await;
    let (mine, theirs) = (with_entries(&lab, 2).await, with_entries(&lab, 2).await);
    let mut owner = lab.owner().await;
    for table in ["audit_log", "audit_heads"] {
        let erase = format!("delete from shared.{table} where tenant_id = '{}'", mine.id.0);
        let steal =
            format!("update shared.{table} set tenant_id = '{}' where tenant_id = '{}'", mine.id.0, theirs.id.0);
        owner.execute(AssertSqlSafe(erase)).await.unwrap();
        owner.execute(AssertSqlSafe(steal)).await.unwrap();
    }
    assert_eq!(verdict(&lab, &mine).await.broken.unwrap().seq, 1);
}
