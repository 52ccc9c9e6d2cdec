//! Who comes next: urgent work before the rest, tenants by their weight, and nobody never.

use std::sync::{Arc, Mutex};

use socialai_domain::{
    ids::TenantId,
    tenants::{self, Status},
};
use socialai_jobs::{Context, Handlers, Settings};
use socialai_queue::jobs::NewJob;
use socialai_testkit::lab::Lab;
use tokio::sync::Semaphore;

use crate::harness::{
    IMPATIENT, Running, Step, ask, count, do_it, doing, done, enqueue, step, system_tx, tamper, tenant_tx, until,
    until_idle,
};

fn slots(slots: usize) -> Settings {
    Settings { slots, ..Settings::default() }
}

async fn enqueue_fast(lab: &Lab, tenant: TenantId, steps: &[Step]) {
    let mut tx = tenant_tx(lab, tenant).await;
    for step in steps {
        tx.enqueue_job(NewJob::of(step).unwrap().fast());
    }
    tx.commit().await.unwrap();
}

/// One step for each of so many keys.
fn flood(name: &str, keys: i64) -> Vec<Step> {
    (0..keys).map(|number| step(format!("{name}{number}"), number)).collect()
}

/// Whose jobs were begun, with their keys.
type Begun = Arc<Mutex<Vec<(TenantId, String)>>>;

/// Handlers that note who began, and end when there is a permit.
fn gated() -> (Handlers, Begun, Arc<Semaphore>) {
    let (began, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
    let (begins, closed) = (began.clone(), gate.clone());
    let handlers = doing(IMPATIENT, move |step: Step, context: Context| {
        begins.lock().unwrap().push((context.tenant(), step.key.clone()));
        let closed = closed.clone();
        async move {
            closed.acquire().await.unwrap().forget();
            do_it(step, context).await
        }
    });
    (handlers, began, gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_job_overtakes_those_that_wait() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue(&lab, tenant.id, &flood("standard", 20)).await;
    enqueue_fast(&lab, tenant.id, &[step("urgent", 0)]).await;
    let engine = Running::with(&lab.databases, doing(IMPATIENT, do_it), Vec::new(), slots(1));
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await[0].key, "urgent");
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_job_takes_those_before_it_in_its_key_along() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    enqueue(&lab, tenant.id, &flood("standard", 20)).await;
    enqueue(&lab, tenant.id, &[step("a", 0)]).await;
    enqueue_fast(&lab, tenant.id, &[step("a", 1)]).await;
    let engine = Running::with(&lab.databases, doing(IMPATIENT, do_it), Vec::new(), slots(1));
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await[..2], [step("a", 0), step("a", 1)]);
}

