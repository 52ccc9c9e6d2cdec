//! The simulators, their script and their journal: what happens to a request from its arrival to the answer that its
//! sender shall get. Sockets are `world.rs`, the control API `control.rs`; both only call what stands here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{StatusCode, header},
};
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    faults::{Fault, Plan, Rule, Script},
    journal::{Ending, Journal, Recording, Sent},
    simulator::{Answer, Refusal, Refused, Request, Simulator, Table},
};

/// The time of the simulated companies; passed in so that a test can move it.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Bytes that are no text, no JSON and no HTML.
const GARBAGE: &[u8] = b"\xff\xfe{\"<garbage\x00";

pub struct Scene {
    simulators: BTreeMap<&'static str, Mutex<Box<dyn Simulator>>>,
    script: Mutex<Script>,
    pub journal: Journal,
    clock: Clock,
}

/// A simulator in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    pub name: &'static str,
    pub about: &'static str,
}

/// What the server does with a request whose effect is decided.
pub struct Delivery {
    pub after: Duration,
    pub ending: Ending,
    pub answer: Answer,
}

impl Scene {
    pub fn new(simulators: Vec<Box<dyn Simulator>>, clock: Clock) -> Self {
        let simulators = simulators.into_iter().map(|simulator| (simulator.name(), Mutex::new(simulator))).collect();
        Self { simulators, script: Mutex::default(), journal: Journal::default(), clock }
    }

    pub fn list(&self) -> Vec<Listed> {
        self.simulators.keys().filter_map(|name| self.listed(name)).collect()
    }

    pub fn listed(&self, name: &str) -> Option<Listed> {
        let simulator = self.simulator(name).ok()?;
        Some(Listed { name: simulator.name(), about: simulator.about() })
    }

    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add_fault(&self, rule: Rule) -> Result<u64, Refused> {
        self.require(Some(&rule.simulator))?;
        self.script().add(rule)
    }

    pub fn tables(&self, name: &str) -> Result<Vec<Table>, Refused> {
        Ok(self.simulator(name)?.tables())
    }

    /// The tables as JSON: `{"incidents": [{"status": "triggered", …}]}`.
    pub fn state(&self, name: &str) -> Result<Value, Refused> {
        let named = |table: Table| {
            let row = |cells: Vec<Value>| -> Value {
                table.columns.iter().map(|column| (*column).to_owned()).zip(cells).collect::<Map<_, _>>().into()
            };
            (table.name.to_owned(), table.rows.into_iter().map(row).collect::<Vec<_>>().into())
        };
        Ok(Value::Object(self.tables(name)?.into_iter().map(named).collect()))
    }

    pub fn configure(&self, name: &str, settings: Value) -> Result<(), Refused> {
        self.simulator(name)?.configure(settings)
    }

    /// One simulator, or all: state, faults, recordings and effects are gone.
    pub fn reset(&self, name: Option<&str>) -> Result<(), Refused> {
        self.require(name)?;
        self.script().clear(name);
        for (found, simulator) in &self.simulators {
            if name.is_none_or(|name| name == *found) {
                simulator.lock().unwrap_or_else(PoisonError::into_inner).reset();
            }
        }
        let mut pages = self.journal.pages();
        pages.clear(name);
        pages.effects.clear(name);
        Ok(())
    }

    /// Refuses the name of a simulator that is not here.
    pub fn require(&self, name: Option<&str>) -> Result<(), Refused> {
        name.map_or(Ok(()), |name| self.simulator(name).map(drop))
    }

    fn simulator(&self, name: &str) -> Result<MutexGuard<'_, Box<dyn Simulator>>, Refused> {
        let Some(simulator) = self.simulators.get(name) else {
            let names: Vec<_> = self.simulators.keys().copied().collect();
            return Err(Refused::Missing(format!("there is no simulator `{name}`; there are: {}", names.join(", "))));
        };
        Ok(simulator.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets a request take its effect, or not, and says how its sender shall be answered. The caller goes on with it
    /// even when the sender is gone: a remote company does not notice either.
    pub async fn meet(&self, name: &str, request: Request) -> Result<Delivery, Refused> {
        let plan = self.script().plan(name, &request.method, &request.path);
        if !plan.before_effect.is_zero() {
            tokio::time::sleep(plan.before_effect).await;
        }
        self.happen(name, request, plan)
    }

    /// Effect and recording are one step for all who look: both happen under the simulator's lock.
    fn happen(&self, name: &str, request: Request, plan: Plan) -> Result<Delivery, Refused> {
        let mut simulator = self.simulator(name)?;
        let now = (self.clock)();
        let was_handled = !plan.refuses();
        let mut answer = if was_handled {
            simulator.handle(&request, now)
        } else {
            refusal(simulator.as_ref(), plan.ending.as_ref())
        };
        let ending = spoil(simulator.as_ref(), &mut answer, plan.ending.as_ref());
        self.journal.write(Recording {
            number: 0,
            simulator: simulator.name(),
            at: now,
            secrets: simulator.secrets(&request),
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
            faults: plan.met,
            was_handled,
            effects: answer.effects.clone(),
            ending,
            answer: sent(&answer, ending),
        });
        Ok(Delivery { after: plan.after_effect, ending, answer })
    }
}

/// What stands in the place of the simulator's answer when it is not asked.
fn refusal(simulator: &dyn Simulator, fault: Option<&Fault>) -> Answer {
    match fault {
        Some(Fault::RateLimited { retry_after_seconds }) => {
            let answer = simulator.refuse(Refusal::RateLimited);
            Answer { status: StatusCode::TOO_MANY_REQUESTS, ..answer }
                .with_header(header::RETRY_AFTER.as_str(), retry_after_seconds.to_string())
        }
        Some(Fault::ExpiredCredentials {}) => simulator.refuse(Refusal::ExpiredCredentials),
        // The rest is put right by `spoil`, or never sent.
        _ => simulator.refuse(Refusal::ServerError),
    }
}

/// Does to an answer what the fault orders, and says how the exchange ends.
fn spoil(simulator: &dyn Simulator, answer: &mut Answer, fault: Option<&Fault>) -> Ending {
    match fault {
        Some(Fault::Cut { .. }) => return Ending::Cut,
        Some(Fault::Hang { .. }) => return Ending::Hung,
        Some(Fault::TruncatedBody {}) => return Ending::Truncated,
        Some(Fault::ServerError { status, .. }) => {
            let effects = std::mem::take(&mut answer.effects);
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            *answer = Answer { status, effects, ..simulator.refuse(Refusal::ServerError) };
        }
        Some(Fault::Garbage { .. }) => {
            answer.status = StatusCode::OK;
            answer.body = Bytes::from_static(GARBAGE);
        }
        Some(Fault::WrongContentType {}) => answer.content_type = "text/html; charset=utf-8",
        _ => {}
    }
    Ending::Answered
}

/// What arrives of an answer, for the recording.
fn sent(answer: &Answer, ending: Ending) -> Option<Sent> {
    let body = match ending {
        Ending::Answered => answer.body.clone(),
        Ending::Truncated => half(&answer.body),
        Ending::Cut | Ending::Hung => return None,
    };
    Some(Sent { status: answer.status.as_u16(), content_type: answer.content_type.to_owned(), body })
}

/// The part of a truncated body that arrives.
pub fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}
