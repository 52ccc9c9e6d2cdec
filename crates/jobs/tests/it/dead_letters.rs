//! Dead letters: found, replayed once, or discarded once.

use std::collections::BTreeSet;

use serde_json::json;
use socialai_domain::{
    dead_letters::{self as letters, Which},
    ids::{JobId, TenantId},
};
use socialai_jobs::{Context, Handlers, Trouble};
use socialai_queue::{
    dead_letters::{self, DeadLetter, Filter, Pace, RECORDS, State, Unreadable},
    jobs::INSTALLATION,
};
use socialai_testkit::lab::Lab;
use uuid::Uuid;

use crate::harness::{IMPATIENT, Running, Step, ask, count, do_it, doing, done, enqueue, step, system_tx, until_idle};

/// Steps below 100 fail, the odd ones for another reason.
fn failing() -> Handlers {
    doing(IMPATIENT, |step: Step, context: Context| async move {
        match step.number {
            number if number >= 100 => do_it(step, context).await,
            number if number % 2 == 1 => Err(Trouble::fail("odd", "odd numbers are not wanted")),
            _ => Err(Trouble::retry("even")),
        }
    })
}

/// Ten dead letters of each of two tenants.
async fn with_dead() -> (Lab, TenantId, TenantId) {
    let lab = Lab::own().await;
    let (one, other) = (lab.tenant().await.id, lab.tenant().await.id);
    let engine = Running::start(&lab.databases, failing(), Vec::new());
    for tenant in [one, other] {
        let steps: Vec<_> = (0..10).map(|number| step(format!("k{number}"), number)).collect();
        enqueue(&lab, tenant, &steps).await;
    }
    until_idle(&lab).await;
    engine.stop().await;
    (lab, one, other)
}

async fn list(lab: &Lab, filter: &Filter) -> Vec<DeadLetter> {
    dead_letters::list(system_tx(lab).await.engine(), filter, None, 100).await.unwrap()
}

async fn replay(lab: &Lab, filter: &Filter, ids: Option<&[Uuid]>, per_second: Option<f64>, limit: i64) -> Vec<Uuid> {
    let mut tx = system_tx(lab).await;
    let pace = per_second.and_then(Pace::new);
    let replayed = dead_letters::replay(tx.engine(), filter, ids, pace, limit, "ann").await.unwrap();
    tx.commit().await.unwrap();
    replayed
}

