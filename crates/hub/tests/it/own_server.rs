//! On a PostgreSQL that somebody else runs, with roles that are no superusers.

use socialai_testkit::lab::{self, note_secret};
use uuid::Uuid;

use crate::{
    http::{ask, log_in},
    kafka::metric,
    program::{Folder, Server, run, wait_until},
};

/// A database that `setup-database` prepared: addresses of the application role and of the owner.
pub fn prepared() -> (String, String, String) {
    let name = format!("h{}", &Uuid::new_v4().simple().to_string()[..12]);
    let admin = lab::admin_url("postgres");
    let made = run(&["setup-database", "--admin-url", &admin, "--database", &name, "--json"], &[]).succeeded().json();
    let address = |key: &str| {
        let address = made[key].as_str().unwrap().to_owned();
        note_secret(&password_of(&address));
        address
    };
    (name, address("DATABASE_URL"), address("SOCIALAI_OWNER_DATABASE_URL"))
}

fn password_of(url: &str) -> String {
    url::Url::parse(url).unwrap().password().unwrap().to_owned()
}

pub fn sql(database: &str, statement: &str) -> String {
    let url = lab::admin_url(database);
    crate::program::psql(&url, &password_of(&url), statement)
}

#[test]
fn prepared_server_is_migrated_served_and_given_shards() {
    let (_, app, owner) = prepared();
    let (_, shard_app, shard_owner) = prepared();
    let (shards, owner_shards) = (format!("eu1={shard_app}"), format!("eu1={shard_owner}"));
    let settings: Vec<(&str, &str)> = vec![
        ("DATABASE_URL", &app),
        ("SOCIALAI_OWNER_DATABASE_URL", &owner),
        ("SOCIALAI_SHARDS", &shards),
        ("SOCIALAI_OWNER_SHARDS", &owner_shards),
    ];
    let folder = Folder::new();
    let data = folder.data();
    let data_dir = ["--data-dir", data.to_str().unwrap()];
    let cli = |arguments: &[&str]| run(&[arguments, &data_dir].concat(), &settings);

    cli(&["serve", "--no-migrate", "--listen", "127.0.0.1:0"]).refused(1, &["socialai migrate"]);
    let plan = cli(&["migrate", "--plan", "--json"]).succeeded().json();
    assert_eq!(plan["pending"].as_array().unwrap().len(), 4, "two schemas in two databases: {plan}");
    assert_eq!(cli(&["migrate", "--check"]).code, Some(1));
    cli(&["migrate"]).succeeded();
    cli(&["migrate", "--check"]).succeeded();

    let server = Server::start("serve", &data, &["--no-migrate"], &settings);
    assert!(!data.join("postgres").exists(), "no server of our own beside theirs");
    cli(&["tenant", "create", "europe", "--name", "Europe", "--to", "shard:eu1"]).succeeded();
    let made =
        cli(&["user", "create", "eva@europe.test", "--tenant", "europe", "--role", "agent", "--json"]).succeeded();
    let password = made.json()["password"].as_str().unwrap().to_owned();
    note_secret(&password);
    log_in(server.port, "eva@europe.test", &password).unwrap();
    assert_eq!(cli(&["tenant", "move", "europe", "--to", "shared", "--json"]).succeeded().json()["tier"], "shared");
    assert_eq!(cli(&["tenant", "move", "europe", "--to", "shard:eu1", "--json"]).succeeded().json()["shard"], "eu1");
    log_in(server.port, "eva@europe.test", &password).unwrap();
    let ready = ask(server.port, "GET", "/ready", None, None).unwrap();
    assert_eq!(ready.body["parts"].as_array().unwrap().len(), 2, "{}", ready.body);

    let backup = folder.path().join("backup");
    cli(&["backup", "--to", backup.to_str().unwrap()]).succeeded();
    assert!(backup.join("shard-eu1.dump").exists());
    cli(&["restore", "--from", backup.to_str().unwrap()]).refused(1, &["is not empty"]);
    cli(&["audit", "verify", "--all"]).succeeded();
    assert_eq!(server.stop().code, Some(0));

    let (_, other_app, other_owner) = prepared();
    let (_, other_shard_app, other_shard_owner) = prepared();
    let (shards, owner_shards) = (format!("eu1={other_shard_app}"), format!("eu1={other_shard_owner}"));
    let others: Vec<(&str, &str)> = vec![
        ("DATABASE_URL", &other_app),
        ("SOCIALAI_OWNER_DATABASE_URL", &other_owner),
        ("SOCIALAI_SHARDS", &shards),
        ("SOCIALAI_OWNER_SHARDS", &owner_shards),
    ];
    run(&[&["restore", "--from", backup.to_str().unwrap()][..], &data_dir].concat(), &others).succeeded();
    let server = Server::start("serve", &data, &["--no-migrate"], &others);
    log_in(server.port, "eva@europe.test", &password).unwrap();
}

