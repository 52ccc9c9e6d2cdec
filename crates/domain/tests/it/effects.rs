//! The effect ledger: wherever a process dies, the next one knows what it may do, and nothing is sent twice.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde_json::json;
use socialai_domain::{
    audit::Actor,
    effects::{self, Effect, Filter, Finding, Outcome, Plan, Standing, State},
    ids::{EffectId, TenantId},
    problems::{Code, Error},
    tenancy::TenantTx,
};
use socialai_testkit::lab::Lab;
use time::Duration;

/// Calls of these tests are over at once.
const OVER: Finding = Finding::DidNotTakePlace { calls_last: Duration::ZERO };

/// A remote system that drops nothing that comes twice.
#[derive(Default)]
struct Remote(Mutex<BTreeMap<String, usize>>);

impl Remote {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap()
    }

    fn call(&self, key: &str) {
        *self.calls().entry(key.to_owned()).or_default() += 1;
    }

    fn has_seen(&self, key: &str) -> bool {
        self.calls().contains_key(key)
    }
}

async fn tx(lab: &Lab, tenant: TenantId) -> TenantTx {
    lab.databases.tenant(tenant, Actor::system("test")).await.unwrap()
}

fn intention(key: &str) -> Plan {
    Plan {
        kind: "tests.post",
        remote: "tests.remote".into(),
        about_kind: "conversation",
        about_id: "c1".into(),
        idempotency_key: key.into(),
        request: json!({ "text": "hello" }),
    }
}

async fn planned(lab: &Lab, tenant: TenantId, key: &str) -> EffectId {
    let mut tx = tx(lab, tenant).await;
    let id = effects::plan(&mut tx, intention(key)).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn get(lab: &Lab, tenant: TenantId, id: EffectId) -> Effect {
    effects::get(&mut tx(lab, tenant).await, id).await.unwrap()
}

fn confirmed() -> Outcome {
    Outcome::Confirmed { remote_ids: json!({ "id": "r1" }), cost_micros: Some(12) }
}

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crash {
    BeforeTheTakingIsCommitted,
    AfterTheTakingIsCommitted,
    BeforeTheCall,
    AfterTheCall,
    BeforeTheRecordIsCommitted,
    Never,
}

const CRASHES: [Crash; 6] = [
    Crash::BeforeTheTakingIsCommitted,
    Crash::AfterTheTakingIsCommitted,
    Crash::BeforeTheCall,
    Crash::AfterTheCall,
    Crash::BeforeTheRecordIsCommitted,
    Crash::Never,
];

/// What a job does with an effect, until it ends or dies. True when nothing is left to do.
async fn work(lab: &Lab, tenant: TenantId, id: EffectId, remote: &Remote, crash: Crash) -> bool {
    let mut first = tx(lab, tenant).await;
    match effects::take(&mut first, id).await.unwrap() {
        Standing::Ended(_) => true,
        Standing::Unsettled(unsettled) => {
            let finding = if remote.has_seen(&unsettled.effect().idempotency_key) {
                Finding::TookPlace { remote_ids: json!({ "id": "r1" }) }
            } else {
                OVER
            };
            unsettled.settle(&mut first, finding).await.unwrap();
            if crash != Crash::BeforeTheRecordIsCommitted {
                first.commit().await.unwrap();
            }
            false
        }
        Standing::Ready(claimed) => {
            match crash {
                Crash::BeforeTheTakingIsCommitted => return false,
                Crash::AfterTheTakingIsCommitted => {
                    first.commit().await.unwrap();
                    return false;
                }
                _ => {}
            }
            let dispatched = claimed.dispatch(first).await.unwrap();
            if crash == Crash::BeforeTheCall {
                return false;
            }
            remote.call(dispatched.idempotency_key());
            if crash == Crash::AfterTheCall {
                return false;
            }
            let mut last = tx(lab, tenant).await;
            dispatched.record(&mut last, confirmed()).await.unwrap();
            if crash != Crash::BeforeTheRecordIsCommitted {
                last.commit().await.unwrap();
            }
            false
        }
    }
}

#[tokio::test]
async fn every_crash_leaves_the_standing_that_it_may_and_nothing_is_sent_twice() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let remote = Remote::default();
    for (crash, state, calls) in [
        (Crash::BeforeTheTakingIsCommitted, State::Planned, 0),
        (Crash::AfterTheTakingIsCommitted, State::Claimed, 0),
        (Crash::BeforeTheCall, State::Dispatched, 0),
        (Crash::AfterTheCall, State::Dispatched, 1),
        (Crash::BeforeTheRecordIsCommitted, State::Dispatched, 1),
        (Crash::Never, State::Confirmed, 1),
    ] {
        let key = format!("{crash:?}");
        let id = planned(&lab, tenant, &key).await;
        work(&lab, tenant, id, &remote, crash).await;
        assert_eq!(get(&lab, tenant, id).await.state, state, "{crash:?}");
        assert_eq!(remote.calls().get(&key).copied().unwrap_or(0), calls, "{crash:?}");
        let mut turns = 0;
        while !work(&lab, tenant, id, &remote, Crash::Never).await {
            turns += 1;
            assert!(turns < 5, "{crash:?} comes to no end");
        }
        assert_eq!((get(&lab, tenant, id).await.state, remote.calls()[&key]), (State::Confirmed, 1), "{crash:?}");
    }
}

