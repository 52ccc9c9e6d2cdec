//! Facts on PostgreSQL: every reader sees each one once and in order, and only what was committed.

use serde_json::json;
use socialai_domain::{
    dead_letters::{self as letters, Which},
    ids::TenantId,
};
use socialai_jobs::{Context, Handlers, facts as jobs_facts};
use socialai_queue::{
    dead_letters::{self, Filter},
    facts::{self, Fact, NewFact, Reader},
    jobs::NewJob,
};
use socialai_testkit::lab::Lab;
use time::Duration;

use crate::harness::{
    IMPATIENT, Running, Step, ask, count, do_it, doing, done, numbers, step, system_tx, tenant_tx, until, until_idle,
};

const SAID: &str = "tests.said";

async fn say(lab: &Lab, tenant: TenantId, key: &str, number: i64) {
    let mut tx = tenant_tx(lab, tenant).await;
    tx.publish(said(key, number));
    tx.commit().await.unwrap();
}

fn said(key: &str, number: i64) -> NewFact {
    NewFact::new(SAID, 1, key, json!({ "number": number }))
}

/// A step for each thing said, under the reader's own keys.
fn follow(fact: &Fact, who: &str) -> Vec<NewJob> {
    let number = fact.data["number"].as_i64().filter(|_| fact.kind == SAID);
    number.map(|number| NewJob::of(&step(format!("{who}/{}", fact.key), number)).unwrap()).into_iter().collect()
}

const FIRST: Reader = Reader { name: "tests.first", only_subscribed: false, jobs: |fact| follow(fact, "first") };
const SECOND: Reader = Reader { name: "tests.second", only_subscribed: false, jobs: |fact| follow(fact, "second") };
const CHOOSY: Reader = Reader { name: "tests.choosy", only_subscribed: true, jobs: |fact| follow(fact, "choosy") };

fn working() -> Handlers {
    doing(IMPATIENT, |step: Step, context: Context| do_it(step, context))
}

