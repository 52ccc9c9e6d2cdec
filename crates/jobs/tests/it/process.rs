//! Workers that are processes of their own, so that tests can kill them, and a remote system that counts what they do.
//!
//! The test binary calls itself: run with orders in its environment, the test named by `DOOR` works until it is killed or
//! until the test that started it is gone.

use std::{
    collections::BTreeMap,
    io::Read,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::RngExt;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_domain::{
    clock::Clock,
    database::Endpoint,
    effects::{self, Finding, Outcome, Plan, Standing, State},
};
use socialai_jobs::{Context, Handled, Handlers, Settings, Trouble};
use socialai_queue::{
    facts::{Fact, NewFact, Reader},
    jobs::{NewJob, Queue, Task},
};
use socialai_testkit::lab::Lab;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::AbortOnDropHandle;

use crate::harness::{PATIENT, Running, Step, note, step};

const DOOR: &str = "process::test_without_orders_is_nobodys_worker";
const ORDERS: &str = "JOBS_TEST_ORDERS";

#[derive(Serialize, Deserialize)]
struct Orders {
    owner: String,
    app: String,
    master_keys: String,
    remote: SocketAddr,
    /// Beats as real ones do, and not more often for the test's sake.
    #[serde(default)]
    by_default: bool,
}

/// A worker in a process of its own. It ends with this value, and with the test at the latest.
pub struct Worker {
    child: Child,
}

impl Worker {
    pub fn start(lab: &Lab, remote: &Remote) -> Self {
        Self::ordered(lab, remote, false)
    }

    /// With the settings that a process has unless it is told otherwise.
    pub fn by_default(lab: &Lab, remote: &Remote) -> Self {
        Self::ordered(lab, remote, true)
    }

    fn ordered(lab: &Lab, remote: &Remote, by_default: bool) -> Self {
        let Endpoint { owner, app, .. } = &lab.endpoints[0];
        let url = |options: &PgConnectOptions| options.to_url_lossy().to_string();
        let orders = Orders {
            owner: url(owner),
            app: url(app),
            master_keys: lab.master_keys.clone(),
            remote: remote.address,
            by_default,
        };
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", DOOR, "--nocapture"])
            .env(ORDERS, serde_json::to_string(&orders).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child }
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Takes its processor away, as a machine does that is put to sleep.
    pub fn freeze(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    pub fn thaw(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn test_without_orders_is_nobodys_worker() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let orders: Orders = serde_json::from_str(&orders).unwrap();
    let parse = |url: &str| PgConnectOptions::from_str(url).unwrap();
    let endpoint = Endpoint { shard: None, owner: parse(&orders.owner), app: parse(&orders.app) };
    let lab = Lab::open(vec![endpoint], orders.master_keys, Clock::default()).await.unwrap();
    let handlers = Handlers::default()
        .with(PATIENT, move |step, context| act(step, context, orders.remote))
        .with_local(PATIENT, |tx, Local(step)| {
            Box::pin(async move {
                note(tx, &step);
                Ok(())
            })
        });
    let handlers = handlers.with_local(PATIENT, |tx, Heard(step)| {
        Box::pin(async move {
            tx.publish(NewFact::new(HEARD, 1, step.key, json!({ "number": step.number })));
            Ok(())
        })
    });
    let (beat, silence) = (Duration::from_millis(200), Duration::from_secs(1));
    let hurried = Settings { slots: 4, beat, silence, ..Settings::default() };
    let settings = if orders.by_default { Settings::default() } else { hurried };
    let _engine = Running::with(&lab.databases, handlers, vec![READER], settings);
    // Whoever gave the orders holds the other end for as long as it lives.
    let waiting = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    waiting.await.unwrap().unwrap();
}

/// A step without an effect, in a queue that has nothing but such.
#[derive(Debug, Serialize, Deserialize)]
pub struct Local(pub Step);

impl Task for Local {
    const KIND: &'static str = "tests.local";
    const QUEUE: Queue = Queue("local");

    fn key(&self) -> String {
        self.0.key.clone()
    }
}

/// Hears of every step that was done, and has a job say so.
const READER: Reader = Reader { name: "tests.hearing", only_subscribed: false, jobs: hear };
/// Kind of the facts that say so.
pub const HEARD: &str = "tests.heard";

fn hear(fact: &Fact) -> Vec<NewJob> {
    let number = fact.data["number"].as_i64().filter(|_| fact.kind == "tests.done");
    let heard = number.map(|number| Heard(step(fact.key.clone(), number)));
    heard.map(|heard| NewJob::of(&heard).unwrap()).into_iter().collect()
}

#[derive(Debug, Serialize, Deserialize)]
struct Heard(Step);

impl Task for Heard {
    const KIND: &'static str = "tests.hear";
    const QUEUE: Queue = Local::QUEUE;

    fn key(&self) -> String {
        format!("heard/{}", self.0.key)
    }
}

/// Between the record that an effect is sent and the end of the call.
const CALL_WITHIN: Duration = Duration::from_secs(2);
/// Surely longer.
const CALLS_LAST: time::Duration = time::Duration::seconds(6);

/// A step with an effect on the remote system, through the ledger.
async fn act(step: Step, context: Context, remote: SocketAddr) -> Handled {
    if step.key == ABORTING && step.number == 0 {
        std::process::abort();
    }
    if step.key == HELD {
        let never = say(remote, &format!("hold {HELD}")).await;
        return Err(Trouble::retry(format!("whoever holds does not answer: {never:?}")));
    }
    let plan = Plan {
        kind: "tests.post",
        remote: "tests.remote".into(),
        about_kind: "step",
        about_id: step.key.clone(),
        idempotency_key: format!("{}/{}", step.key, step.number),
        request: json!({}),
    };
    let mut tx = context.tx().await?;
    let id = effects::plan(&mut tx, plan).await?;
    let unknown = match effects::take(&mut tx, id).await? {
        Standing::Ended(_) => false,
        Standing::Ready(claimed) => {
            let began = tokio::time::Instant::now();
            let dispatched = claimed.dispatch(tx).await?;
            let request = format!("do {}", dispatched.idempotency_key());
            let outcome = match tokio::time::timeout_at(began + CALL_WITHIN, say(remote, &request)).await {
                Ok(Ok(_)) => Outcome::Confirmed { remote_ids: json!({}), cost_micros: None },
                Ok(Err(error)) => Outcome::Unknown { reason: error.to_string() },
                Err(late) => Outcome::Unknown { reason: late.to_string() },
            };
            let unknown = matches!(outcome, Outcome::Unknown { .. });
            tx = context.tx().await?;
            dispatched.record(&mut tx, outcome).await?;
            unknown
        }
        Standing::Unsettled(unsettled) => {
            let finding = match say(remote, &format!("ask {}", unsettled.effect().idempotency_key)).await {
                Ok(answer) if answer == "yes" => Finding::TookPlace { remote_ids: json!({}) },
                Ok(_) => Finding::DidNotTakePlace { calls_last: CALLS_LAST },
                Err(error) => Finding::StillUnknown { reason: error.to_string() },
            };
            unsettled.settle(&mut tx, finding).await? != State::Confirmed
        }
    };
    if unknown {
        tx.commit().await?;
        return Err(Trouble::Settle { after: Duration::from_millis(10) });
    }
    note(&mut tx, &step);
    context.finish(tx).await
}

/// The key whose first step ends the process that does it.
pub const ABORTING: &str = "aborting";
/// The key of a step that is never done: the remote system says nothing to it.
pub const HELD: &str = "held";

/// One request and its answer.
async fn say(remote: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(remote).await?;
    stream.write_all(format!("{request}\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if answer.is_empty() { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
}

/// A remote system that does what it is told as often as it is told, and sometimes does not answer.
pub struct Remote {
    address: SocketAddr,
    done: Arc<Mutex<BTreeMap<String, usize>>>,
    _listening: AbortOnDropHandle<()>,
}

impl Remote {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let done = Arc::new(Mutex::new(BTreeMap::new()));
        let counted = done.clone();
        let listening = tokio::spawn(async move {
            let mut answering = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let counted = counted.clone();
                // A request that was cut off in the middle is none.
                answering.spawn(async move { answer(stream, &counted).await });
                while answering.try_join_next().is_some() {}
            }
        });
        Self { address, done, _listening: AbortOnDropHandle::new(listening) }
    }

    /// How often each thing was done.
    pub fn done(&self) -> BTreeMap<String, usize> {
        self.done.lock().unwrap().clone()
    }
}

async fn answer(stream: TcpStream, done: &Mutex<BTreeMap<String, usize>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request).await?;
    let answer = match request.trim_end().split_once(' ') {
        Some(("do", key)) => {
            let chance = rand::rng().random_range(0..20);
            // One in twenty is not done, one is done and not answered.
            if chance == 0 {
                return Ok(());
            }
            *done.lock().unwrap().entry(key.to_owned()).or_default() += 1;
            if chance == 1 {
                return Ok(());
            }
            "done"
        }
        Some(("hold", key)) => {
            *done.lock().unwrap().entry(key.to_owned()).or_default() += 1;
            // Until the caller is gone.
            stream.read_line(&mut request).await?;
            return Ok(());
        }
        Some(("ask", key)) if done.lock().unwrap().contains_key(key) => "yes",
        Some(("ask", _)) => "no",
        _ => return Ok(()),
    };
    stream.write_all(answer.as_bytes()).await
}
