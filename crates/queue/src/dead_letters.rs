//! Dead letters: jobs that were given up. Each is replayed or discarded once; the row stays as the record of it.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::jobs::INSTALLATION;

#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct DeadLetter {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub queue: String,
    pub key: String,
    pub speed: i16,
    pub kind: String,
    pub version: i16,
    pub payload: Value,
    /// One object per failed attempt: `at`, `seconds`, `error`.
    pub errors: Value,
    pub attempts: i16,
    pub reason: String,
    pub enqueued_at: OffsetDateTime,
    pub died_at: OffsetDateTime,
    pub replayed_at: Option<OffsetDateTime>,
    pub replayed_as: Option<Uuid>,
    pub discarded_at: Option<OffsetDateTime>,
    pub discard_reason: Option<String>,
    pub settled_by: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Open,
    Replayed,
    Discarded,
    Any,
}

/// All given conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub tenant: Option<Uuid>,
    pub state: State,
    pub queue: Option<String>,
    pub kind: Option<String>,
    pub reason: Option<String>,
    pub key: Option<String>,
    pub from: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
}

impl Filter {
    fn push(&self, query: &mut QueryBuilder<sqlx::Postgres>) {
        query.push(match self.state {
            State::Open => " where replayed_at is null and discarded_at is null",
            State::Replayed => " where replayed_at is not null",
            State::Discarded => " where discarded_at is not null",
            State::Any => " where true",
        });
        if let Some(tenant) = self.tenant {
            query.push(" and tenant_id = ").push_bind(tenant);
        }
        for (column, value) in
            [("queue", &self.queue), ("kind", &self.kind), ("reason", &self.reason), ("key", &self.key)]
        {
            if let Some(value) = value {
                query.push(" and ").push(column).push(" = ").push_bind(value.clone());
            }
        }
        if let Some(from) = self.from {
            query.push(" and died_at >= ").push_bind(from);
        }
        if let Some(until) = self.until {
            query.push(" and died_at < ").push_bind(until);
        }
    }
}

const COLUMNS: &str =
    "id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, enqueued_at, died_at,
    replayed_at, replayed_as, discarded_at, discard_reason, settled_by";

/// Newest first, after the one with this time and id.
pub async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    after: Option<(OffsetDateTime, Uuid)>,
    limit: i64,
) -> Result<Vec<DeadLetter>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from system.dead_letters");
    filter.push(&mut query);
    if let Some((at, id)) = after {
        query.push(" and (died_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by died_at desc, id desc limit ").push_bind(limit);
    query.build_query_as().fetch_all(conn).await
}

pub async fn get(conn: &mut PgConnection, tenant: Option<Uuid>, id: Uuid) -> Result<Option<DeadLetter>, sqlx::Error> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from system.dead_letters");
    Filter { tenant, state: State::Any, ..Filter::default() }.push(&mut query);
    query.push(" and id = ").push_bind(id);
    query.build_query_as().fetch_optional(conn).await
}

/// Letters of this queue are records from elsewhere that never were jobs: nobody works on it, so they are not replayed.
pub const RECORDS: &str = "kafka";

/// Something that nobody can read, kept to be looked at. Unless it is a record, a replay makes a job of it.
#[derive(Debug, Clone)]
pub struct Unreadable {
    pub tenant: Uuid,
    pub queue: &'static str,
    pub kind: String,
    pub version: i16,
    pub key: String,
    pub payload: Value,
    pub reason: &'static str,
    pub error: String,
    pub trace: Option<String>,
    /// When it was written, as far as is known.
    pub at: OffsetDateTime,
}

/// Keeps what nobody can read. PostgreSQL has no place for the character zero; the sign for what cannot be shown
/// stands for it.
pub async fn keep(conn: &mut PgConnection, now: OffsetDateTime, letter: Unreadable) -> Result<(), sqlx::Error> {
    let text = |text: String| text.replace('\0', "\u{fffd}");
    let payload = letter.payload.to_string().replace("\\u0000", "\\ufffd");
    let at = now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    sqlx::query(
        "insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts,
            reason, enqueued_at, trace)
         values ($1, $2, $3, left($4, 200), 1, $5, $6, $7::text::jsonb, $8, 1, $9, $10, $11)",
    )
    .bind(Uuid::now_v7())
    .bind(letter.tenant)
    .bind(letter.queue)
    .bind(text(letter.key))
    .bind(text(letter.kind))
    .bind(letter.version)
    .bind(payload)
    .bind(json!([{ "at": at, "seconds": 0, "error": text(letter.error) }]))
    .bind(letter.reason)
    .bind(letter.at)
    .bind(letter.trace)
    .execute(conn)
    .await?;
    Ok(())
}

