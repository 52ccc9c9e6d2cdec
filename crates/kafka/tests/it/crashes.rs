//! The broker, the relay and the cluster's data go away in the middle.

use socialai_domain::audit::Actor;
use socialai_testkit::{kafka::Broker, lab::Lab};

use crate::rig::{
    COUNTING, Process, Rig, assert_each_once, jobs, publish, records_of, relay_place, settings, wait_for, wait_for_jobs,
};

#[tokio::test(flavor = "multi_thread")]
async fn broker_killed_in_the_middle_loses_nothing_and_doubles_nothing() {
    let mut rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    let databases = rig.lab.databases.clone();
    let telling = async {
        for start in (0..600).step_by(10) {
            publish(&databases, &tenant, "test.numbered", start..start + 10, 11).await;
        }
    };
    let killing = async {
        for round in 1..=4 {
            wait_for_jobs(&databases, None, round * 100).await;
            rig.broker.kill();
            rig.broker.start_again().await;
        }
    };
    tokio::join!(telling, killing);
    let jobs = wait_for_jobs(&databases, None, 600).await;
    assert_each_once(&jobs, &tenant, 600, 11);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_that_is_away_at_the_start_is_waited_for() {
    let mut broker = Broker::absent();
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let process = Process::carrying(&lab.databases, &settings(&broker.address()), &[COUNTING]);
    broker.start_again().await;
    wait_for("the relay's place", async || relay_place(&lab.databases, None).await).await;
    publish(&lab.databases, &tenant, "test.numbered", 0..10, 3).await;
    let jobs = wait_for_jobs(&lab.databases, None, 10).await;
    assert_each_once(&jobs, &tenant, 10, 3);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_stops_also_while_the_broker_is_away() {
    let mut rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 0..10, 3).await;
    wait_for_jobs(&rig.lab.databases, None, 10).await;
    rig.broker.kill();
    publish(&rig.lab.databases, &tenant, "test.numbered", 10..20, 3).await;
    process.stop().await;
    rig.broker.start_again().await;
    let process = Process::carrying(&rig.lab.databases, &rig.settings, &[COUNTING]);
    let jobs = wait_for_jobs(&rig.lab.databases, None, 20).await;
    assert_each_once(&jobs, &tenant, 20, 3);
    process.stop().await;
}

/// The relay dies between the acknowledgement and its commit: its place is still where it was.
#[tokio::test(flavor = "multi_thread")]
async fn facts_that_a_relay_sends_twice_have_their_jobs_once() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let databases = &rig.lab.databases;
    let process = rig.carrying(&[COUNTING]).await;
    let before = relay_place(databases, None).await.unwrap();
    publish(databases, &tenant, "test.numbered", 0..50, 7).await;
    wait_for_jobs(databases, None, 50).await;
    process.stop().await;
    let sent = records_of(&rig).await;

    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    socialai_queue::facts::move_place(tx.engine(), "kafka", before).await.unwrap();
    tx.commit().await.unwrap();
    let process = Process::carrying(databases, &rig.settings, &[COUNTING]);
    publish(databases, &tenant, "test.numbered", 50..60, 7).await;
    let found = wait_for_jobs(databases, None, 60).await;
    assert_each_once(&found, &tenant, 60, 7);
    assert_eq!(records_of(&rig).await, 2 * sent + 10, "all of it was sent again");
    process.stop().await;
    assert_eq!(jobs(databases, None).await.len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_that_was_lost_is_read_from_its_new_beginning() {
    let mut rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 0..60, 6).await;
    wait_for_jobs(&rig.lab.databases, None, 60).await;
    process.stop().await;
    rig.broker.kill();
    rig.broker.start_empty().await;
    let process = Process::carrying(&rig.lab.databases, &rig.settings, &[COUNTING]);
    publish(&rig.lab.databases, &tenant, "test.numbered", 60..72, 6).await;
    let jobs = wait_for_jobs(&rig.lab.databases, None, 72).await;
    assert_each_once(&jobs, &tenant, 72, 6);
    process.stop().await;
}