async fn until_begun(lab: &Lab, readers: i64) {
    until("the readers have begun", || async { count(lab, "readers").await == readers }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_sees_each_fact_once_and_in_order_with_two_engines() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engines = [0, 1].map(|_| Running::start(&lab.databases, working(), vec![FIRST, SECOND]));
    until_begun(&lab, 2).await;
    for number in 0..60 {
        let mut tx = tenant_tx(&lab, tenant.id).await;
        for key in ["a", "b", "c"] {
            tx.publish(said(key, number));
        }
        tx.commit().await.unwrap();
    }
    until("all is done", || async { done(&lab).await.len() >= 360 }).await;
    until_idle(&lab).await;
    for engine in engines {
        engine.stop().await;
    }
    let done = done(&lab).await;
    assert_eq!(done.len(), 360);
    for key in ["first/a", "first/b", "first/c", "second/a", "second/b", "second/c"] {
        assert_eq!(numbers(&done, key), (0..60).collect::<Vec<_>>(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_begins_later_begins_now() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, working(), Vec::new());
    say(&lab, tenant.id, "a", 1).await;
    until_idle(&lab).await;
    engine.stop().await;
    let engine = Running::start(&lab.databases, working(), vec![FIRST]);
    until_begun(&lab, 1).await;
    say(&lab, tenant.id, "a", 2).await;
    until("it was heard", || async { !done(&lab).await.is_empty() }).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("first/a", 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_was_away_goes_on_where_it_stopped() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, working(), vec![FIRST]);
    until_begun(&lab, 1).await;
    engine.stop().await;
    for number in 0..5 {
        say(&lab, tenant.id, "a", number).await;
    }
    let engine = Running::start(&lab.databases, working(), vec![FIRST]);
    until("all was heard", || async { done(&lab).await.len() >= 5 }).await;
    engine.stop().await;
    assert_eq!(numbers(&done(&lab).await, "first/a"), (0..5).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_of_subscribers_is_spared_the_facts_of_others() {
    const IS_READ: &str = "select position >= (select max(position) from system.facts where kind = 'tests.said')
        and (select count(*) from system.facts where kind = 'tests.said') = 3 from system.readers";
    let lab = Lab::own().await;
    let (wants, does_not) = (lab.tenant().await, lab.tenant().await);
    let mut tx = tenant_tx(&lab, wants.id).await;
    tx.subscribe(CHOOSY.name, true).await.unwrap();
    tx.commit().await.unwrap();
    let engine = Running::start(&lab.databases, working(), vec![CHOOSY]);
    until_begun(&lab, 1).await;
    say(&lab, does_not.id, "a", 1).await;
    say(&lab, wants.id, "a", 2).await;
    until("it was heard", || async { !done(&lab).await.is_empty() }).await;
    let mut tx = tenant_tx(&lab, wants.id).await;
    tx.subscribe(CHOOSY.name, false).await.unwrap();
    tx.publish(said("a", 3));
    tx.commit().await.unwrap();
    until("the last was read", || ask(&lab, IS_READ)).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("choosy/a", 2)]);
}

/// Panics on one number; of another makes a job, together with one that is sound, whose key no lane may have.
fn follow_with_trouble(fact: &Fact) -> Vec<NewJob> {
    let mut jobs = follow(fact, "troubled");
    match fact.data["number"].as_i64().filter(|_| fact.kind == SAID) {
        Some(3) => panic!("three is too many"),
        Some(5) => jobs.extend(follow(fact, &"x".repeat(200))),
        _ => {}
    }
    jobs
}

const TROUBLED: Reader = Reader { name: "tests.troubled", only_subscribed: false, jobs: follow_with_trouble };

#[tokio::test(flavor = "multi_thread")]
async fn fact_that_breaks_its_reader_is_kept_and_holds_up_nothing() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, working(), vec![TROUBLED, FIRST]);
    until_begun(&lab, 2).await;
    // All in one page, and then one on its own.
    let mut tx = tenant_tx(&lab, tenant.id).await;
    for number in 0..8 {
        tx.publish(said("a", number));
    }
    tx.commit().await.unwrap();
    until("what is behind them is done", || async { numbers(&done(&lab).await, "troubled/a").contains(&7) }).await;
    say(&lab, tenant.id, "a", 3).await;
    say(&lab, tenant.id, "a", 8).await;
    until("what is behind it is done", || async { numbers(&done(&lab).await, "troubled/a").contains(&8) }).await;
    until("others read all", || async { numbers(&done(&lab).await, "first/a").len() == 10 }).await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(numbers(&done(&lab).await, "troubled/a"), [0, 1, 2, 4, 6, 7, 8]);
    let mut tx = system_tx(&lab).await;
    let mut letters = dead_letters::list(tx.engine(), &Filter::default(), None, 10).await.unwrap();
    letters.sort_by_key(|letter| letter.payload["fact"]["position"].as_i64());
    let told = letters.iter().map(|letter| {
        let number = letter.payload["fact"]["data"]["number"].as_i64().unwrap();
        (number, letter.reason.as_str(), letter.tenant_id, letter.payload["reader"].as_str())
    });
    let expected = [3, 5, 3].map(|number| (number, "unreadable_fact", tenant.id.0, Some(TROUBLED.name)));
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(letters[0].errors[0]["error"], "the reader panicked: three is too many");
    assert!(letters[1].errors[0]["error"].as_str().unwrap().contains("lanes_key_check"), "{:?}", letters[1].errors);
}

/// Replays the open letters of a tenant with these readers, and stops when nothing is left to do.
async fn replay(lab: &Lab, tenant: TenantId, readers: Vec<Reader>) -> usize {
    let engine = Running::start(&lab.databases, jobs_facts::handlers(working(), readers), Vec::new());
    let mut tx = tenant_tx(lab, tenant).await;
    let replayed = letters::replay(&mut tx, Which::All(Filter::default()), None).await.unwrap();
    tx.commit().await.unwrap();
    until_idle(lab).await;
    engine.stop().await;
    replayed
}

#[tokio::test(flavor = "multi_thread")]
async fn fact_that_broke_its_reader_is_read_again_by_a_replay() {
    const MENDED: Reader = Reader { jobs: |fact| follow(fact, "mended"), ..TROUBLED };
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let engine = Running::start(&lab.databases, working(), vec![TROUBLED]);
    until_begun(&lab, 1).await;
    say(&lab, tenant.id, "a", 3).await;
    until("it is kept", || async { count(&lab, "dead_letters").await == 1 }).await;
    engine.stop().await;

    assert_eq!(replay(&lab, tenant.id, vec![TROUBLED]).await, 1);
    let reasons = "select string_agg(reason, ' ') from system.dead_letters where replayed_at is null";
    assert_eq!(ask::<String>(&lab, reasons).await, "unreadable_fact", "it broke again");
    assert_eq!(replay(&lab, tenant.id, vec![FIRST]).await, 1);
    assert_eq!(ask::<String>(&lab, reasons).await, "unknown_reader");
    assert_eq!(done(&lab).await, []);
    assert_eq!(replay(&lab, tenant.id, vec![FIRST, MENDED]).await, 1);
    assert_eq!(done(&lab).await, [step("mended/a", 3)]);
    assert_eq!(replay(&lab, tenant.id, vec![FIRST, MENDED]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fact_of_a_transaction_that_was_given_up_does_not_exist() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let mut tx = tenant_tx(&lab, tenant.id).await;
    tx.publish(said("a", 1));
    tx.rollback().await.unwrap();
    let mut tx = tenant_tx(&lab, tenant.id).await;
    tx.publish(said("a", 2));
    drop(tx);
    assert_eq!((count(&lab, "outbox").await, count(&lab, "facts").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_one_transaction_keep_their_order_and_positions_rise() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let mut tx = tenant_tx(&lab, tenant.id).await;
    for number in 0..50 {
        tx.publish(said("a", number));
    }
    tx.commit().await.unwrap();
    let mut tx = system_tx(&lab).await;
    // In several bites, as a large backlog is.
    while facts::place(tx.engine(), 7).await.unwrap() > 0 {}
    let page = facts::read(tx.engine(), "anybody", 0, 100).await.unwrap();
    assert_eq!(
        page.iter().map(|fact| fact.data["number"].as_i64().unwrap()).collect::<Vec<_>>(),
        (0..50).collect::<Vec<_>>()
    );
    assert!(page.is_sorted_by(|one, next| one.position < next.position));
    assert_eq!(facts::newest(tx.engine()).await.unwrap(), page[49].position);
    assert_eq!(facts::read_of(tx.engine(), tenant.id.0, page[47].position, 100).await.unwrap(), page[48..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_rise_also_when_the_clock_was_set_back() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let ahead =
        "update system.fact_head set position = extract(epoch from clock_timestamp() + interval '1 day') * 1000000";
    crate::harness::tamper(&lab, ahead).await;
    let head: i64 = ask(&lab, "select position from system.fact_head").await;
    say(&lab, tenant.id, "a", 1).await;
    let mut tx = system_tx(&lab).await;
    assert_eq!(facts::place(tx.engine(), 10).await.unwrap(), 1);
    assert_eq!(facts::newest(tx.engine()).await.unwrap(), head + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_facts_go_when_every_reader_has_read_them() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let mut tx = system_tx(&lab).await;
    for reader in [FIRST, SECOND] {
        assert!(facts::take_place(tx.engine(), reader.name).await.unwrap().is_some());
    }
    tx.commit().await.unwrap();
    for number in 0..4 {
        say(&lab, tenant.id, "a", number).await;
    }
    let mut tx = system_tx(&lab).await;
    facts::place(tx.engine(), 10).await.unwrap();
    let placed = facts::read(tx.engine(), "anybody", 0, 10).await.unwrap();
    let in_an_hour = tx.now() + Duration::HOUR;
    assert_eq!(facts::sweep(tx.engine(), in_an_hour).await.unwrap(), 0, "nobody has read anything");
    facts::move_place(tx.engine(), FIRST.name, placed[3].position).await.unwrap();
    facts::move_place(tx.engine(), SECOND.name, placed[1].position).await.unwrap();
    assert_eq!(facts::lag(tx.engine(), 100).await.unwrap(), 2, "of the slowest");
    let before_all = placed[0].at;
    assert_eq!(facts::sweep(tx.engine(), before_all).await.unwrap(), 0, "they are not old enough");
    assert_eq!(facts::sweep(tx.engine(), in_an_hour).await.unwrap(), 2);
    assert_eq!(facts::read(tx.engine(), "anybody", 0, 10).await.unwrap(), placed[2..]);
}
