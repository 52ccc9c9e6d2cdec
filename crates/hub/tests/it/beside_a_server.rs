//! Commands on the data folder of a running demo: they join its PostgreSQL.

use std::sync::OnceLock;

use serde_json::Value;
use socialai_testkit::lab::note_secret;
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    http::{ask, log_in},
    program::{Folder, Server, run_with_input, spawn, wait_until},
};

/// One demo for all tests of commands that do not disturb each other; it ends with the test process.
pub fn demo() -> &'static Server {
    static DEMO: OnceLock<Server> = OnceLock::new();
    DEMO.get_or_init(|| Server::start_shared(Folder::new()))
}

/// A tenant of the test's own.
pub fn tenant(slug: &str, home: &str) {
    demo().cli(&["tenant", "create", slug, "--name", slug, "--to", home]).succeeded();
}

#[test]
fn api_key_from_the_command_line_opens_the_api() {
    let made =
        demo().cli(&["api-key", "create", "--tenant", "acme", "--scope", "users:read", "--json"]).succeeded().json();
    let key = made["key"].as_str().unwrap();
    note_secret(key);
    let users = ask(demo().port, "GET", "/api/v1/users", Some(key), None).unwrap();
    assert_eq!(users.status, 200, "{}", users.body);
    assert!(users.body["items"].as_array().unwrap().len() >= 4, "{}", users.body);
    let refused = ask(demo().port, "GET", "/api/v1/audit-log", Some(key), None).unwrap();
    assert_eq!(refused.status, 403);

    let id = made["id"].as_str().unwrap();
    demo().cli(&["api-key", "revoke", id, "--tenant", "acme"]).succeeded();
    let list = demo().cli(&["api-key", "list", "--tenant", "acme", "--json"]).succeeded();
    assert!(!list.stdout.contains(key));
    let row = list.json().as_array().unwrap().iter().find(|row| row["id"] == id).cloned().unwrap();
    assert!(row["revoked_at"].is_string());
}

#[test]
fn people_are_made_moved_between_roles_and_helped_back_in() {
    tenant("helpdesk", "shared");
    let data = ["--tenant", "helpdesk"];
    let create = ["user", "create", "ann@helpdesk.test", "--role", "agent", "--json"];
    let made = demo().cli(&[&create[..], &data].concat()).succeeded().json();
    let first = made["password"].as_str().unwrap().to_owned();
    note_secret(&first);
    log_in(demo().port, "ann@helpdesk.test", &first).unwrap();

    demo().cli(&[&["user", "set-role", "ann@helpdesk.test", "viewer"][..], &data].concat()).succeeded();
    let list = demo().cli(&[&["user", "list", "--json"][..], &data].concat()).succeeded().json();
    assert_eq!(list[0]["role"], "viewer");

    let reset = demo().cli(&["user", "reset-password", "ann@helpdesk.test", "--json"]).succeeded().json();
    let second = reset["password"].as_str().unwrap();
    note_secret(second);
    log_in(demo().port, "ann@helpdesk.test", &first).unwrap_err();
    log_in(demo().port, "ann@helpdesk.test", second).unwrap();
    demo().cli(&["user", "reset-mfa", "ann@helpdesk.test"]).succeeded();
    demo().cli(&["user", "reset-mfa", "nobody@helpdesk.test"]).refused(1, &["nobody here has the address"]);
}

#[test]
fn weak_password_on_standard_input_is_refused() {
    let folder = demo().data_dir();
    let arguments = ["user", "reset-password", "agent@acme.test", "--password-stdin", "--data-dir", folder];
    run_with_input(&arguments, "password1234\n")
        .refused(1, &["first that an attacker tries", "at least 12 characters"]);
    run_with_input(&arguments, "").refused(1, &["no password"]);
}

