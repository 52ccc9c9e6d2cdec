//! Workspaces and people of a running program, for tests and measurements:
//!
//! ```sh
//! arrange DATA_DIR
//! ```
//!
//! Reads orders from standard input, a JSON object a line, and answers each with a line. They do what the command line
//! does, with the same functions, but without a process, its connections and a look at the settings for each.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeMap,
    io::{BufRead as _, Write as _},
    path::Path,
    str::FromStr,
    sync::Arc,
};

use serde::Deserialize;
use serde_json::{Value, json};
use socialai_domain::{
    audit::Actor,
    clock::Clock,
    database::{self, Endpoint},
    ids::TenantId,
    installation, people,
    permissions::Role,
    problems::Result,
    tenancy::Databases,
    tenants::{self, Home, Plan},
    users,
    vault::MasterKeys,
};
use sqlx::postgres::PgConnectOptions;

#[derive(Deserialize)]
#[serde(tag = "make", rename_all = "snake_case")]
enum Order {
    Workspace {
        slug: String,
        name: String,
    },
    /// Somebody who has a password already keeps it.
    Person {
        workspace: String,
        email: String,
        name: String,
        role: Role,
        password: String,
    },
    /// Many at once, without a password: `person7@SLUG.test` is "Hana Archer 7".
    Crowd {
        workspace: String,
        count: usize,
    },
}

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

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let data = std::env::args().nth(1).expect("arrange DATA_DIR");
    let place = Place::of(Path::new(&data));
    let databases = place.open().await;
    // Orders come one by one and nothing else runs here, so this may block.
    for line in std::io::stdin().lock().lines() {
        let order = serde_json::from_str(&line.unwrap()).expect("an order");
        let answer = match obey(&databases, &place.endpoint, order).await {
            Ok(answer) => answer,
            Err(error) => json!({ "error": error.to_string() }),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}").unwrap();
        out.flush().unwrap();
    }
}

async fn obey(databases: &Databases, endpoint: &Endpoint, order: Order) -> Result<Value> {
    match order {
        Order::Workspace { slug, name } => {
            let endpoints = std::slice::from_ref(endpoint);
            let (id, home) = (TenantId::fresh(), Home::Shared);
            tenants::provision(databases, endpoints, id, &slug, &name, &home, Plan::Standard).await?;
            Ok(json!({ "id": id }))
        }
        Order::Person { workspace, email, name, role, password } => {
            let tenant = find(databases, &workspace).await?;
            let mut tx = databases.system(Actor::operator()).await?;
            let person = people::find_or_create(&mut tx, &email, &name).await?;
            if person.password_hash.is_none() {
                people::set_password(&mut tx, person.id, password.into()).await?;
            }
            people::join(&mut tx, person.id, tenant).await?;
            tx.commit().await?;
            let mut tx = databases.tenant(tenant, Actor::operator()).await?;
            users::add(&mut tx, person.id, &email, &person.name, role).await?;
            tx.commit().await?;
            Ok(json!({ "id": person.id }))
        }
        Order::Crowd { workspace, count } => {
            let tenant = find(databases, &workspace).await?;
            let all: Vec<_> = (0..count).collect();
            for batch in all.chunks(BATCH) {
                add_many(databases, tenant, &workspace, batch).await?;
            }
            Ok(json!({ "count": count }))
        }
    }
}

async fn find(databases: &Databases, slug: &str) -> Result<TenantId> {
    let mut tx = databases.system(Actor::operator()).await?;
    let tenant = tenants::find(&mut tx, slug).await;
    tx.rollback().await?;
    Ok(tenant?.id)
}

async fn add_many(databases: &Databases, tenant: TenantId, slug: &str, numbers: &[usize]) -> Result<()> {
    let mut ids = Vec::new();
    let mut tx = databases.system(Actor::system("many people")).await?;
    for number in numbers {
        let (first, last) = (FIRST[number % FIRST.len()], LAST[number / FIRST.len() % LAST.len()]);
        let (email, name) = (format!("person{number}@{slug}.test"), format!("{first} {last} {number}"));
        let person = people::find_or_create(&mut tx, &email, &name).await?;
        people::join(&mut tx, person.id, tenant).await?;
        ids.push((person.id, email, name, ROLES[number % ROLES.len()]));
    }
    tx.commit().await?;
    let mut tx = databases.tenant(tenant, Actor::system("many people")).await?;
    for (id, email, name, role) in ids {
        users::add(&mut tx, id, &email, &name, role).await?;
    }
    tx.commit().await
}

/// A running program's database and keys, by the notes in its data folder.
struct Place {
    endpoint: Endpoint,
    keys: String,
}

impl Place {
    fn of(data: &Path) -> Self {
        let read = |name: &str| std::fs::read_to_string(data.join(name)).expect("a running program's data folder");
        let running: Value = serde_json::from_str(&read("running.json")).unwrap();
        let url = format!("postgres://127.0.0.1:{}/socialai", running["postgres_port"]);
        let (owner, app) = database::role_names("socialai");
        let door = |role: &str, secret: &str| {
            let password = read(secret);
            PgConnectOptions::from_str(&url).unwrap().username(role).password(password.trim())
        };
        let endpoint = Endpoint {
            shard: None,
            owner: door(&owner, "secrets/owner.password"),
            app: door(&app, "secrets/application.password"),
        };
        Self { endpoint, keys: read("secrets/master.key") }
    }

    async fn open(&self) -> Databases {
        let keys = self.keys.clone();
        let source = Arc::new(move || MasterKeys::parse(&keys));
        let pool = database::pool(self.endpoint.app.clone(), 2);
        installation::open(pool, BTreeMap::new(), source, Clock::default()).await.unwrap()
    }
}
