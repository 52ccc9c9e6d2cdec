//! A laboratory: a real PostgreSQL with the real roles and migrations, and tenants of one's own in it.
//!
//! One throw-away server a test process. Most tests share one migrated database and make fresh tenants in it, which tries
//! the wall between tenants on every run; tests about the installation itself (migrations, keys, shards) take a database
//! of their own, copied from the migrated template.

use std::{collections::BTreeMap, str::FromStr, sync::OnceLock};

use anyhow::{Context, Result};
use socialai_cluster::Ephemeral;
use socialai_domain::{
    audit::Actor,
    clock::Clock,
    database::{self, Endpoint},
    ids::{TenantId, UserId},
    installation, people,
    permissions::Role,
    tenancy::Databases,
    tenants::{self, Home, Plan, Tenant},
    users,
    vault::MasterKeys,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

const SHARED: &str = "hub";
const TEMPLATE: &str = "template_hub";

/// The server of this test process. It lives on a thread of its own, because each test has a runtime that ends with it.
struct Server {
    admin: PgConnectOptions,
    admin_url: String,
    programs: std::path::PathBuf,
    shared: Endpoint,
    master_keys: String,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let (ready, started) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime for the test server");
            runtime.block_on(async {
                let cluster = Ephemeral::start().await.expect("a throw-away PostgreSQL");
                ready.send(prepare(&cluster).await.expect("a migrated template")).expect("a waiting test");
                std::future::pending::<()>().await;
            });
        });
        started.recv().expect("the test server")
    })
}

async fn prepare(cluster: &Ephemeral) -> Result<Server> {
    let admin_url = cluster.url("postgres");
    let admin = PgConnectOptions::from_str(&admin_url)?;
    let mut template = database::set_up(&admin, SHARED, &secret(), &secret()).await?;
    template.owner = template.owner.database(SHARED);
    database::migrate(std::slice::from_ref(&template), &mut |_| {}).await?;
    run(&admin, &format!("create database {TEMPLATE} template {SHARED}")).await?;
    let master_keys = secrecy::ExposeSecret::expose_secret(&MasterKeys::generate(1)).to_owned();
    note_secret(&master_keys);
    let programs = cluster.installation().bin.clone();
    Ok(Server { admin, admin_url, programs, shared: template, master_keys })
}

async fn run(admin: &PgConnectOptions, statement: &str) -> Result<()> {
    let mut conn = PgConnection::connect_with(admin).await?;
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut conn).await.context(statement.to_owned())?;
    Ok(conn.close().await?)
}

/// A random secret that the run's log must never show (see `scripts/test.sh`).
pub fn secret() -> String {
    let secret = format!("{:032x}", rand::random::<u128>());
    note_secret(&secret);
    secret
}

/// Tells the run's log check about a secret that a test made.
pub fn note_secret(secret: &str) {
    use std::io::Write;
    if let Ok(path) = std::env::var("SOCIALAI_TEST_SECRETS_FILE") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| writeln!(file, "{secret}"));
    }
}

/// A database with everything that a process needs to use it.
pub struct Lab {
    pub databases: Databases,
    /// Control database first, then shards.
    pub endpoints: Vec<Endpoint>,
    pub clock: Clock,
    pub master_keys: String,
}

/// A tenant of a test's own.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: UserId,
    pub email: String,
    pub password: String,
}

impl Lab {
    /// The shared database, with connections of this test's runtime.
    pub async fn shared() -> Self {
        let server = server();
        Self::open(vec![server.shared.clone()], server.master_keys.clone(), Clock::default())
            .await
            .expect("the shared lab")
    }

    /// A database of the test's own.
    pub async fn own() -> Self {
        Self::with_shards(&[]).await
    }

    /// The same with further databases as shards.
    pub async fn with_shards(shards: &[&str]) -> Self {
        let server = server();
        let mut endpoints = vec![copy_of_template(None).await.expect("a database of one's own")];
        for shard in shards {
            endpoints.push(copy_of_template(Some((*shard).to_owned())).await.expect("a shard of one's own"));
        }
        Self::open(endpoints, server.master_keys.clone(), Clock::default()).await.expect("a lab of one's own")
    }

