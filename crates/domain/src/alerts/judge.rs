//! What follows from a reading: a function of what is known, what is read, the rule and the time.

use time::{Duration, OffsetDateTime};

/// An alert is over when its rule was kept for so long.
pub const CALM_FOR: Duration = Duration::minutes(2);

/// What is known of a rule and its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Quiet,
    /// Broken, but not for long enough.
    Watching {
        since: OffsetDateTime,
    },
    Open {
        calm_since: Option<OffsetDateTime>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    pub enabled: bool,
    /// A reading above it breaks the rule.
    pub threshold: f64,
    /// For how long before anybody is told.
    pub duration: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything stays as it is.
    Stay,
    Watch,
    /// It was not broken for long enough.
    Forget,
    Raise,
    CalmDown,
    /// Broken again before it was over.
    FlareUp,
    Resolve,
}

/// Nothing read is a rule that is kept: what there is nothing of does not fail.
pub fn judge(standing: Standing, reading: Option<f64>, limit: &Limit, now: OffsetDateTime) -> Verdict {
    if !limit.enabled {
        return match standing {
            Standing::Quiet => Verdict::Stay,
            Standing::Watching { .. } => Verdict::Forget,
            Standing::Open { .. } => Verdict::Resolve,
        };
    }
    let is_broken = reading.is_some_and(|reading| reading > limit.threshold);
    match (standing, is_broken) {
        (Standing::Quiet, true) if limit.duration > Duration::ZERO => Verdict::Watch,
        (Standing::Quiet, true) => Verdict::Raise,
        (Standing::Watching { since }, true) if now - since >= limit.duration => Verdict::Raise,
        (Standing::Watching { .. }, false) => Verdict::Forget,
        (Standing::Open { calm_since: Some(_) }, true) => Verdict::FlareUp,
        (Standing::Open { calm_since: None }, false) => Verdict::CalmDown,
        (Standing::Open { calm_since: Some(since) }, false) if now - since >= CALM_FOR => Verdict::Resolve,
        (Standing::Quiet | Standing::Open { .. }, false)
        | (Standing::Watching { .. } | Standing::Open { calm_since: None }, true) => Verdict::Stay,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn limit(minutes: i64) -> Limit {
        Limit { enabled: true, threshold: 10.0, duration: Duration::minutes(minutes) }
    }

    fn after(seconds: i64) -> OffsetDateTime {
        NOON + Duration::seconds(seconds)
    }

    #[test]
    fn rule_without_a_duration_raises_at_once() {
        assert_eq!(judge(Standing::Quiet, Some(10.5), &limit(0), NOON), Verdict::Raise);
        assert_eq!(judge(Standing::Quiet, Some(10.0), &limit(0), NOON), Verdict::Stay, "the threshold keeps the rule");
        assert_eq!(judge(Standing::Quiet, None, &limit(0), NOON), Verdict::Stay);
    }

    #[test]
    fn rule_with_a_duration_raises_after_it_and_forgets_what_was_shorter() {
        let watching = Standing::Watching { since: NOON };
        assert_eq!(judge(Standing::Quiet, Some(11.0), &limit(2), NOON), Verdict::Watch);
        assert_eq!(judge(watching, Some(11.0), &limit(2), after(119)), Verdict::Stay);
        assert_eq!(judge(watching, Some(11.0), &limit(2), after(120)), Verdict::Raise);
        assert_eq!(judge(watching, Some(9.0), &limit(2), after(120)), Verdict::Forget);
    }

    #[test]
    fn alert_is_over_after_two_calm_minutes_in_a_row() {
        let (open, calm) = (Standing::Open { calm_since: None }, Standing::Open { calm_since: Some(NOON) });
        assert_eq!(judge(open, Some(11.0), &limit(0), NOON), Verdict::Stay);
        assert_eq!(judge(open, Some(9.0), &limit(0), NOON), Verdict::CalmDown);
        assert_eq!(judge(calm, None, &limit(0), after(119)), Verdict::Stay);
        assert_eq!(judge(calm, Some(11.0), &limit(0), after(119)), Verdict::FlareUp);
        assert_eq!(judge(calm, None, &limit(0), after(120)), Verdict::Resolve);
    }

    #[test]
    fn rule_that_is_switched_off_ends_what_it_began() {
        let off = Limit { enabled: false, ..limit(0) };
        assert_eq!(judge(Standing::Quiet, Some(11.0), &off, NOON), Verdict::Stay);
        assert_eq!(judge(Standing::Watching { since: NOON }, Some(11.0), &off, NOON), Verdict::Forget);
        assert_eq!(judge(Standing::Open { calm_since: None }, Some(11.0), &off, NOON), Verdict::Resolve);
    }

    /// As `watch` does it.
    fn next(standing: Standing, verdict: Verdict, now: OffsetDateTime) -> Standing {
        match verdict {
            Verdict::Stay => standing,
            Verdict::Watch => Standing::Watching { since: now },
            Verdict::Forget | Verdict::Resolve => Standing::Quiet,
            Verdict::Raise | Verdict::FlareUp => Standing::Open { calm_since: None },
            Verdict::CalmDown => Standing::Open { calm_since: Some(now) },
        }
    }

    proptest! {
        #[test]
        fn alerts_are_raised_only_after_the_duration_and_resolved_only_after_calm(
            readings in proptest::collection::vec((proptest::option::of(0.0..20.0_f64), 1..90_i64), 1..200),
            minutes in 0..5_i64,
        ) {
            let limit = limit(minutes);
            let (mut standing, mut now) = (Standing::Quiet, NOON);
            let (mut broken_since, mut kept_since): (Option<OffsetDateTime>, Option<OffsetDateTime>) = (None, None);
            let (mut raised, mut resolved) = (0, 0);
            for (reading, seconds) in readings {
                now += Duration::seconds(seconds);
                let is_broken = reading.is_some_and(|reading| reading > limit.threshold);
                broken_since = is_broken.then(|| broken_since.unwrap_or(now));
                kept_since = (!is_broken).then(|| kept_since.unwrap_or(now));
                let verdict = judge(standing, reading, &limit, now);
                match verdict {
                    Verdict::Raise => {
                        prop_assert!(now - broken_since.expect("broken") >= limit.duration);
                        raised += 1;
                    }
                    Verdict::Resolve => {
                        prop_assert!(now - kept_since.expect("kept") >= CALM_FOR);
                        resolved += 1;
                    }
                    _ => {}
                }
                let after = next(standing, verdict, now);
                let is_open = matches!(after, Standing::Open { .. });
                // Whoever is told of a beginning is told of the end before the next beginning.
                prop_assert_eq!(raised - resolved, i32::from(is_open));
                // The same look again changes nothing.
                if verdict != Verdict::Resolve && verdict != Verdict::Forget {
                    prop_assert_eq!(judge(after, reading, &limit, now), Verdict::Stay);
                }
                standing = after;
            }
        }
    }
}
