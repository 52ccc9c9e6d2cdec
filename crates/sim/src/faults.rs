//! Scripted faults: which requests they meet, how often, and what they do.
//!
//! A rule belongs to one simulator. For each request the rules are asked in the order in which they were added: all that
//! delay add up, and of those that decide how the request ends the first one does. A rule that is not asked does not
//! count the request; a rule that was asked for the last time is gone.

use std::time::Duration;

use axum::http::Method;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use crate::simulator::Refused;

/// More rules than this are a script that forgot to clean up.
const MOST_RULES: usize = 1_000;
const LONGEST_DELAY: u64 = 600_000;
const LONGEST_RETRY_AFTER: u64 = 86_400;
const MOST_SLOWER: u32 = 100;
const MOST_BATCHED: usize = 1_000;
const SERVER_ERRORS: std::ops::RangeInclusive<u16> = 500..=599;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Time passes. The request takes effect even if its sender does not wait for it.
    Latency {
        milliseconds: u64,
        moment: Moment,
    },
    /// The answer takes so many times as long as it would with its latencies.
    Slower {
        times: u32,
    },
    /// 429 with `Retry-After`.
    RateLimited {
        retry_after_seconds: u64,
    },
    /// 401, or whatever the remote company says.
    ExpiredCredentials {},
    ServerError {
        status: u16,
        moment: Moment,
    },
    /// 200 with bytes that are no answer.
    Garbage {
        moment: Moment,
    },
    /// The right answer, called HTML.
    WrongContentType {},
    /// Half of the answer's body, then the connection ends.
    TruncatedBody {},
    /// Never an answer.
    Hang {
        moment: Moment,
    },
    /// The connection ends without an answer.
    Cut {
        moment: Moment,
    },
    /// A delivery is made so many times.
    Duplicate {
        times: u32,
    },
    /// A delivery is made after the one that follows it, or after two seconds when none does.
    Reorder {},
    /// A delivery is made later; others pass it.
    Delay {
        milliseconds: u64,
    },
    /// A delivery is lost, and made again so much later.
    Drop {
        redelivered_after_milliseconds: u64,
    },
    /// So many deliveries become one, or as many as came within two seconds.
    Batch {
        size: usize,
    },
    /// Stands in front of the item in the same delivery, and means nothing.
    GarbageItem {},
    /// Signed with the secret that the app had before; with a wrong one when it had none.
    OldSecret {},
    WrongSignature {},
    /// Somebody answers what a person wrote in the platform's own app.
    Echo {
        text: String,
    },
    /// The person changes at once what they wrote.
    Edit {
        text: String,
    },
    /// The person takes back at once what they wrote.
    Unsend {},
}

impl Fault {
    /// Whether it meets what a simulator sends, and not what it is asked.
    pub fn is_of_deliveries(&self) -> bool {
        matches!(
            self,
            Self::Duplicate { .. }
                | Self::Reorder {}
                | Self::Delay { .. }
                | Self::Drop { .. }
                | Self::Batch { .. }
                | Self::GarbageItem {}
                | Self::OldSecret {}
                | Self::WrongSignature {}
                | Self::Echo { .. }
                | Self::Edit { .. }
                | Self::Unsend {}
        )
    }
}

/// On which side of what the request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    BeforeEffect,
    AfterEffect,
}

/// How often.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum When {
    /// Until the rule is removed.
    #[default]
    Always,
    /// The next so many requests that match.
    Next(u64),
    /// Every so many-th request that matches.
    Every(u64),
    /// By lot; the same seed draws the same lots.
    Chance { probability: f64, seed: u64 },
}

/// Which requests. Nothing means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Behind the simulator's name: `/v2/enqueue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// What a delivery tells: `message`, `echo`, `comment`. Requests that a simulator is asked have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

impl Matching {
    pub fn accepts(&self, method: &Method, path: &str, topic: Option<&str>) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
            && self.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
            && self.topic.as_deref().is_none_or(|wanted| topic == Some(wanted))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub simulator: String,
    #[serde(default)]
    pub matching: Matching,
    #[serde(default)]
    pub when: When,
    pub fault: Fault,
}

