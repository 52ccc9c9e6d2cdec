//! Several processes share the partitions, and take them over from each other.

use socialai_domain::{audit::Actor, tenancy::Databases};
use uuid::Uuid;

use crate::rig::{COUNTING, Process, Rig, assert_each_once, jobs, publish, wait_for, wait_for_jobs};

/// Who has each partition; `None` while one of them is nobody's.
async fn owners(databases: &Databases) -> Option<Vec<Uuid>> {
    let mut tx = databases.system(Actor::system("test")).await.unwrap();
    let owners: Vec<Option<Uuid>> =
        sqlx::query_scalar("select owner from system.topic_offsets order by topic_partition")
            .fetch_all(tx.engine())
            .await
            .unwrap();
    tx.rollback().await.unwrap();
    owners.into_iter().collect::<Option<Vec<_>>>().filter(|owners| owners.len() == 3)
}

async fn wait_for_other_owners(databases: &Databases, before: &[Uuid]) -> Vec<Uuid> {
    wait_for("all partitions to change hands", async || {
        owners(databases).await.filter(|owners| owners.iter().all(|owner| !before.contains(owner)))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_come_and_go_lose_nothing_and_double_nothing() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let databases = rig.lab.databases.clone();
    let first = rig.carrying(&[COUNTING]).await;
    let alone = wait_for("the first member", async || owners(&databases).await).await;
    let telling = async {
        for start in (0..800).step_by(10) {
            publish(&databases, &tenant, "test.numbered", start..start + 10, 13).await;
        }
    };
    let other = rig.lab.again().await;
    let coming_and_going = async {
        let second = Process::carrying(&other.databases, &rig.settings, &[COUNTING]);
        let shared = wait_for_other_owners(&databases, &alone).await;
        wait_for_jobs(&databases, None, jobs(&databases, None).await.len().min(750) + 50).await;
        first.stop().await;
        wait_for_other_owners(&databases, &shared).await;
        second
    };
    let ((), second) = tokio::join!(telling, coming_and_going);
    let jobs = wait_for_jobs(&databases, None, 800).await;
    assert_each_once(&jobs, &tenant, 800, 13);
    second.stop().await;
}

/// What a process sees that was stopped for a while, or cut off, and wakes up with a batch in its hands.
#[tokio::test(flavor = "multi_thread")]
async fn member_whose_partitions_were_claimed_joins_again() {
    let rig = Rig::new().await;
    let tenant = rig.lab.tenant().await;
    let databases = &rig.lab.databases;
    let process = rig.carrying(&[COUNTING]).await;
    wait_for("a member", async || owners(databases).await).await;
    for round in 0..3_u32 {
        let mut tx = databases.system(Actor::system("test")).await.unwrap();
        sqlx::query("update system.topic_offsets set owner = gen_random_uuid()").execute(tx.engine()).await.unwrap();
        tx.commit().await.unwrap();
        publish(databases, &tenant, "test.numbered", round * 10..round * 10 + 10, 5).await;
        wait_for_jobs(databases, None, usize::try_from(round).unwrap() * 10 + 10).await;
    }
    assert_each_once(&jobs(databases, None).await, &tenant, 30, 5);
    process.stop().await;
}
