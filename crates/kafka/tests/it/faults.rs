//! Refusals that a healthy broker does not make, from librdkafka's mock cluster; and a database that refuses.

use rdkafka::{
    mocking::MockCluster,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};
use socialai_queue::facts::Reader;
use socialai_testkit::lab::Lab;
use sqlx::Executor;

use crate::rig::{
    COUNTING, Process, Rig, assert_each_once, follow, gauge, metrics, publish, refuse_jobs, relay_place, settings,
    wait_for, wait_for_jobs,
};

#[tokio::test(flavor = "multi_thread")]
async fn refused_requests_are_made_again_in_order() {
    let cluster = MockCluster::new(3).unwrap();
    let settings = settings(&cluster.bootstrap_servers());
    cluster.create_topic(&format!("{}.facts", settings.prefix), 3, 3).unwrap();
    cluster.create_topic(&format!("{}.ingest", settings.prefix), 3, 3).unwrap();
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let process = Process::carrying(&lab.databases, &settings, &[COUNTING]);
    wait_for("the relay's place", async || relay_place(&lab.databases, None).await).await;
    for (round, error) in [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
    ]
    .into_iter()
    .enumerate()
    {
        cluster.request_errors(RDKafkaApiKey::Produce, &[error; 3]);
        cluster.request_errors(RDKafkaApiKey::Fetch, &[error; 2]);
        let start = u32::try_from(round).unwrap() * 50;
        publish(&lab.databases, &tenant, "test.numbered", start..start + 50, 9).await;
        wait_for_jobs(&lab.databases, None, round * 50 + 50).await;
    }
    let jobs = wait_for_jobs(&lab.databases, None, 150).await;
    assert_each_once(&jobs, &tenant, 150, 9);
    process.stop().await;
}

/// A refusal for good breaks the producer; the relay goes on with a new one, from the same place.
#[tokio::test(flavor = "multi_thread")]
async fn relay_begins_anew_after_a_refusal_for_good() {
    let cluster = MockCluster::new(1).unwrap();
    let settings = settings(&cluster.bootstrap_servers());
    cluster.create_topic(&format!("{}.facts", settings.prefix), 3, 1).unwrap();
    cluster.create_topic(&format!("{}.ingest", settings.prefix), 3, 1).unwrap();
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let process = Process::carrying(&lab.databases, &settings, &[COUNTING]);
    wait_for("the relay's place", async || relay_place(&lab.databases, None).await).await;
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 2]);
    publish(&lab.databases, &tenant, "test.numbered", 0..40, 9).await;
    let jobs = wait_for_jobs(&lab.databases, None, 40).await;
    assert_each_once(&jobs, &tenant, 40, 9);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_counts_what_has_no_jobs_yet() {
    metrics();
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let lagging = Reader { name: "lagging", only_subscribed: false, jobs: follow };
    let process = rig.carrying(&[lagging]).await;
    wait_for("no lag", async || gauge("kafka_consumer_lag", "lagging").filter(|lag| *lag == 0)).await;
    let mut owner = rig.lab.owner().await;
    refuse_jobs(&mut owner).await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 0..30, 7).await;
    wait_for("a lag of 30", async || gauge("kafka_consumer_lag", "lagging").filter(|lag| *lag == 30)).await;
    owner.execute("drop trigger refuse on system.jobs").await.unwrap();
    let jobs = wait_for_jobs(&rig.lab.databases, None, 30).await;
    assert_each_once(&jobs, &tenant, 30, 7);
    wait_for("no lag", async || gauge("kafka_consumer_lag", "lagging").filter(|lag| *lag == 0)).await;
    process.stop().await;
}