/// While the first flood hangs, a job of the other kind is begun.
async fn gets_through(flood_of: impl AsyncFnOnce(&Lab, TenantId), others: impl AsyncFnOnce(&Lab, TenantId, TenantId)) {
    let lab = Lab::own().await;
    let (flooding, other) = (lab.tenant().await, lab.tenant().await);
    let (handlers, began, gate) = gated();
    let engine = Running::with(&lab.databases, handlers, Vec::new(), slots(8));
    flood_of(&lab, flooding.id).await;
    until("the flood has its share", || async { began.lock().unwrap().len() == 5 }).await;
    others(&lab, flooding.id, other.id).await;
    until("the other is begun", || async { began.lock().unwrap().iter().any(|(_, key)| key == "other") }).await;
    gate.add_permits(1000);
    until_idle(&lab).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_urgent_jobs_leaves_room_for_standard_ones() {
    gets_through(
        async |lab, tenant| enqueue_fast(lab, tenant, &flood("urgent", 30)).await,
        async |lab, _, other| enqueue(lab, other, &[step("other", 0)]).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_standard_jobs_leaves_room_for_urgent_ones() {
    gets_through(
        async |lab, tenant| enqueue(lab, tenant, &flood("standard", 30)).await,
        async |lab, _, other| enqueue_fast(lab, other, &[step("other", 0)]).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_one_tenant_in_both_speeds_leaves_room_for_others() {
    gets_through(
        async |lab, tenant| {
            enqueue_fast(lab, tenant, &flood("urgent", 30)).await;
            enqueue(lab, tenant, &flood("standard", 30)).await;
        },
        async |lab, _, other| enqueue(lab, other, &[step("other", 0)]).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_one_tenant_leaves_room_for_others_of_the_same_speed() {
    gets_through(
        async |lab, tenant| enqueue(lab, tenant, &flood("standard", 30)).await,
        async |lab, _, other| enqueue(lab, other, &[step("other", 0)]).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_at_its_limit_goes_on_as_soon_as_one_of_its_jobs_ends() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    let (handlers, began, gate) = gated();
    enqueue_fast(&lab, tenant.id, &flood("urgent", 100)).await;
    enqueue(&lab, tenant.id, &flood("standard", 100)).await;
    let engine = Running::with(&lab.databases, handlers, Vec::new(), slots(8));
    until("it has its share", || async { began.lock().unwrap().len() == 5 }).await;
    // Were the next claim left to the look of every second, this would take half a minute.
    let start = std::time::Instant::now();
    gate.add_permits(200);
    until_idle(&lab).await;
    assert!(start.elapsed().as_secs() < 15, "{:?}", start.elapsed());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_share_the_workers_by_weight() {
    let lab = Lab::own().await;
    let (light, heavy) = (lab.tenant().await, lab.tenant().await);
    let mut tx = tenant_tx(&lab, heavy.id).await;
    tenants::set_weight(&mut tx, 3).await.unwrap();
    tx.commit().await.unwrap();
    let (handlers, began, gate) = gated();
    enqueue(&lab, light.id, &flood("light", 60)).await;
    enqueue(&lab, heavy.id, &flood("heavy", 60)).await;
    let engine = Running::with(&lab.databases, handlers, Vec::new(), slots(16));
    // One job ends at a time, so that each claim has to choose.
    for nth in 12..52 {
        until("the next is begun", || async { began.lock().unwrap().len() >= nth }).await;
        gate.add_permits(1);
    }
    until("the last is begun", || async { began.lock().unwrap().len() >= 52 }).await;
    let of_heavy = began.lock().unwrap()[..52].iter().filter(|(tenant, _)| *tenant == heavy.id).count();
    assert!((37..=41).contains(&of_heavy), "{of_heavy} of 52, where 39 are due");
    gate.add_permits(1000);
    until_idle(&lab).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_tenants_has_its_turn() {
    let lab = Lab::own().await;
    let flooding = lab.tenant().await;
    enqueue(&lab, flooding.id, &flood("flood", 300)).await;
    // Of the installation's many tenants only the engine's tables need to know here.
    let mut tx = system_tx(&lab).await;
    let mut others = Vec::new();
    for nth in 0..150_u128 {
        let tenant = uuid::Uuid::from_u128(nth << 100 | 1);
        let job = NewJob { kind: "tests.of_nobody".into(), ..NewJob::of(&step("a", 0)).unwrap() };
        others.push(socialai_queue::write::Addressed { tenant, job, trace: None });
    }
    socialai_queue::write::all(tx.engine(), others).await.unwrap();
    tx.commit().await.unwrap();
    let engine = Running::with(&lab.databases, doing(IMPATIENT, do_it), Vec::new(), slots(4));
    let tried = "select count(*) = 150 from system.lanes where wait_until is not null";
    until("each was tried", || ask(&lab, tried)).await;
    engine.stop().await;
    assert!(count(&lab, "jobs").await > 150, "before the flood was over");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_suspended_workspace_waits_and_goes_on() {
    let lab = Lab::own().await;
    let tenant = lab.tenant().await;
    set_status(&lab, tenant.id, Status::Suspended).await;
    let mut tx = system_tx(&lab).await;
    let job =
        socialai_queue::write::Addressed { tenant: tenant.id.0, job: NewJob::of(&step("a", 0)).unwrap(), trace: None };
    socialai_queue::write::all(tx.engine(), vec![job]).await.unwrap();
    tx.commit().await.unwrap();
    let engine = Running::start(&lab.databases, doing(IMPATIENT, do_it), Vec::new());
    until("it waits", || ask(&lab, "select exists (select from system.lanes where wait_until is not null)")).await;
    assert_eq!(ask::<i16>(&lab, "select attempts from system.jobs").await, 0, "that is nobody's failure");
    set_status(&lab, tenant.id, Status::Active).await;
    tamper(&lab, "update system.lanes set wait_until = clock_timestamp()").await;
    until_idle(&lab).await;
    engine.stop().await;
    assert_eq!(done(&lab).await, [step("a", 0)]);
}

async fn set_status(lab: &Lab, tenant: TenantId, status: Status) {
    let mut tx = system_tx(lab).await;
    tenants::set_status(&mut tx, tenant, status).await.unwrap();
    tx.commit().await.unwrap();
    lab.databases.forget_place(tenant).await;
}
