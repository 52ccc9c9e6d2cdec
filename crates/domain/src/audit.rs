//! The audit log: who did what, when, from where, before and after. A tenant's log lives beside its data; what happens to
//! people, tenants and keys is in the installation's own log. Both are append-only by grants and chained by hash: each row
//! carries the hash of the row before, and a head row holds the last link, so that an altered, inserted, removed or cut-off
//! row shows. Rows never hold secrets or clear personal data (addresses are masked), because they can never be rewritten.

mod names;

use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    problems::{Problem, Result},
    tenancy::{SystemTx, TenantTx},
    tokens::sha256,
};

pub use self::names::{LogEntry, name};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    User,
    ApiKey,
    Operator,
    System,
    Anonymous,
}

impl ActorKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ApiKey => "api_key",
            Self::Operator => "operator",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }
}

/// Who acts, and from where; every transaction has one.
#[derive(Debug, Clone)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}

impl Actor {
    /// A part of the system itself.
    pub fn system(part: &'static str) -> Self {
        Self::of(ActorKind::System, part)
    }

    /// A person at the command line of this installation.
    pub fn operator() -> Self {
        Self::of(ActorKind::Operator, "command line")
    }

    pub fn of(kind: ActorKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into(), ip: None, user_agent: None, request_id: None }
    }

    /// The same place and request, now known to be this actor.
    #[must_use]
    pub fn known_as(&self, kind: ActorKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into(), ..self.clone() }
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Entry {
    pub action: &'static str,
    pub entity_kind: &'static str,
    pub entity_id: String,
    pub changes: Option<Value>,
}

impl Entry {
    #[expect(clippy::needless_pass_by_value, reason = "ids are small, and a reference at every call says nothing")]
    pub fn new(action: &'static str, entity_kind: &'static str, entity_id: impl ToString) -> Self {
        Self { action, entity_kind, entity_id: entity_id.to_string(), changes: None }
    }

    /// Values before and after; fields that did not change are left out.
    #[must_use]
    pub fn changed(mut self, before: Value, after: Value) -> Self {
        let (mut old, mut new) = (before, after);
        if let (Value::Object(old), Value::Object(new)) = (&mut old, &mut new) {
            let same: Vec<_> = old.keys().filter(|key| old.get(*key) == new.get(*key)).cloned().collect();
            for key in same {
                old.remove(&key);
                new.remove(&key);
            }
        }
        self.changes = Some(serde_json::json!({ "before": old, "after": new }));
        self
    }
}

/// `a…@acme.test`: enough to recognise, not enough to write to.
pub fn mask_email(email: &str) -> String {
    let (name, domain) = email.split_once('@').unwrap_or((email, ""));
    format!("{}…@{domain}", name.chars().take(1).collect::<String>())
}

/// A row as it is read and shown.
#[derive(Debug, Clone, FromRow, Serialize, ToSchema)]
pub struct Row {
    /// Place in the chain, counted from 1 without gaps.
    pub seq: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// `user`, `api_key`, `operator`, `system` or `anonymous`.
    pub actor_kind: String,
    pub actor_id: String,
    /// What was done, for example `user.role_changed`.
    pub action: String,
    pub entity_kind: String,
    pub entity_id: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// `{"before": {…}, "after": {…}}`
    #[sqlx(json(nullable))]
    pub changes: Option<Value>,
    #[serde(serialize_with = "as_hex")]
    #[schema(value_type = String)]
    pub hash: Vec<u8>,
}

fn as_hex<S: serde::Serializer>(bytes: &[u8], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

/// What a reader may ask for; all given conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// An action, or the beginning of actions when it ends with a dot (`user.`).
    pub action: Option<String>,
    pub actor_id: Option<String>,
    pub entity_kind: Option<String>,
    pub entity_id: Option<String>,
    pub from: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
}