#[tokio::test]
async fn any_row_of_crashes_ends_with_one_effect() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let remote = Remote::default();
    let mut random = SmallRng::seed_from_u64(4);
    for nth in 0..25 {
        let id = planned(&lab, tenant, &nth.to_string()).await;
        let mut history = Vec::new();
        for turn in 0.. {
            // Crashes come to an end, or the job would have none.
            let crash = if turn < 12 { CRASHES[random.random_range(0..CRASHES.len())] } else { Crash::Never };
            history.push(crash);
            if work(&lab, tenant, id, &remote, crash).await {
                break;
            }
        }
        assert_eq!(remote.calls()[&nth.to_string()], 1, "{history:?}");
    }
}

#[tokio::test]
async fn of_many_that_take_an_effect_one_may_send_it() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let id = planned(&lab, tenant, "once").await;
    let remote = Remote::default();
    let take = || async {
        let mut first = tx(&lab, tenant).await;
        let Standing::Ready(claimed) = effects::take(&mut first, id).await.unwrap() else { return false };
        let dispatched = claimed.dispatch(first).await.unwrap();
        remote.call(dispatched.idempotency_key());
        let mut last = tx(&lab, tenant).await;
        dispatched.record(&mut last, confirmed()).await.unwrap();
        last.commit().await.unwrap();
        true
    };
    let sent = futures::future::join_all((0..8).map(|_| take())).await;
    assert_eq!(sent.into_iter().filter(|sent| *sent).count(), 1);
    assert_eq!(remote.calls()["once"], 1);
}

#[tokio::test]
async fn planning_twice_is_planning_once() {
    let lab = Lab::shared().await;
    let (tenant, other) = (lab.tenant().await.id, lab.tenant().await.id);
    let id = planned(&lab, tenant, "same").await;
    assert_eq!(planned(&lab, tenant, "same").await, id);
    assert_ne!(planned(&lab, tenant, "different").await, id);
    assert_ne!(planned(&lab, other, "same").await, id, "of another tenant");
    let strange = effects::get(&mut tx(&lab, other).await, id).await.unwrap_err();
    assert!(matches!(strange, Error::Problem(problem) if problem.code == Code::NotFound));
}

#[tokio::test]
async fn claim_that_is_no_longer_the_newest_may_not_send() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let id = planned(&lab, tenant, "a").await;
    let mut first = tx(&lab, tenant).await;
    let Standing::Ready(old) = effects::take(&mut first, id).await.unwrap() else { panic!("it is ready") };
    first.commit().await.unwrap();
    let mut second = tx(&lab, tenant).await;
    let Standing::Ready(new) = effects::take(&mut second, id).await.unwrap() else { panic!("it is ready again") };
    second.commit().await.unwrap();
    assert!(matches!(old.dispatch(tx(&lab, tenant).await).await, Err(Error::LeaseLost)));
    new.dispatch(tx(&lab, tenant).await).await.unwrap();
    assert_eq!(get(&lab, tenant, id).await.state, State::Dispatched);
}

