//! The registry of tenants. Creating one makes its home first and registers it last, so that a crash in between leaves
//! nothing that could be signed in to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::{Actor, Entry},
    database::{self, Endpoint},
    ids::TenantId,
    problems::{Code, Error, Problem, Result},
    tenancy::{Databases, Place, SystemTx, TenantTx},
};

pub mod purge;
pub mod relocate;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Tier {
    Shared,
    Schema,
    Shard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Plan {
    Standard,
    Enterprise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Status {
    Active,
    Suspended,
    Deleted,
}

/// Where a tenant's rows are to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    Shared,
    Schema,
    Shard(String),
}

impl Home {
    pub fn tier(&self) -> Tier {
        match self {
            Self::Shared => Tier::Shared,
            Self::Schema => Tier::Schema,
            Self::Shard(_) => Tier::Shard,
        }
    }

    pub fn shard(&self) -> Option<&str> {
        match self {
            Self::Shard(name) => Some(name),
            _ => None,
        }
    }

    /// The schema that holds the tenant's tables in this home.
    pub fn schema_for(&self, tenant: TenantId) -> String {
        match self {
            Self::Schema => format!("t_{}", tenant.0.simple()),
            Self::Shared | Self::Shard(_) => SHARED_SCHEMA.to_owned(),
        }
    }
}

pub const SHARED_SCHEMA: &str = "shared";

#[derive(Debug, Clone, FromRow, Serialize)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub tier: Tier,
    pub shard: Option<String>,
    pub home_schema: String,
    pub plan: Plan,
    pub status: Status,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

const COLUMNS: &str = "id, slug, name, tier, shard, home_schema, plan, status, created_at";

/// Registers a tenant whose home exists.
async fn register(tx: &mut SystemTx, id: TenantId, slug: &str, name: &str, home: &Home, plan: Plan) -> Result<Tenant> {
    check_slug(slug)?;
    if name.trim().is_empty() || name.chars().count() > 200 {
        return Err(Problem::field("name", "A name has 1 to 200 characters.").into());
    }
    let now = tx.now();
    let tenant: Tenant = sqlx::query_as(
        "insert into system.tenants (id, slug, name, tier, home_schema, shard, plan, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning id, slug, name, tier, shard, home_schema, plan, status, created_at",
    )
    .bind(id)
    .bind(slug)
    .bind(name)
    .bind(home.tier())
    .bind(home.schema_for(id))
    .bind(home.shard())
    .bind(plan)
    .bind(now)
    .fetch_one(tx.conn())
    .await
    .map_err(|error| Error::on_constraint(error, "tenants_slug_key", || Problem::of(Code::SlugTaken)))?;
    tx.record(Entry::new("tenant.created", "tenant", id).changed(
        serde_json::json!({}),
        serde_json::json!({ "slug": slug, "name": name, "tier": home.tier(), "plan": plan }),
    ));
    Ok(tenant)
}

/// Says in a database that the tenant lives there.
pub async fn take_residence(tx: &mut SystemTx, id: TenantId, home_schema: &str) -> Result<()> {
    sqlx::query(
        "insert into system.residents (tenant_id, home_schema) values ($1, $2)
         on conflict (tenant_id) do update set home_schema = excluded.home_schema, open = true",
    )
    .bind(id)
    .bind(home_schema)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub async fn place(tx: &mut SystemTx, id: TenantId) -> Result<Option<Place>> {
    let row: Option<(String, Plan, Status, String, Option<String>, bool)> = sqlx::query_as(
        "select slug, plan, status, home_schema, shard, move is not null
         from system.tenants where id = $1 and status <> 'deleted'",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(slug, plan, status, home_schema, shard, moving)| Place {
        tenant: id,
        slug,
        plan,
        status,
        home_schema,
        shard,
        moving,
    }))
}

/// In which databases these tenants live (`None` is the control database), past every cache. Deleted and unknown ones are
/// left out.
pub async fn databases_of(tx: &mut SystemTx, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Option<String>>> {
    let living: Vec<(Uuid, Option<String>)> =
        sqlx::query_as("select id, shard from system.tenants where id = any($1) and status <> 'deleted'")
            .bind(ids)
            .fetch_all(tx.conn())
            .await?;
    Ok(living.into_iter().collect())
}

/// By short name or by id, deleted ones left out.
pub async fn find(tx: &mut SystemTx, slug_or_id: &str) -> Result<Tenant> {
    let id = slug_or_id.parse::<TenantId>().map_or(Uuid::nil(), |id| id.0);
    let tenant: Option<Tenant> = sqlx::query_as(
        "select id, slug, name, tier, shard, home_schema, plan, status, created_at
         from system.tenants where (slug = $1 or id = $2) and status <> 'deleted'",
    )
    .bind(slug_or_id)
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    tenant.ok_or_else(|| Problem::missing("workspace").into())
}

/// A page ordered by short name, after the given one.
pub async fn list(tx: &mut SystemTx, after_slug: &str, limit: i64) -> Result<Vec<Tenant>> {
    let tenants = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from system.tenants where slug > $1 and status <> 'deleted' order by slug limit $2"
    )))
    .bind(after_slug)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    Ok(tenants)
}

