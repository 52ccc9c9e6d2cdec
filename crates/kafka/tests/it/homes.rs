//! Tenants live in several databases; their jobs land where they live, each once, whatever happens in between.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use socialai_domain::{
    audit::Actor,
    tenants::{Home, Tenant, relocate},
};
use socialai_queue::facts::{NewFact, Reader};
use socialai_testkit::lab::admin;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::rig::{
    COUNTING, Process, Rig, assert_each_once, follow, gauge, give_place, jobs, metrics, numbers, publish, records_of,
    refuse_jobs, shard, tell, wait_for, wait_for_jobs,
};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_land_where_their_tenant_lives() {
    let rig = Rig::with_shards(&["east", "west"]).await;
    let databases = &rig.lab.databases;
    let here = rig.lab.tenant().await;
    let apart = rig.lab.tenant_in(Home::Schema).await;
    let east = rig.lab.tenant_in(shard("east")).await;
    let west = rig.lab.tenant_in(shard("west")).await;
    let process = rig.carrying(&[COUNTING]).await;
    for start in (0..200).step_by(10) {
        for tenant in [&here, &apart, &east, &west] {
            publish(databases, tenant, "test.numbered", start..start + 10, 5).await;
        }
    }
    let in_control = wait_for_jobs(databases, None, 400).await;
    assert_each_once(&in_control, &here, 200, 5);
    assert_each_once(&in_control, &apart, 200, 5);
    assert_each_once(&wait_for_jobs(databases, Some("east"), 200).await, &east, 200, 5);
    assert_each_once(&wait_for_jobs(databases, Some("west"), 200).await, &west, 200, 5);
    process.stop().await;
    let counts = [jobs(databases, None).await.len(), jobs(databases, Some("east")).await.len()];
    assert_eq!(counts, [400, 200]);
}

/// Lets the control database refuse to move a reader's place, after the shards have theirs, and count how often. A
/// sequence counts also what is rolled back.
async fn refuse_in_control(rig: &Rig) -> PgConnection {
    let mut owner = rig.lab.owner().await;
    owner
        .execute(
            "create sequence system.refusals;
             grant usage on sequence system.refusals to socialai_app;
             create function system.refuse() returns trigger language plpgsql as $$
             begin perform nextval('system.refusals'); raise exception 'refused'; end $$;
             create trigger refuse before update of seen on system.topic_offsets
             for each row execute function system.refuse()",
        )
        .await
        .unwrap();
    owner
}

