//! A transaction that is open on a connection of the pool. Its beginning and its end are one message to the server each,
//! which may carry a question or the last statement: between a job and its commit every message counts.
//!
//! sqlx's own transaction takes a message for BEGIN alone, and (0.9.0) stays open in the pool when its beginning is
//! dropped half-way.

use std::ops::{Deref, DerefMut};

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Row, pool::PoolConnection};
use tokio::runtime::Handle;

/// Dropping it rolls back.
pub(super) struct Open(Option<PoolConnection<Postgres>>);

impl Open {
    /// Sends statements of which the first begins a transaction; whether one of them answers true is the answer.
    ///
    /// A connection that was lost while it lay in the pool shows here, before anything was done: the next one is taken.
    pub async fn begin(pool: &PgPool, statements: &str) -> Result<(Self, bool), sqlx::Error> {
        let mut may_be_stale = pool.size();
        loop {
            let mut open = Self(Some(pool.acquire().await?));
            match send(&mut open, statements).await {
                Ok(answer) => return Ok((open, answer)),
                Err(error) if may_be_stale > 0 && is_lost(&error) => {
                    may_be_stale -= 1;
                    open.0.take().map(PoolConnection::detach);
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await?;
        Ok(())
    }

    /// The same with last statements before it; whether one of them answers true is the answer.
    pub async fn commit_after(self, statements: &str) -> Result<bool, sqlx::Error> {
        self.end(&format!("{statements}; COMMIT")).await
    }

    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.end("ROLLBACK").await?;
        Ok(())
    }

    /// Whoever is dropped while it waits leaves an open transaction behind, and `drop` ends it.
    async fn end(mut self, statements: &str) -> Result<bool, sqlx::Error> {
        let answer = send(&mut self, statements).await?;
        self.0 = None;
        Ok(answer)
    }
}

/// The server closed it, or is gone: 57P01 to 57P05 are its last words.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

async fn send(conn: &mut PgConnection, statements: &str) -> Result<bool, sqlx::Error> {
    // The parts of these statements are ours, but for literals that `socialai_queue::write::literal` made.
    let rows = sqlx::raw_sql(AssertSqlSafe(statements)).fetch_all(conn).await?;
    rows.iter().try_fold(false, |so_far, row| Ok(so_far | row.try_get::<bool, _>(0)?))
}

impl Deref for Open {
    type Target = PgConnection;

    #[expect(clippy::expect_used, reason = "it is empty only when `end` and `drop`, which nothing follows, emptied it")]
    fn deref(&self) -> &PgConnection {
        self.0.as_deref().expect("an open transaction has a connection")
    }
}

impl DerefMut for Open {
    #[expect(clippy::expect_used, reason = "as above")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.0.as_deref_mut().expect("an open transaction has a connection")
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(mut conn) = self.0.take() else { return };
        let Ok(runtime) = Handle::try_current() else {
            // The server rolls back when it sees the connection close.
            return drop(conn.detach());
        };
        runtime.spawn(async move {
            if sqlx::raw_sql("ROLLBACK").execute(&mut *conn).await.is_err() {
                drop(conn.detach());
            }
        });
    }
}
