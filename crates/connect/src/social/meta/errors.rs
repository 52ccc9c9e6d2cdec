//! What the Graph API means by its errors, and how much of its budget is left.
//!
//! The status says little (most errors are 400); the code, its subcode and `is_transient` decide. An answer without a code
//! comes from something in front of the API.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::json;
use super::super::refusal::{Refusal, refused};
use crate::call::{self, Answer, CallError, Quota, SCARCE_PERCENT};

const SHORTEST_PAUSE: Duration = Duration::from_mins(1);
/// The app's own usage tells no time. Its window is an hour that slides.
const APP_PAUSE: Duration = Duration::from_mins(5);
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
const USED_UP_PERCENT: f64 = 100.0;
/// The budgets that our calls are counted in.
const OURS: [&str; 3] = ["pages", "messenger", "instagram"];
/// What the app's own budget is called beside those of accounts, which have numbers.
const APP: &str = "app";
const MEASURES: [&str; 3] = ["call_count", "total_time", "total_cputime"];
const REGAINED: &str = "estimated_time_to_regain_access";

/// The body of an answer that succeeded, otherwise what the error means.
pub(super) fn outcome(answer: Answer) -> Result<Value, CallError> {
    let usages = usages(&answer);
    let pause = usage_pause(&usages);
    if let Some(pause) = pause {
        call::note_pause(pause);
    }
    call::note_quota(usages);
    let body = json::read(answer.body()).ok();
    let fault = body.as_ref().map(|body| &body["error"]);
    if let Some(fault) = fault.filter(|fault| fault.is_object()) {
        return Err(meaning(fault, pause.or(answer.pause())).unwrap_or_else(|| unknown_code(answer, fault)));
    }
    let is_from_a_gateway = body.is_none() && (400..=499).contains(&answer.status());
    if is_from_a_gateway {
        return Err(CallError::Later { after: answer.pause() });
    }
    answer.success()?;
    body.ok_or(CallError::Unreadable("it is not a JSON object"))
}

fn number(value: &Value) -> Option<i64> {
    json::id(value)?.parse().ok()
}

fn unknown_code(answer: Answer, fault: &Value) -> CallError {
    let code = number(&fault["code"]);
    match answer.success() {
        Err(error @ (CallError::Unknown | CallError::Later { .. })) => error,
        // A code that we do not know, or an error in an answer that calls itself a success.
        _ => refused(Refusal::Rejected, format_args!("error {}", code.unwrap_or_default())),
    }
}

/// `None` for a code that says nothing to us.
fn meaning(fault: &Value, pause: Option<Duration>) -> Option<CallError> {
    let code = number(&fault["code"])?;
    let subcode = number(&fault["error_subcode"]).unwrap_or_default();
    let no = |refusal| Some(refused(refusal, format_args!("error {code}/{subcode}")));
    match (code, subcode) {
        (4, 2_018_354) | (9, 2_018_352) => no(Refusal::TooFrequent),
        (10, 2_018_278) | (10 | 100, 2_534_022) => no(Refusal::OutsideWindow),
        (10, 1_893_063) | (368, _) => no(Refusal::AccountBlocked),
        (102 | 190, _) => Some(CallError::Reauth),
        (4 | 17 | 32 | 341 | 613 | 80_001 | 80_002 | 80_006, _) => {
            Some(CallError::Later { after: Some(pause.unwrap_or(SHORTEST_PAUSE)) })
        }
        (1 | 2, _) | (1200, 0) => Some(CallError::Later { after: pause }),
        _ if fault["is_transient"] == true => Some(CallError::Later { after: pause }),
        (551, _)
        | (200, 1_545_041)
        | (100, 2_018_001)
        | (_, 2_534_001 | 2_534_014 | 2_534_023 | 2_534_025 | 2_534_066) => no(Refusal::Recipient),
        (506, _) => no(Refusal::Duplicate),
        (3 | 10 | 200..=299, _) => no(Refusal::Permission),
        (100, _) => no(Refusal::Rejected),
        _ => None,
    }
}

/// What the headers tell of the budgets that our calls are counted in: the app's own, and those of accounts.
fn usages(answer: &Answer) -> Quota {
    let read = |name: &str| json::read(answer.header(name)?.as_bytes()).ok();
    let mut quota = Quota::default();
    let business = read("x-business-use-case-usage");
    for (id, entries) in business.iter().filter_map(Value::as_object).flatten() {
        let is_ours = |entry: &&Value| entry["type"].as_str().is_none_or(|kind| OURS.contains(&kind));
        let ours: Vec<_> = json::list(entries).iter().filter(is_ours).map(known).collect();
        if !ours.is_empty() {
            quota.told.insert(id.clone(), ours.into());
        }
    }
    if let Some(app) = read("x-app-usage") {
        quota.told.insert(APP.to_owned(), known(&app));
    }
    quota.is_scarce = quota.told.values().flat_map(json::list).any(|usage| percent(usage) >= SCARCE_PERCENT);
    quota
}

/// A usage without what nobody knows.
fn known(usage: &Value) -> Value {
    let names = ["type"].into_iter().chain(MEASURES).chain([REGAINED]);
    let known = names.filter_map(|name| Some((name.to_owned(), usage.get(name)?.clone())));
    known.collect::<Map<_, _>>().into()
}

/// How long to keep away after this answer: calling while a budget is used up makes the block longer.
fn usage_pause(quota: &Quota) -> Option<Duration> {
    let usages = quota.told.iter().flat_map(|(name, usages)| json::list(usages).iter().map(move |usage| (name, usage)));
    let used_up = usages.filter(|(_, usage)| percent(usage) >= USED_UP_PERCENT);
    used_up.map(|(name, usage)| if name == APP { APP_PAUSE } else { regained_after(usage) }).max()
}

/// Of the measure of which most is used.
fn percent(usage: &Value) -> f64 {
    MEASURES.into_iter().filter_map(|measure| usage[measure].as_f64()).fold(0.0, f64::max)
}

fn regained_after(usage: &Value) -> Duration {
    let minutes = usage[REGAINED].as_u64().unwrap_or_default();
    Duration::from_secs(minutes.saturating_mul(60)).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}
