//! What the event engine has of a tenant goes along when the tenant changes the database.

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_domain::{
    audit::Entry,
    ids::TenantId,
    problems::Error,
    tenants::{
        Home, Tenant,
        relocate::{self, Progress},
    },
};
use socialai_queue::{
    dead_letters::{self, Filter, State},
    facts::{self, NewFact},
    jobs::{self, Claimed, NewJob, OfSpeed, Queue, Speed, Task, Wanted},
    schedules::{self, Missed},
    write::{self, Addressed},
};
use socialai_testkit::lab::Lab;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use time::Duration;
use uuid::Uuid;

use super::{actor, shard, travel};

pub(super) const QUEUE: Queue = Queue("test");
const READERS: [&str; 2] = ["quick", "slow"];

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) key: String,
    pub(super) n: u64,
}

impl Task for Note {
    const KIND: &'static str = "test.note";
    const QUEUE: Queue = QUEUE;

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// What can be seen of a tenant in one database.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Possessions {
    /// Key and number of each job, in order.
    jobs: Vec<(String, u64)>,
    delayed: i64,
    dead: Vec<Uuid>,
    schedules: i64,
    outbox: i64,
    facts: Vec<(i64, Uuid)>,
    resident: Option<(i16, Vec<String>)>,
}

pub(super) async fn possessions(lab: &Lab, tenant: &Tenant, shard: Option<&str>) -> Possessions {
    let mut tx = lab.databases.system_at(shard, actor()).await.unwrap();
    let conn = tx.engine();
    let jobs: Vec<(String, serde_json::Value)> =
        sqlx::query_as("select key, payload from system.jobs where tenant_id = $1 order by key, seq")
            .bind(tenant.id)
            .fetch_all(&mut *conn)
            .await
            .unwrap();
    let jobs = jobs.into_iter().map(|(key, payload)| (key, payload["n"].as_u64().unwrap())).collect();
    let all = Filter { tenant: Some(tenant.id.0), state: State::Any, ..Filter::default() };
    let dead = dead_letters::list(conn, &all, None, 100).await.unwrap();
    let facts = facts::read_of(conn, tenant.id.0, 0, 1000).await.unwrap();
    let resident = sqlx::query_as("select weight, subscriptions from system.residents where tenant_id = $1")
        .bind(tenant.id)
        .fetch_optional(&mut *conn)
        .await
        .unwrap();
    Possessions {
        jobs,
        delayed: count(conn, "delayed_jobs", tenant.id).await,
        dead: dead.into_iter().map(|letter| letter.id).collect(),
        schedules: count(conn, "schedules", tenant.id).await,
        outbox: count(conn, "outbox", tenant.id).await,
        facts: facts.into_iter().map(|fact| (fact.position, fact.fact_id)).collect(),
        resident,
    }
}

async fn count(conn: &mut PgConnection, table: &str, tenant: TenantId) -> i64 {
    let count = AssertSqlSafe(format!("select count(*) from system.{table} where tenant_id = $1"));
    sqlx::query_scalar(count).bind(tenant).fetch_one(conn).await.unwrap()
}

/// Rows of the tenant in any table of a database but those that belong to the installation.
pub(super) async fn rows_of(lab: &Lab, tenant: &Tenant, database: usize) -> i64 {
    let mut owner = PgConnection::connect_with(&lab.endpoints[database].owner).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', table_schema, table_name) from information_schema.columns
         where column_name = 'tenant_id' and table_schema in ('shared', 'system')
            and table_name not in ('memberships', 'tickets', 'remotes')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(tables.len() > 15);
    let mut rows = 0;
    for table in tables {
        let count = AssertSqlSafe(format!("select count(*) from {table} where tenant_id = $1"));
        rows += sqlx::query_scalar::<_, i64>(count).bind(tenant.id).fetch_one(&mut owner).await.unwrap();
    }
    rows
}

pub(super) async fn place(lab: &Lab, shard: Option<&str>) {
    let mut tx = lab.databases.system_at(shard, actor()).await.unwrap();
    facts::place(tx.engine(), 1000).await.unwrap();
    tx.commit().await.unwrap();
}

