//! When a failed job is tried again.

use std::time::Duration;

/// Pauses before the second, third … attempt; after the last pause the next failure is the end.
#[derive(Debug, Clone, Copy)]
pub struct Schedule(pub &'static [u64]);

impl Schedule {
    /// A minute, five, fifteen.
    pub const STANDARD: Self = Self(&[60, 300, 900]);

    /// The pause after the given number of failed attempts (at least one), spread by a tenth so that jobs that failed
    /// together do not come back together. `None`: it was the last one.
    pub fn pause(self, failed: i16) -> Option<Duration> {
        self.exact(failed).map(|pause| pause.mul_f64(rand::random_range(0.9..=1.1)))
    }

    fn exact(self, failed: i16) -> Option<Duration> {
        let before = usize::try_from(failed).unwrap_or(0).saturating_sub(1);
        self.0.get(before).copied().map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_retries_after_one_five_and_fifteen_minutes() {
        let pauses: Vec<_> =
            (1..=4).map(|failed| Schedule::STANDARD.exact(failed).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(60), Some(300), Some(900), None]);
    }

    #[test]
    fn pauses_are_spread_by_a_tenth_at_most() {
        for _ in 0..100 {
            let pause = Schedule::STANDARD.pause(2).unwrap().as_secs_f64();
            assert!((270.0..=330.0).contains(&pause), "{pause}");
        }
    }
}
