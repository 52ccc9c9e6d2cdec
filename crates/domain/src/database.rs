//! Databases before a tenant transaction exists: roles, migrations, pools. Only the binary and the test kit call this.
//!
//! Two roles. The *owner* owns every table, migrates, backs up, and has BYPASSRLS for that. The *application* role is a
//! member of `socialai_app`, owns nothing and is held by row-level security. Each database has the schema `system` and the
//! schema `shared`; each schema-tier tenant has one more. A schema keeps its own list of applied migrations, so that a
//! migration run that was interrupted goes on where it stopped.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    audit::Actor,
    ids::TenantId,
    tenancy::Databases,
    tenants::{Home, SHARED_SCHEMA},
};

mod inspection;

pub use inspection::{Inspection, inspect, known_migrations, role_fault};

static SYSTEM: Migrator = sqlx::migrate!("../../migrations/system");
static TENANT: Migrator = sqlx::migrate!("../../migrations/tenant");

/// One database with its two doors.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `None` for the control database.
    pub shard: Option<String>,
    pub owner: PgConnectOptions,
    pub app: PgConnectOptions,
}

impl Endpoint {
    fn label(&self) -> &str {
        self.shard.as_deref().unwrap_or("control database")
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error(
        "the database was made by a newer version of SocialAI Hub (migration {0} is unknown here): install that version or restore a backup of this one"
    )]
    Newer(i64),
    #[error("migration {0} was changed after it had been applied: the data and this program do not fit together")]
    Altered(i64),
    #[error(
        "the role `{role}` may not {wanted}: run the set-up step of docs/operations.md (`socialai setup-database --help`) with a superuser"
    )]
    Privilege { role: String, wanted: &'static str },
    #[error("cannot reach the {label}: {source}. Check the URL, that the server runs, and the password")]
    Connect { label: String, source: sqlx::Error },
    #[error("migrating {place} failed: {source}")]
    Migrate { place: String, source: MigrateError },
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// SQL that a superuser runs once on a server; `setup-database` prints or executes it.
pub fn setup_sql(database: &str, owner_password: &str, app_password: &str) -> Vec<String> {
    let (owner, app) = role_names(database);
    let create_role = |name: &str, options: &str| {
        let quoted = literal(name);
        format!(
            "do $$ begin if not exists (select from pg_roles where rolname = {quoted}) then create role {} {options}; end if; end $$",
            identifier(name)
        )
    };
    vec![
        create_role("socialai_app", "nologin"),
        create_role(&owner, "login bypassrls"),
        create_role(&app, "login"),
        format!("alter role {} login bypassrls password {}", identifier(&owner), literal(owner_password)),
        format!("alter role {} login nobypassrls password {}", identifier(&app), literal(app_password)),
        format!("grant socialai_app to {}", identifier(&app)),
        never_compile(&app),
    ]
}

/// Compiling short statements costs more than it saves.
fn never_compile(role: &str) -> String {
    format!("alter role {} set jit = off", identifier(role))
}

/// Follows `setup_sql`, outside a transaction because PostgreSQL wants it so.
pub fn create_database_sql(database: &str) -> [String; 3] {
    let (owner, app) = role_names(database);
    let database = identifier(database);
    [
        format!("create database {database} owner {} template template0 encoding 'UTF8'", identifier(&owner)),
        format!("revoke connect on database {database} from public"),
        format!("grant connect on database {database} to {}, {}", identifier(&owner), identifier(&app)),
    ]
}

/// Names of the owner and application roles of a database. Not `_app`: that is the group (`socialai_app`), which the
/// natural database name would collide with.
pub fn role_names(database: &str) -> (String, String) {
    (format!("{database}_owner"), format!("{database}_runtime"))
}

/// Makes roles and the database on a server, with a superuser's connection. Repeatable.
pub async fn set_up(
    admin: &PgConnectOptions,
    database: &str,
    owner_password: &str,
    app_password: &str,
) -> Result<Endpoint, DatabaseError> {
    let mut conn = connect(admin, "server").await?;
    for statement in setup_sql(database, owner_password, app_password) {
        conn.execute(AssertSqlSafe(statement)).await?;
    }
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(database)
        .fetch_one(&mut conn)
        .await?;
    for statement in create_database_sql(database).into_iter().skip(usize::from(exists)) {
        conn.execute(AssertSqlSafe(statement)).await?;
    }
    conn.close().await?;
    let (owner, app) = role_names(database);
    let base = admin.clone().database(database);
    Ok(Endpoint {
        shard: None,
        owner: base.clone().username(&owner).password(owner_password),
        app: base.username(&app).password(app_password),
    })
}

/// For a server that somebody else runs and of which only one URL was given. When that role may, it becomes the owner
/// and an application role is made beside it; when it may not, the error says what a superuser has to do.
pub async fn adopt(url: &PgConnectOptions, app_password: &str) -> Result<Endpoint, DatabaseError> {
    let mut conn = connect(url, "database of DATABASE_URL").await?;
    let (role, privileged, bypass, database): (String, bool, bool, String) = sqlx::query_as(
        "select rolname::text, rolsuper or rolcreaterole, rolsuper or rolbypassrls, current_database()::text
         from pg_roles where rolname = current_user",
    )
    .fetch_one(&mut conn)
    .await?;
    if !privileged {
        return Err(DatabaseError::Privilege { role, wanted: "create the application role" });
    }
    if !bypass {
        return Err(DatabaseError::Privilege {
            role,
            wanted: "bypass row-level security, which migrations and backups need",
        });
    }
    let (_, app) = role_names(&database);
    let endpoint = Endpoint { shard: None, owner: url.clone(), app: url.clone().username(&app).password(app_password) };
    // Most starts find everything done; saying it again would collide with another process that starts now.
    if PgConnection::connect_with(&endpoint.app).await.is_ok() {
        return Ok(endpoint);
    }
    let (name, quoted, password) = (identifier(&app), literal(&app), literal(app_password));
    let database = identifier(&database);
    let statements = [
        "do $$ begin if not exists (select from pg_roles where rolname = 'socialai_app') then create role socialai_app nologin; end if; end $$".to_owned(),
        format!("do $$ begin if not exists (select from pg_roles where rolname = {quoted}) then create role {name} login; end if; end $$"),
        format!("alter role {name} login password {password}"),
        format!("grant socialai_app to {name}"),
        never_compile(&app),
        // The application role of another installation on this server is in the same group and must not come in here.
        format!("revoke connect on database {database} from public"),
        format!("grant connect on database {database} to {name}"),
    ];
    for statement in statements {
        conn.execute(AssertSqlSafe(statement)).await?;
    }
    conn.close().await?;
    Ok(endpoint)
}

/// One schema that is behind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Pending {
    pub database: String,
    pub schema: String,
    pub migrations: Vec<String>,
}