impl Rule {
    /// A fault of every request, to be narrowed by the following two.
    pub fn new(simulator: &str, fault: Fault) -> Self {
        Self { simulator: simulator.to_owned(), matching: Matching::default(), when: When::Always, fault }
    }

    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    #[must_use]
    pub fn on(mut self, method: &str, path_prefix: &str) -> Self {
        self.matching.method = Some(method.to_owned());
        self.matching.path_prefix = Some(path_prefix.to_owned());
        self
    }

    /// Only deliveries that tell this.
    #[must_use]
    pub fn about(mut self, topic: &str) -> Self {
        self.matching.topic = Some(topic.to_owned());
        self
    }

    fn check(&self) -> Result<(), Refused> {
        let complaint = match (&self.when, &self.fault) {
            (When::Next(0), _) => "`next` is 1 or more",
            (When::Every(0), _) => "`every` is 1 or more",
            (When::Chance { probability, .. }, _) if !(0.0..=1.0).contains(probability) => {
                "`probability` is between 0 and 1"
            }
            (_, Fault::Latency { milliseconds, .. }) if *milliseconds > LONGEST_DELAY => {
                "`milliseconds` is at most 600000"
            }
            (_, Fault::Delay { milliseconds } | Fault::Drop { redelivered_after_milliseconds: milliseconds })
                if *milliseconds > LONGEST_DELAY =>
            {
                "a delivery is at most 600000 milliseconds late"
            }
            (_, Fault::Duplicate { times }) if !(2..=MOST_SLOWER).contains(times) => {
                "`times` of a duplicate is between 2 and 100"
            }
            (_, Fault::Batch { size }) if !(2..=MOST_BATCHED).contains(size) => "`size` is between 2 and 1000",
            (_, Fault::Slower { times }) if !(2..=MOST_SLOWER).contains(times) => "`times` is between 2 and 100",
            (_, Fault::RateLimited { retry_after_seconds }) if *retry_after_seconds > LONGEST_RETRY_AFTER => {
                "`retry_after_seconds` is at most 86400"
            }
            (_, Fault::ServerError { status, .. }) if !SERVER_ERRORS.contains(status) => {
                "`status` of a server error is between 500 and 599"
            }
            _ if self.matching.path_prefix.as_deref().is_some_and(|prefix| !prefix.starts_with('/')) => {
                "`path_prefix` begins with / and leaves out the simulator's name"
            }
            _ if self.matching.method.as_deref().is_some_and(|method| method.parse::<Method>().is_err()) => {
                "`method` is a method of HTTP, such as POST"
            }
            _ => return Ok(()),
        };
        Err(Refused::Invalid(complaint.to_owned()))
    }
}

/// A rule in force, for a listing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scripted {
    pub id: u64,
    #[serde(flatten)]
    pub rule: Rule,
    /// How many requests it has met.
    pub applied: u64,
}

/// What the script has for one request.
#[derive(Debug, Default)]
pub struct Plan {
    pub before_effect: Duration,
    pub after_effect: Duration,
    pub ending: Option<Fault>,
    /// All faults that met it, for its recording.
    pub met: Vec<Met>,
}

/// A fault that met a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Met {
    pub rule: u64,
    #[serde(flatten)]
    pub fault: Fault,
}

impl Plan {
    /// The order to say no in the simulator's words, before the request is handled.
    pub fn refuses(&self) -> bool {
        match &self.ending {
            Some(Fault::RateLimited { .. } | Fault::ExpiredCredentials {}) => true,
            Some(
                Fault::ServerError { moment, .. }
                | Fault::Garbage { moment }
                | Fault::Hang { moment }
                | Fault::Cut { moment },
            ) => *moment == Moment::BeforeEffect,
            _ => false,
        }
    }

    fn delay(&mut self, milliseconds: u64, moment: Moment) {
        let side = match moment {
            Moment::BeforeEffect => &mut self.before_effect,
            Moment::AfterEffect => &mut self.after_effect,
        };
        *side += Duration::from_millis(milliseconds);
    }
}