#[test]
fn tenant_moves_between_tiers_and_its_people_do_not_notice() {
    tenant("nomad", "shared");
    let made = demo().cli(&["user", "create", "eve@nomad.test", "--tenant", "nomad", "--role", "agent", "--json"]);
    let password = made.succeeded().json()["password"].as_str().unwrap().to_owned();
    note_secret(&password);
    for home in ["schema", "shared"] {
        let moved = demo().cli(&["tenant", "move", "nomad", "--to", home, "--json"]).succeeded();
        assert_eq!(moved.json()["tier"], home);
        assert!(moved.stderr.contains(r#""step":"copying""#), "{}", moved.stderr);
        log_in(demo().port, "eve@nomad.test", &password).unwrap();
    }
    demo().cli(&["tenant", "move", "nomad", "--to", "shared"]).refused(1, &["lives there already"]);
    demo().cli(&["tenant", "move", "nomad", "--to", "shard:eu1"]).refused(1, &["SOCIALAI_SHARDS"]);
    demo().cli(&["tenant", "move", "nomad", "--abort"]).refused(1, &["No move"]);
    demo().cli(&["tenant", "move", "nomad", "--to", "moon"]).refused(2, &["shared, schema or shard:NAME"]);
}

/// Somebody stays inside, so that the move waits at the door, where it dies.
#[tokio::test(flavor = "multi_thread")]
async fn move_that_died_at_the_door_is_given_up() {
    tenant("settler", "shared");
    let owner = demo().owner();
    let mut inside = PgConnection::connect_with(&owner).await.unwrap();
    inside
        .execute(
            "select pg_advisory_lock_shared(hashtextextended(id::text, 7)) from system.tenants where slug = 'settler'",
        )
        .await
        .unwrap();
    let mut mover = spawn(&["tenant", "move", "settler", "--to", "schema", "--data-dir", demo().data_dir()]);
    let waits = "select exists (select from pg_locks l, system.tenants t
        where t.slug = 'settler' and l.locktype = 'advisory' and not l.granted
            and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(t.id::text, 7))";
    wait_until(|| demo().sql(waits) == "t");
    mover.kill().unwrap();
    mover.wait().unwrap();
    inside.close().await.unwrap();

    let homes = "select count(*) from pg_namespace
        where nspname = 't_' || replace((select id::text from system.tenants where slug = 'settler'), '-', '')";
    let stands = "select tier || ' ' || (move is null) from system.tenants where slug = 'settler'";
    assert_eq!((demo().sql(stands), demo().sql(homes)), ("shared false".to_owned(), "1".to_owned()));
    let given_up = demo().cli(&["tenant", "move", "settler", "--abort", "--json"]).succeeded();
    assert_eq!(given_up.json()["tier"], "shared");
    assert_eq!(demo().sql(stands), "shared true");
    demo().cli(&["user", "create", "ida@settler.test", "--tenant", "settler", "--role", "agent"]).succeeded();
    let moved = demo().cli(&["tenant", "move", "settler", "--to", "schema", "--json"]).succeeded();
    assert_eq!(moved.json()["tier"], "schema");
}

#[test]
fn tenant_has_a_weight_that_moves_along() {
    tenant("heavy", "shared");
    let weight =
        |arguments: &[&str]| demo().cli(&[arguments, &["--json"]].concat()).succeeded().json()["weight"].as_i64();
    assert_eq!(weight(&["tenant", "show", "heavy"]), Some(1));
    assert_eq!(weight(&["tenant", "set-weight", "heavy", "3"]), Some(3));
    assert_eq!(weight(&["tenant", "set-weight", "heavy", "3"]), Some(3));
    for wrong in ["0", "101", "many"] {
        demo().cli(&["tenant", "set-weight", "heavy", wrong]).refused(2, &["invalid value"]);
    }
    demo().cli(&["tenant", "set-weight", "nobody-here", "3"]).refused(1, &["there is no tenant"]);
    assert_eq!(weight(&["tenant", "move", "heavy", "--to", "schema"]), Some(3));
    let stands =
        "select weight from system.residents where tenant_id = (select id from system.tenants where slug = 'heavy')";
    assert_eq!(demo().sql(stands), "3");
    let log = demo().cli(&["audit", "export", "--tenant", "heavy"]).succeeded().stdout;
    assert_eq!(log.matches("tenant.weight_changed").count(), 1, "what changes nothing is not noted: {log}");
}

#[test]
fn tenant_is_suspended_deleted_and_purged() {
    tenant("brief", "schema");
    let shown = demo().cli(&["tenant", "show", "brief", "--json"]).succeeded().json();
    let (id, schema) = (shown["id"].as_str().unwrap(), shown["home_schema"].as_str().unwrap());
    demo().cli(&["tenant", "suspend", "brief"]).succeeded();
    assert_eq!(demo().cli(&["tenant", "activate", "brief", "--json"]).succeeded().json()["status"], "active");
    demo().cli(&["tenant", "delete", "brief", "--confirm", "brie"]).refused(1, &["nothing was deleted"]);
    demo().cli(&["tenant", "delete", "brief", "--confirm", "brief"]).succeeded();
    demo().cli(&["tenant", "show", "brief"]).refused(1, &["there is no tenant `brief`"]);
    let exists = format!("select count(*) from pg_namespace where nspname = '{schema}'");
    assert_eq!(demo().sql(&exists), "1", "rows stay until they are purged");
    demo().cli(&["tenant", "delete", id, "--confirm", id]).refused(1, &["--purge"]);
    demo().cli(&["tenant", "delete", id, "--confirm", id, "--purge"]).succeeded();
    assert_eq!(demo().sql(&exists), "0");
    // The short name is free again.
    tenant("brief", "shared");
}

#[test]
fn audit_entry_altered_past_the_program_is_found() {
    tenant("ledger", "schema");
    for number in 0..3 {
        let email = format!("p{number}@ledger.test");
        let made =
            demo().cli(&["user", "create", &email, "--tenant", "ledger", "--role", "viewer", "--json"]).succeeded();
        note_secret(made.json()["password"].as_str().unwrap());
    }
    let verify = ["audit", "verify", "--tenant", "ledger", "--json"];
    let whole = demo().cli(&verify).succeeded().json();
    assert_eq!((&whole["whole"], &whole["chains"][0]["verified"]), (&Value::Bool(true), &Value::from(3)));
    let lines = demo().cli(&["audit", "export", "--tenant", "ledger"]).succeeded().stdout;
    assert_eq!(lines.lines().count(), 4, "three users, and that the log was taken away");

    let shown = demo().cli(&["tenant", "show", "ledger", "--json"]).succeeded().json();
    let schema = shown["home_schema"].as_str().unwrap();
    demo().sql(&format!("update {schema}.audit_log set actor_id = 'somebody else' where seq = 2"));
    let broken = demo().cli(&verify);
    assert_eq!(broken.code, Some(1), "{}", broken.stderr);
    assert_eq!(broken.json()["chains"][0]["broken"]["seq"], 2);
    let sentence = demo().cli(&["audit", "verify", "--tenant", "ledger"]);
    assert!(sentence.stdout.contains("BROKEN at entry 2"), "{}", sentence.stdout);
}

#[test]
fn migrate_and_doctor_find_nothing_wrong() {
    let check = demo().cli(&["migrate", "--check", "--json"]).succeeded().json();
    assert_eq!(check["pending"].as_array().unwrap().len(), 0);
    demo().cli(&["migrate"]).succeeded();
    let report = demo().cli(&["doctor", "--json"]);
    let checks = report.json();
    let of =
        |name: &str| checks["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).cloned().unwrap();
    for name in ["data folder", "database", "migrations", "master key"] {
        assert_eq!(of(name)["works"], true, "{}", of(name));
    }
    assert!(checks["settings"].as_array().unwrap().iter().any(|one| one["name"] == "SOCIALAI_DATA_DIR"));
}

#[test]
fn unknown_names_are_told_with_the_way_on() {
    demo().cli(&["tenant", "show", "nowhere"]).refused(1, &["`nowhere`", "tenant list"]);
    demo().cli(&["tenant", "create", "Bad Name", "--name", "x"]).refused(1, &["lower-case"]);
    demo().cli(&["tenant", "create", "acme", "--name", "x"]).refused(1, &["in use"]);
    demo().cli(&["api-key", "create", "--tenant", "acme", "--scope", "users:fly"]).refused(1, &["is no scope"]);
    demo().cli(&["user", "set-role", "x@y.test", "king", "--tenant", "acme"]).refused(2, &["invalid value"]);
}