/// What `migrate` would do, in its order. An empty list means that everything is up to date. Homes in which nobody lives
/// (yet) do not count: another process may be making one right now.
pub async fn plan(endpoints: &[Endpoint]) -> Result<Vec<Pending>, DatabaseError> {
    let mut all = Vec::new();
    for endpoint in endpoints {
        let mut conn = connect(&endpoint.owner, endpoint.label()).await?;
        let inhabited = inhabited(&mut conn).await?;
        for (schema, migrator) in schemas(&mut conn).await? {
            let applied = applied(&mut conn, &schema).await?;
            refuse_newer(migrator, &applied)?;
            if schema.starts_with("t_") && !inhabited.contains(&schema) {
                continue;
            }
            let migrations: Vec<_> = migrator
                .iter()
                .filter(|migration| !applied.contains(&migration.version))
                .map(|migration| format!("{:04} {}", migration.version, migration.description))
                .collect();
            if !migrations.is_empty() {
                all.push(Pending { database: endpoint.label().to_owned(), schema, migrations });
            }
        }
        conn.close().await?;
    }
    Ok(all)
}

/// Brings every schema of every database up to date. One process at a time: others wait for the lock, then find nothing
/// to do. `progress` gets one line per schema that is migrated.
pub async fn migrate(endpoints: &[Endpoint], progress: &mut (dyn FnMut(String) + Send)) -> Result<(), DatabaseError> {
    let Some(control) = endpoints.first() else { return Ok(()) };
    let mut guard = connect(&control.owner, control.label()).await?;
    lock(&mut guard, progress).await?;
    for endpoint in endpoints {
        let mut conn = connect(&endpoint.owner, endpoint.label()).await?;
        check_role(&mut conn).await?;
        for schema in ["system", SHARED_SCHEMA] {
            create_schema(&mut conn, schema).await?;
        }
        let places = schemas(&mut conn).await?;
        let total = places.len();
        for (done, (schema, migrator)) in places.into_iter().enumerate() {
            let before = applied(&mut conn, &schema).await?;
            refuse_newer(migrator, &before)?;
            if migrator.iter().all(|migration| before.contains(&migration.version)) {
                continue;
            }
            progress(format!("Migrating {}: schema {schema} ({} of {total})", endpoint.label(), done + 1));
            run(&mut conn, &schema, migrator, endpoint.label()).await?;
        }
        conn.close().await?;
    }
    guard.close().await?;
    Ok(())
}

