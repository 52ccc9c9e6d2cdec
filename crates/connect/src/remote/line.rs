//! What is known about one remote system for one tenant, and whether a call may go there now.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::breaker::{Breaker, Health, Phase, Ticket};
use super::{Circuit, Limits, RemoteId, State};
use crate::call::CallError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The circuit is open, its trial calls are under way, or no place became free.
    StayAway(Duration),
    /// The remote system asked to be left alone.
    Paused(Duration),
}

pub(super) struct Line {
    pub(super) places: Arc<Semaphore>,
    breaker: Breaker,
    paused_until: Option<Instant>,
    /// Inside of `Remotes::call`, waiting or under way.
    pub(super) callers: usize,
    in_flight: usize,
    pub(super) used_at: Instant,
}

impl Line {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.in_flight)),
            breaker: Breaker::new(),
            paused_until: None,
            callers: 0,
            in_flight: 0,
            used_at: now,
        }
    }

    pub(super) fn enter(&mut self, now: Instant) {
        self.callers += 1;
        self.used_at = now;
    }

    pub(super) fn refusal(&self, limits: &Limits, now: Instant) -> Option<Refusal> {
        let pause = self.pause_left(now);
        match self.breaker.refusal(limits, now) {
            Some(stay_away) => Some(Refusal::StayAway(stay_away.max(pause))),
            None if !pause.is_zero() => Some(Refusal::Paused(pause)),
            None => None,
        }
    }

    pub(super) fn admit(&mut self, limits: &Limits, now: Instant) -> Result<Ticket, Refusal> {
        if let Some(refusal) = self.refusal(limits, now) {
            return Err(refusal);
        }
        let ticket = self.breaker.admit(limits, now).map_err(Refusal::StayAway)?;
        self.in_flight += 1;
        Ok(ticket)
    }

    /// A call ended: with success, with an error, or it was dropped (`None`). `noted` is the pause that its answers asked for.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        outcome: Option<Result<(), &CallError>>,
        noted: Option<Duration>,
        limits: &Limits,
        now: Instant,
    ) {
        self.in_flight -= 1;
        self.used_at = now;
        let refused_for = match outcome {
            Some(Err(CallError::Later { after })) => *after,
            _ => None,
        };
        let health = match outcome {
            // Calls that were under way together are refused together; that is one refusal, not as many as there were calls.
            _ if refused_for.is_some() && !self.pause_left(now).is_zero() => Health::Untold,
            Some(outcome) => health(outcome),
            None => Health::Untold,
        };
        self.breaker.settle(ticket, health, limits, now);
        let until = noted.max(refused_for).filter(|pause| !pause.is_zero()).and_then(|pause| now.checked_add(pause));
        self.paused_until = self.paused_until.max(until);
    }

    /// Whether forgetting it would change nothing.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.callers == 0 && self.breaker.is_new() && self.pause_left(now).is_zero()
    }

    pub(super) fn circuit(&self) -> Circuit {
        match self.breaker.phase {
            Phase::Closed => Circuit::Closed,
            Phase::Open { .. } => Circuit::Open,
            Phase::HalfOpen { .. } => Circuit::HalfOpen,
        }
    }

    pub(super) fn state(&self, id: &RemoteId, now: Instant) -> State {
        State {
            id: id.clone(),
            circuit: self.circuit(),
            failures: self.breaker.failures,
            opened_at: match self.breaker.phase {
                Phase::Closed => None,
                Phase::Open { since } | Phase::HalfOpen { since, .. } => Some(since),
            },
            paused_until: self.paused_until.filter(|until| *until > now),
            in_flight: self.in_flight,
            waiting: self.callers - self.in_flight,
        }
    }

    fn pause_left(&self, now: Instant) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }
}

/// A remote system that says no is well.
fn health(outcome: Result<(), &CallError>) -> Health {
    match outcome {
        Ok(()) | Err(CallError::Refused { .. } | CallError::Reauth) => Health::Well,
        Err(CallError::Later { .. } | CallError::Unknown | CallError::Unreadable(_)) => Health::Ill,
        Err(CallError::Blocked(_)) => Health::Untold,
    }
}
