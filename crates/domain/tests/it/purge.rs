//! What is left of a tenant that was purged.

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_domain::{
    audit::Actor,
    ids::TenantId,
    permissions::Role,
    tenants::{self, Home, Status, purge},
};
use socialai_queue::{
    facts::NewFact,
    jobs::{Queue, Task},
};
use socialai_testkit::lab::Lab;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use time::Duration;

#[derive(Debug, Serialize, Deserialize)]
struct Tell {
    text: String,
}

impl Task for Tell {
    const KIND: &'static str = "test.tell";
    const QUEUE: Queue = Queue("tests");

    fn key(&self) -> String {
        "a".to_owned()
    }
}

/// Jobs that are due, delayed and dead, a fact, and one that waits at Kafka.
async fn leave_work(lab: &Lab, tenant: TenantId) {
    let task = Tell { text: "what a customer wrote".to_owned() };
    let mut tx = lab.databases.tenant(tenant, Actor::system("test")).await.unwrap();
    tx.enqueue(&task).unwrap();
    let later = socialai_queue::jobs::NewJob::of(&task).unwrap().due_at(tx.now() + Duration::days(1));
    tx.enqueue_job(later);
    tx.publish(NewFact::new("test.told", 1, "a", json!({ "text": task.text })));
    tx.commit().await.unwrap();
    let place = lab.databases.place(tenant).await.unwrap();
    let mut tx = lab.databases.system_at(place.shard.as_deref(), Actor::system("test")).await.unwrap();
    sqlx::query(
        "insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, enqueued_at)
         values (gen_random_uuid(), $1, 'tests', 'a', 1, 'test.tell', 1, '{}', '[]', 1, 'test', now())",
    )
    .bind(tenant)
    .execute(tx.engine())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let mut tx = lab.databases.system(Actor::system("test")).await.unwrap();
    sqlx::query(
        "insert into system.parked_facts (reader, topic, topic_partition, tenant_id, topic_offset, value)
         values ('test', 'test', 0, $1, 0, '')",
    )
    .bind(tenant)
    .execute(tx.engine())
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Tables that still name the tenant, in all databases.
async fn remains(lab: &Lab, tenant: TenantId) -> Vec<String> {
    let mut remains = Vec::new();
    for endpoint in &lab.endpoints {
        let mut owner = PgConnection::connect_with(&endpoint.owner).await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "select format('%I.%I', table_schema, table_name) from information_schema.columns
             where column_name = 'tenant_id' order by 1",
        )
        .fetch_all(&mut owner)
        .await
        .unwrap();
        assert!(tables.len() > 20, "{tables:?}");
        for table in tables {
            let rows = format!("select count(*) from {table} where tenant_id = $1");
            let rows: i64 = sqlx::query_scalar(AssertSqlSafe(rows)).bind(tenant).fetch_one(&mut owner).await.unwrap();
            if rows > 0 {
                remains.push(table);
            }
        }
    }
    remains
}

#[tokio::test]
async fn no_row_of_a_purged_tenant_is_left_wherever_it_lived() {
    let lab = Lab::with_shards(&["eu1"]).await;
    for home in [Home::Shared, Home::Schema, Home::Shard("eu1".to_owned())] {
        let tenant = lab.tenant_in(home.clone()).await;
        lab.member(&tenant, Role::Admin).await;
        leave_work(&lab, tenant.id).await;
        let before = remains(&lab, tenant.id).await;
        for table in ["system.jobs", "system.delayed_jobs", "system.dead_letters", "system.outbox", "system.lanes"] {
            assert!(before.iter().any(|found| found == table), "{table} is not among {before:?}");
        }
        let mut tx = lab.databases.system(Actor::operator()).await.unwrap();
        tenants::set_status(&mut tx, tenant.id, Status::Deleted).await.unwrap();
        tx.commit().await.unwrap();
        purge::purge(&lab.databases, &lab.endpoints, tenant.id).await.unwrap();
        assert_eq!(remains(&lab, tenant.id).await, Vec::<String>::new(), "{home:?}");
    }
}