#[test]
fn metrics_tell_what_waits_and_how_far_behind_the_slowest_reader_is() {
    let (database, app, owner) = prepared();
    let settings = [("DATABASE_URL", app.as_str()), ("SOCIALAI_OWNER_DATABASE_URL", &owner)];
    let folder = Folder::new();
    let server = Server::start("serve", &folder.data(), &[], &settings);
    let told = |name: &str, words: &str| metric(&server, name, words);
    wait_until(|| told("socialai_jobs_backlog", "webhooks").abs() < 0.5);
    sql(
        &database,
        "insert into system.lanes (queue, tenant_id, key, speed, place, last_seq, wait_until)
         select 'webhooks', gen_random_uuid(), 'k', 1, 1, 3, now() + interval '12 hours';
         insert into system.jobs (queue, tenant_id, key, seq, id, kind, version, payload, enqueued_at)
         select queue, tenant_id, key, n, gen_random_uuid(), 'tests.wait', 1, '{}', now() - interval '1 hour'
         from system.lanes, generate_series(1, 3) n where queue = 'webhooks';
         insert into system.facts (position, tenant_id, fact_id, kind, version, key, data, at)
         select n, gen_random_uuid(), gen_random_uuid(), 'tests.fact', 1, 'k', '{}', now() from generate_series(1, 4) n;
         insert into system.readers (name, position) values ('tests.slow', 0)",
    );
    wait_until(|| (told("socialai_jobs_backlog", "webhooks") - 3.0).abs() < 0.5);
    wait_until(|| (told("socialai_facts_lag", "") - 4.0).abs() < 0.5);
    assert!((told("socialai_jobs_retrying", "webhooks") - 1.0).abs() < 0.5);
    assert!(told("socialai_jobs_oldest_seconds", "webhooks") >= 3600.0);
    assert!(told("socialai_installation_dead_letters", "").abs() < 0.5);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn one_address_is_enough_when_its_role_may_make_the_other() {
    let name = format!("o{}", &Uuid::new_v4().simple().to_string()[..12]);
    let secret = lab::secret();
    sql("postgres", &format!("create role {name} login createrole bypassrls password '{secret}'"));
    sql("postgres", &format!("create database {name} owner {name}"));
    let mut url = url::Url::parse(&lab::admin_url(&name)).unwrap();
    url.set_username(&name).unwrap();
    url.set_password(Some(&secret)).unwrap();
    let folder = Folder::new();
    let collected = folder.path().join("audit.jsonl");
    let stream = format!("file:{}", collected.display());
    let settings = [("DATABASE_URL", url.as_str()), ("SOCIALAI_AUDIT_STREAM", &stream)];
    let server = Server::start("serve", &folder.data(), &[], &settings);
    server.cli_with(&["tenant", "create", "heard", "--name", "Heard"], &settings).succeeded();
    wait_until(|| std::fs::read_to_string(&collected).is_ok_and(|text| text.contains("tenant.created")));
    let owned = format!(
        "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where c.relname = 'users' and r.rolname = '{name}'"
    );
    assert_eq!(crate::program::psql(url.as_str(), &secret, &owned), "1", "the owner owns");
    let told = server.stop();
    assert!(!told.stdout.contains(&secret) && !told.stderr.contains(&secret));
    // A second process, with nothing but the same settings, finds the same application role.
    let server = Server::start("serve", &folder.data(), &["--no-migrate"], &settings);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn roles_that_cannot_work_or_would_not_keep_tenants_apart_are_refused() {
    let folder = Folder::new();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", folder.path().to_str().unwrap()];
    let (name, app, owner) = prepared();
    run(&serve, &[("DATABASE_URL", &app)]).refused(1, &["SOCIALAI_OWNER_DATABASE_URL", "setup-database"]);
    let admin = lab::admin_url(&name);
    run(&serve, &[("DATABASE_URL", &admin), ("SOCIALAI_OWNER_DATABASE_URL", &owner)])
        .refused(1, &["superuser", "keep tenants apart"]);
    run(&serve, &[("DATABASE_URL", &owner), ("SOCIALAI_OWNER_DATABASE_URL", &owner)])
        .refused(1, &["BYPASSRLS", "keep tenants apart"]);
    let ended = run(&serve, &[("DATABASE_URL", "postgres://nobody:wrong0000@127.0.0.1:1/x")]);
    let ended = ended.refused(1, &["cannot reach", "Check the URL"]);
    assert!(!ended.stderr.contains("wrong0000"));
}

#[test]
fn setup_prints_its_sql_instead_of_running_it() {
    let printed = run(&["setup-database", "--print-sql"], &[]).succeeded().stdout;
    for part in ["create database \"socialai\"", "bypassrls", "grant socialai_app to \"socialai_runtime\""] {
        assert!(printed.contains(part), "{part}");
    }
    run(&["setup-database", "--database", "Bad Name", "--print-sql"], &[]).refused(2, &["a-z"]);
    run(&["setup-database"], &[]).refused(2, &["--admin-url"]);
}
