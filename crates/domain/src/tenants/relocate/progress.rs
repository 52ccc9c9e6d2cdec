//! What somebody who waits for a move hears of it: each step when it is done.

use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Progress {
    /// Rows of this table so far, and how much of the pass is done.
    Copying {
        pass: u32,
        table: String,
        rows: i64,
        percent: i64,
    },
    PassDone {
        pass: u32,
        rows: i64,
        seconds: f64,
    },
    /// What changed could not be brought over piece by piece.
    StartingOver,
    /// Somebody works inside for long; the door is tried again.
    Waiting,
    /// From here on requests wait.
    DoorHeld,
    LastChangesCopied,
    EngineCopied,
    DoorClosed,
    /// The tenant lives at the target.
    Switched,
    Arrived,
    /// The waiting requests go on.
    Left {
        outage_ms: u128,
    },
    Cleaned,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copying { pass, table, rows, percent } => {
                write!(f, "Pass {pass}: {table}, {rows} rows ({percent} %)")
            }
            Self::PassDone { pass, rows, seconds } => write!(f, "Pass {pass} copied {rows} rows in {seconds:.1} s"),
            Self::StartingOver => f.write_str("Rows exchanged their unique values meanwhile; copying everything again"),
            Self::Waiting => f.write_str("A transaction of this tenant takes long; trying again"),
            Self::DoorHeld => f.write_str("Requests wait now"),
            Self::LastChangesCopied => f.write_str("The last changes are copied, counts and audit chain agree"),
            Self::EngineCopied => f.write_str("Jobs and facts are copied"),
            Self::DoorClosed => f.write_str("The old place is closed"),
            Self::Switched => f.write_str("The tenant lives at the new place"),
            Self::Arrived => f.write_str("The new place is open"),
            Self::Left { outage_ms } => write!(f, "Requests go on; they waited for at most {outage_ms} ms"),
            Self::Cleaned => f.write_str("The rows at the old place are removed"),
        }
    }
}