/// Newest first, rows before `before_seq`.
pub async fn list(tx: &mut TenantTx, filter: &Filter, before_seq: Option<i64>, limit: i64) -> Result<Vec<Row>> {
    let mut query = selection(filter);
    if let Some(seq) = before_seq {
        query.push(" and seq < ").push_bind(seq);
    }
    query.push(" order by seq desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// The row at this place of the chain.
pub async fn get(tx: &mut TenantTx, seq: i64) -> Result<Row> {
    let mut query = selection(&Filter::default());
    query.push(" and seq = ").push_bind(seq);
    let row = query.build_query_as().fetch_optional(tx.conn()).await?;
    row.ok_or_else(|| Problem::missing("audit log entry").into())
}

/// Oldest first, rows after `after_seq`; for export and streaming.
pub async fn list_after(tx: &mut TenantTx, filter: &Filter, after_seq: i64, limit: i64) -> Result<Vec<Row>> {
    let mut query = selection(filter);
    query.push(" and seq > ").push_bind(after_seq).push(" order by seq limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

/// The same of the installation's own log.
pub async fn list_system_after(tx: &mut SystemTx, after_seq: i64, limit: i64) -> Result<Vec<Row>> {
    let mut query = selection(&Filter::default());
    query.push(" and seq > ").push_bind(after_seq).push(" order by seq limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(tx.conn()).await?)
}

const COLUMNS: &str =
    "seq, at, actor_kind, actor_id, action, entity_kind, entity_id, ip, user_agent, request_id, changes, hash";

fn selection(filter: &Filter) -> QueryBuilder<sqlx::Postgres> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from audit_log where true");
    if let Some(action) = &filter.action {
        if action.ends_with('.') {
            query.push(" and starts_with(action, ").push_bind(action.clone()).push(")");
        } else {
            query.push(" and action = ").push_bind(action.clone());
        }
    }
    for (column, value) in
        [("actor_id", &filter.actor_id), ("entity_kind", &filter.entity_kind), ("entity_id", &filter.entity_id)]
    {
        if let Some(value) = value {
            query.push(" and ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    if let Some(from) = filter.from {
        query.push(" and at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" and at < ").push_bind(until);
    }
    query
}

/// The actions that occur in the log, by name. Jumps from one to the next in the index, however long the log is.
pub async fn actions(tx: &mut TenantTx) -> Result<Vec<String>> {
    let actions = sqlx::query_scalar(
        "with recursive found (action) as (
            (select action from audit_log order by action limit 1)
            union all
            select (select l.action from audit_log l where l.action > f.action order by l.action limit 1)
            from found f where f.action is not null)
         select action from found where action is not null",
    );
    Ok(actions.fetch_all(tx.conn()).await?)
}

/// State of a chain after reading all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// Rows that were read and found good.
    pub verified: i64,
    /// The first row that does not fit the chain, and why; absent when all is well.
    pub broken: Option<Broken>,
    /// Hash of the last good row; keep it elsewhere to be able to prove a later rewrite.
    pub head: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Broken {
    pub seq: i64,
    pub reason: String,
}

pub async fn verify(tx: &mut TenantTx) -> Result<Verdict> {
    let tenant = tx.tenant().to_string();
    verify_chain(tx.conn(), &tenant).await
}

pub async fn verify_system(tx: &mut SystemTx) -> Result<Verdict> {
    verify_chain(tx.conn(), INSTALLATION).await
}

/// Name of the installation's own chain.
pub(crate) const INSTALLATION: &str = "installation";
const BATCH: i64 = 1_000;

#[derive(FromRow)]
struct ChainRow {
    seq: i64,
    at: OffsetDateTime,
    actor_kind: String,
    actor_id: String,
    action: String,
    entity_kind: String,
    entity_id: String,
    ip: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    changes: Option<String>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl ChainRow {
    fn digest(&self, chain: &str) -> Vec<u8> {
        let seq = self.seq.to_string();
        let at = self.at.unix_timestamp_nanos().to_string();
        let parts = [
            Some(chain),
            Some(&seq),
            Some(&at),
            Some(&self.actor_kind),
            Some(&self.actor_id),
            Some(&self.action),
            Some(&self.entity_kind),
            Some(&self.entity_id),
            self.ip.as_deref(),
            self.user_agent.as_deref(),
            self.request_id.as_deref(),
            self.changes.as_deref(),
        ];
        let mut bytes = self.previous_hash.clone();
        for part in parts {
            // Length before each part, and one more than any length for "absent": no two rows share a spelling.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part.unwrap_or_default().as_bytes());
        }
        sha256(&bytes)
    }
}

async fn verify_chain(conn: &mut sqlx::PgConnection, chain: &str) -> Result<Verdict> {
    let (mut seq, mut hash) = (0, Vec::new());
    let (mut head_seq, mut head_hash, mut looked_again): (i64, Vec<u8>, bool);
    looked_again = false;
    let broken = |seq, reason: &str| Some(Broken { seq, reason: reason.to_owned() });
    loop {
        let rows: Vec<ChainRow> = sqlx::query_as(
            "select seq, at, actor_kind, actor_id, action, entity_kind, entity_id, ip, user_agent, request_id,
                changes::text as changes, previous_hash, hash
             from audit_log where seq > $1 order by seq limit $2",
        )
        .bind(seq)
        .bind(BATCH)
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let fault = if row.seq != seq + 1 {
                broken(seq + 1, "this row is missing")
            } else if row.previous_hash != hash {
                broken(row.seq, "this row does not continue the row before it")
            } else if row.digest(chain) != row.hash {
                broken(row.seq, "this row was altered")
            } else {
                None
            };
            if fault.is_some() {
                return Ok(Verdict { verified: seq, broken: fault, head: hex::encode(hash) });
            }
            (seq, hash) = (row.seq, row.hash.clone());
        }
        if !rows.is_empty() {
            looked_again = false;
            continue;
        }
        let head: Option<(i64, Vec<u8>)> =
            sqlx::query_as("select seq, hash from audit_heads").fetch_optional(&mut *conn).await?;
        (head_seq, head_hash) = head.unwrap_or_default();
        // Rows and head are committed together: what was appended while we read shows at the second look.
        if head_seq <= seq || looked_again {
            break;
        }
        looked_again = true;
    }
    let broken = if head_seq > seq {
        broken(seq + 1, "rows were cut off the end")
    } else if head_seq < seq || head_hash != hash {
        broken(seq, "the head of the chain was altered")
    } else {
        None
    };
    Ok(Verdict { verified: seq, broken, head: hex::encode(hash) })
}

/// Locks the tenant's head and adds the entries behind it.
pub(crate) async fn append_tenant(tx: &mut TenantTx, journal: Vec<Entry>) -> Result<()> {
    if journal.is_empty() {
        return Ok(());
    }
    sqlx::query("insert into audit_heads (seq, hash) values (0, '\\x') on conflict do nothing")
        .execute(tx.conn())
        .await?;
    let chain = tx.tenant().to_string();
    let (now, actor) = (tx.now(), tx.actor().clone());
    append(tx.conn(), &chain, now, &actor, journal).await
}

pub(crate) async fn append_system(tx: &mut SystemTx, journal: Vec<Entry>) -> Result<()> {
    if journal.is_empty() {
        return Ok(());
    }
    let (now, actor) = (tx.now(), tx.actor().clone());
    append(tx.conn(), INSTALLATION, now, &actor, journal).await
}

async fn append(
    conn: &mut sqlx::PgConnection,
    chain: &str,
    now: OffsetDateTime,
    actor: &Actor,
    journal: Vec<Entry>,
) -> Result<()> {
    let (mut seq, mut hash): (i64, Vec<u8>) =
        sqlx::query_as("select seq, hash from audit_heads for update").fetch_one(&mut *conn).await?;
    for entry in journal {
        seq += 1;
        let mut row = ChainRow {
            seq,
            at: now,
            actor_kind: actor.kind.name().to_owned(),
            actor_id: actor.id.clone(),
            action: entry.action.to_owned(),
            entity_kind: entry.entity_kind.to_owned(),
            entity_id: entry.entity_id,
            ip: actor.ip.clone(),
            user_agent: actor.user_agent.clone(),
            request_id: actor.request_id.clone(),
            changes: entry.changes.map(|changes| changes.to_string()),
            previous_hash: hash,
            hash: Vec::new(),
        };
        row.hash = row.digest(chain);
        sqlx::query(
            "insert into audit_log (seq, at, actor_kind, actor_id, action, entity_kind, entity_id, ip, user_agent,
                request_id, changes, previous_hash, hash)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::json, $12, $13)",
        )
        .bind(row.seq)
        .bind(row.at)
        .bind(&row.actor_kind)
        .bind(&row.actor_id)
        .bind(&row.action)
        .bind(&row.entity_kind)
        .bind(&row.entity_id)
        .bind(&row.ip)
        .bind(&row.user_agent)
        .bind(&row.request_id)
        .bind(&row.changes)
        .bind(&row.previous_hash)
        .bind(&row.hash)
        .execute(&mut *conn)
        .await?;
        hash = row.hash;
    }
    sqlx::query("update audit_heads set seq = $1, hash = $2").bind(seq).bind(hash).execute(conn).await?;
    Ok(())
}
