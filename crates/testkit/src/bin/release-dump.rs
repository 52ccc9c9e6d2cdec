//! Prints a dump of the present schema with a little data, to be kept as `migrations/released/<version>.sql`. The test
//! `every_released_schema_upgrades_and_keeps_its_data` upgrades from each of them for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use socialai_domain::{
    audit::Actor,
    clock::Clock,
    ids::TenantId,
    people,
    permissions::Role,
    tenants::{self, Home, Plan},
    users,
};
use socialai_testkit::lab::{self, Lab};

/// Seals nothing but these dumps.
const DUMP_KEY: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::main]
async fn main() {
    let empty = Lab::unopened().await;
    let lab = Lab::open(vec![empty.clone()], DUMP_KEY.to_owned(), Clock::default()).await.unwrap();
    for (slug, home, email, name, role) in [
        ("acme", Home::Shared, "ann@acme.test", "Ann Archer", Role::Admin),
        ("globex", Home::Schema, "gus@globex.test", "Gus Grün", Role::Agent),
    ] {
        let id = TenantId::fresh();
        tenants::provision(&lab.databases, &lab.endpoints, id, slug, slug, &home, Plan::Standard).await.unwrap();
        let mut tx = lab.databases.system(Actor::system("dump")).await.unwrap();
        let person = people::find_or_create(&mut tx, email, name).await.unwrap();
        people::join(&mut tx, person.id, id).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = lab.databases.tenant(id, Actor::system("dump")).await.unwrap();
        users::add(&mut tx, person.id, email, name, role).await.unwrap();
        tx.commit().await.unwrap();
    }
    let database = empty.owner.get_database().unwrap().to_owned();
    let dump = std::process::Command::new(lab::programs().join("pg_dump"))
        .args(["--no-owner", "--inserts", "--dbname", &lab::admin_url(&database)])
        .output()
        .unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    // psql's own commands mean nothing to the driver that loads the dump.
    for line in String::from_utf8(dump.stdout).unwrap().lines().filter(|line| !line.starts_with('\\')) {
        println!("{line}");
    }
}