/// The faults of all simulators.
#[derive(Default)]
pub struct Script {
    rules: Vec<Live>,
    last_id: u64,
}

struct Live {
    id: u64,
    rule: Rule,
    applied: u64,
    seen: u64,
    lots: Option<StdRng>,
}

impl Script {
    pub fn add(&mut self, rule: Rule) -> Result<u64, Refused> {
        rule.check()?;
        if self.rules.len() >= MOST_RULES {
            return Err(Refused::Full(format!("there are {MOST_RULES} rules already; remove some")));
        }
        let lots = match rule.when {
            When::Chance { seed, .. } => Some(StdRng::seed_from_u64(seed)),
            _ => None,
        };
        self.last_id += 1;
        self.rules.push(Live { id: self.last_id, rule, applied: 0, seen: 0, lots });
        Ok(self.last_id)
    }

    /// False when there is no such rule (any more).
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|live| live.id != id);
        self.rules.len() < before
    }

    /// Removes those of one simulator, or all.
    pub fn clear(&mut self, simulator: Option<&str>) {
        self.rules.retain(|live| simulator.is_some_and(|name| live.rule.simulator != name));
    }

    pub fn list(&self, simulator: Option<&str>) -> Vec<Scripted> {
        let wanted = |live: &&Live| simulator.is_none_or(|name| live.rule.simulator == name);
        let shown = |live: &Live| Scripted { id: live.id, rule: live.rule.clone(), applied: live.applied };
        self.rules.iter().filter(wanted).map(shown).collect()
    }

    /// Decides what happens to a request, and counts it.
    pub fn plan(&mut self, simulator: &str, method: &Method, path: &str) -> Plan {
        let (mut plan, mut slower) = (Plan::default(), 1);
        for live in &mut self.rules {
            let rule = &live.rule;
            let delays = matches!(rule.fault, Fault::Latency { .. } | Fault::Slower { .. });
            let is_asked = rule.simulator == simulator
                && !rule.fault.is_of_deliveries()
                && rule.matching.accepts(method, path, None)
                && (delays || plan.ending.is_none());
            if !is_asked || !live.meets() {
                continue;
            }
            let fault = live.rule.fault.clone();
            plan.met.push(Met { rule: live.id, fault: fault.clone() });
            match fault {
                Fault::Latency { milliseconds, moment } => plan.delay(milliseconds, moment),
                Fault::Slower { times } => slower = times.saturating_mul(slower),
                ending => plan.ending = Some(ending),
            }
        }
        plan.after_effect += (plan.before_effect + plan.after_effect).saturating_mul(slower - 1);
        self.rules.retain(|live| !live.is_used_up());
        plan
    }

    /// The faults that a delivery meets, all of them, and counts it.
    pub fn plan_delivery(&mut self, simulator: &str, method: &Method, path: &str, topic: &str) -> Vec<Met> {
        let mut met = Vec::new();
        for live in &mut self.rules {
            let rule = &live.rule;
            let is_asked = rule.simulator == simulator
                && rule.fault.is_of_deliveries()
                && rule.matching.accepts(method, path, Some(topic));
            if is_asked && live.meets() {
                met.push(Met { rule: live.id, fault: live.rule.fault.clone() });
            }
        }
        self.rules.retain(|live| !live.is_used_up());
        met
    }
}

impl Live {
    fn meets(&mut self) -> bool {
        self.seen += 1;
        let meets = match self.rule.when {
            When::Always | When::Next(_) => true,
            When::Every(step) => self.seen.is_multiple_of(step),
            When::Chance { probability, .. } => self.lots.as_mut().is_some_and(|lots| lots.random_bool(probability)),
        };
        self.applied += u64::from(meets);
        meets
    }

    fn is_used_up(&self) -> bool {
        matches!(self.rule.when, When::Next(count) if self.applied >= count)
    }
}

#[cfg(test)]
mod tests;