/// An effect that was sent and of which nothing was heard.
async fn dispatched(lab: &Lab, tenant: TenantId, key: &str) -> (EffectId, effects::Dispatched) {
    let id = planned(lab, tenant, key).await;
    let mut tx = tx(lab, tenant).await;
    let Standing::Ready(claimed) = effects::take(&mut tx, id).await.unwrap() else { panic!("it is ready") };
    (id, claimed.dispatch(tx).await.unwrap())
}

async fn settle(lab: &Lab, tenant: TenantId, id: EffectId, finding: Finding) -> Effect {
    let mut first = tx(lab, tenant).await;
    let Standing::Unsettled(unsettled) = effects::take(&mut first, id).await.unwrap() else { panic!("unsettled") };
    unsettled.settle(&mut first, finding).await.unwrap();
    first.commit().await.unwrap();
    get(lab, tenant, id).await
}

#[tokio::test]
async fn each_outcome_is_written_down() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let reason = || "because".to_owned();
    for (outcome, state) in [
        (confirmed(), State::Confirmed),
        (Outcome::NothingHappened { reason: reason() }, State::Planned),
        (Outcome::Refused { reason: reason() }, State::Failed),
        (Outcome::Unknown { reason: reason() }, State::Unknown),
    ] {
        let (id, sent) = dispatched(&lab, tenant, &format!("{state:?}")).await;
        lab.clock.advance(Duration::milliseconds(1500));
        let mut tx = tx(&lab, tenant).await;
        sent.record(&mut tx, outcome).await.unwrap();
        tx.commit().await.unwrap();
        let effect = get(&lab, tenant, id).await;
        assert_eq!((effect.state, effect.attempt), (state, 1));
        assert_eq!(effect.failure.as_deref(), (state != State::Confirmed).then_some("because"));
        assert_eq!(effect.ended_at.is_some(), matches!(state, State::Confirmed | State::Failed));
        if state == State::Confirmed {
            assert_eq!((effect.remote_ids, effect.cost_micros), (Some(json!({ "id": "r1" })), Some(12)));
            assert!((1500..10_000).contains(&effect.latency_ms.unwrap()), "{:?}", effect.latency_ms);
        }
    }
}

#[tokio::test]
async fn unknown_effect_is_settled_by_what_was_found() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let ids = json!({ "id": "found" });
    for (nth, finding, state) in [
        (0, Finding::TookPlace { remote_ids: ids.clone() }, State::Confirmed),
        (1, OVER, State::Planned),
        (2, Finding::KeyIsHonoured, State::Planned),
        (3, Finding::StillUnknown { reason: "no answer".into() }, State::Unknown),
        (4, Finding::GivenUp { reason: "ann said so".into() }, State::Failed),
    ] {
        let (id, _lost) = dispatched(&lab, tenant, &nth.to_string()).await;
        let effect = settle(&lab, tenant, id, finding).await;
        assert_eq!(effect.state, state);
        assert_eq!(effect.settle_tries, i32::from(state == State::Unknown));
        assert_eq!(effect.remote_ids, (state == State::Confirmed).then(|| ids.clone()));
    }
}

#[tokio::test]
async fn effect_that_stays_unknown_is_asked_for_again_and_never_sent() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let (id, _lost) = dispatched(&lab, tenant, "a").await;
    for tries in 1..=3 {
        let still = Finding::StillUnknown { reason: "no answer".into() };
        assert_eq!(settle(&lab, tenant, id, still).await.settle_tries, tries);
    }
    let effect = settle(&lab, tenant, id, Finding::TookPlace { remote_ids: json!({}) }).await;
    assert_eq!((effect.state, effect.attempt), (State::Confirmed, 1));
}

