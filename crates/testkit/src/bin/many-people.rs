//! Puts many people into a workspace of a running program, for tests and measurements of long lists:
//!
//! ```sh
//! many-people DATA_DIR WORKSPACE COUNT
//! ```
//!
//! The same functions as the command line, without a process and a password hash for each. The people have no password.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, path::Path, str::FromStr, sync::Arc};

use socialai_domain::{
    audit::Actor, clock::Clock, database, installation, people, permissions::Role, tenancy::Databases, tenants, users,
    vault::MasterKeys,
};
use sqlx::postgres::PgConnectOptions;

const FIRST: [&str; 16] = [
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hana", "Ivo", "Jun", "Kemal", "Lena", "Mateo",
    "Noor", "Olu", "Pia",
];
const LAST: [&str; 13] = [
    "Archer", "Brandt", "Costa", "Duarte", "Eriksen", "Fischer", "Grün", "Haddad", "Ito", "Jansen", "Kowalski",
    "Larsen", "Müller",
];
/// Most people of a large workspace answer customers.
const ROLES: [Role; 8] =
    [Role::Agent, Role::Agent, Role::Agent, Role::SalesRep, Role::Agent, Role::Viewer, Role::Agent, Role::Manager];
/// Rows of one transaction.
const BATCH: usize = 500;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("many-people DATA_DIR WORKSPACE COUNT");
    let (data, slug, count) = (next(), next(), next());
    let count: usize = count.parse().expect("a number of people");
    let databases = open(Path::new(&data)).await;
    let mut tx = databases.system(Actor::system("many people")).await.unwrap();
    let tenant = tenants::find(&mut tx, &slug).await.unwrap().id;
    tx.rollback().await.unwrap();
    let all: Vec<_> = (0..count).collect();
    for batch in all.chunks(BATCH) {
        let mut ids = Vec::new();
        let mut tx = databases.system(Actor::system("many people")).await.unwrap();
        for number in batch {
            let (email, name) = person(&slug, *number);
            let person = people::find_or_create(&mut tx, &email, &name).await.unwrap();
            people::join(&mut tx, person.id, tenant).await.unwrap();
            ids.push((person.id, email, name, ROLES[number % ROLES.len()]));
        }
        tx.commit().await.unwrap();
        let mut tx = databases.tenant(tenant, Actor::system("many people")).await.unwrap();
        for (id, email, name, role) in ids {
            users::add(&mut tx, id, &email, &name, role).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

fn person(slug: &str, number: usize) -> (String, String) {
    let (first, last) = (FIRST[number % FIRST.len()], LAST[number / FIRST.len() % LAST.len()]);
    (format!("person{number}@{slug}.test"), format!("{first} {last} {number}"))
}

/// As the program itself opens it, by the notes in its data folder.
async fn open(data: &Path) -> Databases {
    let read = |name: &str| std::fs::read_to_string(data.join(name)).expect("a running program's data folder");
    let running: serde_json::Value = serde_json::from_str(&read("running.json")).unwrap();
    let url = format!("postgres://127.0.0.1:{}/socialai", running["postgres_port"]);
    let (_, role) = database::role_names("socialai");
    let password = read("secrets/application.password");
    let door = PgConnectOptions::from_str(&url).unwrap().username(&role).password(password.trim());
    let keys = read("secrets/master.key");
    let source = Arc::new(move || MasterKeys::parse(&keys));
    installation::open(database::pool(door, 2), BTreeMap::new(), source, Clock::default()).await.unwrap()
}
