//! One table of a tenant on its way: which rows changed since a snapshot, and how they come to the other side.
//!
//! A changed row is one that a transaction wrote which had not ended when the snapshot was taken: its `xmin` is not older
//! than the oldest transaction that ran then. That names a few rows too many, and none too few, also with savepoints
//! (whose ids a snapshot does not know). Deleted rows leave no trace, but numbers tell of them: when what is unchanged
//! here is not as many as there, keys are compared until the difference is found.
//!
//! Rows travel as JSON text, so that the same code serves two schemas of one database and two databases. `json`, not
//! `jsonb`: the audit chain is hashed over the exact text of a row's changes.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::{
    ids::TenantId,
    problems::{Error, Result},
};

/// Rows that travel at a time.
const PAGE: usize = 1000;

/// The oldest transaction that ran when a snapshot was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Snapshot(pub(super) i64);

/// The two databases (or twice the same) that a table is copied between, each within a transaction.
pub(super) struct Between<'a> {
    pub(super) source: &'a mut PgConnection,
    pub(super) target: &'a mut PgConnection,
    pub(super) tenant: TenantId,
}

/// How many rows there are at the source, and how many of them changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount {
    pub(super) all: i64,
    pub(super) changed: i64,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    source: String,
    target: String,
    columns: Vec<Column>,
    key: Vec<String>,
    /// Rows of other tables refer to these, so they are changed in place.
    is_referenced: bool,
    /// Which of the tenant's rows travel, about the row `t`.
    only: &'static str,
    order: String,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// What is inserted, about the row `d` that travelled.
    value: String,
}

impl Table {
    /// Reads from the catalogue what the statements need. Names come quoted.
    pub(super) async fn find(conn: &mut PgConnection, name: &str, source: &str, target: &str) -> Result<Self> {
        let (source, target) = (format!("{source}.{name}"), format!("{target}.{name}"));
        let columns: Vec<String> = sqlx::query_scalar(
            "select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0
                and not attisdropped and attgenerated = '' and attidentity <> 'a' order by attnum",
        )
        .bind(&source)
        .fetch_all(&mut *conn)
        .await?;
        let key: Vec<String> = sqlx::query_scalar(
            "select quote_ident(a.attname) from pg_index i
             cross join unnest(i.indkey) with ordinality as k (attnum, nth)
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
             where i.indrelid = $1::regclass and i.indisprimary order by k.nth",
        )
        .bind(&source)
        .fetch_all(&mut *conn)
        .await?;
        if key.is_empty() {
            return Err(Error::Fault(format!("{source} has no primary key, so its rows cannot be moved")));
        }
        let is_referenced: bool = sqlx::query_scalar(
            "select exists (select from pg_constraint where contype = 'f' and confrelid = $1::regclass)",
        )
        .bind(&source)
        .fetch_one(conn)
        .await?;
        let order = listed(&key, "t.");
        let columns = columns.into_iter().map(|name| Column { value: format!("d.{name}"), name }).collect();
        Ok(Self { name: name.to_owned(), source, target, columns, key, is_referenced, only: "true", order })
    }

    /// Inserts something else into a column than what the row has at the source.
    #[must_use]
    pub(super) fn with(mut self, column: &str, value: &str) -> Self {
        for column in self.columns.iter_mut().filter(|known| known.name == column) {
            value.clone_into(&mut column.value);
        }
        self
    }

    #[must_use]
    pub(super) fn only(self, condition: &'static str) -> Self {
        Self { only: condition, ..self }
    }

    /// Rows are inserted in the order of this column and not in that of the key.
    #[must_use]
    pub(super) fn in_order_of(self, column: &str) -> Self {
        Self { order: format!("t.{column}"), ..self }
    }

