//! What people and autoscalers are told of what waits.

use socialai_queue::{
    jobs::{self, NewJob, Queue},
    write::{self, Addressed},
};
use socialai_testkit::lab::Lab;
use uuid::Uuid;

use crate::harness::{TESTS, step, system_tx, tamper};

const OTHERS: Queue = Queue("others");

#[tokio::test]
async fn oldest_job_is_told_however_many_wait() {
    let lab = Lab::own().await;
    let job = |queue, key| {
        let job = NewJob::of(&step(key, 0)).unwrap();
        Addressed { tenant: Uuid::from_u128(1), job: NewJob { queue, ..job }, trace: None }
    };
    let mut tx = system_tx(&lab).await;
    let many = (0..40).map(|nth| job(TESTS, format!("k{nth}"))).chain((0..4).map(|nth| job(OTHERS, format!("k{nth}"))));
    write::all(tx.engine(), many.collect()).await.unwrap();
    tx.commit().await.unwrap();
    tamper(
        &lab,
        "update system.jobs set enqueued_at = enqueued_at - interval '1 hour' where queue = 'tests' and key = 'k33'",
    )
    .await;
    tamper(
        &lab,
        "update system.jobs set enqueued_at = enqueued_at - interval '1 minute' where queue = 'others' and key = 'k2'",
    )
    .await;
    let mut tx = system_tx(&lab).await;
    let backlog = jobs::backlog(tx.engine(), 10).await.unwrap();
    let told: Vec<_> = backlog.iter().map(|of| (of.queue.as_str(), of.jobs)).collect();
    assert_eq!(told, [("others", 4), ("tests", 10)], "no further than it was told to");
    let [others, tests] = [backlog[0].oldest_seconds, backlog[1].oldest_seconds];
    assert!((60.0..3600.0).contains(&others), "{others}");
    assert!((3600.0..7200.0).contains(&tests), "{tests}");
}
