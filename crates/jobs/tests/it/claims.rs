//! What a claim costs must not depend on how much there is to do, nor on what the server knew of the tables when it made
//! its plan.

use socialai_domain::{audit::Actor, tenancy::SystemTx};
use socialai_queue::{
    jobs::{self, NewJob, OfSpeed, Speed, Wanted},
    write::{self, Addressed},
};
use socialai_testkit::lab::Lab;
use sqlx::Executor;
use uuid::Uuid;

use crate::harness::{TESTS, step};

const LANES_WANTED: i32 = 6;
const TENANTS: u128 = 10;

async fn claim(tx: &mut SystemTx, together: i32) -> usize {
    let wanted = Wanted {
        queue: TESTS,
        worker: Uuid::new_v4(),
        lanes: LANES_WANTED,
        by_speed: vec![OfSpeed { speed: Speed::Standard, lanes: LANES_WANTED, after: Uuid::nil() }],
        jobs_per_lane: 10,
        lanes_per_tenant: 100,
        busy: Vec::new(),
        together,
        tenants: 64,
    };
    jobs::claim(tx.engine(), &wanted).await.unwrap().len()
}

/// Lanes of each tenant, all of one speed.
async fn fill(tx: &mut SystemTx, speed: Speed, keys: std::ops::Range<usize>) {
    let of_tenant = |tenant| {
        keys.clone().map(move |key| {
            let job = NewJob::of(&step(format!("{}/{key}", speed.name()), 0)).unwrap();
            Addressed { tenant: Uuid::from_u128(tenant), job: NewJob { speed, ..job }, trace: None }
        })
    };
    write::all(tx.engine(), (1..=TENANTS).flat_map(of_tenant).collect()).await.unwrap();
}

/// Rows of lanes that this transaction has read, one by one or through an index.
async fn lanes_read(tx: &mut SystemTx) -> i64 {
    let read = "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
        from pg_stat_xact_user_tables where schemaname = 'system' and relname = 'lanes'";
    sqlx::query_scalar(read).fetch_one(tx.engine()).await.unwrap()
}

/// The plan is made while there is next to nothing, and kept. `was_full`: the tables were large before, and the server knows
/// that they are not any more.
async fn looks_at_few_lanes(was_full: bool, together: i32) {
    let lab = Lab::own().await;
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    if was_full {
        fill(&mut tx, Speed::Standard, 0..400).await;
        tx.engine().execute("delete from system.lanes; delete from system.jobs").await.unwrap();
    }
    fill(&mut tx, Speed::Standard, 0..1).await;
    tx.commit().await.unwrap();
    if was_full {
        lab.owner().await.execute("vacuum analyze system.lanes").await.unwrap();
    }
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    assert_eq!(claim(&mut tx, together).await, 6);
    fill(&mut tx, Speed::Standard, 1..400).await;
    fill(&mut tx, Speed::Fast, 0..400).await;
    let before = lanes_read(&mut tx).await;
    assert_eq!(claim(&mut tx, together).await, 6);
    let read = lanes_read(&mut tx).await - before;
    assert!((1..150).contains(&read), "{read} lanes were read for {LANES_WANTED}");
}

#[tokio::test]
async fn claim_looks_at_few_lanes_when_nothing_was_known_of_the_tables() {
    looks_at_few_lanes(false, 1).await;
    looks_at_few_lanes(false, 8).await;
}

#[tokio::test]
async fn claim_looks_at_few_lanes_when_the_tables_were_known_to_be_small() {
    looks_at_few_lanes(true, 1).await;
    looks_at_few_lanes(true, 8).await;
}