async fn wait_for_refusals(owner: &mut PgConnection, count: i64) {
    let owner = tokio::sync::Mutex::new(owner);
    wait_for("refusals", async || {
        let mut owner = owner.lock().await;
        let refused: i64 =
            sqlx::query_scalar("select case when is_called then last_value else 0 end from system.refusals")
                .fetch_one(&mut **owner)
                .await
                .unwrap();
        (refused >= count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_after_the_commit_of_a_shard_doubles_nothing() {
    let rig = Rig::with_shards(&["east"]).await;
    let databases = &rig.lab.databases;
    let (here, east) = (rig.lab.tenant().await, rig.lab.tenant_in(shard("east")).await);
    let process = rig.carrying(&[COUNTING]).await;
    let mut owner = refuse_in_control(&rig).await;
    for start in (0..30).step_by(10) {
        publish(databases, &east, "test.numbered", start..start + 10, 5).await;
        publish(databases, &here, "test.numbered", start..start + 10, 5).await;
    }
    // The shard is ahead with a batch at least: the first facts of all are its tenant's. How many batches there are, and how
    // long, depends on where the keys lie and on the moment.
    wait_for_jobs(databases, Some("east"), 1).await;
    wait_for_refusals(&mut owner, 6).await;
    process.stop().await;
    assert_eq!(jobs(databases, None).await, []);

    owner.execute("drop trigger refuse on system.topic_offsets").await.unwrap();
    let process = Process::carrying(databases, &rig.settings, &[COUNTING]);
    publish(databases, &east, "test.numbered", 30..40, 5).await;
    assert_each_once(&wait_for_jobs(databases, None, 30).await, &here, 30, 5);
    assert_each_once(&wait_for_jobs(databases, Some("east"), 40).await, &east, 40, 5);
    process.stop().await;
}

/// As a move leaves it: registered and resident in the control database, gone from the shard.
async fn move_to_control(rig: &Rig, tenant: &Tenant) {
    let mut control = rig.lab.owner().await;
    let registered = "update system.tenants set tier = 'shared', shard = null, home_schema = 'shared' where id = $1";
    sqlx::query(registered).bind(tenant.id.0).execute(&mut control).await.unwrap();
    let resident = "insert into system.residents (tenant_id, home_schema) values ($1, 'shared')";
    sqlx::query(resident).bind(tenant.id.0).execute(&mut control).await.unwrap();
    let mut left = PgConnection::connect_with(&rig.lab.endpoints[1].owner).await.unwrap();
    sqlx::query("delete from system.residents where tenant_id = $1")
        .bind(tenant.id.0)
        .execute(&mut left)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_moved_before_the_second_try_has_its_jobs_once() {
    let rig = Rig::with_shards(&["east"]).await;
    let databases = &rig.lab.databases;
    let (moving, staying) = (rig.lab.tenant_in(shard("east")).await, rig.lab.tenant_in(shard("east")).await);
    let process = rig.carrying(&[COUNTING]).await;
    let mut owner = refuse_in_control(&rig).await;
    publish(databases, &moving, "test.numbered", 0..20, 5).await;
    publish(databases, &staying, "test.numbered", 0..20, 5).await;
    let of_moving =
        async || jobs(databases, Some("east")).await.iter().filter(|job| job.tenant_id == moving.id.0).count();
    wait_for("the shard to be ahead", async || (of_moving().await > 0).then_some(())).await;
    wait_for_refusals(&mut owner, 3).await;
    move_to_control(&rig, &moving).await;
    databases.forget_place(moving.id).await;
    let read_before = of_moving().await;
    owner.execute("drop trigger refuse on system.topic_offsets").await.unwrap();
    publish(databases, &moving, "test.numbered", 20..30, 5).await;

    let in_control = wait_for_jobs(databases, None, 30 - read_before).await;
    let in_east = wait_for_jobs(databases, Some("east"), 20 + read_before).await;
    process.stop().await;
    assert_each_once(&in_east, &staying, 20, 5);
    let mut all: Vec<_> = in_east.iter().chain(&in_control).filter(|job| job.tenant_id == moving.id.0).collect();
    all.sort_by_key(|job| job.payload["n"].as_u64());
    assert!(all.iter().map(|job| job.payload["n"].as_u64()).eq((0..30).map(Some)), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn process_that_believes_a_tenant_elsewhere_looks_again() {
    let rig = Rig::with_shards(&["east"]).await;
    let tenant = rig.lab.tenant_in(shard("east")).await;
    let other = rig.lab.again().await;
    let process = Process::carrying(&other.databases, &rig.settings, &[COUNTING]);
    rig.ready().await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 0..5, 1).await;
    wait_for_jobs(&rig.lab.databases, Some("east"), 5).await;
    move_to_control(&rig, &tenant).await;
    rig.lab.databases.forget_place(tenant.id).await;
    publish(&rig.lab.databases, &tenant, "test.numbered", 5..10, 1).await;
    let in_control = wait_for_jobs(&rig.lab.databases, None, 5).await;
    assert_eq!(in_control.len(), 5);
    assert_eq!(jobs(&rig.lab.databases, Some("east")).await.len(), 5);
    process.stop().await;
}

/// As a move leaves it that died in its last step.
async fn set_door(rig: &Rig, database: usize, tenant: &Tenant, open: bool) {
    let mut owner = PgConnection::connect_with(&rig.lab.endpoints[database].owner).await.unwrap();
    let set = sqlx::query("update system.residents set open = $2 where tenant_id = $1");
    let done = set.bind(tenant.id.0).bind(open).execute(&mut owner).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
}

async fn parked(rig: &Rig) -> i64 {
    let mut tx = rig.lab.databases.system(Actor::system("test")).await.unwrap();
    let count = sqlx::query_scalar("select count(*) from system.parked_facts").fetch_one(tx.engine()).await.unwrap();
    tx.rollback().await.unwrap();
    count
}

async fn wait_for_parked(rig: &Rig, count: i64) {
    wait_for("parked facts", async || (parked(rig).await >= count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_whose_door_is_shut_holds_up_nobody() {
    const PARKING: Reader = Reader { name: "parking", only_subscribed: false, jobs: follow };
    metrics();
    let rig = Rig::new().await;
    let databases = &rig.lab.databases;
    let (shut, other) = (rig.lab.tenant().await, rig.lab.tenant().await);
    let process = rig.carrying(&[PARKING]).await;
    set_door(&rig, 0, &shut, false).await;
    for start in (0..60).step_by(10) {
        tell(databases, None, &shut, start..start + 10, 5).await;
        publish(databases, &other, "test.numbered", start..start + 10, 5).await;
    }
    assert_each_once(&wait_for_jobs(databases, None, 60).await, &other, 60, 5);
    wait_for("all of them to be told as parked", async || {
        gauge("kafka_parked_facts", PARKING.name).filter(|parked| *parked == 60)
    })
    .await;
    assert_eq!(numbers(&jobs(databases, None).await, &shut).len(), 0);

    set_door(&rig, 0, &shut, true).await;
    for start in (60..120).step_by(10) {
        publish(databases, &shut, "test.numbered", start..start + 10, 5).await;
    }
    let found = wait_for_jobs(databases, None, 180).await;
    assert_each_once(&found, &shut, 120, 5);
    assert_each_once(&found, &other, 60, 5);
    wait_for("none to be told as parked", async || {
        gauge("kafka_parked_facts", PARKING.name).filter(|parked| *parked == 0)
    })
    .await;
    process.stop().await;
    assert_eq!((jobs(databases, None).await.len(), parked(&rig).await), (180, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_tenant_outlives_the_process() {
    let rig = Rig::new().await;
    let databases = &rig.lab.databases;
    let shut = rig.lab.tenant().await;
    let process = rig.carrying(&[COUNTING]).await;
    set_door(&rig, 0, &shut, false).await;
    // More than one round reads.
    tell(databases, None, &shut, 0..700, 2).await;
    wait_for_parked(&rig, 700).await;
    process.stop().await;
    let process = Process::carrying(databases, &rig.settings, &[COUNTING]);
    tell(databases, None, &shut, 700..720, 2).await;
    wait_for_parked(&rig, 720).await;
    set_door(&rig, 0, &shut, true).await;
    let found = wait_for_jobs(databases, None, 720).await;
    assert_each_once(&found, &shut, 720, 2);
    process.stop().await;
    assert_eq!((jobs(databases, None).await.len(), parked(&rig).await), (720, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_after_a_shard_had_what_waited_doubles_nothing() {
    let rig = Rig::with_shards(&["east"]).await;
    let databases = &rig.lab.databases;
    let tenant = rig.lab.tenant_in(shard("east")).await;
    let process = rig.carrying(&[COUNTING]).await;
    set_door(&rig, 1, &tenant, false).await;
    tell(databases, Some("east"), &tenant, 0..30, 5).await;
    wait_for_parked(&rig, 30).await;
    let mut owner = refuse_in_control(&rig).await;
    set_door(&rig, 1, &tenant, true).await;
    wait_for_jobs(databases, Some("east"), 1).await;
    wait_for_refusals(&mut owner, 3).await;
    process.stop().await;
    assert_eq!(parked(&rig).await, 30);

    owner.execute("drop trigger refuse on system.topic_offsets").await.unwrap();
    let process = Process::carrying(databases, &rig.settings, &[COUNTING]);
    publish(databases, &tenant, "test.numbered", 30..40, 5).await;
    assert_each_once(&wait_for_jobs(databases, Some("east"), 40).await, &tenant, 40, 5);
    wait_for("nothing to be parked", async || (parked(&rig).await == 0).then_some(())).await;
    process.stop().await;
    assert_eq!(jobs(databases, Some("east")).await.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn shard_that_refuses_what_follows_holds_up_nobody() {
    let rig = Rig::with_shards(&["east"]).await;
    let databases = &rig.lab.databases;
    let (here, east) = (rig.lab.tenant().await, rig.lab.tenant_in(shard("east")).await);
    let process = rig.carrying(&[COUNTING]).await;
    let mut owner = PgConnection::connect_with(&rig.lab.endpoints[1].owner).await.unwrap();
    refuse_jobs(&mut owner).await;
    for start in (0..30).step_by(10) {
        publish(databases, &east, "test.numbered", start..start + 10, 5).await;
        publish(databases, &here, "test.numbered", start..start + 10, 5).await;
    }
    assert_each_once(&wait_for_jobs(databases, None, 30).await, &here, 30, 5);
    wait_for_parked(&rig, 30).await;
    owner.execute("drop trigger refuse on system.jobs").await.unwrap();
    publish(databases, &east, "test.numbered", 30..40, 5).await;
    assert_each_once(&wait_for_jobs(databases, Some("east"), 40).await, &east, 40, 5);
    process.stop().await;
}

/// Takes the database of a shard away from everybody, or gives it back.
async fn set_reachable(rig: &Rig, is_reachable: bool) {
    let database = rig.lab.endpoints[1].app.get_database().unwrap();
    let mut admin = PgConnection::connect_with(&admin()).await.unwrap();
    let allow = format!("alter database {database} with allow_connections {is_reachable}");
    admin.execute(AssertSqlSafe(allow)).await.unwrap();
    if !is_reachable {
        let others = sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1");
        others.bind(database).execute(&mut admin).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shard_that_is_away_holds_up_nobody() {
    const SILENT: Reader = Reader { name: "silent", only_subscribed: false, jobs: |_| Vec::new() };
    let rig = Rig::with_shards(&["east"]).await;
    let databases = &rig.lab.databases;
    let (here, east) = (rig.lab.tenant().await, rig.lab.tenant_in(shard("east")).await);
    let process = rig.carrying(&[COUNTING]).await;
    publish(databases, &here, "test.numbered", 0..10, 5).await;
    publish(databases, &east, "test.numbered", 0..10, 5).await;
    wait_for_jobs(databases, None, 10).await;
    wait_for_jobs(databases, Some("east"), 10).await;
    process.stop().await;
    // Facts that Kafka has and the reader has not.
    let process = Process::carrying(databases, &rig.settings, &[SILENT]);
    publish(databases, &east, "test.numbered", 10..40, 5).await;
    wait_for("the records", async || (records_of(&rig).await >= 50).then_some(())).await;
    process.stop().await;

    set_reachable(&rig, false).await;
    for until in [20, 30] {
        let process = Process::carrying(databases, &rig.settings, &[COUNTING]);
        publish(databases, &here, "test.numbered", until - 10..until, 5).await;
        let count = usize::try_from(until).unwrap();
        assert_each_once(&wait_for_jobs(databases, None, count).await, &here, until, 5);
        wait_for_parked(&rig, 30).await;
        process.stop().await;
    }
    let process = Process::carrying(databases, &rig.settings, &[COUNTING]);
    publish(databases, &here, "test.numbered", 30..40, 5).await;
    wait_for_jobs(databases, None, 40).await;
    set_reachable(&rig, true).await;
    publish(databases, &east, "test.numbered", 40..60, 5).await;
    assert_each_once(&wait_for_jobs(databases, Some("east"), 60).await, &east, 60, 5);
    process.stop().await;
    assert_eq!((jobs(databases, Some("east")).await.len(), parked(&rig).await), (60, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shard_may_have_read_waits_until_the_shard_is_back() {
    let rig = Rig::with_shards(&["east"]).await;
    let databases = &rig.lab.databases;
    let (here, moving) = (rig.lab.tenant().await, rig.lab.tenant_in(shard("east")).await);
    let process = rig.carrying(&[COUNTING]).await;
    let mut owner = refuse_in_control(&rig).await;
    publish(databases, &moving, "test.numbered", 0..20, 5).await;
    wait_for_jobs(databases, Some("east"), 1).await;
    wait_for_refusals(&mut owner, 3).await;
    process.stop().await;
    let read_before = jobs(databases, Some("east")).await.len();
    move_to_control(&rig, &moving).await;
    databases.forget_place(moving.id).await;
    set_reachable(&rig, false).await;
    owner.execute("drop trigger refuse on system.topic_offsets").await.unwrap();

    let process = Process::carrying(databases, &rig.settings, &[COUNTING]);
    publish(databases, &here, "test.numbered", 0..20, 5).await;
    wait_for("facts of who stayed", async || {
        (numbers(&jobs(databases, None).await, &here).values().flatten().count() == 20).then_some(())
    })
    .await;
    wait_for_parked(&rig, i64::try_from(read_before).unwrap()).await;
    set_reachable(&rig, true).await;
    wait_for("nothing to be parked", async || (parked(&rig).await == 0).then_some(())).await;
    let in_control = wait_for_jobs(databases, None, 40 - read_before).await;
    process.stop().await;
    let in_east = jobs(databases, Some("east")).await;
    assert_eq!(in_east.len(), read_before);
    let of_moving = in_east.iter().chain(&in_control).filter(|job| job.tenant_id == moving.id.0);
    let mut all: Vec<_> = of_moving.map(|job| job.payload["n"].as_u64().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_moves_while_its_facts_flow_has_its_jobs_once() {
    const AT_LEAST: u32 = 200;
    let rig = Rig::with_shards(&["east"]).await;
    let databases = &rig.lab.databases;
    let (moving, staying) = (rig.lab.tenant().await, rig.lab.tenant().await);
    let process = rig.carrying(&[COUNTING]).await;
    let has_moved = AtomicBool::new(false);
    let moves = async {
        for home in [shard("east"), Home::Shared] {
            relocate::begin(databases, &rig.lab.endpoints, &moving.slug, &home).await.unwrap();
            relocate::run(databases, &rig.lab.endpoints, moving.id, &mut |_| {}).await.unwrap();
        }
        has_moved.store(true, Ordering::Relaxed);
    };
    let telling = async {
        let mut told = 0;
        while told < AT_LEAST || !has_moved.load(Ordering::Relaxed) {
            let enter = async || databases.tenant(moving.id, Actor::system("test")).await.ok();
            let mut tx = wait_for("the workspace's door", enter).await;
            for n in told..told + 10 {
                tx.publish(NewFact::new("test.numbered", 1, format!("key/{}", n % 5), json!({ "n": n })));
            }
            tx.commit().await.unwrap();
            told += 10;
            give_place(databases, None).await;
            give_place(databases, Some("east")).await;
            publish(databases, &staying, "test.numbered", told - 10..told, 5).await;
        }
        told
    };
    let ((), told) = tokio::join!(moves, telling);
    let found = wait_for_jobs(databases, None, 2 * usize::try_from(told).unwrap()).await;
    assert_each_once(&found, &moving, told, 5);
    assert_each_once(&found, &staying, told, 5);
    process.stop().await;
    let counts = [jobs(databases, None).await.len(), jobs(databases, Some("east")).await.len()];
    assert_eq!((counts, parked(&rig).await), ([found.len(), 0], 0));
}
