//! Webhooks below the API: what a process that dies leaves behind, what old jobs may not do, what upkeep removes.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;
use socialai_domain::{
    audit::Actor,
    effects,
    ids::{EventId, WebhookDeliveryId, WebhookEndpointId},
    tenancy::TenantTx,
    tenants::Tenant,
    webhooks::{
        Deliver, FanOut, Patience,
        deliveries::{self, Delivery, Filter, State},
        endpoints::{self, NewEndpoint},
        rotate_secret,
        sending::{self, After, Ended, Next, Report},
        upkeep,
    },
};
use socialai_testkit::lab::Lab;
use time::Duration as Days;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const FAILED: Ended = Ended::Failed { pause: None, outcome_unknown: false };

struct Desk {
    lab: Lab,
    tenant: Tenant,
    endpoint: WebhookEndpointId,
}

impl Desk {
    async fn new() -> Self {
        let lab = Lab::own().await;
        let tenant = lab.tenant().await;
        let mut tx = lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
        let new = NewEndpoint {
            name: "Orders".into(),
            url: "https://example.com/hooks".into(),
            events: vec!["user.*".into()],
            is_ordered: false,
            secret: SECRET.to_owned().into(),
        };
        let endpoint = endpoints::create(&mut tx, new).await.unwrap().id;
        tx.commit().await.unwrap();
        Self { lab, tenant, endpoint }
    }

    async fn tx(&self) -> TenantTx {
        self.lab.databases.tenant(self.tenant.id, Actor::system("test")).await.unwrap()
    }

    fn happened(&self) -> FanOut {
        FanOut {
            event_id: EventId::fresh(),
            event: "user.renamed".into(),
            key: "user/1".into(),
            at: self.lab.clock.now(),
            data: json!({ "entity": { "kind": "user", "id": "usr_1" } }),
        }
    }