#[tokio::test]
async fn effect_that_is_not_there_is_sent_again_only_when_its_call_is_surely_over() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let (id, slow) = dispatched(&lab, tenant, "a").await;
    let absent = || Finding::DidNotTakePlace { calls_last: Duration::minutes(1) };
    lab.clock.advance(Duration::seconds(30));
    assert_eq!(settle(&lab, tenant, id, absent()).await.state, State::Unknown);
    lab.clock.advance(Duration::seconds(31));
    assert_eq!(settle(&lab, tenant, id, absent()).await.state, State::Planned);
    let late = slow.record(&mut tx(&lab, tenant).await, confirmed()).await;
    assert!(matches!(late, Err(Error::LeaseLost)), "it took longer than its calls may");
}

#[tokio::test]
async fn late_word_of_a_call_does_not_overwrite_what_was_settled() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    for finding in [Finding::GivenUp { reason: "ann said so".into() }, OVER] {
        let (id, sent) = dispatched(&lab, tenant, &format!("{finding:?}")).await;
        let settled = settle(&lab, tenant, id, finding).await;
        let late = sent.record(&mut tx(&lab, tenant).await, confirmed()).await;
        assert!(matches!(late, Err(Error::LeaseLost)));
        assert_eq!(get(&lab, tenant, id).await, settled);
    }
}

#[tokio::test]
async fn two_that_settle_the_same_effect_settle_it_once() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let (id, _lost) = dispatched(&lab, tenant, "a").await;
    let mut first = tx(&lab, tenant).await;
    let Standing::Unsettled(one) = effects::take(&mut first, id).await.unwrap() else { panic!("unsettled") };
    first.commit().await.unwrap();
    let mut second = tx(&lab, tenant).await;
    let Standing::Unsettled(other) = effects::take(&mut second, id).await.unwrap() else { panic!("unsettled") };
    other.settle(&mut second, OVER).await.unwrap();
    second.commit().await.unwrap();
    let mut late = tx(&lab, tenant).await;
    let refused = one.settle(&mut late, Finding::TookPlace { remote_ids: json!({}) }).await;
    assert!(matches!(refused, Err(Error::LeaseLost)));
}

#[tokio::test]
async fn cancelled_effect_is_never_sent() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let id = planned(&lab, tenant, "a").await;
    let mut first = tx(&lab, tenant).await;
    let Standing::Ready(claimed) = effects::take(&mut first, id).await.unwrap() else { panic!("it is ready") };
    claimed.cancel(&mut first, "the window is over").await.unwrap();
    first.commit().await.unwrap();
    let standing = effects::take(&mut tx(&lab, tenant).await, id).await.unwrap();
    let Standing::Ended(effect) = standing else { panic!("it has ended") };
    assert_eq!((effect.state, effect.failure.as_deref()), (State::Cancelled, Some("the window is over")));
}

#[tokio::test]
async fn effects_are_found_by_what_they_are_about() {
    let lab = Lab::shared().await;
    let tenant = lab.tenant().await.id;
    let mut first = tx(&lab, tenant).await;
    for (nth, about) in [("lead", "l1"), ("lead", "l2"), ("conversation", "c1")].into_iter().enumerate() {
        let (about_kind, about_id) = (about.0, about.1.to_owned());
        let plan = Plan { about_kind, about_id, ..intention(&nth.to_string()) };
        effects::plan(&mut first, plan).await.unwrap();
    }
    first.commit().await.unwrap();
    let found = async |filter: Filter, after, limit| {
        effects::list(&mut tx(&lab, tenant).await, &filter, after, limit).await.unwrap()
    };
    let leads = Filter { about_kind: Some("lead".into()), ..Filter::default() };
    let both = found(leads.clone(), None, 10).await;
    assert_eq!(both.len(), 2);
    let page = found(leads.clone(), None, 1).await;
    assert_eq!(found(leads, Some((page[0].planned_at, page[0].id)), 10).await, both[1..]);
    let one = Filter { about_id: Some("l2".into()), state: Some(State::Planned), ..Filter::default() };
    assert_eq!(found(one, None, 10).await.len(), 1);
    let none = Filter { kind: Some("tests.other".into()), ..Filter::default() };
    assert_eq!(found(none, None, 10).await, []);
}