    /// Removes at the target what was deleted at the source, and what changed if nothing refers to it: a new row may have
    /// the unique value that another one gave up.
    pub(super) async fn make_room(&self, between: &mut Between<'_>, since: Option<Snapshot>) -> Result<Amount> {
        let amount = self.amount(between, since).await?;
        let mut expected = amount.all;
        if since.is_some() {
            let known = if amount.changed > 0 { self.withdraw(between, since).await? } else { 0 };
            expected = amount.all - amount.changed + if self.is_referenced { known } else { 0 };
        }
        let there = self.arrived(between).await?;
        match (there - expected, since) {
            (0, Some(_)) => {}
            // Nothing was copied yet.
            (_, None) if there == 0 => {}
            (deleted, Some(_)) if deleted > 0 => self.remove_deleted(between, deleted).await?,
            _ => return Err(self.incomplete(expected, there)),
        }
        Ok(amount)
    }

    /// Copies what changed. `copied` hears of every page.
    pub(super) async fn fill(
        &self,
        between: &mut Between<'_>,
        since: Option<Snapshot>,
        copied: &mut (dyn FnMut(i64) + Send),
    ) -> Result<()> {
        let mut insert = format!(
            "insert into {} ({}) select {} from json_populate_recordset(null::{}, $1::json) d",
            self.target,
            self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
            self.columns.iter().map(|column| column.value.as_str()).collect::<Vec<_>>().join(", "),
            self.target,
        );
        if self.is_referenced {
            insert += &self.or_update();
        }
        let rows = format!("{} order by {}", self.selection("to_json(t)::text", since), self.order);
        let mut cursor = Cursor::open(between.source, rows, between.tenant).await?;
        while let Some(page) = cursor.next(between.source).await? {
            run_with(between.target, &insert, &page.json).await?;
            copied(page.rows);
        }
        Ok(())
    }

    /// Says when not everything arrived.
    pub(super) async fn check(&self, between: &mut Between<'_>, amount: Amount) -> Result<()> {
        let there = self.arrived(between).await?;
        if there == amount.all { Ok(()) } else { Err(self.incomplete(amount.all, there)) }
    }

    /// Copies what changed, without asking whether it is complete: for a table that others shorten meanwhile.
    pub(super) async fn refill(&self, between: &mut Between<'_>, since: Option<Snapshot>) -> Result<()> {
        if since.is_some() {
            self.withdraw(between, since).await?;
        }
        self.fill(between, since, &mut |_| {}).await
    }

    async fn amount(&self, between: &mut Between<'_>, since: Option<Snapshot>) -> Result<Amount> {
        let changed = since.map_or("true".to_owned(), changed_since);
        let count = self.selection(&format!("count(*), count(*) filter (where {changed})"), None);
        let (all, changed) =
            sqlx::query_as(AssertSqlSafe(count)).bind(between.tenant).fetch_one(&mut *between.source).await?;
        Ok(Amount { all, changed })
    }

    async fn arrived(&self, between: &mut Between<'_>) -> Result<i64> {
        let count = format!("select count(*) from {} t where t.tenant_id = $1 and {}", self.target, self.only);
        Ok(sqlx::query_scalar(AssertSqlSafe(count)).bind(between.tenant).fetch_one(&mut *between.target).await?)
    }

    /// Removes changed rows at the target, or only counts them when others refer to them.
    async fn withdraw(&self, between: &mut Between<'_>, since: Option<Snapshot>) -> Result<i64> {
        let rows = format!("json_populate_recordset(null::{}, $1::json) d", self.target);
        let same = self.same_key();
        let statement = if self.is_referenced {
            format!("select from {} t join {rows} on {same}", self.target)
        } else {
            format!("delete from {} t using {rows} where {same}", self.target)
        };
        let keys = self.selection(&self.key_as_json("t"), since);
        let mut cursor = Cursor::open(between.source, keys, between.tenant).await?;
        let mut known = 0;
        while let Some(page) = cursor.next(between.source).await? {
            known += run_with(between.target, &statement, &page.json).await?;
        }
        Ok(known)
    }

