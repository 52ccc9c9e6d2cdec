//! Alerts: what goes wrong in a workspace is noticed and told.
//!
//! ```text
//! every 30 s: look ──► look_at, for each workspace ──► alert raised or resolved ──► tell, for each target
//! ```
//!
//! * [`catalogue`]: the rules that there are. [`rules`]: in what a workspace differs from it.
//! * `measures`: what the rules read. [`judge`]: what follows from a reading, without a database.
//! * [`rounds`]: who is looked at when. [`watch`]: one look at a workspace. [`targets`]: whom to tell.
//! * [`sending`]: what the jobs do to tell somebody. [`history`]: the alerts and what became of their notices.
//!
//! A notice is an effect in the ledger, so it is sent once or it is known that nobody knows. Like a webhook delivery it is
//! tried again by its own patience and never becomes a dead letter. What becomes of alerts is not alerted: neither dead
//! letters of these jobs nor effects of these notices are counted, or a target that fails would feed itself.

pub mod catalogue;
pub mod history;
pub mod judge;
mod measures;
pub mod rounds;
pub mod rules;
pub mod sending;
pub mod targets;
pub mod watch;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use socialai_queue::jobs::{Queue, Speed, Task};
use utoipa::ToSchema;

use crate::{
    ids::{AlertId, AlertTargetId, EffectId},
    queues,
};

pub(crate) use self::targets::SECRET;

/// Name of the schedule, one in each database.
pub const SCHEDULE: &str = "alerts.look";
pub const LOOK_EVERY_SECONDS: i32 = 30;
/// Kind of a notice in the ledger.
pub const EFFECT: &str = "alert.notice";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = AlertSeverity)]
pub enum Severity {
    Info,
    Warning,
    Error,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// What a target is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertNoticeKind)]
pub enum Notice {
    Raised,
    Resolved,
    /// An administrator wants to see whether the target works.
    Test,
}

impl Notice {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// How long a target that does not answer is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two attempts lies half of the time that the notice waits already, but never less …
    pub shortest: Duration,
    /// … and never more than this.
    pub longest: Duration,
    pub gives_up_after: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(10),
            longest: Duration::from_hours(1),
            gives_up_after: Duration::from_hours(24),
        }
    }
}

/// Finds the workspaces of a database that are to be looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Look {
    /// `None`: the control database.
    pub shard: Option<String>,
}

impl Task for Look {
    const KIND: &'static str = "alerts.look";
    const QUEUE: Queue = queues::SCHEDULER;
    const SPEED: Speed = Speed::Fast;

    fn key(&self) -> String {
        "alerts".to_owned()
    }
}

/// Looks at one workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LookAt {}

/// A workspace is looked at by one worker at a time.
pub const LOOK_AT_KEY: &str = "alerts";

impl Task for LookAt {
    const KIND: &'static str = "alerts.look_at";
    const QUEUE: Queue = queues::SCHEDULER;
    const SPEED: Speed = Speed::Fast;

    fn key(&self) -> String {
        LOOK_AT_KEY.to_owned()
    }
}

/// Brings one notice to one target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tell {
    /// `None`: a test.
    pub alert: Option<AlertId>,
    pub target: AlertTargetId,
    pub notice: Notice,
    pub effect: EffectId,
}

impl Task for Tell {
    const KIND: &'static str = "alerts.tell";
    const QUEUE: Queue = queues::SCHEDULER;
    const SPEED: Speed = Speed::Fast;

    /// A target hears of the end of an alert after it heard of the alert.
    fn key(&self) -> String {
        match self.alert {
            Some(alert) => format!("{alert}/{}", self.target),
            None => format!("{}/{}", self.effect, self.target),
        }
    }
}