/// What a reader has not read, of one tenant; it has read it then.
pub(super) async fn read(lab: &Lab, shard: Option<&str>, reader: &str, tenant: TenantId) -> Vec<Uuid> {
    let mut tx = lab.databases.system_at(shard, actor()).await.unwrap();
    let Some(after) = facts::take_place(tx.engine(), reader).await.unwrap() else {
        tx.rollback().await.unwrap();
        return Vec::new();
    };
    let page = facts::read(tx.engine(), reader, after, 1000).await.unwrap();
    if let Some(last) = page.last() {
        facts::move_place(tx.engine(), reader, last.position).await.unwrap();
    }
    tx.commit().await.unwrap();
    page.into_iter().filter(|fact| fact.tenant_id == tenant.0).map(|fact| fact.fact_id).collect()
}

pub(super) async fn claim(lab: &Lab, shard: Option<&str>, worker: Uuid) -> Vec<Claimed> {
    let wanted = Wanted {
        queue: QUEUE,
        worker,
        lanes: 8,
        by_speed: vec![OfSpeed { speed: Speed::Standard, lanes: 8, after: Uuid::nil() }],
        jobs_per_lane: 1,
        lanes_per_tenant: 8,
        busy: Vec::new(),
        together: 1,
        tenants: 64,
    };
    let mut tx = lab.databases.system_at(shard, actor()).await.unwrap();
    let claimed = jobs::claim(tx.engine(), &wanted).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

/// Does a job: the tenant's log says so, in the transaction that finishes it.
pub(super) async fn work(lab: &Lab, job: &Claimed) -> Result<(), Error> {
    let mut tx = lab.databases.tenant(TenantId(job.lease.tenant), actor()).await?;
    tx.record(Entry::new("test.done", "note", job.payload["n"].clone()));
    tx.finishes(job.lease.clone());
    tx.commit().await
}

fn note(key: &str, n: u64) -> Note {
    Note { key: key.to_owned(), n }
}

async fn publish(lab: &Lab, tenant: TenantId, n: u64) -> Uuid {
    let fact = NewFact::new("test.fact", 1, format!("note/{n}"), json!({ "n": n }));
    let id = fact.id;
    let mut tx = lab.databases.tenant(tenant, actor()).await.unwrap();
    tx.publish(fact);
    tx.commit().await.unwrap();
    id
}

/// Gives a tenant of the control database something of everything.
pub(super) async fn furnish(lab: &Lab, tenant: &Tenant) {
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    tx.subscribe("webhooks", true).await.unwrap();
    for n in 0..6 {
        tx.enqueue(&note(if n % 2 == 0 { "even" } else { "odd" }, n)).unwrap();
    }
    tx.enqueue(&note("bad", 66)).unwrap();
    let later = tx.now() + Duration::HOUR;
    tx.enqueue_job(NewJob::of(&note("later", 77)).unwrap().due_at(later));
    tx.commit().await.unwrap();
    publish(lab, tenant.id, 1).await;
    place(lab, None).await;
    for reader in READERS {
        read(lab, None, reader, tenant.id).await;
    }
    publish(lab, tenant.id, 2).await;
    place(lab, None).await;
    publish(lab, tenant.id, 3).await;

    let worker = Uuid::new_v4();
    let claimed = claim(lab, None, worker).await;
    let mut tx = lab.databases.system(actor()).await.unwrap();
    for job in &claimed {
        if job.payload["n"] == 66 && job.lease.tenant == tenant.id.0 {
            jobs::bury(tx.engine(), &job.lease, "refused", json!({ "error": "no" })).await.unwrap();
        }
    }
    jobs::leave(tx.engine(), worker).await.unwrap();
    let recurs = NewJob::of(&note("recurs", 88)).unwrap();
    let name = format!("digest/{}", tenant.id);
    schedules::set(tx.engine(), &name, tenant.id.0, &recurs, 3600, Missed::Skip).await.unwrap();
    sqlx::query("update system.residents set weight = 7 where tenant_id = $1")
        .bind(tenant.id)
        .execute(tx.engine())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn everything_that_the_engine_has_of_a_tenant_goes_along() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let (tenant, neighbour) = (lab.tenant().await, lab.tenant().await);
    furnish(&lab, &neighbour).await;
    furnish(&lab, &tenant).await;
    let (before, others) = (possessions(&lab, &tenant, None).await, possessions(&lab, &neighbour, None).await);
    assert!(!before.jobs.is_empty() && before.delayed == 1 && before.dead.len() == 1 && before.schedules == 1);
    assert!(!before.facts.is_empty() && before.outbox > 0);
    assert_eq!(before.resident, Some((7, vec!["webhooks".to_owned()])));

    travel(&lab, &tenant, &shard()).await.unwrap();
    assert_eq!(possessions(&lab, &tenant, Some("eu1")).await, before);
    assert_eq!(possessions(&lab, &tenant, None).await, Possessions::default());
    travel(&lab, &tenant, &Home::Shared).await.unwrap();
    assert_eq!(possessions(&lab, &tenant, None).await, before);
    assert_eq!(rows_of(&lab, &tenant, 1).await, 0);
    // Between tiers of one database nothing of it moves.
    travel(&lab, &tenant, &Home::Schema).await.unwrap();
    assert_eq!(possessions(&lab, &tenant, None).await, before);
    assert_eq!(possessions(&lab, &neighbour, None).await, others);
}

#[tokio::test]
async fn job_in_a_workers_hands_cannot_be_finished_at_the_old_place_and_is_done_once_at_the_new() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    tx.enqueue(&note("k", 1)).unwrap();
    tx.enqueue(&note("k", 2)).unwrap();
    tx.commit().await.unwrap();
    let in_hand = claim(&lab, None, Uuid::new_v4()).await;
    assert_eq!(in_hand.len(), 1);
    travel(&lab, &tenant, &shard()).await.unwrap();

    assert!(matches!(work(&lab, &in_hand[0]).await, Err(Error::LeaseLost)));
    let mut tx = lab.databases.system(actor()).await.unwrap();
    let postponed = jobs::postpone(tx.engine(), &in_hand[0].lease, std::time::Duration::ZERO, None).await;
    assert!(matches!(Error::of_lease(postponed.unwrap_err()), Error::LeaseLost));
    tx.rollback().await.unwrap();

    assert!(claim(&lab, None, Uuid::new_v4()).await.is_empty());
    let mut done = Vec::new();
    loop {
        let claimed = claim(&lab, Some("eu1"), Uuid::new_v4()).await;
        if claimed.is_empty() {
            break;
        }
        for job in claimed {
            work(&lab, &job).await.unwrap();
            done.push(job.payload["n"].as_u64().unwrap());
        }
    }
    assert_eq!(done, [1, 2], "in their order, once each");
}