    /// Compares keys, oldest first, until as many rows were removed as there are too many.
    async fn remove_deleted(&self, between: &mut Between<'_>, deleted: i64) -> Result<()> {
        let keys = format!(
            "select {} from {} t where t.tenant_id = $1 and {} order by {}",
            self.key_as_json("t"),
            self.target,
            self.only,
            listed(&self.key, "t."),
        );
        let same = self.same_key();
        let gone = format!(
            "select {} from json_populate_recordset(null::{}, $1::json) d where not exists (select from {} t where {same})",
            self.key_as_json("d"),
            self.source,
            self.source,
        );
        let delete = format!(
            "delete from {} t using json_populate_recordset(null::{}, $1::json) d where {same}",
            self.target, self.target
        );
        let mut cursor = Cursor::open(between.target, keys, between.tenant).await?;
        let mut left = deleted;
        while left > 0 {
            let Some(page) = cursor.next(between.target).await? else {
                return Err(self.incomplete(0, left));
            };
            let gone: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(gone.clone())).bind(page.json).fetch_all(&mut *between.source).await?;
            left -= run_with(between.target, &delete, &array(&gone)).await?;
        }
        cursor.close(between.target).await
    }

    fn selection(&self, what: &str, since: Option<Snapshot>) -> String {
        let changed = since.map_or("true".to_owned(), changed_since);
        format!(
            "select {what} from {} t cross join (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next) n
             where t.tenant_id = $1 and {} and {changed}",
            self.source, self.only
        )
    }

    fn or_update(&self) -> String {
        let others = self.columns.iter().filter(|column| !self.key.contains(&column.name));
        let sets: Vec<_> = others.map(|column| format!("{} = excluded.{}", column.name, column.name)).collect();
        format!(" on conflict ({}) do update set {}", listed(&self.key, ""), sets.join(", "))
    }

    fn same_key(&self) -> String {
        self.key.iter().map(|column| format!("t.{column} = d.{column}")).collect::<Vec<_>>().join(" and ")
    }

    /// The key of a row as a JSON object that `json_populate_recordset` reads.
    fn key_as_json(&self, row: &str) -> String {
        let columns = listed(&self.key, &format!("{row}."));
        format!("(select to_json(k)::text from (select {columns}) k)")
    }

    fn incomplete(&self, expected: i64, there: i64) -> Error {
        Error::Fault(format!("{}: {expected} rows were expected at the target, {there} are there", self.name))
    }
}

/// Ids of transactions are 32 bits wide in rows; counted back from the next one they are unambiguous for all rows that
/// can have changed.
fn changed_since(Snapshot(oldest): Snapshot) -> String {
    format!("((n.next - t.xmin::text::bigint) & 4294967295) <= n.next - {oldest}")
}

fn listed(columns: &[String], prefix: &str) -> String {
    columns.iter().map(|column| format!("{prefix}{column}")).collect::<Vec<_>>().join(", ")
}

fn array(rows: &[String]) -> String {
    format!("[{}]", rows.join(","))
}

/// Rows that a statement with a page of rows as its parameter touched or found.
async fn run_with(conn: &mut PgConnection, statement: &str, page: &str) -> Result<i64> {
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).bind(page).execute(conn).await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// A result that is read in pages, so that memory stays small.
struct Cursor;

struct Page {
    rows: i64,
    json: String,
}

impl Cursor {
    async fn open(conn: &mut PgConnection, query: String, tenant: TenantId) -> Result<Self> {
        let declare = format!("declare leaving no scroll cursor for {query}");
        sqlx::query(AssertSqlSafe(declare)).bind(tenant).execute(conn).await?;
        Ok(Self)
    }

    async fn next(&mut self, conn: &mut PgConnection) -> Result<Option<Page>> {
        let fetch = format!("fetch {PAGE} from leaving");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(fetch)).fetch_all(&mut *conn).await?;
        if rows.is_empty() {
            sqlx::query("close leaving").execute(conn).await?;
            return Ok(None);
        }
        Ok(Some(Page { rows: i64::try_from(rows.len()).unwrap_or(i64::MAX), json: array(&rows) }))
    }

    async fn close(self, conn: &mut PgConnection) -> Result<()> {
        sqlx::query("close leaving").execute(conn).await?;
        Ok(())
    }
}
