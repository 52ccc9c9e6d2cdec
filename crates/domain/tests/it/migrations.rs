//! Migrations: two processes at once, interrupted runs, data of a newer program, and an upgrade from every release.

use socialai_domain::{
    audit::{self, Actor},
    database::{self, DatabaseError},
    permissions::Role,
    tenants::Home,
    users,
};
use socialai_testkit::lab::{self, Lab};
use sqlx::Executor;

async fn empty() -> database::Endpoint {
    let name = format!("fresh_{:016x}", rand::random::<u64>());
    database::set_up(&lab::admin(), &name, &lab::secret(), &lab::secret()).await.unwrap()
}

#[tokio::test]
async fn home_that_is_being_made_does_not_stop_other_commands() {
    let endpoint = [empty().await];
    database::migrate(&endpoint, &mut |_| {}).await.unwrap();
    let mut owner = <sqlx::PgConnection as sqlx::Connection>::connect_with(&endpoint[0].owner).await.unwrap();
    owner.execute("create schema t_0123456789abcdef0123456789abcdef").await.unwrap();
    assert_eq!(database::plan(&endpoint).await.unwrap(), []);
    owner
        .execute(
            "insert into system.residents (tenant_id, home_schema)
             values (gen_random_uuid(), 't_0123456789abcdef0123456789abcdef')",
        )
        .await
        .unwrap();
    let pending = database::plan(&endpoint).await.unwrap();
    assert_eq!(pending.len(), 1, "once somebody lives there it has to be current");
}

#[tokio::test]
async fn two_processes_that_start_together_migrate_once() {
    let endpoint = [empty().await];
    let planned = database::plan(&endpoint).await.unwrap();
    assert_eq!(planned.iter().map(|pending| pending.schema.as_str()).collect::<Vec<_>>(), ["system", "shared"]);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let (mut note_first, mut note_second) = (|line| first.push(line), |line| second.push(line));
    let (a, b) =
        tokio::join!(database::migrate(&endpoint, &mut note_first), database::migrate(&endpoint, &mut note_second));
    a.unwrap();
    b.unwrap();
    let migrated = first.iter().chain(&second).filter(|line: &&String| line.starts_with("Migrating")).count();
    assert_eq!(migrated, 2, "each schema once: {first:?} {second:?}");
    assert_eq!(database::plan(&endpoint).await.unwrap(), []);
}

#[tokio::test]
async fn every_schema_tier_tenant_is_migrated_and_an_interrupted_run_goes_on() {
    let lab = Lab::own().await;
    for _ in 0..3 {
        lab.tenant_in(Home::Schema).await;
    }
    // As if the last release's tables had reached only some of the schemas.
    let mut owner = lab.owner().await;
    let schemas: Vec<String> =
        sqlx::query_scalar("select nspname::text from pg_namespace where nspname like 't\\_%' order by 1")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    for schema in &schemas[1..] {
        owner
            .execute(sqlx::AssertSqlSafe(format!("drop schema {schema} cascade; create schema {schema}")))
            .await
            .unwrap();
    }
    assert_eq!(database::plan(&lab.endpoints).await.unwrap().len(), 2);
    let mut lines = Vec::new();
    database::migrate(&lab.endpoints, &mut |line| lines.push(line)).await.unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(database::plan(&lab.endpoints).await.unwrap(), []);
}

#[tokio::test]
async fn data_of_a_newer_program_is_left_alone_with_a_clear_sentence() {
    let lab = Lab::own().await;
    let mut owner = lab.owner().await;
    owner
        .execute("insert into shared._sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'future', true, '\\x00', 0)")
        .await
        .unwrap();
    for outcome in
        [database::migrate(&lab.endpoints, &mut |_| {}).await, database::plan(&lab.endpoints).await.map(|_| ())]
    {
        assert!(matches!(outcome, Err(DatabaseError::Newer(9999))), "{outcome:?}");
    }
}

#[tokio::test]
async fn role_that_may_not_migrate_is_told_what_to_do() {
    let lab = Lab::own().await;
    let mut endpoint = lab.endpoints[0].clone();
    endpoint.owner = endpoint.app.clone();
    let refused = database::migrate(&[endpoint], &mut |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("setup-database"), "{refused}");
}

/// Each file is a dump of a released version with data; see docs/operations.md.
#[tokio::test]
async fn every_released_schema_upgrades_and_keeps_its_data() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/released");
    let mut dumps: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    dumps.sort();
    assert!(!dumps.is_empty(), "there is a dump of every released version");
    for dump in dumps {
        let endpoint = empty().await;
        let mut owner = <sqlx::PgConnection as sqlx::Connection>::connect_with(&endpoint.owner).await.unwrap();
        let sql = std::fs::read_to_string(&dump).unwrap();
        owner.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        database::migrate(std::slice::from_ref(&endpoint), &mut |_| {}).await.unwrap();
        // The key that the dump was sealed with; it protects nothing else.
        let lab = Lab::open(
            vec![endpoint],
            format!("1:{}", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            socialai_domain::clock::Clock::default(),
        )
        .await
        .unwrap();
        for (slug, email, role) in [("acme", "ann@acme.test", Role::Admin), ("globex", "gus@globex.test", Role::Agent)]
        {
            let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
            let tenant = socialai_domain::tenants::find(&mut tx, slug).await.unwrap();
            let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
            let user = users::find_by_email(&mut tx, email).await.unwrap().expect("the user of the dump");
            assert_eq!(user.role, role, "{}", dump.display());
            let verdict = audit::verify(&mut tx).await.unwrap();
            assert!(verdict.broken.is_none() && verdict.verified > 0, "{verdict:?}");
        }
    }
}