async fn discard(lab: &Lab, filter: &Filter, ids: Option<&[Uuid]>) -> Vec<Uuid> {
    let mut tx = system_tx(lab).await;
    let discarded = dead_letters::discard(tx.engine(), filter, ids, "of no use", "ann").await.unwrap();
    tx.commit().await.unwrap();
    discarded
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_found_by_every_filter_and_page_by_page() {
    let (lab, one, _) = with_dead().await;
    let of = |change: fn(Filter) -> Filter| change(Filter::default());
    assert_eq!(list(&lab, &Filter::default()).await.len(), 20);
    assert_eq!(list(&lab, &Filter { tenant: Some(one.0), ..Filter::default() }).await.len(), 10);
    assert_eq!(list(&lab, &of(|all| Filter { reason: Some("odd".into()), ..all })).await.len(), 10);
    assert_eq!(list(&lab, &of(|all| Filter { key: Some("k3".into()), ..all })).await.len(), 2);
    assert_eq!(list(&lab, &of(|all| Filter { kind: Some("tests.step".into()), ..all })).await.len(), 20);
    assert_eq!(list(&lab, &of(|all| Filter { kind: Some("tests.other".into()), ..all })).await.len(), 0);
    assert_eq!(list(&lab, &of(|all| Filter { queue: Some("elsewhere".into()), ..all })).await.len(), 0);
    assert_eq!(list(&lab, &of(|all| Filter { state: State::Replayed, ..all })).await.len(), 0);

    let all = list(&lab, &Filter::default()).await;
    let between = Filter { from: Some(all[15].died_at), until: Some(all[4].died_at), ..Filter::default() };
    assert_eq!(list(&lab, &between).await, all[5..=15]);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let mut tx = system_tx(&lab).await;
        let page = dead_letters::list(tx.engine(), &Filter::default(), after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.died_at, last.id));
        paged.extend(page);
    }
    assert_eq!(paged, all);

    let mut tx = system_tx(&lab).await;
    let counts = dead_letters::counts(tx.engine(), Some(one.0)).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|count| (count.reason.as_str(), count.count)).collect();
    assert_eq!(counts, [("gave_up", 5), ("odd", 5)]);
    let letter = &all[0];
    assert_eq!(dead_letters::get(tx.engine(), None, letter.id).await.unwrap().as_ref(), Some(letter));
    let stranger = Some(Uuid::new_v4());
    assert_eq!(dead_letters::get(tx.engine(), stranger, letter.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn replayed_job_is_done_under_a_new_id_and_replayed_once() {
    let (lab, one, _) = with_dead().await;
    let filter = Filter { tenant: Some(one.0), ..Filter::default() };
    let dead = list(&lab, &filter).await;
    // What was wrong is mended.
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    assert_eq!(replay(&lab, &filter, Some(&[dead[0].id]), None, 100).await, [dead[0].id]);
    assert!(replay(&lab, &filter, Some(&[dead[0].id]), None, 100).await.is_empty());
    until_idle(&lab).await;
    let kept = dead_letters::get(system_tx(&lab).await.engine(), None, dead[0].id).await.unwrap().unwrap();
    assert!(kept.replayed_at.is_some() && kept.replayed_as.is_some_and(|id| id != kept.id));
    assert_eq!((kept.settled_by.as_deref(), &kept.errors), (Some("ann"), &dead[0].errors));
    assert!(discard(&lab, &filter, Some(&[dead[0].id])).await.is_empty(), "it is settled already");
    assert_eq!(replay(&lab, &filter, None, None, 100).await.len(), 9, "all that are left");
    until_idle(&lab).await;
    engine.stop().await;
    let done = done(&lab).await;
    let numbers: BTreeSet<_> = done.iter().map(|step| step.number).collect();
    assert_eq!((done.len(), numbers.len()), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_replay_the_same_replay_it_once() {
    let (lab, ..) = with_dead().await;
    let all = Filter::default();
    let (a, b, c) = tokio::join!(
        replay(&lab, &all, None, None, 100),
        replay(&lab, &all, None, None, 100),
        discard(&lab, &all, None)
    );
    let rest = replay(&lab, &all, None, None, 100).await;
    let each: BTreeSet<_> = [&a, &b, &c, &rest].into_iter().flatten().copied().collect();
    assert_eq!(a.len() + b.len() + c.len() + rest.len(), 20);
    assert_eq!(each.len(), 20);
    assert_eq!(count(&lab, "delayed_jobs").await, i64::try_from(20 - c.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_is_spread_by_its_rate_oldest_first_up_to_its_limit() {
    let (lab, ..) = with_dead().await;
    let dead = list(&lab, &Filter::default()).await;
    let replayed = replay(&lab, &Filter::default(), None, Some(0.5), 5).await;
    assert_eq!(replayed, dead.iter().rev().take(5).map(|letter| letter.id).collect::<Vec<_>>());
    let pauses: Vec<f64> = sqlx::query_scalar(
        "select extract(epoch from due_at - lag(due_at) over (order by due_at))::float8 from system.delayed_jobs offset 1",
    )
    .fetch_all(&mut lab.owner().await)
    .await
    .unwrap();
    assert_eq!(pauses.len(), 4);
    assert!(pauses.iter().all(|pause| (1.9..2.1).contains(pause)), "{pauses:?}");
}

#[test]
fn pace_is_a_rate_between_a_hundredth_and_a_thousand() {
    for rate in [0.01, 5.0, 1000.0] {
        assert!(Pace::new(rate).is_some(), "{rate}");
    }
    for none in [0.0, -1.0, 0.001, 1000.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Pace::new(none), None, "{none}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replayed_job_that_fails_again_is_a_new_dead_letter() {
    let (lab, one, _) = with_dead().await;
    let filter = Filter { tenant: Some(one.0), key: Some("k1".into()), ..Filter::default() };
    let engine = Running::start(&lab.databases, failing(), Vec::new());
    assert_eq!(replay(&lab, &filter, None, None, 100).await.len(), 1);
    until_idle(&lab).await;
    engine.stop().await;
    let open = list(&lab, &filter).await;
    let settled = list(&lab, &Filter { state: State::Replayed, ..filter }).await;
    assert_eq!((open.len(), settled.len()), (1, 1));
    assert_eq!(settled[0].replayed_as, Some(open[0].id));
    assert_eq!((open[0].attempts, open[0].errors.as_array().unwrap().len()), (1, 1), "a history of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn discarded_letter_says_why_and_is_not_replayed() {
    let (lab, one, other) = with_dead().await;
    let odd = Filter { tenant: Some(one.0), reason: Some("odd".into()), ..Filter::default() };
    assert_eq!(discard(&lab, &odd, None).await.len(), 5);
    assert!(discard(&lab, &odd, None).await.is_empty());
    assert!(replay(&lab, &odd, None, None, 100).await.is_empty());
    let discarded = list(&lab, &Filter { state: State::Discarded, ..Filter::default() }).await;
    assert_eq!(discarded.len(), 5);
    for letter in discarded {
        assert_eq!((letter.discard_reason.as_deref(), letter.settled_by.as_deref()), (Some("of no use"), Some("ann")));
        assert!(letter.discarded_at.is_some() && letter.replayed_at.is_none());
    }
    assert_eq!(list(&lab, &Filter { tenant: Some(other.0), ..Filter::default() }).await.len(), 10);
    assert_eq!(ask::<i64>(&lab, "select count(*) from system.delayed_jobs").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_the_installation_are_replayed_or_discarded_too() {
    let lab = Lab::own().await;
    let engine = Running::start(&lab.databases, failing(), Vec::new());
    let mut tx = system_tx(&lab).await;
    for number in 0..2 {
        tx.enqueue(&step(format!("k{number}"), number)).unwrap();
    }
    tx.commit().await.unwrap();
    until_idle(&lab).await;
    engine.stop().await;
    let of_installation = Filter { tenant: Some(INSTALLATION), ..Filter::default() };
    let dead = list(&lab, &of_installation).await;
    assert_eq!(dead.len(), 2);
    let (one, other) = (JobId(dead[0].id), JobId(dead[1].id));

    let mut tx = system_tx(&lab).await;
    let which = Which::These(vec![one]);
    assert_eq!(letters::replay_of_installation(&mut tx, which.clone(), None).await.unwrap(), 1);
    assert_eq!(letters::replay_of_installation(&mut tx, which, None).await.unwrap(), 0, "it was replayed");
    let refused = letters::discard_of_installation(&mut tx, Which::These(vec![other]), " ").await.unwrap_err();
    assert_eq!(refused.problem().unwrap().errors[0].field, "reason");
    let all = Which::All(Filter::default());
    assert_eq!(letters::discard_of_installation(&mut tx, all, "of no use").await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(list(&lab, &of_installation).await, []);
    assert_eq!(count(&lab, "delayed_jobs").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_never_was_a_job_is_counted_and_discarded_but_not_replayed() {
    let lab = Lab::own().await;
    let mut tx = system_tx(&lab).await;
    let record = Unreadable {
        tenant: INSTALLATION,
        queue: RECORDS,
        kind: "tests.record".to_owned(),
        version: 1,
        key: "facts/0".to_owned(),
        payload: json!({ "value": "garbage" }),
        reason: "unreadable_fact",
        error: "it is no JSON".to_owned(),
        trace: None,
        at: tx.now(),
    };
    let now = tx.now();
    dead_letters::keep(tx.engine(), now, record).await.unwrap();
    assert_eq!(dead_letters::of_installation(tx.engine(), 10).await.unwrap(), 1);
    assert_eq!(letters::replay_of_installation(&mut tx, Which::All(Filter::default()), None).await.unwrap(), 0);
    let kept = dead_letters::list(tx.engine(), &Filter::default(), None, 10).await.unwrap();
    let which = Which::These(vec![JobId(kept[0].id)]);
    let refused = letters::replay_of_installation(&mut tx, which.clone(), None).await.unwrap_err();
    assert!(refused.problem().unwrap().errors[0].message.contains("no job"), "{refused}");
    assert_eq!(letters::discard_of_installation(&mut tx, which, "of no use").await.unwrap(), 1);
    assert_eq!(dead_letters::of_installation(tx.engine(), 10).await.unwrap(), 0);
}
