//! The layer around calls: circuit, places, pauses and repeats. Time is paused and moves by itself, so nothing here waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socialai_connect::call::{CallError, Http};
use socialai_connect::guard::Reach;
use socialai_connect::remote::{Circuit, Limits, RemoteId, Remotes, Repeat, State};
use tokio::sync::{Barrier, Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance};
use uuid::Uuid;

use crate::remote::{Remote, Reply};

const LATER: CallError = CallError::Later { after: None };

fn crm() -> RemoteId {
    RemoteId::new("salesforce", Uuid::from_u128(1))
}

fn refused() -> CallError {
    CallError::Refused { code: "404".into(), message: "no".into() }
}

async fn once(remotes: &Remotes, id: &RemoteId, outcome: Result<u8, CallError>) -> Result<u8, CallError> {
    remotes.call(id, Repeat::Never, || std::future::ready(outcome.clone())).await
}

fn state(remotes: &Remotes, id: &RemoteId) -> Option<State> {
    remotes.states().into_iter().find(|state| state.id == *id)
}

fn circuit(remotes: &Remotes, id: &RemoteId) -> Circuit {
    state(remotes, id).map_or(Circuit::Closed, |state| state.circuit)
}

async fn open(remotes: &Remotes, id: &RemoteId) {
    for _ in 0..5 {
        assert_eq!(once(remotes, id, Err(LATER)).await, Err(LATER));
    }
    assert_eq!(circuit(remotes, id), Circuit::Open);
}

#[tokio::test(start_paused = true)]
async fn open_circuit_answers_at_once_and_closes_after_three_good_trials() {
    let remotes = Remotes::new(Limits::default());
    let mut changes = remotes.changes();
    open(&remotes, &crm()).await;
    changes.changed().await.unwrap();
    let held_back = CallError::Later { after: Some(Duration::from_mins(1)) };
    let never = remotes.call(&crm(), Repeat::Safe, async || -> Result<u8, CallError> { panic!("it is open") }).await;
    assert_eq!(never, Err(held_back));
    advance(Duration::from_mins(1)).await;
    for trial in 1..=3 {
        assert_eq!(once(&remotes, &crm(), Ok(trial)).await, Ok(trial));
        let expected = if trial < 3 { Circuit::HalfOpen } else { Circuit::Closed };
        assert_eq!(circuit(&remotes, &crm()), expected, "after trial {trial}");
    }
    assert!(changes.has_changed().unwrap());
    assert_eq!(remotes.states(), [], "what is well is not kept");
}

#[tokio::test(start_paused = true)]
async fn failed_trial_opens_the_circuit_for_another_minute() {
    let remotes = Remotes::new(Limits::default());
    open(&remotes, &crm()).await;
    advance(Duration::from_mins(1)).await;
    once(&remotes, &crm(), Ok(1)).await.unwrap();
    let opened_at = Instant::now();
    assert_eq!(once(&remotes, &crm(), Err(CallError::Unknown)).await, Err(CallError::Unknown));
    let state = state(&remotes, &crm()).unwrap();
    assert_eq!((state.circuit, state.failures, state.opened_at), (Circuit::Open, 6, Some(opened_at)));
}

