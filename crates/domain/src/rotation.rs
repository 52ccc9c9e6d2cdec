//! Re-encryption after a change of the master key: every sealed column, batch by batch, each batch in its own
//! transaction. A run that was interrupted goes on where it stopped, because what is left is told by the version inside
//! each value, not by a bookmark. The service keeps running meanwhile: old versions open as long as they are configured.

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    alerts,
    audit::{Actor, Entry},
    channels, contacts, idempotency, installation, invitations, mails, mfa, people,
    problems::{Error, Result},
    signing, sso,
    tenancy::Databases,
    tenants, tickets, users,
    vault::{Column, Owner, Sealed},
    web_chat, webhooks,
};

/// Every sealed column with its key column. A test compares this list with the catalogue: a column whose name ends in
/// `_sealed` and is missing here fails it.
pub const SYSTEM_COLUMNS: &[Column] =
    &[installation::BLIND_ROOT, people::EMAIL, mfa::TOTP, tickets::DATA, signing::PRIVATE, mails::BODY];
pub const TENANT_COLUMNS: &[Column] = &[
    users::EMAIL,
    invitations::EMAIL,
    sso::CLIENT_SECRET,
    idempotency::BODY,
    webhooks::SECRET,
    alerts::SECRET,
    channels::CREDENTIALS,
    channels::APP_SECRETS,
    contacts::EMAIL,
    contacts::PHONE,
    web_chat::PROFILE,
];

const BATCH: i64 = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    pub done: i64,
    pub total: i64,
}

/// Brings every sealed value to the newest version. Safe to run twice at once and to stop at any moment.
pub async fn reseal_all(databases: &Databases, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Progress> {
    let mut state = Progress { done: 0, total: count_all(databases).await? };
    let run = begin_run(databases, state.total).await?;
    progress(state);
    for column in SYSTEM_COLUMNS {
        loop {
            let mut tx = databases.system(Actor::system("key rotation")).await?;
            let changed = reseal_batch(databases, tx.conn(), "system.", Owner::Installation, *column).await?;
            tx.commit().await?;
            if changed == 0 {
                break;
            }
            advance(databases, run, &mut state, changed, progress).await?;
        }
    }
    let mut after = String::new();
    loop {
        let mut tx = databases.system(Actor::system("key rotation")).await?;
        let page = tenants::list(&mut tx, &after, 200).await?;
        tx.rollback().await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.slug);
        for tenant in page {
            for column in TENANT_COLUMNS {
                loop {
                    let mut tx = databases.tenant_for_upkeep(tenant.id, Actor::system("key rotation")).await?;
                    let changed = reseal_batch(databases, tx.conn(), "", Owner::Tenant(tenant.id), *column).await?;
                    tx.commit().await?;
                    if changed == 0 {
                        break;
                    }
                    advance(databases, run, &mut state, changed, progress).await?;
                }
            }
        }
    }
    let mut tx = databases.system(Actor::operator()).await?;
    let now = tx.now();
    sqlx::query("update system.key_rotations set finished_at = $2, done = $3 where id = $1")
        .bind(run)
        .bind(now)
        .bind(state.done)
        .execute(tx.conn())
        .await?;
    tx.record(Entry::new("master_key.rotated", "installation", databases.vault().newest_version()));
    tx.commit().await?;
    Ok(state)
}

/// Values that are not sealed with the newest version.
pub async fn count_all(databases: &Databases) -> Result<i64> {
    let newest = databases.vault().newest_version();
    let mut total = 0;
    let mut tx = databases.system(Actor::system("key rotation")).await?;
    for column in SYSTEM_COLUMNS {
        total += count(tx.conn(), "system.", *column, newest).await?;
    }
    tx.rollback().await?;
    let mut after = String::new();
    loop {
        let mut tx = databases.system(Actor::system("key rotation")).await?;
        let page = tenants::list(&mut tx, &after, 200).await?;
        tx.rollback().await?;
        let Some(last) = page.last() else { return Ok(total) };
        after.clone_from(&last.slug);
        for tenant in page {
            let mut tx = databases.tenant_for_upkeep(tenant.id, Actor::system("key rotation")).await?;
            for column in TENANT_COLUMNS {
                total += count(tx.conn(), "", *column, newest).await?;
            }
            tx.rollback().await?;
        }
    }
}

async fn begin_run(databases: &Databases, total: i64) -> Result<Uuid> {
    let mut tx = databases.system(Actor::operator()).await?;
    let (id, now) = (Uuid::now_v7(), tx.now());
    let version = i32::try_from(databases.vault().newest_version()).unwrap_or(i32::MAX);
    sqlx::query("insert into system.key_rotations (id, to_version, started_at, total) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(version)
        .bind(now)
        .bind(total)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(id)
}

async fn advance(
    databases: &Databases,
    run: Uuid,
    state: &mut Progress,
    changed: i64,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<()> {
    state.done += changed;
    state.total = state.total.max(state.done);
    let mut tx = databases.system(Actor::system("key rotation")).await?;
    sqlx::query("update system.key_rotations set done = $2 where id = $1")
        .bind(run)
        .bind(state.done)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    progress(*state);
    Ok(())
}

/// Names come from the constants above, never from input.
fn older(schema: &str, column: Column) -> String {
    let Column { table, name } = column;
    format!("from {schema}{table} where {name} is not null and substring({name} from 2 for 4) < $1")
}

async fn count(conn: &mut PgConnection, schema: &str, column: Column, newest: u32) -> Result<i64> {
    let statement = format!("select count(*) {}", older(schema, column));
    Ok(sqlx::query_scalar(AssertSqlSafe(statement)).bind(newest.to_be_bytes().to_vec()).fetch_one(conn).await?)
}

async fn reseal_batch(
    databases: &Databases,
    conn: &mut PgConnection,
    schema: &str,
    owner: Owner,
    column: Column,
) -> Result<i64> {
    let vault = databases.vault();
    let Column { table, name } = column;
    let statement = format!("select id, {name} {} order by id limit $2 for update", older(schema, column));
    let rows: Vec<(Uuid, Sealed)> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(vault.newest_version().to_be_bytes().to_vec())
        .bind(BATCH)
        .fetch_all(&mut *conn)
        .await?;
    let (mut ids, mut values) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (id, sealed) in rows {
        let plain = vault
            .open(owner, column, id, &sealed)
            .map_err(|error| Error::Fault(format!("{table}.{name} of row {id}: {error}")))?;
        ids.push(id);
        values.push(vault.seal(owner, column, id, &plain)?.0);
    }
    if ids.is_empty() {
        return Ok(0);
    }
    let statement = format!(
        "update {schema}{table} t set {name} = new.value from unnest($1::uuid[], $2::bytea[]) as new (id, value) where t.id = new.id"
    );
    let done = sqlx::query(AssertSqlSafe(statement)).bind(ids).bind(values).execute(conn).await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}