    async fn fan_out(&self, happened: &FanOut) {
        let mut tx = self.tx().await;
        sending::fan_out(&mut tx, happened).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn log(&self) -> Vec<Delivery> {
        let mut tx = self.tx().await;
        let log = deliveries::list(&mut tx, &Filter::default(), None, 100).await.unwrap();
        tx.rollback().await.unwrap();
        log
    }

    /// Takes an attempt up to the moment of sending.
    async fn dispatch(&self, delivery: WebhookDeliveryId, round: i32) -> Option<sending::Sent> {
        let mut tx = self.tx().await;
        match sending::begin(&mut tx, &task(delivery, round)).await.unwrap() {
            Next::Send(sending) => Some(sending.dispatch(tx).await.unwrap()),
            Next::Nothing => {
                tx.commit().await.unwrap();
                None
            }
        }
    }

    async fn record(&self, sent: sending::Sent, ended: &Ended) -> socialai_domain::problems::Result<After> {
        let report = Report {
            at: self.lab.clock.now(),
            url: "https://example.com/hooks".into(),
            request_headers: json!({}),
            status: None,
            response_headers: None,
            response_body: None,
            latency: Duration::from_millis(5),
            error: None,
        };
        let mut tx = self.tx().await;
        let after = sending::record(&mut tx, sent, ended, &report, &Patience::default()).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// All attempts of a delivery fail.
    async fn give_up(&self, delivery: WebhookDeliveryId) {
        loop {
            let sent = self.dispatch(delivery, 1).await.expect("an attempt that is left");
            if self.record(sent, &FAILED).await.unwrap() == After::Done {
                return;
            }
        }
    }

    async fn sweep(&self) {
        loop {
            let mut tx = self.tx().await;
            let swept = upkeep::sweep(&mut tx, &Patience::default()).await.unwrap();
            tx.commit().await.unwrap();
            if swept == 0 {
                return;
            }
        }
    }

    /// For a lock, in this database.
    async fn until_somebody_waits(&self) {
        let mut owner = self.lab.owner().await;
        let ask = "select exists (select from pg_locks l join pg_stat_activity a using (pid)
            where not l.granted and a.datname = current_database())";
        while !sqlx::query_scalar::<_, bool>(ask).fetch_one(&mut owner).await.unwrap() {
            tokio::task::yield_now().await;
        }
    }

    async fn is_subscribed(&self) -> bool {
        let mut owner = self.lab.owner().await;
        sqlx::query_scalar("select 'webhooks' = any(subscriptions) from system.residents where tenant_id = $1")
            .bind(self.tenant.id.0)
            .fetch_one(&mut owner)
            .await
            .unwrap()
    }
}

fn task(delivery: WebhookDeliveryId, round: i32) -> Deliver {
    Deliver { delivery, round, lane: delivery.to_string() }
}

#[tokio::test]
async fn event_that_is_fanned_out_twice_is_delivered_once() {
    let desk = Desk::new().await;
    let happened = desk.happened();
    desk.fan_out(&happened).await;
    desk.fan_out(&happened).await;
    assert_eq!(desk.log().await.len(), 1);
}

#[tokio::test]
async fn attempt_of_a_process_that_died_is_made_again_and_the_dead_ones_end_counts_no_more() {
    let desk = Desk::new().await;
    desk.fan_out(&desk.happened()).await;
    let id = desk.log().await[0].id;
    let lost = desk.dispatch(id, 1).await.unwrap();
    // Whoever takes over finds an effect that was dispatched and never ended.
    let again = desk.dispatch(id, 1).await.unwrap();
    assert!(desk.record(lost, &FAILED).await.is_err(), "it was settled meanwhile");
    assert_eq!(desk.record(again, &Ended::Delivered).await.unwrap(), After::Done);
    let log = desk.log().await;
    assert_eq!((log[0].state, log[0].attempts), (State::Delivered, 1));
    let mut tx = desk.tx().await;
    let effects = effects::list(&mut tx, &effects::Filter::default(), None, 10).await.unwrap();
    assert_eq!((effects.len(), effects[0].state), (1, effects::State::Confirmed));
}

#[tokio::test]
async fn job_of_an_earlier_round_does_nothing() {
    let desk = Desk::new().await;
    desk.fan_out(&desk.happened()).await;
    let id = desk.log().await[0].id;
    let first = desk.dispatch(id, 1).await.unwrap();
    assert!(matches!(desk.record(first, &FAILED).await.unwrap(), After::Again(_)));
    let mut tx = desk.tx().await;
    let (_, missed) = endpoints::recover(&mut tx, desk.endpoint).await.unwrap();
    assert_eq!(missed.replayed, 1);
    tx.commit().await.unwrap();
    assert!(desk.dispatch(id, 1).await.is_none());
    assert!(desk.dispatch(id, 2).await.is_some());
}

#[tokio::test]
async fn retry_schedule_reaches_over_a_day_and_then_ends() {
    let desk = Desk::new().await;
    desk.fan_out(&desk.happened()).await;
    let id = desk.log().await[0].id;
    let mut pauses = Vec::new();
    loop {
        let sent = desk.dispatch(id, 1).await.unwrap();
        match desk.record(sent, &FAILED).await.unwrap() {
            After::Again(pause) => pauses.push(pause.as_secs_f64()),
            After::Done => break,
        }
    }
    for (pause, wanted) in pauses.iter().zip([5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0]) {
        assert!((0.9..=1.1).contains(&(pause / wanted)), "{pause} {wanted}");
    }
    assert_eq!(pauses.len(), 7);
    let whole: f64 = pauses.iter().sum();
    assert!(whole > 86_400.0, "{whole}");
    let log = desk.log().await;
    assert_eq!((log[0].state, log[0].attempts), (State::Failed, 8));
}

#[tokio::test]
async fn one_failed_delivery_after_quiet_days_does_not_switch_an_endpoint_off_before_its_last_attempt() {
    let desk = Desk::new().await;
    desk.fan_out(&desk.happened()).await;
    desk.give_up(desk.log().await[0].id).await;
    desk.lab.clock.advance(Days::days(5));
    desk.fan_out(&desk.happened()).await;
    let id = desk.log().await[0].id;
    let sent = desk.dispatch(id, 1).await.unwrap();
    desk.record(sent, &FAILED).await.unwrap();
    let mut tx = desk.tx().await;
    assert!(endpoints::get(&mut tx, desk.endpoint).await.unwrap().enabled);
    tx.rollback().await.unwrap();
    desk.give_up(id).await;
    let mut tx = desk.tx().await;
    assert!(!endpoints::get(&mut tx, desk.endpoint).await.unwrap().enabled);
}

#[tokio::test]
async fn what_was_held_ends_after_a_week_and_the_log_after_a_month() {
    let desk = Desk::new().await;
    desk.fan_out(&desk.happened()).await;
    let sent = desk.dispatch(desk.log().await[0].id, 1).await.unwrap();
    desk.record(sent, &Ended::Gone).await.unwrap();
    desk.fan_out(&desk.happened()).await;
    assert_eq!(desk.log().await[0].state, State::Held);
    desk.lab.clock.advance(Days::days(6));
    desk.sweep().await;
    assert_eq!(desk.log().await[0].state, State::Held);
    assert!(desk.is_subscribed().await);
    desk.lab.clock.advance(Days::days(2));
    desk.sweep().await;
    assert_eq!(desk.log().await[0].state, State::Failed);
    assert!(!desk.is_subscribed().await, "nobody recovers it any more, so nothing is collected");
    desk.fan_out(&desk.happened()).await;
    assert_eq!(desk.log().await.len(), 2);
    desk.lab.clock.advance(Days::days(23));
    desk.sweep().await;
    assert_eq!(desk.log().await.len(), 0);
}

#[tokio::test]
async fn endpoint_collects_while_it_is_on_and_nothing_while_it_is_switched_off_by_hand() {
    let desk = Desk::new().await;
    assert!(desk.is_subscribed().await);
    let mut tx = desk.tx().await;
    endpoints::disable(&mut tx, desk.endpoint).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!desk.is_subscribed().await);
    desk.fan_out(&desk.happened()).await;
    assert_eq!(desk.log().await.len(), 0);
    let mut tx = desk.tx().await;
    endpoints::enable(&mut tx, desk.endpoint).await.unwrap();
    tx.commit().await.unwrap();
    assert!(desk.is_subscribed().await);
}