    /// A migrated database that no installation has opened yet.
    pub async fn unopened() -> Endpoint {
        copy_of_template(None).await.expect("a database of one's own")
    }

    /// Connects as another process would.
    pub async fn open(endpoints: Vec<Endpoint>, master_keys: String, clock: Clock) -> Result<Self> {
        let pool = |endpoint: &Endpoint| database::pool(endpoint.app.clone(), 8);
        let control = pool(endpoints.first().context("no database")?);
        let shards: BTreeMap<_, _> =
            endpoints.iter().filter_map(|endpoint| endpoint.shard.clone().map(|name| (name, pool(endpoint)))).collect();
        let text = master_keys.clone();
        let keys = std::sync::Arc::new(move || MasterKeys::parse(&text));
        let databases = installation::open(control, shards, keys, clock.clone()).await?;
        Ok(Self { databases, endpoints, clock, master_keys })
    }

    /// A second process on the same databases.
    pub async fn again(&self) -> Self {
        Self::open(self.endpoints.clone(), self.master_keys.clone(), self.clock.clone()).await.expect("the lab again")
    }

    /// A fresh tenant in the shared tier.
    pub async fn tenant(&self) -> Tenant {
        self.tenant_in(Home::Shared).await
    }

    pub async fn tenant_in(&self, home: Home) -> Tenant {
        let id = TenantId::fresh();
        let slug = format!("t{}", &Uuid::new_v4().simple().to_string()[..12]);
        tenants::provision(
            &self.databases,
            &self.endpoints,
            id,
            &slug,
            &format!("Tenant {slug}"),
            &home,
            Plan::Standard,
        )
        .await
        .expect("a fresh tenant")
    }

    /// A fresh person with a password, in the given role.
    pub async fn member(&self, tenant: &Tenant, role: Role) -> Member {
        let (email, password) =
            (format!("{}@{}.test", role.name(), &Uuid::new_v4().simple().to_string()[..12]), secret());
        let mut tx = self.databases.system(Actor::system("test")).await.expect("a system transaction");
        let person = people::find_or_create(&mut tx, &email, &format!("{} of {}", role.name(), tenant.slug))
            .await
            .expect("a person");
        people::set_password(&mut tx, person.id, password.clone().into()).await.expect("a password");
        people::join(&mut tx, person.id, tenant.id).await.expect("a membership");
        tx.commit().await.expect("commit");
        let mut tx = self.databases.tenant(tenant.id, Actor::system("test")).await.expect("a tenant transaction");
        users::add(&mut tx, person.id, &email, &person.name, role).await.expect("a user");
        tx.commit().await.expect("commit");
        Member { id: person.id, email, password }
    }

    /// SQL as the owner, in one database; for looking and for tampering.
    pub async fn owner(&self) -> PgConnection {
        PgConnection::connect_with(&self.endpoints[0].owner).await.expect("the owner's connection")
    }

    /// A bare connection of the application role, with no tenant.
    pub async fn app(&self) -> PgConnection {
        PgConnection::connect_with(&self.endpoints[0].app).await.expect("the application's connection")
    }
}

/// A superuser's connection options to the test server.
pub fn admin() -> PgConnectOptions {
    server().admin.clone()
}

/// The superuser's address of a database on the test server.
pub fn admin_url(database: &str) -> String {
    let url = &server().admin_url;
    url.rsplit_once('/').map(|(server, _)| format!("{server}/{database}")).unwrap_or_default()
}

/// Folder of the server's programs (`pg_dump`, `psql`, …).
pub fn programs() -> std::path::PathBuf {
    server().programs.clone()
}

async fn copy_of_template(shard: Option<String>) -> Result<Endpoint> {
    let server = server();
    let name = format!("own_{}", Uuid::new_v4().simple());
    run(&server.admin, &format!("create database {name} template {TEMPLATE} owner {SHARED}_owner")).await?;
    let Endpoint { owner, app, .. } = server.shared.clone();
    Ok(Endpoint { shard, owner: owner.database(&name), app: app.database(&name) })
}