/// Makes the schema of a schema-tier tenant; for the other tiers the tables are there already.
pub(crate) async fn prepare_home(endpoint: &Endpoint, tenant: TenantId, home: &Home) -> Result<(), DatabaseError> {
    if *home != Home::Schema {
        return Ok(());
    }
    let schema = home.schema_for(tenant);
    let mut conn = connect(&endpoint.owner, endpoint.label()).await?;
    // A process that starts now would migrate the half made schema as well.
    lock(&mut conn, &mut |_| {}).await?;
    create_schema(&mut conn, &schema).await?;
    run(&mut conn, &schema, &TENANT, endpoint.label()).await?;
    conn.close().await?;
    Ok(())
}

/// Held while a tenant is moved or its move is given up; the connection is the lock. `None`: another process holds it.
pub(crate) async fn lock_move(control: &Endpoint, tenant: TenantId) -> Result<Option<PgConnection>, DatabaseError> {
    let mut conn = connect(&control.owner, control.label()).await?;
    let got: bool = sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended($1::text, 13))")
        .bind(tenant.0)
        .fetch_one(&mut conn)
        .await?;
    Ok(got.then_some(conn))
}

/// Removes every row of a tenant from one home: after it moved away, before it is copied in again, or for good. The
/// owner's work, because the application role cannot delete audit rows.
pub async fn erase_tenant(endpoint: &Endpoint, schema: &str, tenant: TenantId) -> Result<(), DatabaseError> {
    let mut conn = connect(&endpoint.owner, endpoint.label()).await?;
    conn.execute("begin").await?;
    for table in tenant_tables(&mut conn, schema).await?.iter().rev() {
        let statement = format!("delete from {}.{table} where tenant_id = $1", identifier(schema));
        sqlx::query(AssertSqlSafe(statement)).bind(tenant).execute(&mut conn).await?;
    }
    conn.execute("commit").await?;
    conn.close().await?;
    Ok(())
}

/// Removes the emptied schema of a schema-tier tenant; the shared schema stays.
pub(crate) async fn drop_home(endpoint: &Endpoint, schema: &str) -> Result<(), DatabaseError> {
    if schema == SHARED_SCHEMA {
        return Ok(());
    }
    let mut conn = connect(&endpoint.owner, endpoint.label()).await?;
    conn.execute(AssertSqlSafe(format!("drop schema if exists {} cascade", identifier(schema)))).await?;
    conn.close().await?;
    Ok(())
}

/// The tenant tables of a schema, referenced ones before those that refer to them.
pub(crate) async fn tenant_tables(conn: &mut PgConnection, schema: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "with recursive t as (
            select c.oid, 0 as depth from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relkind in ('r', 'p') and c.relname <> '_sqlx_migrations'
            union
            select f.conrelid, t.depth + 1 from t join pg_constraint f on f.contype = 'f' and f.confrelid = t.oid
                and f.conrelid <> f.confrelid where t.depth < 50
         )
         select quote_ident(c.relname) from t join pg_class c on c.oid = t.oid group by c.relname order by max(t.depth), c.relname",
    )
    .bind(schema)
    .fetch_all(conn)
    .await
}

/// True when the `system` and `shared` schemas of a database have every migration of this program (and no other).
pub async fn is_current(databases: &Databases, shard: Option<&str>) -> crate::problems::Result<bool> {
    let mut tx = databases.system_at(shard, Actor::system("health")).await?;
    for (schema, migrator) in [("system", &SYSTEM), (SHARED_SCHEMA, &TENANT)] {
        let versions =
            format!("select version from {}._sqlx_migrations where success order by version", identifier(schema));
        let known: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(versions)).fetch_all(tx.conn()).await?;
        if !migrator.iter().map(|migration| migration.version).eq(known) {
            return Ok(false);
        }
    }
    tx.rollback().await?;
    Ok(true)
}

/// A pool of the application role.
pub fn pool(options: PgConnectOptions, max_connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(5))
        .max_lifetime(Duration::from_mins(30))
        // The first message of a transaction finds out: see `tenancy::open`.
        .test_before_acquire(false)
        .connect_lazy_with(options.application_name("socialai").statement_cache_capacity(512))
}