#[tokio::test]
async fn what_the_engine_is_doing_at_the_old_place_is_waited_for() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    read(&lab, None, "quick", tenant.id).await;
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let due = tx.now() - Duration::MINUTE;
    tx.enqueue_job(NewJob::of(&note("was delayed", 1)).unwrap().due_at(due));
    tx.commit().await.unwrap();
    let fact = publish(&lab, tenant.id, 2).await;
    place(&lab, None).await;
    // Two transactions of the engine that are not over: one lets the delayed job go, one turns the fact into a job.
    let mut releasing = lab.databases.system(actor()).await.unwrap();
    assert_eq!(jobs::release_due(releasing.engine()).await.unwrap(), 1);
    let mut reading = lab.databases.system(actor()).await.unwrap();
    let after = facts::take_place(reading.engine(), "quick").await.unwrap().unwrap();
    let page = facts::read(reading.engine(), "quick", after, 10).await.unwrap();
    assert_eq!(page.iter().map(|fact| fact.fact_id).collect::<Vec<_>>(), [fact]);
    let follows = NewJob::of(&note("follows", 2)).unwrap();
    let follows = Addressed { tenant: tenant.id.0, job: follows, trace: None };
    write::all(reading.engine(), vec![follows]).await.unwrap();
    facts::move_place(reading.engine(), "quick", page[0].position).await.unwrap();

    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    relocate::begin(&lab.databases, &lab.endpoints, &tenant.slug, &shard()).await.unwrap();
    let mut tell = |step: Progress| told.send(step).unwrap();
    let moved = relocate::run(&lab.databases, &lab.endpoints, tenant.id, &mut tell);
    let engine = async {
        while heard.recv().await != Some(Progress::LastChangesCopied) {}
        reading.commit().await.unwrap();
        releasing.commit().await.unwrap();
    };
    let (moved, ()) = tokio::join!(moved, engine);
    moved.unwrap();
    let there = possessions(&lab, &tenant, Some("eu1")).await;
    assert_eq!(there.jobs, [("follows".to_owned(), 2), ("was delayed".to_owned(), 1)]);
    assert_eq!((there.delayed, there.facts.len()), (0, 1));
    let again = read(&lab, Some("eu1"), "quick", tenant.id).await;
    assert!(again.is_empty(), "it was read at the old place");
    assert_eq!(rows_of(&lab, &tenant, 0).await, 0);
}

