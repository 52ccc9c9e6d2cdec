//! What a database is like, asked before anything is done to it: for `doctor`, for the refusal of an application role
//! that row-level security would not hold, and for backups and restores.

use sqlx::Connection;

use super::{DatabaseError, Endpoint, SYSTEM, TENANT, applied, connect, schemas};

/// The answer of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// `15.18`
    pub server_version: String,
    /// Why the application role must not be used, as a sentence; `None` when it is held by row-level security.
    pub role_fault: Option<String>,
    /// Nothing of ours is in it.
    pub is_empty: bool,
    /// Newest applied migration of the `system` schema and of the tenants' schemas.
    pub migrations: (i64, i64),
}

/// Connects through both doors of a database.
pub async fn inspect(endpoint: &Endpoint) -> Result<Inspection, DatabaseError> {
    let mut owner = connect(&endpoint.owner, endpoint.label()).await?;
    let server_version: String =
        sqlx::query_scalar("select current_setting('server_version')").fetch_one(&mut owner).await?;
    let is_empty: bool = sqlx::query_scalar(
        "select not exists (select from pg_namespace where nspname in ('system', 'shared') or nspname ~ '^t_[0-9a-f]{32}$')",
    )
    .fetch_one(&mut owner)
    .await?;
    let (mut system, mut tenant) = (0, 0);
    for (schema, _) in schemas(&mut owner).await? {
        let newest = applied(&mut owner, &schema).await?.into_iter().max().unwrap_or_default();
        let seen = if schema == "system" { &mut system } else { &mut tenant };
        *seen = newest.max(*seen);
    }
    owner.close().await?;
    let role_fault = role_fault(endpoint).await?;
    let server_version = server_version.split(' ').next().unwrap_or_default().to_owned();
    Ok(Inspection { server_version, role_fault, is_empty, migrations: (system, tenant) })
}

/// Newest migrations that this program knows, as in [`Inspection::migrations`].
pub fn known_migrations() -> (i64, i64) {
    let newest = |migrator: &sqlx::migrate::Migrator| migrator.iter().map(|one| one.version).max().unwrap_or_default();
    (newest(&SYSTEM), newest(&TENANT))
}

/// Why the application role must not be used, as in [`Inspection::role_fault`]; one question, for every start.
pub async fn role_fault(endpoint: &Endpoint) -> Result<Option<String>, DatabaseError> {
    let mut app = connect(&endpoint.app, endpoint.label()).await?;
    let (role, bypasses, in_group, owns): (String, bool, bool, i64) = sqlx::query_as(
        "select rolname::text, rolsuper or rolbypassrls,
            coalesce((select pg_has_role(current_user, g.oid, 'member') from pg_roles g where g.rolname = 'socialai_app'), false),
            (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'p') and c.relowner = r.oid and (n.nspname in ('system', 'shared') or n.nspname ~ '^t_[0-9a-f]{32}$'))
         from pg_roles r where rolname = current_user",
    )
    .fetch_one(&mut app)
    .await?;
    app.close().await?;
    let fault = if bypasses {
        "is a superuser or has BYPASSRLS, so that nothing would keep tenants apart"
    } else if owns > 0 {
        "owns tables, so that nothing would keep tenants apart"
    } else if !in_group {
        "is not a member of socialai_app and may not use any table"
    } else {
        return Ok(None);
    };
    Ok(Some(format!("the application role `{role}` {fault}")))
}