#[tokio::test(start_paused = true)]
async fn only_failures_of_the_remote_system_count() {
    let blocked = CallError::Blocked(socialai_connect::guard::Blocked::PrivateNetwork);
    for (error, counts) in [
        (LATER, true),
        (CallError::Unknown, true),
        (CallError::Unreadable("x"), true),
        (CallError::Reauth, false),
        (refused(), false),
        (blocked, false),
    ] {
        let remotes = Remotes::new(Limits::default());
        for _ in 0..5 {
            assert_eq!(once(&remotes, &crm(), Err(error.clone())).await, Err(error.clone()));
        }
        assert_eq!(circuit(&remotes, &crm()) == Circuit::Open, counts, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_of_one_tenant_or_system_is_not_that_of_another() {
    let remotes = Remotes::new(Limits::default());
    open(&remotes, &crm()).await;
    for other in [RemoteId::new("salesforce", Uuid::from_u128(2)), RemoteId::new("hubspot", Uuid::from_u128(1))] {
        assert_eq!(once(&remotes, &other, Ok(7)).await, Ok(7));
    }
}

/// Tasks on several threads rush at a half-open circuit; those that are admitted hold their place until all have tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_open_circuit_admits_exactly_three_of_a_crowd() {
    const CROWD: usize = 48;
    for round in 0..40 {
        let limits = Limits { open_for: Duration::ZERO, in_flight: CROWD, ..Limits::default() };
        let remotes = Remotes::new(limits);
        for _ in 0..5 {
            once(&remotes, &crm(), Err(LATER)).await.unwrap_err();
        }
        let (start, admitted, refused) =
            (Arc::new(Barrier::new(CROWD)), Arc::<AtomicUsize>::default(), Arc::<Notify>::default());
        let (refusals, leave) = (Arc::<AtomicUsize>::default(), Arc::new(Semaphore::new(0)));
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            let (remotes, start, admitted, leave) = (remotes.clone(), start.clone(), admitted.clone(), leave.clone());
            let (refused, refusals) = (refused.clone(), refusals.clone());
            crowd.spawn(async move {
                start.wait().await;
                let outcome = remotes
                    .call(&crm(), Repeat::Never, async || {
                        admitted.fetch_add(1, Ordering::SeqCst);
                        leave.acquire().await.unwrap().forget();
                        Ok::<_, CallError>(())
                    })
                    .await;
                if outcome.is_err() && refusals.fetch_add(1, Ordering::SeqCst) + 1 == CROWD - 3 {
                    refused.notify_one();
                }
            });
        }
        refused.notified().await;
        leave.add_permits(3);
        while crowd.join_next().await.is_some() {}
        assert_eq!(admitted.load(Ordering::SeqCst), 3, "round {round}");
        assert_eq!(circuit(&remotes, &crm()), Circuit::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_trial_gives_its_place_back() {
    let remotes = Remotes::new(Limits::default());
    open(&remotes, &crm()).await;
    advance(Duration::from_mins(1)).await;
    let mut trials = JoinSet::new();
    let begun = Arc::new(Barrier::new(4));
    for _ in 0..3 {
        let (remotes, begun) = (remotes.clone(), begun.clone());
        trials.spawn(async move {
            let forever = async || {
                begun.wait().await;
                std::future::pending::<Result<(), CallError>>().await
            };
            remotes.call(&crm(), Repeat::Never, forever).await
        });
    }
    begun.wait().await;
    assert!(once(&remotes, &crm(), Ok(1)).await.is_err(), "three trials are under way");
    assert_eq!(state(&remotes, &crm()).unwrap().in_flight, 3);
    trials.shutdown().await;
    assert_eq!(state(&remotes, &crm()).unwrap().in_flight, 0);
    for _ in 0..3 {
        assert_eq!(once(&remotes, &crm(), Ok(1)).await, Ok(1));
    }
    assert_eq!(circuit(&remotes, &crm()), Circuit::Closed);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_calls_are_under_way_and_the_rest_waits_for_a_limited_time() {
    let remotes = Remotes::new(Limits { in_flight: 2, wait_for: Duration::from_secs(5), ..Limits::default() });
    let (running, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let mut calls = JoinSet::new();
    for _ in 0..6 {
        let (remotes, running, most) = (remotes.clone(), running.clone(), most.clone());
        calls.spawn(async move {
            let slow = async || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(4)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, CallError>(())
            };
            remotes.call(&crm(), Repeat::Never, slow).await
        });
    }
    let outcomes = calls.join_all().await;
    // Two at once, two after four seconds; the last two would have had to wait for eight.
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 4);
    assert_eq!(
        outcomes.iter().filter(|outcome| matches!(outcome, Err(CallError::Later { after: Some(_) }))).count(),
        2
    );
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert_eq!(remotes.states(), []);
}

/// Answers of one call, one after the other, and when it was asked for each.
struct Script {
    outcomes: Mutex<Vec<Result<u8, CallError>>>,
    asked: Mutex<Vec<Instant>>,
}

impl Script {
    fn new(outcomes: impl IntoIterator<Item = Result<u8, CallError>>) -> Self {
        let mut outcomes: Vec<_> = outcomes.into_iter().collect();
        outcomes.reverse();
        Self { outcomes: Mutex::new(outcomes), asked: Mutex::default() }
    }

    fn next(&self) -> Result<u8, CallError> {
        self.asked.lock().unwrap().push(Instant::now());
        self.outcomes.lock().unwrap().pop().expect("asked more often than scripted")
    }

    async fn run(&self, remotes: &Remotes, repeat: Repeat) -> Result<u8, CallError> {
        remotes.call(&crm(), repeat, async || self.next()).await
    }

    fn pauses(&self) -> Vec<Duration> {
        self.asked.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn safe_call_is_repeated_while_nothing_happened() {
    let mut seen = Vec::new();
    for _ in 0..50 {
        let script = Script::new([Err(LATER), Err(LATER), Ok(1)]);
        assert_eq!(script.run(&Remotes::new(Limits::default()), Repeat::Safe).await, Ok(1));
        let pauses = script.pauses();
        assert!(pauses[0] <= Duration::from_millis(251) && pauses[1] <= Duration::from_millis(501), "{pauses:?}");
        seen.extend(pauses);
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() > 20, "pauses are random");
    let script = Script::new([Err(LATER), Err(LATER), Err(LATER)]);
    assert_eq!(script.run(&Remotes::new(Limits::default()), Repeat::Safe).await, Err(LATER), "three attempts at most");
}

#[tokio::test(start_paused = true)]
async fn what_may_have_happened_or_was_refused_is_never_repeated() {
    for error in [CallError::Unknown, CallError::Unreadable("x"), CallError::Reauth, refused()] {
        let script = Script::new([Err(error.clone())]);
        assert_eq!(script.run(&Remotes::new(Limits::default()), Repeat::Safe).await, Err(error));
    }
    let script = Script::new([Err(LATER)]);
    assert_eq!(script.run(&Remotes::new(Limits::default()), Repeat::Never).await, Err(LATER));
}

#[tokio::test(start_paused = true)]
async fn repeats_end_with_the_total_time_and_the_circuit() {
    let after = |seconds| CallError::Later { after: Some(Duration::from_secs(seconds)) };
    let script = Script::new([Err(after(4)), Err(after(9))]);
    assert_eq!(script.run(&Remotes::new(Limits::default()), Repeat::Safe).await, Err(after(9)));
    assert!(script.pauses()[0] >= Duration::from_secs(4));

    let remotes = Remotes::new(Limits { failures: 2, ..Limits::default() });
    let script = Script::new([Err(LATER), Err(LATER)]);
    assert!(matches!(script.run(&remotes, Repeat::Safe).await, Err(CallError::Later { after: Some(_) })));
    assert_eq!(circuit(&remotes, &crm()), Circuit::Open);
}

#[tokio::test(start_paused = true)]
async fn burst_that_is_refused_together_counts_as_one_failure() {
    let remotes = Remotes::new(Limits::default());
    let together = Arc::new(Barrier::new(10));
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let (remotes, together) = (remotes.clone(), together.clone());
        calls.spawn(async move {
            let slow_down = async || {
                together.wait().await;
                Err::<(), _>(CallError::Later { after: Some(Duration::from_secs(30)) })
            };
            remotes.call(&crm(), Repeat::Never, slow_down).await
        });
    }
    calls.join_all().await;
    let now = state(&remotes, &crm()).unwrap();
    assert_eq!((now.circuit, now.failures), (Circuit::Closed, 1));
    assert_eq!(now.paused_until, Some(Instant::now() + Duration::from_secs(30)));
    let held_back = CallError::Later { after: Some(Duration::from_secs(30)) };
    assert_eq!(once(&remotes, &crm(), Ok(1)).await, Err(held_back), "nothing is sent during the pause");
    advance(Duration::from_secs(30)).await;
    assert_eq!(once(&remotes, &crm(), Ok(1)).await, Ok(1));
}

#[tokio::test]
async fn used_up_budget_of_a_good_answer_pauses_the_next_call() {
    let server = Remote::start().await;
    let budget = |left: &str| {
        Reply::status(200).with_header("x-ratelimit-remaining", left).with_header("x-ratelimit-reset", "40")
    };
    let http = Http::new(Reach::Anywhere).unwrap();
    let remotes = Remotes::new(Limits::default());
    let ask = async || {
        remotes.call(&crm(), Repeat::Never, || http.get(&server.url("/x")).send()).await.map(|answer| answer.status())
    };
    server.serve("/x", budget("1"));
    assert_eq!(ask().await, Ok(200));
    server.serve("/x", budget("0"));
    assert_eq!(ask().await, Ok(200));
    let Err(CallError::Later { after: Some(after) }) = ask().await else { panic!("not held back") };
    assert!(after > Duration::from_secs(30) && after <= Duration::from_secs(40), "{after:?}");
    assert_eq!(server.seen("/x").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn memory_follows_the_trouble_and_not_the_number_of_tenants() {
    let remotes = Remotes::new(Limits::default());
    let tenant = |number| RemoteId::new("salesforce", Uuid::from_u128(number));
    for number in 0..3_000 {
        once(&remotes, &tenant(number), Ok(1)).await.unwrap();
    }
    assert_eq!(remotes.states(), []);
    for number in 0..3_000 {
        once(&remotes, &tenant(number), Err(LATER)).await.unwrap_err();
    }
    open(&remotes, &tenant(3_000)).await;
    assert_eq!(remotes.states().len(), 3_001);
    let mut changes = remotes.changes();
    changes.mark_unchanged();
    advance(Duration::from_mins(30)).await;
    assert_eq!(remotes.states(), [], "old trouble is forgotten");
    assert!(changes.has_changed().unwrap(), "and an open circuit does not go silently");
}
