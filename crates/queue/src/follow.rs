//! What follows from facts. A fact on which its reader breaks, or whose jobs the database refuses for what they are, becomes
//! a dead letter, and holds up nothing behind it. A replay of the letter has the fact read again ([`ReadAgain`]).

use std::{
    any::Any,
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Executor, PgConnection};
use time::OffsetDateTime;

use crate::{
    dead_letters::{self, Unreadable},
    facts::{Fact, Reader},
    jobs::{NewJob, Queue, Task},
    write::{self, Addressed},
};

/// Why a fact became a dead letter: nobody can read it.
pub const UNREADABLE: &str = "unreadable_fact";

/// A fact that its reader is given again.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReadAgain {
    pub reader: String,
    pub fact: Fact,
}

impl Task for ReadAgain {
    const KIND: &'static str = "facts.read_again";
    const QUEUE: Queue = Queue("scheduler");

    fn key(&self) -> String {
        format!("facts/{}", self.fact.key).chars().take(200).collect()
    }
}

/// A fact and the jobs that follow from it, or what the reader said that broke on it.
pub struct Followed {
    pub fact: Fact,
    jobs: Result<Vec<Addressed>, String>,
}

impl Followed {
    pub fn of(reader: &Reader, fact: Fact) -> Self {
        let address = |job| Addressed { tenant: fact.tenant_id, job, trace: fact.trace.clone() };
        let jobs = catch_unwind(AssertUnwindSafe(|| (reader.jobs)(&fact)))
            .map(|jobs| jobs.into_iter().map(address).collect())
            .map_err(|panic| format!("the reader panicked: {}", words_of(&*panic)));
        Self { fact, jobs }
    }

    /// The jobs, or what the reader said.
    pub fn into_jobs(self) -> Result<Vec<NewJob>, String> {
        self.jobs.map(|jobs| jobs.into_iter().map(|addressed| addressed.job).collect())
    }

    pub fn is_nothing(&self) -> bool {
        self.jobs.as_ref().is_ok_and(Vec::is_empty)
    }
}

#[derive(Default)]
pub struct Written {
    /// Queues that have work now.
    pub queues: BTreeSet<&'static str>,
    /// Facts that became dead letters.
    pub unreadable: usize,
}

/// Writes the jobs that follow, or dead letters where that cannot be.
pub async fn write(
    conn: &mut PgConnection,
    reader: &str,
    now: OffsetDateTime,
    followed: &[&Followed],
) -> Result<Written, sqlx::Error> {
    let mut sound = Vec::with_capacity(followed.len());
    let mut broken = Vec::new();
    for Followed { fact, jobs } in followed {
        match jobs {
            Ok(jobs) => sound.push((fact, jobs)),
            Err(error) => broken.push((fact, error.clone())),
        }
    }
    if refused(conn, jobs_of(&sound)).await?.is_some() {
        let mut accepted = Vec::with_capacity(sound.len());
        for (fact, jobs) in sound {
            match would_be_refused(conn, jobs.clone()).await? {
                None => accepted.push((fact, jobs)),
                Some(error) => broken.push((fact, error)),
            }
        }
        sound = accepted;
        write::all(conn, jobs_of(&sound)).await?;
    }
    let unreadable = broken.len();
    for (fact, error) in broken {
        dead_letters::keep(conn, now, letter(reader, fact, error)).await?;
    }
    let queues = sound.iter().flat_map(|(_, jobs)| jobs.iter()).map(|addressed| addressed.job.queue.0).collect();
    Ok(Written { queues, unreadable })
}

fn jobs_of(followed: &[(&Fact, &Vec<Addressed>)]) -> Vec<Addressed> {
    followed.iter().flat_map(|(_, jobs)| jobs.iter().cloned()).collect()
}

fn letter(reader: &str, fact: &Fact, error: String) -> Unreadable {
    let again = ReadAgain { reader: reader.to_owned(), fact: fact.clone() };
    Unreadable {
        tenant: fact.tenant_id,
        queue: ReadAgain::QUEUE.0,
        kind: ReadAgain::KIND.to_owned(),
        version: ReadAgain::VERSION,
        key: again.key(),
        payload: json!(again),
        reason: UNREADABLE,
        error,
        trace: fact.trace.clone(),
        at: fact.at,
    }
}

/// Writes jobs, or answers why the database does not take them. A failure that is not about them is one of the whole.
async fn refused(conn: &mut PgConnection, jobs: Vec<Addressed>) -> Result<Option<String>, sqlx::Error> {
    if jobs.is_empty() {
        return Ok(None);
    }
    conn.execute("savepoint written").await?;
    match write::all(&mut *conn, jobs).await {
        Ok(()) => {
            conn.execute("release savepoint written").await?;
            Ok(None)
        }
        Err(sqlx::Error::Database(error)) if is_about_data(error.code().as_deref()) => {
            conn.execute("rollback to savepoint written; release savepoint written").await?;
            Ok(Some(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// The same, and takes them back: lanes are locked in their order only when all jobs are written at once, and what is taken
/// back holds no locks.
async fn would_be_refused(conn: &mut PgConnection, jobs: Vec<Addressed>) -> Result<Option<String>, sqlx::Error> {
    conn.execute("savepoint tried").await?;
    let refusal = refused(conn, jobs).await?;
    conn.execute("rollback to savepoint tried; release savepoint tried").await?;
    Ok(refusal)
}

/// Classes of SQLSTATE: data that is not valid, a constraint that it breaks, a limit that it passes.
fn is_about_data(code: Option<&str>) -> bool {
    code.is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

/// What somebody said who panicked.
pub fn words_of(panic: &(dyn Any + Send)) -> &str {
    let words = panic.downcast_ref::<&str>().copied();
    words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
