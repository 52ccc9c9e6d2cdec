//! Carries notices to subscribers, in their order, one at a time and simulator by simulator; and does to them what the
//! script orders. A call that is not answered with 2xx is tried again, apart from the others, as often as the simulator
//! says. Handshakes that are due go the same way.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderName, HeaderValue, Method, header};
use reqwest::redirect;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    faults::{Fault, Met},
    outward::{Call, Heard, Notice, Seal},
    scene::Scene,
};

/// How long a subscriber may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a notice waits for another that passes it or joins it.
const LONGEST_HELD: Duration = Duration::from_secs(2);
/// Topics of notices that tell what a person wrote.
const WRITTEN: [&str; 3] = ["message", "comment", "mention"];
const TICK: Duration = Duration::from_millis(250);

/// Makes the calls.
pub struct Postman {
    client: reqwest::Client,
}

impl Postman {
    #[expect(clippy::disallowed_methods, reason = "a simulated company calls whoever subscribed, also on this machine")]
    pub fn new() -> Self {
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(PATIENCE)
            .no_proxy();
        // Without the platform's certificates it cannot be built; what speaks HTTP works even then.
        Self { client: builder.build().unwrap_or_default() }
    }

    pub async fn call(&self, call: &Call) -> Heard {
        let mut request = self.client.request(call.method.clone(), call.url.clone()).body(call.body.clone());
        for (name, value) in &call.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        let Ok(mut response) = request.send().await else { return Heard::Nothing };
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let (status, content_type) = (response.status().as_u16(), kind.unwrap_or_default().to_owned());
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > call.most_bytes {
                return Heard::Nothing;
            }
        }
        Heard::Answer { status, content_type, body: body.into() }
    }
}

/// What carries the notices of one simulator.
pub struct Courier {
    pub scene: Arc<Scene>,
    pub name: &'static str,
    pub tasks: TaskTracker,
    pub end: CancellationToken,
}

/// Notices that travel in one call.
struct Parcel {
    notices: Vec<Notice>,
    seal: Seal,
    times: u32,
    met: Vec<Met>,
}

#[derive(Default)]
struct Hands {
    /// Waits to be passed by the next.
    passed: Option<(Parcel, Instant)>,
    /// Waits for company.
    gathered: Option<(Parcel, usize, Instant)>,
}

impl Courier {
    /// Until the world ends.
    pub async fn run(self) {
        let mut hands = Hands::default();
        loop {
            tokio::select! {
                () = self.end.cancelled() => return,
                () = self.scene.outbox(self.name).rung() => {}
                () = tokio::time::sleep(TICK) => {}
            }
            tokio::select! {
                () = self.end.cancelled() => return,
                () = self.round(&mut hands) => {}
            }
        }
    }

    async fn round(&self, hands: &mut Hands) {
        self.scene.ask_what_is_due(self.name).await;
        while let Some(notice) = self.scene.outbox(self.name).next() {
            self.carry(notice, hands).await;
        }
        let now = Instant::now();
        if let Some((parcel, _, _)) = hands.gathered.take_if(|(_, _, until)| *until <= now) {
            self.deliver(parcel).await;
        }
        if let Some((parcel, _)) = hands.passed.take_if(|(_, until)| *until <= now) {
            self.deliver(parcel).await;
        }
    }

