//! Pauses that a remote system asks for in its headers.
//!
//! `Retry-After` in both of its forms, and the rate-limit headers in the forms that are in use: `RateLimit-*`,
//! `X-RateLimit-*` and `X-Rate-Limit-*` with a reset in seconds or as a moment, and the newer `RateLimit: "name";r=0;t=30`.
//! Moments are measured against the answer's own `Date`, so that the remote system's clock, right or wrong, is the only one
//! involved.
//!
//! A connector returns a value and not headers, so what an answer asked for reaches the layer around the connector by a
//! note that is local to the task: no connector can forget to pass it on.

use std::cell::Cell;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// A remote system may ask for a pause; beyond this it is not a pause but a fault.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
const PREFIXES: [&str; 3] = ["ratelimit-", "x-ratelimit-", "x-rate-limit-"];
/// A reset this large is a moment and not a number of seconds to wait; larger still, it is in milliseconds.
const FIRST_MOMENT_SECONDS: f64 = 1e9;
const FIRST_MOMENT_MILLISECONDS: f64 = 1e12;

tokio::task_local! {
    static NOTED: Cell<Option<Duration>>;
}

/// Runs a call and tells which pause the answers that it received asked for, the longest of them.
pub(crate) async fn listen<T>(call: impl Future<Output = T>) -> (T, Option<Duration>) {
    NOTED
        .scope(Cell::new(None), async {
            let outcome = call.await;
            (outcome, NOTED.with(Cell::get))
        })
        .await
}

/// Tells [`listen`], if it surrounds this call.
pub(crate) fn note(pause: Duration) {
    // Outside of the layer nobody keeps a pause: the caller has the answer itself.
    let _ = NOTED.try_with(|noted| noted.set(noted.get().max(Some(pause))));
}

/// How long the remote system wants to be left alone after this answer.
pub(super) fn asked_pause(status: u16, headers: &HeaderMap) -> Option<Duration> {
    let refused = status >= 400;
    // On other answers Retry-After means something else: when a document may have changed, when a long task may be done.
    let wanted = if refused { retry_after(headers) } else { None };
    wanted.or_else(|| budget_used_up(status, headers)).map(|pause| pause.min(LONGEST_PAUSE))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

pub(super) fn sent_at(headers: &HeaderMap) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text(headers, DATE.as_str())?, &Rfc2822).ok()
}

fn until(moment: OffsetDateTime, headers: &HeaderMap) -> Option<Duration> {
    Some(Duration::try_from(moment - sent_at(headers)?).unwrap_or(Duration::ZERO))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let wanted = text(headers, RETRY_AFTER.as_str())?;
    match seconds(wanted) {
        Some(seconds) => Some(seconds),
        None => until(OffsetDateTime::parse(wanted, &Rfc2822).ok()?, headers),
    }
}

/// Some systems send fractions of a second.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// With nothing left of the budget, the next call would be refused; 429 says the same without a number.
fn budget_used_up(status: u16, headers: &HeaderMap) -> Option<Duration> {
    let of_prefix = |prefix: &str| {
        let remaining = text(headers, &format!("{prefix}remaining")).and_then(|text| text.parse::<f64>().ok());
        let used_up = remaining.map_or(status == 429, |remaining| remaining <= 0.0);
        if used_up { reset(text(headers, &format!("{prefix}reset"))?, headers) } else { None }
    };
    PREFIXES.iter().find_map(|prefix| of_prefix(prefix)).or_else(|| used_up_policy(text(headers, "ratelimit")?))
}

fn reset(wanted: &str, headers: &HeaderMap) -> Option<Duration> {
    let number: f64 = wanted.parse().ok().filter(|number| *number >= 0.0)?;
    if number < FIRST_MOMENT_SECONDS {
        return seconds(wanted);
    }
    let moment = if number < FIRST_MOMENT_MILLISECONDS { number } else { number / 1000.0 };
    let since_epoch = time::Duration::checked_seconds_f64(moment)?;
    until(OffsetDateTime::UNIX_EPOCH.checked_add(since_epoch)?, headers)
}

/// `"burst";r=12;t=1, "daily";r=0;t=30`: the longest wait among the policies with nothing left.
fn used_up_policy(header: &str) -> Option<Duration> {
    let parameter = |policy: &str, name: &str| {
        policy.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    header
        .split(',')
        .filter(|policy| parameter(policy, "r").as_deref() == Some("0"))
        .filter_map(|policy| seconds(&parameter(policy, "t")?))
        .max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const NOON: &str = "Sat, 21 Nov 2026 12:00:00 GMT";

    fn pause(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        asked_pause(status, &headers.collect()).map(|pause| pause.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        let dated = |retry_after| pause(429, &[("retry-after", retry_after), ("date", NOON)]);
        assert_eq!(dated("17"), Some(17));
        assert_eq!(dated("999999999"), Some(3600));
        assert_eq!(dated("1e300"), Some(3600));
        assert_eq!(dated("1.5"), Some(1));
        assert_eq!(dated("Sat, 21 Nov 2026 12:00:30 GMT"), Some(30));
        assert_eq!(dated("Sat, 21 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(dated("soon"), None);
        assert_eq!(dated("-5"), None);
        assert_eq!(dated("NaN"), None);
        assert_eq!(pause(429, &[("retry-after", "Sat, 21 Nov 2026 12:00:30 GMT")]), None);
        assert_eq!(pause(202, &[("retry-after", "17")]), None);
    }

    #[test]
    fn used_up_budget_is_read_in_all_its_spellings() {
        for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
            let names: [&'static str; 2] = match prefix {
                "ratelimit" => ["ratelimit-remaining", "ratelimit-reset"],
                "x-ratelimit" => ["x-ratelimit-remaining", "x-ratelimit-reset"],
                _ => ["x-rate-limit-remaining", "x-rate-limit-reset"],
            };
            let answer = |remaining, reset| pause(200, &[(names[0], remaining), (names[1], reset), ("date", NOON)]);
            assert_eq!(answer("0", "12"), Some(12), "{prefix}");
            assert_eq!(answer("1", "12"), None, "{prefix}");
            assert_eq!(answer("0", "1795262420"), Some(20), "{prefix}, a moment");
            assert_eq!(answer("0", "1795262420000"), Some(20), "{prefix}, a moment in milliseconds");
            assert_eq!(answer("0", "tomorrow"), None, "{prefix}");
            assert_eq!(pause(429, &[(names[1], "12")]), Some(12), "{prefix}, refused without a number");
            assert_eq!(pause(200, &[(names[1], "12")]), None, "{prefix}, no number");
        }
        assert_eq!(pause(200, &[("ratelimit", "\"burst\";r=12;t=1, \"daily\";r=0;t=30")]), Some(30));
        assert_eq!(pause(200, &[("ratelimit", "\"burst\";r=12;t=1")]), None);
    }

    #[test]
    fn retry_after_comes_before_the_budget() {
        let headers = [("retry-after", "3"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "50")];
        assert_eq!(pause(429, &headers), Some(3));
        assert_eq!(pause(200, &headers), Some(50));
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(value in "[ -~]{0,40}", status in 200_u16..600) {
            for name in ["retry-after", "ratelimit", "ratelimit-reset", "x-ratelimit-reset"] {
                let asked = pause(status, &[(name, &value), ("x-ratelimit-remaining", "0"), ("date", NOON)]);
                prop_assert!(asked.is_none_or(|seconds| seconds <= 3600));
            }
        }
    }
}