async fn run(conn: &mut PgConnection, schema: &str, migrator: &Migrator, label: &str) -> Result<(), DatabaseError> {
    conn.execute(AssertSqlSafe(format!("set search_path to {}", identifier(schema)))).await?;
    // A table that somebody holds is waited for briefly, so that the queue behind the migration cannot grow.
    conn.execute("set lock_timeout = '10s'").await?;
    let mut unlocked = Migrator::with_migrations(migrator.iter().cloned().collect());
    // `migrate` holds one lock around all schemas and databases.
    unlocked.set_locking(false);
    // `run` would make every future that calls this unsendable: its bound on the connection is not general enough.
    let outcome = unlocked.run_direct(None, &mut *conn, false).await;
    conn.execute("reset search_path").await?;
    outcome.map_err(|source| match source {
        MigrateError::VersionMissing(version) => DatabaseError::Newer(version),
        MigrateError::VersionMismatch(version) => DatabaseError::Altered(version),
        source => DatabaseError::Migrate { place: format!("schema {schema} of the {label}"), source },
    })?;
    let bookkeeping = format!("grant select on {}._sqlx_migrations to socialai_app", identifier(schema));
    conn.execute(AssertSqlSafe(bookkeeping)).await?;
    Ok(())
}

fn refuse_newer(migrator: &Migrator, applied: &[i64]) -> Result<(), DatabaseError> {
    match applied.iter().find(|version| !migrator.version_exists(**version)) {
        Some(version) => Err(DatabaseError::Newer(*version)),
        None => Ok(()),
    }
}

/// Every schema of ours in the database with the migrations that belong to it.
async fn schemas(conn: &mut PgConnection) -> Result<Vec<(String, &'static Migrator)>, DatabaseError> {
    let mut all = vec![("system".to_owned(), &SYSTEM), (SHARED_SCHEMA.to_owned(), &TENANT)];
    let homes: Vec<String> = sqlx::query_scalar(
        r"select nspname::text from pg_namespace where nspname ~ '^t_[0-9a-f]{32}$' order by nspname",
    )
    .fetch_all(conn)
    .await?;
    all.extend(homes.into_iter().map(|schema| (schema, &TENANT)));
    Ok(all)
}

/// The schemas that are somebody's home in this database.
async fn inhabited(conn: &mut PgConnection) -> Result<Vec<String>, DatabaseError> {
    let known: bool =
        sqlx::query_scalar("select to_regclass('system.residents') is not null").fetch_one(&mut *conn).await?;
    if !known {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar("select distinct home_schema from system.residents").fetch_all(conn).await?)
}

async fn applied(conn: &mut PgConnection, schema: &str) -> Result<Vec<i64>, DatabaseError> {
    let table = format!("{}._sqlx_migrations", identifier(schema));
    let exists: bool =
        sqlx::query_scalar("select to_regclass($1) is not null").bind(&table).fetch_one(&mut *conn).await?;
    if !exists {
        return Ok(Vec::new());
    }
    let versions = format!("select version from {table} where success order by version");
    Ok(sqlx::query_scalar(AssertSqlSafe(versions)).fetch_all(conn).await?)
}

async fn create_schema(conn: &mut PgConnection, schema: &str) -> Result<(), DatabaseError> {
    let name = identifier(schema);
    conn.execute(AssertSqlSafe(format!("create schema if not exists {name}"))).await?;
    conn.execute(AssertSqlSafe(format!("grant usage on schema {name} to socialai_app"))).await?;
    Ok(())
}

async fn check_role(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    let (role, bypass, creates): (String, bool, bool) = sqlx::query_as(
        "select rolname::text, rolsuper or rolbypassrls, has_database_privilege(current_database(), 'create')
         from pg_roles where rolname = current_user",
    )
    .fetch_one(conn)
    .await?;
    if !creates {
        return Err(DatabaseError::Privilege { role, wanted: "create schemas in this database" });
    }
    if !bypass {
        return Err(DatabaseError::Privilege {
            role,
            wanted: "bypass row-level security, which migrations and backups need",
        });
    }
    Ok(())
}

/// A session lock, given back when the connection ends, however it ends.
async fn lock(conn: &mut PgConnection, progress: &mut (dyn FnMut(String) + Send)) -> Result<(), DatabaseError> {
    const KEY: i64 = 0x50C1_A1A1;
    let mut told = false;
    loop {
        let got: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(KEY).fetch_one(&mut *conn).await?;
        if got {
            return Ok(());
        }
        if !told {
            progress("Another process is migrating; waiting for it".to_owned());
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(crate) async fn connect(options: &PgConnectOptions, label: &str) -> Result<PgConnection, DatabaseError> {
    PgConnection::connect_with(options)
        .await
        .map_err(|source| DatabaseError::Connect { label: label.to_owned(), source })
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