pub async fn count(tx: &mut SystemTx) -> Result<i64> {
    let count = sqlx::query_scalar("select count(*) from system.tenants where status <> 'deleted'");
    Ok(count.fetch_one(tx.conn()).await?)
}

/// Answers with the entry for the tenant's own log, too: the registry is not the tenant's, but its name is its business.
pub async fn rename(tx: &mut SystemTx, id: TenantId, name: &str) -> Result<Entry> {
    let before: String = sqlx::query_scalar("select name from system.tenants where id = $1 for update")
        .bind(id)
        .fetch_one(tx.conn())
        .await?;
    sqlx::query("update system.tenants set name = $2 where id = $1").bind(id).bind(name).execute(tx.conn()).await?;
    let entry = Entry::new("tenant.renamed", "tenant", id)
        .changed(serde_json::json!({ "name": before }), serde_json::json!({ "name": name }));
    tx.record(entry.clone());
    Ok(entry)
}

pub async fn set_status(tx: &mut SystemTx, id: TenantId, status: Status) -> Result<()> {
    let now = (status == Status::Deleted).then(|| tx.now());
    let before: Option<Status> = sqlx::query_scalar("select status from system.tenants where id = $1 for update")
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    let before = before.ok_or_else(|| Problem::missing("workspace"))?;
    // A deleted tenant gives its short name back; its rows stay until they are purged.
    sqlx::query(
        "update system.tenants set status = $2, deleted_at = $3,
            slug = case when $2 = 'deleted' then 'deleted-' || replace(id::text, '-', '') else slug end
         where id = $1",
    )
    .bind(id)
    .bind(status)
    .bind(now)
    .execute(tx.conn())
    .await?;
    tx.record(
        Entry::new("tenant.status_changed", "tenant", id)
            .changed(serde_json::json!({ "status": before }), serde_json::json!({ "status": status })),
    );
    Ok(())
}

/// Most shares that a tenant may have, where others have one.
const MOST_WEIGHT: i16 = 100;

/// How many shares of the workers the tenant has when tenants compete, asked in the database where it lives.
pub async fn weight(tx: &mut SystemTx, id: TenantId) -> Result<Option<i16>> {
    let weight = sqlx::query_scalar("select weight from system.residents where tenant_id = $1");
    Ok(weight.bind(id).fetch_optional(tx.conn()).await?)
}

/// Workers go by it from their next claim on. It stands where the tenant lives, and moves along.
pub async fn set_weight(tx: &mut TenantTx, weight: i16) -> Result<()> {
    if !(1..=MOST_WEIGHT).contains(&weight) {
        return Err(Problem::field("weight", format!("A weight is 1 to {MOST_WEIGHT}.")).into());
    }
    let tenant = tx.tenant();
    let before: i16 = sqlx::query_scalar("select weight from system.residents where tenant_id = $1 for update")
        .bind(tenant)
        .fetch_one(tx.conn())
        .await?;
    if before == weight {
        return Ok(());
    }
    let set = sqlx::query("update system.residents set weight = $2 where tenant_id = $1");
    set.bind(tenant).bind(weight).execute(tx.conn()).await?;
    tx.record(
        Entry::new("tenant.weight_changed", "tenant", tenant)
            .changed(serde_json::json!({ "weight": before }), serde_json::json!({ "weight": weight })),
    );
    Ok(())
}

fn check_slug(slug: &str) -> Result<()> {
    let fits = (1..=40).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
        && !slug.contains("--");
    if fits {
        Ok(())
    } else {
        Err(Problem::field("slug", "A short name has 1 to 40 lower-case letters, digits and single hyphens.").into())
    }
}

/// Makes a tenant whole: its home, its residence, its place in the registry.
pub async fn provision(
    databases: &Databases,
    endpoints: &[Endpoint],
    id: TenantId,
    slug: &str,
    name: &str,
    home: &Home,
    plan: Plan,
) -> Result<Tenant> {
    let endpoint = endpoints.iter().find(|endpoint| endpoint.shard.as_deref() == home.shard());
    let endpoint =
        endpoint.ok_or_else(|| Problem::field("shard", "There is no shard of that name; see SOCIALAI_SHARDS."))?;
    check_slug(slug)?;
    database::prepare_home(endpoint, id, home).await.map_err(|error| Error::Fault(error.to_string()))?;
    if home.shard().is_some() {
        let mut tx = databases.system_at(home.shard(), Actor::operator()).await?;
        take_residence(&mut tx, id, &home.schema_for(id)).await?;
        tx.commit().await?;
    }
    let mut tx = databases.system(Actor::operator()).await?;
    if home.shard().is_none() {
        take_residence(&mut tx, id, &home.schema_for(id)).await?;
    }
    let tenant = register(&mut tx, id, slug, name, home, plan).await?;
    tx.commit().await?;
    Ok(tenant)
}