    async fn carry(&self, notice: Notice, hands: &mut Hands) {
        let Some(call) = self.scene.pack(self.name, std::slice::from_ref(&notice), Seal::Right).into_iter().next()
        else {
            return;
        };
        let met = self.scene.script().plan_delivery(self.name, &Method::POST, call.url.path(), notice.topic);
        let (mut late, mut is_passed, mut size) = (Duration::ZERO, false, 1);
        let mut parcel = Parcel { notices: Vec::new(), seal: Seal::Right, times: 1, met };
        for Met { fault, .. } in &parcel.met {
            match fault {
                Fault::Duplicate { times } => parcel.times = *times,
                Fault::Reorder {} => is_passed = true,
                Fault::Delay { milliseconds } | Fault::Drop { redelivered_after_milliseconds: milliseconds } => {
                    late += Duration::from_millis(*milliseconds);
                }
                Fault::Batch { size: wanted } => size = *wanted,
                Fault::GarbageItem {} => parcel.notices.push(garbage(&notice)),
                Fault::OldSecret {} => parcel.seal = Seal::OldSecret,
                Fault::WrongSignature {} => parcel.seal = Seal::Wrong,
                fault => self.follow(&notice, fault).await,
            }
        }
        parcel.notices.push(notice);
        if !late.is_zero() {
            self.later(parcel, late);
        } else if size > 1 {
            self.gather(parcel, size, hands).await;
        } else if is_passed && hands.passed.is_none() {
            hands.passed = Some((parcel, Instant::now() + LONGEST_HELD));
        } else {
            self.deliver(parcel).await;
            if let Some((passed, _)) = hands.passed.take() {
                self.deliver(passed).await;
            }
        }
    }

    /// What somebody does because of a message; nothing because of what is only said about one.
    async fn follow(&self, notice: &Notice, fault: &Fault) {
        if !WRITTEN.contains(&notice.topic) {
            return;
        }
        let (verb, given) = match fault {
            Fault::Echo { text } => ("echo", json!({ "reply_to": notice.subject, "text": text })),
            Fault::Edit { text } => ("edit", json!({ "message": notice.subject, "text": text })),
            _ => ("unsend", json!({ "message": notice.subject })),
        };
        // Refused where the platform has no such thing.
        let _ = self.scene.act(self.name, verb, given).await;
    }

    async fn gather(&self, parcel: Parcel, size: usize, hands: &mut Hands) {
        let (mut all, _, until) =
            hands.gathered.take().unwrap_or((parcel_of_nothing(), size, Instant::now() + LONGEST_HELD));
        all.notices.extend(parcel.notices);
        all.met.extend(parcel.met);
        if parcel.seal != Seal::Right {
            all.seal = parcel.seal;
        }
        all.times = all.times.max(parcel.times);
        if all.notices.len() >= size {
            self.deliver(all).await;
        } else {
            hands.gathered = Some((all, size, until));
        }
    }

    fn later(&self, parcel: Parcel, wait: Duration) {
        let other = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = other.end.cancelled() => {}
                () = async { tokio::time::sleep(wait).await; other.deliver(parcel).await } => {}
            }
        });
    }

    async fn deliver(&self, parcel: Parcel) {
        let topic = parcel.notices.last().map_or("message", |notice| notice.topic);
        for call in self.scene.pack(self.name, &parcel.notices, parcel.seal) {
            for _ in 0..parcel.times {
                let heard = self.scene.reach(self.name, &call, topic, &parcel.met).await;
                if !heard.is_fine() {
                    self.retry(call.clone(), topic);
                }
            }
        }
    }

    /// The same call again: what was signed wrongly stays so.
    fn retry(&self, call: Call, topic: &'static str) {
        let (other, waits) = (self.clone(), self.scene.retries(self.name));
        self.tasks.spawn(async move {
            for wait in waits {
                tokio::select! {
                    () = other.end.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
                if other.scene.reach(other.name, &call, topic, &[]).await.is_fine() {
                    return;
                }
            }
        });
    }
}

impl Clone for Courier {
    fn clone(&self) -> Self {
        let (scene, tasks, end) = (Arc::clone(&self.scene), self.tasks.clone(), self.end.clone());
        Self { scene, name: self.name, tasks, end }
    }
}

fn parcel_of_nothing() -> Parcel {
    Parcel { notices: Vec::new(), seal: Seal::Right, times: 1, met: Vec::new() }
}

fn garbage(beside: &Notice) -> Notice {
    Notice { item: json!({ "": [null, { "unheard_of": "\u{fffd}" }] }), ..beside.clone() }
}
