//! When calls are let through: the rule of the circuit breaker, without locks, tasks and clock.
//!
//! Closed: everything passes; so many failures in a row open it. Open: nothing passes for a while. Then half open: a few
//! trial calls pass; when all of them succeed it closes, when one fails it opens again. Each change of phase begins a new
//! generation, and what a call of an earlier generation has to tell is not listened to: a call that hung for a minute says
//! nothing about the remote system of today.

use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// By then the trial calls that are under way have most likely decided.
const TRIALS_UNDER_WAY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    Open { since: Instant },
    HalfOpen { since: Instant, admitted: u32, succeeded: u32 },
}

/// Permission for one call; goes back to the breaker by [`Breaker::settle`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    generation: u64,
}

/// What a call told about the remote system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    Ill,
    /// The call was dropped, or never got as far as the remote system.
    Untold,
}

#[derive(Debug)]
pub(super) struct Breaker {
    pub(super) phase: Phase,
    /// In a row, up to now.
    pub(super) failures: u32,
    generation: u64,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { phase: Phase::Closed, failures: 0, generation: 0 }
    }

    /// Whether forgetting it would change nothing.
    pub(super) fn is_new(&self) -> bool {
        self.phase == Phase::Closed && self.failures == 0
    }

    /// How long a call should stay away, if it would not be admitted now.
    pub(super) fn refusal(&self, limits: &Limits, now: Instant) -> Option<Duration> {
        match self.phase {
            Phase::Open { since } => {
                let left = (since + limits.open_for).saturating_duration_since(now);
                (!left.is_zero()).then_some(left)
            }
            Phase::HalfOpen { admitted, .. } if admitted >= limits.trials => Some(TRIALS_UNDER_WAY),
            Phase::Closed | Phase::HalfOpen { .. } => None,
        }
    }

    pub(super) fn admit(&mut self, limits: &Limits, now: Instant) -> Result<Ticket, Duration> {
        if let Some(stay_away) = self.refusal(limits, now) {
            return Err(stay_away);
        }
        if let Phase::Open { since } = self.phase {
            self.change(Phase::HalfOpen { since, admitted: 0, succeeded: 0 });
        }
        if let Phase::HalfOpen { admitted, .. } = &mut self.phase {
            *admitted += 1;
        }
        Ok(Ticket { generation: self.generation })
    }

    pub(super) fn settle(&mut self, ticket: Ticket, health: Health, limits: &Limits, now: Instant) {
        if ticket.generation != self.generation {
            return;
        }
        match (&mut self.phase, health) {
            (Phase::Closed, Health::Well) => self.failures = 0,
            (_, Health::Ill) => {
                self.failures = self.failures.saturating_add(1);
                if self.phase != Phase::Closed || self.failures >= limits.failures {
                    self.change(Phase::Open { since: now });
                }
            }
            (Phase::HalfOpen { succeeded, .. }, Health::Well) => {
                *succeeded += 1;
                if *succeeded >= limits.trials {
                    self.failures = 0;
                    self.change(Phase::Closed);
                }
            }
            (Phase::HalfOpen { admitted, .. }, Health::Untold) => *admitted -= 1,
            // No ticket is given out while it is open.
            (Phase::Closed, Health::Untold) | (Phase::Open { .. }, _) => {}
        }
    }

    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Admit,
        /// The call that is this far from the oldest one under way ends.
        End(usize, Health),
        Wait(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let health = prop_oneof![Just(Health::Well), Just(Health::Ill), Just(Health::Untold)];
        prop_oneof![
            4 => Just(Step::Admit),
            4 => (0..8_usize, health).prop_map(|(which, health)| Step::End(which, health)),
            1 => (0..90_u64).prop_map(Step::Wait),
        ]
    }

    fn trials_of(breaker: &Breaker) -> Option<(u32, u32)> {
        match breaker.phase {
            Phase::HalfOpen { admitted, succeeded, .. } => Some((admitted, succeeded)),
            _ => None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// Whatever the order of calls, ends, drops and time: while half open there are never more trials under way or
        /// succeeded than allowed, never fewer admitted than asked for, and it moves only for its reasons.
        #[test]
        fn half_open_admits_exactly_its_trials_in_any_order(steps in prop::collection::vec(step(), 0..200)) {
            let limits = Limits::default();
            let mut breaker = Breaker::new();
            let mut now = Instant::now();
            // Calls under way: ticket, and whether it is a trial of the present half-open phase.
            let mut under_way: Vec<(Ticket, u64)> = Vec::new();
            let mut in_a_row = 0;
            for step in steps {
                let before = breaker.phase;
                match step {
                    Step::Wait(seconds) => now += Duration::from_secs(seconds),
                    Step::Admit => {
                        let mine = under_way.iter().filter(|(_, generation)| *generation == breaker.generation).count();
                        let admitted = breaker.admit(&limits, now);
                        match before {
                            Phase::Closed => prop_assert!(admitted.is_ok()),
                            Phase::Open { since } => prop_assert_eq!(admitted.is_ok(), now >= since + limits.open_for),
                            Phase::HalfOpen { succeeded, .. } => {
                                let taken = u32::try_from(mine).unwrap() + succeeded;
                                prop_assert_eq!(admitted.is_ok(), taken < limits.trials);
                            }
                        }
                        if let Ok(ticket) = admitted {
                            under_way.push((ticket, breaker.generation));
                        }
                    }
                    Step::End(which, health) if !under_way.is_empty() => {
                        let (ticket, generation) = under_way.remove(which % under_way.len());
                        let counts = generation == breaker.generation;
                        breaker.settle(ticket, health, &limits, now);
                        in_a_row = match health {
                            _ if !counts => in_a_row,
                            Health::Ill => in_a_row + 1,
                            Health::Well if before == Phase::Closed => 0,
                            Health::Well | Health::Untold => in_a_row,
                        };
                        match (before, breaker.phase) {
                            (Phase::Closed, Phase::Open { .. }) => prop_assert!(counts && in_a_row == limits.failures),
                            (Phase::Closed, Phase::Closed) => prop_assert!(in_a_row < limits.failures),
                            (Phase::HalfOpen { .. }, Phase::Open { since }) => {
                                prop_assert!(counts && health == Health::Ill && since == now);
                            }
                            (Phase::HalfOpen { succeeded, .. }, Phase::Closed) => {
                                prop_assert!(counts && health == Health::Well && succeeded + 1 == limits.trials);
                                in_a_row = 0;
                            }
                            (Phase::HalfOpen { .. }, Phase::HalfOpen { .. }) => {
                                prop_assert!(!(counts && health == Health::Ill));
                            }
                            (Phase::Open { .. }, after) => prop_assert_eq!(before, after),
                            (Phase::Closed, Phase::HalfOpen { .. }) => prop_assert!(false, "skipped the open phase"),
                        }
                    }
                    Step::End(..) => {}
                }
                if let Some((admitted, succeeded)) = trials_of(&breaker) {
                    prop_assert!(succeeded <= admitted && admitted <= limits.trials);
                }
            }
        }
    }

    #[test]
    fn five_failures_open_it_for_a_minute_and_three_trials_close_it() {
        let limits = Limits::default();
        let mut breaker = Breaker::new();
        let start = Instant::now();
        for _ in 0..5 {
            let ticket = breaker.admit(&limits, start).unwrap();
            breaker.settle(ticket, Health::Ill, &limits, start);
        }
        assert_eq!(breaker.admit(&limits, start).unwrap_err(), Duration::from_mins(1));
        let later = start + Duration::from_mins(1);
        let trials: Vec<_> = (0..3).map(|_| breaker.admit(&limits, later).unwrap()).collect();
        assert_eq!(breaker.admit(&limits, later).unwrap_err(), TRIALS_UNDER_WAY);
        for trial in trials {
            breaker.settle(trial, Health::Well, &limits, later);
        }
        assert!(breaker.is_new());
    }

    #[test]
    fn success_in_between_begins_the_count_anew() {
        let limits = Limits::default();
        let mut breaker = Breaker::new();
        let now = Instant::now();
        for health in [Health::Ill, Health::Ill, Health::Ill, Health::Ill, Health::Well].repeat(3) {
            let ticket = breaker.admit(&limits, now).unwrap();
            breaker.settle(ticket, health, &limits, now);
        }
        assert!(breaker.is_new());
    }
}