#[tokio::test]
async fn what_is_on_its_way_when_an_endpoint_is_switched_off_is_held() {
    let desk = Desk::new().await;
    desk.fan_out(&desk.happened()).await;
    let mut tx = desk.tx().await;
    endpoints::disable(&mut tx, desk.endpoint).await.unwrap();
    tx.commit().await.unwrap();
    let id = desk.log().await[0].id;
    assert!(desk.dispatch(id, 1).await.is_none());
    assert_eq!(desk.log().await[0].state, State::Held);
}

#[tokio::test]
async fn event_that_comes_while_its_endpoint_recovers_is_not_left_behind() {
    let desk = Desk::new().await;
    desk.fan_out(&desk.happened()).await;
    let sent = desk.dispatch(desk.log().await[0].id, 1).await.unwrap();
    desk.record(sent, &Ended::Gone).await.unwrap();
    let mut late = desk.tx().await;
    sending::fan_out(&mut late, &desk.happened()).await.unwrap();
    let recovery = async {
        let mut tx = desk.tx().await;
        let (_, missed) = endpoints::recover(&mut tx, desk.endpoint).await.unwrap();
        tx.commit().await.unwrap();
        missed.replayed
    };
    let commit = async {
        desk.until_somebody_waits().await;
        late.commit().await.unwrap();
    };
    assert_eq!(tokio::join!(recovery, commit).0, 2, "it waited, and found what was held");
    assert!(desk.log().await.iter().all(|delivery| delivery.state == State::Pending));
}

#[tokio::test]
async fn five_secrets_sign_at_most_and_each_until_its_end() {
    let desk = Desk::new().await;
    let mut tx = desk.tx().await;
    for _ in 0..4 {
        rotate_secret(&mut tx, desk.endpoint, &SECRET.to_owned().into(), Days::hours(1)).await.unwrap();
    }
    let sixth = rotate_secret(&mut tx, desk.endpoint, &SECRET.to_owned().into(), Days::hours(1)).await;
    assert!(sixth.unwrap_err().problem().is_some());
    tx.commit().await.unwrap();
    desk.fan_out(&desk.happened()).await;
    let id = desk.log().await[0].id;
    let signing = async || {
        let mut tx = desk.tx().await;
        let next = sending::begin(&mut tx, &task(id, 1)).await.unwrap();
        tx.rollback().await.unwrap();
        let Next::Send(sending) = next else { panic!("there is an attempt to make") };
        assert!(sending.secrets.iter().all(|secret| secret.expose_secret() == SECRET));
        sending.secrets.len()
    };
    assert_eq!(signing().await, 5);
    desk.lab.clock.advance(Days::hours(1));
    assert_eq!(signing().await, 1);
}
