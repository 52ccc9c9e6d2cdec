//! The simulators, their script and their journal: what happens to a request from its arrival to the answer that its
//! sender shall get. Sockets are `world.rs`, the control API `control.rs`; both only call what stands here.

use std::{
    collections::{BTreeMap, VecDeque},
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
use tokio::sync::Notify;

use crate::{
    courier::Postman,
    faults::{Fault, Met, Plan, Rule, Script},
    journal::{Direction, Ending, Journal, Recording, Sent},
    outward::{Acted, Ask, Call, Heard, Here, Notice, Seal},
    play::{Line, Stage},
    simulator::{Answer, Refusal, Refused, Request, Simulator, Table},
};

/// The time of the simulated companies; passed in so that a test can move it.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

const MOST_KEPT: usize = 1_000;
/// Bytes that are no text, no JSON and no HTML.
const GARBAGE: &[u8] = b"\xff\xfe{\"<garbage\x00";

pub struct Scene {
    simulators: BTreeMap<&'static str, Mutex<Box<dyn Simulator>>>,
    script: Mutex<Script>,
    pub journal: Journal,
    clock: Clock,
    /// `http://127.0.0.1:9900`
    base: String,
    postman: Postman,
    outboxes: BTreeMap<&'static str, Outbox>,
}

/// The notices of a simulator that wait for their courier.
#[derive(Default)]
pub struct Outbox {
    waiting: Mutex<VecDeque<Notice>>,
    /// The latest that were put in, to be sent again when somebody asks for it.
    kept: Mutex<VecDeque<Notice>>,
    bell: Notify,
}

impl Outbox {
    fn put(&self, notices: Vec<Notice>) {
        if notices.is_empty() {
            return;
        }
        let mut kept = lock(&self.kept);
        kept.extend(notices.iter().cloned());
        let over = kept.len().saturating_sub(MOST_KEPT);
        kept.drain(..over);
        drop(kept);
        lock(&self.waiting).extend(notices);
        self.bell.notify_one();
    }

    pub fn next(&self) -> Option<Notice> {
        lock(&self.waiting).pop_front()
    }

    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    fn clear(&self) {
        lock(&self.waiting).clear();
        lock(&self.kept).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub fn new(simulators: Vec<Box<dyn Simulator>>, clock: Clock, base: String) -> Self {
        let outboxes = simulators.iter().map(|simulator| (simulator.name(), Outbox::default())).collect();
        let simulators = simulators.into_iter().map(|simulator| (simulator.name(), Mutex::new(simulator))).collect();
        let (script, journal, postman) = (Mutex::default(), Journal::default(), Postman::new());
        Self { simulators, script, journal, clock, base, postman, outboxes }
    }

    /// Of a simulator that is here.
    pub fn outbox(&self, name: &'static str) -> &Outbox {
        &self.outboxes[name]
    }

    fn put(&self, name: &str, notices: Vec<Notice>) {
        if let Some(outbox) = self.outboxes.get(name) {
            outbox.put(notices);
        }
    }

    /// What a person does there. Its result is what the simulator says, or how the handshake ended that it began.
    pub async fn act(&self, name: &str, verb: &str, given: Value) -> Result<Value, Refused> {
        if verb == "redeliver" {
            return self.redeliver(name, &given);
        }
        let here = Here { now: (self.clock)(), base: format!("{}/{name}", self.base) };
        let Acted { result, notices, ask } = self.simulator(name)?.act(verb, given, &here)?;
        self.put(name, notices);
        let Some(ask) = ask else { return Ok(result) };
        let answer = self.ask(name, ask).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        Ok(serde_json::json!({ "status": answer.status.as_u16(), "body": body }))
    }

    /// The latest notices again, those about one message or the last so many, in their order.
    fn redeliver(&self, name: &str, given: &Value) -> Result<Value, Refused> {
        self.require(Some(name))?;
        let outbox = self.outboxes.get(name).ok_or_else(|| Refused::Missing(format!("{name} tells nobody")))?;
        let last = given["last"].as_u64().and_then(|last| usize::try_from(last).ok()).unwrap_or(1);
        let mut found: Vec<_> = lock(&outbox.kept).iter().cloned().collect();
        match given["message"].as_str() {
            Some(message) => found.retain(|notice| notice.subject == message),
            None => drop(found.drain(..found.len().saturating_sub(last))),
        }
        let count = found.len();
        outbox.put(found);
        Ok(serde_json::json!({ "redelivered": count }))
    }

    pub fn pack(&self, name: &str, notices: &[Notice], seal: Seal) -> Vec<Call> {
        self.simulator(name).map(|simulator| simulator.pack(notices, seal, (self.clock)())).unwrap_or_default()
    }

    pub fn retries(&self, name: &str) -> Vec<Duration> {
        self.simulator(name).map(|simulator| simulator.retries()).unwrap_or_default()
    }

    pub async fn ask_what_is_due(&self, name: &str) {
        let due = self.simulator(name).map(|mut simulator| simulator.due((self.clock)())).unwrap_or_default();
        for ask in due {
            // Only a simulator that is not here would refuse.
            let _ = self.ask(name, ask).await;
        }
    }

    async fn ask(&self, name: &str, ask: Ask) -> Result<Answer, Refused> {
        let heard = self.reach(name, &ask.call, ask.topic, &[]).await;
        Ok(self.simulator(name)?.heard(ask.about, heard, (self.clock)()))
    }

    /// One call to a subscriber, recorded.
    pub async fn reach(&self, name: &str, call: &Call, topic: &'static str, met: &[Met]) -> Heard {
        let heard = self.postman.call(call).await;
        let Ok(simulator) = self.simulator(name) else { return heard };
        let request = call.as_request();
        let (ending, answer) = match &heard {
            Heard::Answer { status, content_type, body } => {
                let (content_type, body) = (content_type.clone(), body.clone());
                (Ending::Answered, Some(Sent { status: *status, content_type, body }))
            }
            Heard::Nothing => (Ending::Cut, None),
        };
        self.journal.write(Recording {
            number: 0,
            simulator: simulator.name(),
            at: (self.clock)(),
            direction: Direction::Out,
            topic: Some(topic),
            secrets: simulator.secrets(&request),
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
            faults: met.to_vec(),
            was_handled: heard.is_fine(),
            effects: Vec::new(),
            ending,
            answer,
        });
        heard
    }

    pub fn stage(&self, name: &str) -> Result<Option<Stage>, Refused> {
        Ok(self.simulator(name)?.stage())
    }

    pub fn lines(&self, name: &str, account: &str, person: &str) -> Result<Vec<Line>, Refused> {
        Ok(self.simulator(name)?.lines(account, person))
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
                self.outbox(found).clear();
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
        if plan.refuses() {
            return Ok(self.conclude(&self.simulator(name)?, request, plan, None));
        }
        let ask = {
            let mut simulator = self.simulator(name)?;
            let mut answer = simulator.handle(&request, (self.clock)());
            match answer.ask.take() {
                None => return Ok(self.conclude(&simulator, request, plan, Some(answer))),
                Some(ask) => ask,
            }
        };
        // Others are served while a subscriber is asked.
        let heard = self.reach(name, &ask.call, ask.topic, &[]).await;
        let mut simulator = self.simulator(name)?;
        let answer = simulator.heard(ask.about, heard, (self.clock)());
        Ok(self.conclude(&simulator, request, plan, Some(answer)))
    }

    /// Effect and recording are one step for all who look: both happen under the simulator's lock.
    fn conclude(
        &self,
        simulator: &MutexGuard<'_, Box<dyn Simulator>>,
        request: Request,
        plan: Plan,
        handled: Option<Answer>,
    ) -> Delivery {
        let was_handled = handled.is_some();
        let mut answer = handled.unwrap_or_else(|| refusal(simulator.as_ref(), plan.ending.as_ref()));
        self.put(simulator.name(), std::mem::take(&mut answer.notices));
        let ending = spoil(simulator.as_ref(), &mut answer, plan.ending.as_ref());
        self.journal.write(Recording {
            number: 0,
            simulator: simulator.name(),
            at: (self.clock)(),
            direction: Direction::In,
            topic: None,
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
        Delivery { after: plan.after_effect, ending, answer }
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