#[tokio::test]
async fn each_reader_reads_each_fact_once_wherever_the_tenant_is() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    let places = [(None, shard()), (Some("eu1"), Home::Shared), (None, shard()), (Some("eu1"), Home::Shared)];
    let (mut published, mut seen) = (Vec::new(), READERS.map(|_| Vec::new()));
    for at in [None, Some("eu1")] {
        for reader in READERS {
            read(&lab, at, reader, tenant.id).await;
        }
    }
    let mut n = 0;
    for (at, next) in places {
        for reads in [[true, true], [true, false], [false, false]] {
            n += 1;
            published.push(publish(&lab, tenant.id, n).await);
            place(&lab, at).await;
            for (nth, reader) in READERS.into_iter().enumerate().filter(|(nth, _)| reads[*nth]) {
                seen[nth].extend(read(&lab, at, reader, tenant.id).await);
            }
        }
        // One that has no place in the order yet.
        n += 1;
        published.push(publish(&lab, tenant.id, n).await);
        travel(&lab, &tenant, &next).await.unwrap();
    }
    place(&lab, None).await;
    for (nth, reader) in READERS.into_iter().enumerate() {
        seen[nth].extend(read(&lab, None, reader, tenant.id).await);
        assert_eq!(seen[nth], published, "{reader}");
    }
}

#[tokio::test]
async fn whoever_listens_goes_on_after_the_last_fact_that_it_saw() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    let listen = async |at, after: i64| {
        let mut tx = lab.databases.system_at(at, actor()).await.unwrap();
        let heard = facts::read_of(tx.engine(), tenant.id.0, after, 1000).await.unwrap();
        tx.rollback().await.unwrap();
        heard.into_iter().map(|fact| (fact.position, fact.fact_id)).collect::<Vec<_>>()
    };
    let first = publish(&lab, tenant.id, 1).await;
    place(&lab, None).await;
    let second = publish(&lab, tenant.id, 2).await;
    place(&lab, None).await;
    let heard = listen(None, 0).await;
    assert_eq!(heard.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [first, second]);
    // The clock of the old database was ahead by a day.
    let mut owner = lab.owner().await;
    sqlx::query("update system.facts set position = position + 86400000000").execute(&mut owner).await.unwrap();
    sqlx::query("update system.fact_head set position = position + 86400000000").execute(&mut owner).await.unwrap();
    let last_seen = heard[0].0 + 86_400_000_000;

    travel(&lab, &tenant, &shard()).await.unwrap();
    let third = publish(&lab, tenant.id, 3).await;
    place(&lab, Some("eu1")).await;
    let heard = listen(Some("eu1"), last_seen).await;
    assert_eq!(heard.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [second, third]);
}
