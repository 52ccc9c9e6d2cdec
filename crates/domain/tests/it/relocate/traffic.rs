//! A tenant moves while people, workers and readers are at work in it.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use serde_json::json;
use socialai_domain::{
    audit::{self, Entry},
    ids::{TenantId, UserId},
    permissions::Role,
    problems::{Code, Error},
    tenants::{Home, Tenant, relocate::Progress},
    users,
};
use socialai_queue::{facts::NewFact, jobs};
use socialai_testkit::lab::Lab;
use tokio::sync::watch;
use uuid::Uuid;

use super::{actor, engine, names, shard, travel, verify_chain};

/// What happened while the tenant moved, as those saw it who did it.
struct Traffic {
    tenant: TenantId,
    next: AtomicU64,
    over: AtomicBool,
    /// Numbers of transactions whose commit was acknowledged.
    written: watch::Sender<Vec<u64>>,
    refused: AtomicU64,
}

impl Traffic {
    fn of(tenant: TenantId) -> Self {
        let (next, over, refused) = (AtomicU64::new(0), AtomicBool::new(false), AtomicU64::new(0));
        Self { tenant, next, over, written: watch::Sender::default(), refused }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Until so many more transactions were committed.
    async fn flows(&self, more: usize) {
        let target = self.written.borrow().len() + more;
        self.written.subscribe().wait_for(|written| written.len() >= target).await.unwrap();
    }

    fn excuse(&self, error: &Error) {
        // On a machine that is busy with other things, connections may be waited for in vain.
        let code = error.problem().map(|problem| problem.code);
        assert!(matches!(code, Some(Code::WorkspaceMoving | Code::Unavailable)), "{error:?}");
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Audited changes, each with a job and a fact.
    async fn write(&self, process: &Lab, key: &str) {
        while !self.is_over() {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            let committed = async {
                let mut tx = process.databases.tenant(self.tenant, actor()).await?;
                tx.record(Entry::new("test.written", "note", n));
                tx.enqueue(&engine::Note { key: key.to_owned(), n })?;
                tx.publish(NewFact::new("test.fact", 1, key, json!({ "n": n })));
                tx.commit().await
            };
            match committed.await {
                Ok(()) => self.written.send_modify(|written| written.push(n)),
                Err(error) => self.excuse(&error),
            }
        }
    }

    /// Does jobs of one database, also after the end until none is left.
    async fn work(&self, process: &Lab, at: Option<&str>) {
        let worker = Uuid::new_v4();
        loop {
            let over = self.is_over();
            let claimed = engine::claim(process, at, worker).await;
            if claimed.is_empty() {
                if over {
                    return;
                }
                tokio::task::yield_now().await;
            }
            for job in claimed {
                match engine::work(process, &job).await {
                    Ok(()) | Err(Error::LeaseLost) => {}
                    Err(error) => {
                        self.excuse(&error);
                        let mut tx = process.databases.system_at(at, actor()).await.unwrap();
                        let again = jobs::postpone(tx.engine(), &job.lease, Duration::ZERO, None).await;
                        match again.map_err(Error::of_lease) {
                            Ok(()) => {
                                jobs::wake_lanes(tx.engine()).await.unwrap();
                                tx.commit().await.unwrap();
                            }
                            Err(lost) => assert!(matches!(lost, Error::LeaseLost), "{lost:?}"),
                        }
                    }
                }
            }
        }
    }

    /// Reads facts of one database as they get their place.
    async fn read(&self, process: &Lab, at: Option<&str>) -> Vec<Uuid> {
        let mut seen = Vec::new();
        loop {
            let over = self.is_over();
            engine::place(process, at).await;
            let page = engine::read(process, at, "counter", self.tenant).await;
            if page.is_empty() && over {
                return seen;
            }
            seen.extend(page);
            tokio::task::yield_now().await;
        }
    }
}

/// Numbers that the audit log has of an action, sorted.
async fn logged(lab: &Lab, tenant: TenantId, action: &str) -> Vec<u64> {
    let mut tx = lab.databases.tenant(tenant, actor()).await.unwrap();
    let filter = audit::Filter { action: Some(action.to_owned()), ..audit::Filter::default() };
    let rows = audit::list_after(&mut tx, &filter, 0, 1_000_000).await.unwrap();
    tx.rollback().await.unwrap();
    let mut numbers: Vec<u64> = rows.iter().map(|row| row.entity_id.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

async fn tour(lab: &Lab, tenant: &Tenant, traffic: &Traffic, homes: &[Home]) -> Vec<u128> {
    let mut outages = Vec::new();
    for home in homes {
        traffic.flows(20).await;
        let steps = travel(lab, tenant, home).await.unwrap();
        outages.extend(steps.iter().filter_map(|step| match step {
            Progress::Left { outage_ms } => Some(*outage_ms),
            _ => None,
        }));
    }
    traffic.flows(20).await;
    traffic.over.store(true, Ordering::Relaxed);
    outages
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_a_tenant_moves_through_all_tiers() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    let (mover, other) = (lab.again().await, lab.again().await);
    for at in [None, Some("eu1")] {
        engine::read(&lab, at, "counter", tenant.id).await;
    }
    let traffic = Traffic::of(tenant.id);
    let homes = [Home::Schema, shard(), Home::Shared, shard(), Home::Shared];
    let (outages, (), (), (), (), (), here, there) = tokio::join!(
        tour(&mover, &tenant, &traffic, &homes),
        traffic.write(&lab, "a"),
        traffic.write(&lab, "b"),
        traffic.write(&other, "a"),
        traffic.work(&other, None),
        traffic.work(&other, Some("eu1")),
        traffic.read(&lab, None),
        traffic.read(&lab, Some("eu1")),
    );
    // What was written at the very end; the tenant is in the control database.
    traffic.work(&lab, None).await;
    let last = traffic.read(&lab, None).await;

    let mut written = traffic.written.borrow().clone();
    written.sort_unstable();
    assert_eq!(logged(&lab, tenant.id, "test.written").await, written);
    assert_eq!(logged(&lab, tenant.id, "test.done").await, written, "each job was done once");
    verify_chain(&lab, tenant.id).await;
    // Audit entries are facts as well: of each change, and of each job that was done.
    let seen: Vec<_> = [here, there, last].concat();
    assert_eq!(seen.len(), seen.iter().collect::<BTreeSet<_>>().len(), "no fact was read twice");
    assert_eq!(seen.len(), written.len() * 3);
    let refused = traffic.refused.load(Ordering::Relaxed);
    println!("{} written, {refused} refused, outages {outages:?} ms", written.len());
    assert!(refused <= 6, "{refused} requests were refused");
    assert_eq!(outages.len(), homes.len());
    assert!(outages.iter().all(|outage| *outage < 5_000), "{outages:?}");
}

#[tokio::test]
async fn rows_that_change_and_go_during_the_move_are_at_the_target_as_they_are() {
    let lab = Lab::with_shards(&["eu1"]).await;
    let tenant = lab.tenant().await;
    let keeper = lab.member(&tenant, Role::Admin).await;
    let traffic = Traffic::of(tenant.id);
    let mover = lab.again().await;
    let change = async {
        // Addresses are given up and taken by somebody else; names change all the time.
        let mut present: Vec<(UserId, String)> = Vec::new();
        while !traffic.is_over() {
            let n = traffic.next.fetch_add(1, Ordering::Relaxed);
            let mut after = present.clone();
            let committed = async {
                let mut tx = lab.databases.tenant(tenant.id, actor()).await?;
                users::set_name(&mut tx, keeper.id, &format!("Name {n}")).await?;
                let mut email = format!("n{n}@people.test");
                if after.len() >= 10 {
                    let (gone, address) = after.remove(usize::try_from(n % 10).unwrap());
                    users::remove(&mut tx, gone).await?;
                    email = address;
                }
                let id = UserId::fresh();
                users::add(&mut tx, id, &email, "New", Role::Agent).await?;
                after.push((id, email));
                tx.commit().await
            };
            match committed.await {
                Ok(()) => {
                    present = after;
                    traffic.written.send_modify(|written| written.push(n));
                }
                Err(error) => traffic.excuse(&error),
            }
        }
        present
    };
    let homes = [shard(), Home::Schema, Home::Shared, shard()];
    let (_, present) = tokio::join!(tour(&mover, &tenant, &traffic, &homes), change);
    let mut expected: Vec<_> = present.into_iter().map(|(_, email)| email).chain([keeper.email]).collect();
    let mut there = names(&lab, tenant.id).await;
    expected.sort();
    there.sort();
    assert_eq!(there, expected);
    let mut tx = lab.databases.tenant(tenant.id, actor()).await.unwrap();
    let last = traffic.written.borrow().last().copied().unwrap();
    assert_eq!(users::get(&mut tx, keeper.id).await.unwrap().name, format!("Name {last}"));
    tx.rollback().await.unwrap();
    verify_chain(&lab, tenant.id).await;
}