/// How many open ones there are of each kind and reason.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Count {
    pub queue: String,
    pub kind: String,
    pub reason: String,
    pub count: i64,
}

pub async fn counts(conn: &mut PgConnection, tenant: Option<Uuid>) -> Result<Vec<Count>, sqlx::Error> {
    let mut query = QueryBuilder::new("select queue, kind, reason, count(*) as count from system.dead_letters");
    Filter { tenant, ..Filter::default() }.push(&mut query);
    query.push(" group by queue, kind, reason order by queue, kind, reason");
    query.build_query_as().fetch_all(conn).await
}

/// How many open ones, at most so many, the installation itself has.
pub async fn of_installation(conn: &mut PgConnection, at_most: i64) -> Result<i64, sqlx::Error> {
    let mut query = QueryBuilder::new("select count(*) from (select from system.dead_letters");
    Filter { tenant: Some(INSTALLATION), ..Filter::default() }.push(&mut query);
    query.push(" limit ").push_bind(at_most).push(") d");
    query.build_query_scalar().fetch_one(conn).await
}

/// Whether one of these is a record, which cannot be replayed.
pub async fn have_records(conn: &mut PgConnection, ids: &[Uuid]) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from system.dead_letters where id = any($1) and queue = $2)")
        .bind(ids)
        .bind(RECORDS)
        .fetch_one(conn)
        .await
}

/// How fast dead letters are tried again: the first at once, each next one later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    per_second: f64,
    behind: usize,
}

impl Pace {
    const RATES: RangeInclusive<f64> = 0.01..=1000.0;

    /// `None` for a rate that is none.
    pub fn new(per_second: f64) -> Option<Self> {
        Self::RATES.contains(&per_second).then_some(Self { per_second, behind: 0 })
    }

    /// The same for those that follow so many others.
    #[must_use]
    pub fn behind(self, others: usize) -> Self {
        Self { behind: others, ..self }
    }
}

/// Enqueues open dead letters again, but for records, oldest first, at most `limit`; the ids of those that were. Without a
/// pace all at once. Whoever replays the same at the same time gets the rest.
pub async fn replay(
    conn: &mut PgConnection,
    filter: &Filter,
    ids: Option<&[Uuid]>,
    pace: Option<Pace>,
    limit: i64,
    by: &str,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "with due as (select id, row_number() over (order by died_at, id) - 1 as nth from (
            select id, died_at from system.dead_letters",
    );
    Filter { state: State::Open, ..filter.clone() }.push(&mut query);
    query.push(" and queue <> ").push_bind(RECORDS);
    if let Some(ids) = ids {
        query.push(" and id = any(").push_bind(ids.to_vec()).push(")");
    }
    query.push(" order by died_at, id limit ").push_bind(limit).push(" for update skip locked) open),");
    query.push(
        " marked as (update system.dead_letters d set replayed_at = clock_timestamp(), replayed_as = gen_random_uuid(), settled_by = ",
    );
    query.push_bind(by.to_owned());
    query.push(
        " from due where d.id = due.id returning d.*, due.nth),
         queued as (insert into system.delayed_jobs (id, tenant_id, due_at, queue, key, speed, kind, version, payload, trace)
            select replayed_as, tenant_id, clock_timestamp() + (nth + ",
    );
    let (behind, seconds) = pace.map_or((0, 0.0), |pace| (pace.behind, 1.0 / pace.per_second));
    query.push_bind(i64::try_from(behind).unwrap_or(i64::MAX)).push(") * make_interval(secs => ").push_bind(seconds);
    query.push("), queue, key, speed, kind, version, payload, trace from marked) select id from marked order by nth");
    query.build_query_scalar().fetch_all(conn).await
}

/// Closes open dead letters for a reason; the ids of those that were open.
pub async fn discard(
    conn: &mut PgConnection,
    filter: &Filter,
    ids: Option<&[Uuid]>,
    reason: &str,
    by: &str,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut query = QueryBuilder::new("with due as (select id from system.dead_letters");
    Filter { state: State::Open, ..filter.clone() }.push(&mut query);
    if let Some(ids) = ids {
        query.push(" and id = any(").push_bind(ids.to_vec()).push(")");
    }
    query.push(" order by died_at, id limit 10000 for update skip locked) update system.dead_letters d");
    query.push(" set discarded_at = clock_timestamp(), discard_reason = ").push_bind(reason.to_owned());
    query.push(", settled_by = ").push_bind(by.to_owned());
    query.push(" from due where d.id = due.id returning d.id");
    query.build_query_scalar().fetch_all(conn).await
}
