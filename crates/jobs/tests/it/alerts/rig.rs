//! A workspace with targets at simulators, an engine that tells them, and the ways in which things go wrong.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use socialai_connect::{
    call::Http,
    guard::Reach,
    mail::Mail,
    remote::{Limits, Remotes},
};
use socialai_domain::{
    alerts::{
        Patience, Severity,
        history::{self, Alert, Told},
        targets::{self, Address, NewTarget, Region, Target},
        watch::{self, Changes},
    },
    ids::AlertId,
    tenants::Tenant,
};
use socialai_jobs::{
    Handlers,
    alerts::{self, PagerDutyAt, Parts},
};
use socialai_sim::{EffectFilter, Recording, RecordingFilter, World};
use socialai_testkit::lab::{self, Lab};

use crate::harness::{Running, tenant_tx, until_idle};

pub struct Rig {
    pub lab: Lab,
    pub tenant: Tenant,
    pub world: World,
    pub mail: Mail,
}

/// Tries again at once.
const HASTY: Patience =
    Patience { shortest: Duration::ZERO, longest: Duration::ZERO, gives_up_after: Duration::from_hours(24) };

impl Rig {
    pub async fn start() -> Self {
        let lab = Lab::own().await;
        lab.clock.stop();
        let tenant = lab.tenant().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = lab.clock.clone();
        let world = World::on(listener, socialai_sim::all(), Arc::new(move || clock.now())).unwrap();
        Self { lab, tenant, world, mail: Mail::Off }
    }

    pub fn handlers(&self) -> Handlers {
        let pagerduty = self.world.url("pagerduty").parse::<url::Url>().unwrap();
        let parts = Parts {
            http: Http::new(Reach::Anywhere).unwrap(),
            // What the notice decides is to be seen, which repetitions and open circuits would hide.
            remotes: Remotes::new(Limits { failures: 1_000_000, attempts: 1, ..Limits::default() }),
            mail: self.mail.clone(),
            pagerduty: PagerDutyAt { us: pagerduty.clone(), eu: pagerduty },
            public_url: "https://hub.example.com/".parse().unwrap(),
            patience: HASTY,
        };
        alerts::handlers(Handlers::default(), parts)
    }

    pub fn engine(&self) -> Running {
        Running::start(&self.lab.databases, self.handlers(), Vec::new())
    }

    pub async fn target(&self, name: &str, address: Address) -> Target {
        self.target_for(name, address, Severity::Info).await
    }

    pub async fn target_for(&self, name: &str, address: Address, least_severity: Severity) -> Target {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        let new = NewTarget { name: name.to_owned(), address, least_severity, enabled: true };
        let target = targets::create(&mut tx, new).await.unwrap();
        tx.commit().await.unwrap();
        target
    }

    pub async fn pagerduty(&self) -> Target {
        let address = Address::PagerDuty { routing_key: lab::secret().into(), region: Region::Us };
        self.target("pager", address).await
    }

    pub async fn slack(&self, service: &str) -> Target {
        self.target(service, self.slack_at(service)).await
    }

    pub fn slack_at(&self, service: &str) -> Address {
        let url = format!("{}/services/T1/{service}/{}", self.world.url("slack"), lab::secret());
        Address::Slack { url: url.into() }
    }

    /// Looks at the workspace, as the job does.
    pub async fn look(&self) -> Changes {
        let seen = watch::of_installation(&self.lab.databases, self.tenant.id).await.unwrap();
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        let changes = watch::look(&mut tx, &seen, !matches!(self.mail, Mail::Off)).await.unwrap();
        tx.commit().await.unwrap();
        changes
    }

    pub fn pass(&self, minutes: i64) {
        self.lab.clock.advance(time::Duration::minutes(minutes));
    }

    /// Looks until what is calm is over.
    pub async fn look_until_over(&self) -> u32 {
        let first = self.look().await.resolved;
        self.pass(2);
        first + self.look().await.resolved
    }

    /// Nobody is left to be told.
    pub async fn told(&self) {
        until_idle(&self.lab).await;
    }

    pub async fn alerts(&self) -> Vec<Alert> {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        history::list(&mut tx, &history::Filter::default(), None, 100).await.unwrap()
    }

    pub async fn notices(&self, alert: AlertId) -> Vec<Told> {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        history::notices(&mut tx, alert).await.unwrap()
    }

    pub async fn target_now(&self, target: &Target) -> Target {
        let mut tx = tenant_tx(&self.lab, self.tenant.id).await;
        targets::get(&mut tx, target.id).await.unwrap()
    }

    /// What a simulator was sent, the oldest first.
    pub fn requests(&self, simulator: &str) -> Vec<Arc<Recording>> {
        let mut requests = self.world.recordings(&RecordingFilter::of(simulator));
        requests.sort_by_key(|request| request.number);
        requests
    }

    pub fn bodies(&self, simulator: &str) -> Vec<Value> {
        self.requests(simulator).iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
    }

    /// How often something was seen by people, of all places.
    pub fn seen(&self, simulator: &str, what: &str) -> u64 {
        self.world.visible(&EffectFilter::of(simulator).what(what)).total
    }

    pub fn incidents(&self) -> (u64, u64) {
        (self.seen("pagerduty", "incident_opened"), self.seen("pagerduty", "incident_resolved"))
    }

    /// SQL of the owner.
    pub async fn tamper(&self, statement: &'static str) {
        sqlx::query(statement).bind(self.tenant.id).execute(&mut self.lab.owner().await).await.unwrap();
    }

    /// A job was given up.
    pub async fn bury(&self) {
        self.tamper(
            "insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, enqueued_at)
             values (gen_random_uuid(), $1, 'crm', 'key/1', 1, 'tests.one', 1, '{}', '[]', 4, 'gave_up', now())",
        )
        .await;
    }

    /// Somebody decided about all of them.
    pub async fn decide(&self) {
        self.tamper(
            "update system.dead_letters set discarded_at = now(), discard_reason = 'test' where tenant_id = $1",
        )
        .await;
    }

    /// The webhook of Slack fails like this, or works (`null`).
    pub fn slack_fails(&self, service: &str, with: &Value) {
        let webhook = format!("T1/{service}");
        self.world.configure("slack", json!({ "webhooks": { webhook: { "fails_with": with } } })).unwrap();
    }
}
