//! What a claim costs must not depend on how much there is to do, nor on what the server knew of the tables when it made
//! its plan.

use socialai_domain::{audit::Actor, tenancy::SystemTx};
use socialai_queue::jobs::{self, Addressed, INSTALLATION, NewJob, Speed, Wanted};
use socialai_testkit::lab::Lab;
use uuid::Uuid;

use crate::harness::{TESTS, step};

const LANES_WANTED: i32 = 6;

async fn claim(tx: &mut SystemTx) -> usize {
    let wanted = Wanted {
        queue: TESTS,
        speed: Speed::Standard,
        worker: Uuid::new_v4(),
        lanes: LANES_WANTED,
        jobs_per_lane: 10,
        lanes_per_tenant: 100,
        busy: Vec::new(),
        after: Uuid::nil(),
    };
    jobs::claim(tx.engine(), &wanted).await.unwrap().len()
}

async fn fill(tx: &mut SystemTx, keys: std::ops::Range<usize>) {
    let addressed = keys.map(|key| {
        let job = NewJob::of(&step(key.to_string(), 0)).unwrap();
        Addressed { tenant: INSTALLATION, job, trace: None }
    });
    jobs::write_all(tx.engine(), addressed.collect()).await.unwrap();
}

/// Rows of lanes that this transaction has read, one by one or through an index.
async fn lanes_read(tx: &mut SystemTx) -> i64 {
    let read = "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
        from pg_stat_xact_user_tables where schemaname = 'system' and relname = 'lanes'";
    sqlx::query_scalar(read).fetch_one(tx.engine()).await.unwrap()
}

#[tokio::test]
async fn claim_looks_at_few_lanes_however_many_there_are_and_whenever_it_was_planned() {
    let lab = Lab::own().await;
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    // The plan is made while there is next to nothing, and kept.
    fill(&mut tx, 0..2).await;
    assert_eq!(claim(&mut tx).await, 2);
    fill(&mut tx, 2..5_000).await;
    let before = lanes_read(&mut tx).await;
    assert_eq!(claim(&mut tx).await, 6);
    let read = lanes_read(&mut tx).await - before;
    assert!((1..100).contains(&read), "{read} lanes were read for {LANES_WANTED}");
}
