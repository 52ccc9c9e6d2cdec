//! What a job's handler is given, and what it may answer. A handler is an async function `(task, context) → Handled`:
//!
//! * `Ok(Done)`: done. A [`Done`] comes only from [`Context::finish`], which commits the handler's work and the end of the
//!   job in one transaction.
//! * `Err(Trouble)`: what should happen instead. Errors of the database and of `?` are [`Trouble::Retry`].

use std::time::Duration;

use socialai_domain::{
    audit::Actor,
    ids::{JobId, TenantId},
    problems::{Code, Error, Result},
    tenancy::{Databases, SystemTx, TenantTx},
};
use socialai_queue::jobs::Lease;

/// The proof that a job's work is committed.
#[derive(Debug)]
pub struct Done(());

pub type Handled = std::result::Result<Done, Trouble>;

/// Why a job is not done, which decides what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It may work later: after the pause, else after that of the kind's schedule. After the last one it is given up.
    Retry { after: Option<Duration>, error: String },
    /// It will never work: to the dead letters at once. The reason is one word for filters, the error a sentence.
    Fail { reason: &'static str, error: String },
    /// An effect of it is unknown. The job comes back to find out; the attempt does not count.
    Settle { after: Duration },
    /// Something else has to happen first (a circuit is open, the workspace is being moved). The attempt does not count.
    Pause { after: Duration },
    /// The job belongs to another worker by now.
    LeaseLost,
}

impl Trouble {
    pub fn retry(error: impl Into<String>) -> Self {
        Self::Retry { after: None, error: error.into() }
    }

    pub fn fail(reason: &'static str, error: impl Into<String>) -> Self {
        Self::Fail { reason, error: error.into() }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::LeaseLost => Self::LeaseLost,
            Error::Problem(problem) => match problem.code {
                Code::WorkspaceMoving | Code::Unavailable => Self::Pause { after: Duration::from_secs(2) },
                Code::WorkspaceSuspended => Self::Pause { after: Duration::from_mins(5) },
                _ => Self::retry(format!("{}: {}", problem.code.name(), problem.detail)),
            },
            other => Self::retry(other.to_string()),
        }
    }
}

/// The job at hand.
#[derive(Debug)]
pub struct Context {
    pub(crate) databases: Databases,
    pub(crate) lease: Lease,
    pub(crate) actor: Actor,
    pub job: JobId,
    /// Attempts that failed before this one.
    pub failed: i16,
    pub trace: Option<String>,
}

impl Context {
    pub fn tenant(&self) -> TenantId {
        TenantId(self.lease.tenant)
    }

    pub fn databases(&self) -> &Databases {
        &self.databases
    }

    /// A transaction of the job's tenant. Several may be made one after the other; the last goes to [`Self::finish`].
    pub async fn tx(&self) -> Result<TenantTx> {
        let mut tx = self.databases.tenant(self.tenant(), self.actor.clone()).await?;
        tx.trace(self.trace.clone());
        Ok(tx)
    }

    /// Commits the last of the work together with the end of the job.
    pub async fn finish(self, mut tx: TenantTx) -> Handled {
        tx.finishes(self.lease);
        tx.commit().await?;
        Ok(Done(()))
    }

    /// The same for a job that has nothing (more) to write.
    pub async fn finish_empty(self) -> Handled {
        let tx = self.tx().await?;
        self.finish(tx).await
    }

    /// The same for a job of the installation, in the database where the job is.
    pub async fn finish_system(self, mut tx: SystemTx) -> Handled {
        tx.finishes(self.lease);
        tx.commit().await?;
        Ok(Done(()))
    }
}
