//! A subscriber: keeps what it is told, answers handshakes rightly or wrongly, and fails when told to.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use socialai_sim::RecordingFilter;
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::client::{Lab, PATIENCE};

pub const SECRET: &str = "meta_app_secret_EXAMPLE_0001";
pub const REDIRECT: &str = "http://127.0.0.1:1/v1/oauth/callback";

#[derive(Debug, Clone)]
pub struct Got {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

#[derive(Default)]
struct Memory {
    got: Vec<Got>,
    /// What the next deliveries are answered with, instead of 200.
    failures: Vec<u16>,
    knows_nothing: bool,
}

#[derive(Clone, Default)]
pub struct Receiver {
    memory: Arc<Mutex<Memory>>,
    pub url: String,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/webhook/test", listener.local_addr().unwrap());
        let receiver = Self { memory: Arc::default(), url };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub fn got(&self) -> Vec<Got> {
        self.memory.lock().unwrap().got.clone()
    }

    pub fn fail_with(&self, statuses: &[u16]) {
        self.memory.lock().unwrap().failures = statuses.to_vec();
    }

    /// From now on handshakes are answered wrongly.
    pub fn forget_secrets(&self) {
        self.memory.lock().unwrap().knows_nothing = true;
    }
}

pub fn hmac_of(secret: &str, text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text).as_ref().to_vec()
}

async fn take(
    State(receiver): State<Receiver>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut memory = receiver.memory.lock().unwrap();
    if method == Method::GET {
        let secret = if memory.knows_nothing { "another" } else { SECRET };
        return handshake(secret, query.as_deref().unwrap_or_default());
    }
    memory.got.push(Got { headers, body });
    let status = if memory.failures.is_empty() { 200 } else { memory.failures.remove(0) };
    StatusCode::from_u16(status).unwrap().into_response()
}

fn handshake(secret: &str, query: &str) -> Response {
    let asked = |name: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    };
    if let Some(challenge) = asked("hub.challenge") {
        let is_known = asked("hub.verify_token").as_deref() == Some("verify") && secret == SECRET;
        return if is_known { challenge.into_response() } else { StatusCode::FORBIDDEN.into_response() };
    }
    if let Some(token) = asked("crc_token") {
        let token = format!("sha256={}", STANDARD.encode(hmac_of(secret, token.as_bytes())));
        return axum::Json(json!({ "response_token": token })).into_response();
    }
    let code = asked("challengeCode").unwrap_or_default();
    let response = hex::encode(hmac_of(secret, code.as_bytes()));
    axum::Json(json!({ "challengeCode": code, "challengeResponse": response })).into_response()
}

/// A lab with one platform that has an app and an account, and somebody who listens.
pub struct Stage {
    pub lab: Lab,
    pub receiver: Receiver,
    pub name: &'static str,
    pub seed: Value,
}

impl Stage {
    pub async fn of(name: &'static str) -> Self {
        let (lab, receiver) = (Lab::start().await, Receiver::start().await);
        lab.world.configure(name, json!({ "redeliver_after_milliseconds": [10, 10, 10] })).unwrap();
        let given = json!({
            "callback": receiver.url, "secret": SECRET, "verify_token": "verify", "redirect_uri": REDIRECT,
        });
        let seed = lab.world.act(name, "seed", given).await.unwrap();
        Self { lab, receiver, name, seed }
    }

    pub fn text(&self, pointer: &str) -> String {
        self.seed.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {}", self.seed)).as_str().unwrap().to_owned()
    }

    pub fn account(&self) -> String {
        self.text("/account/id")
    }

    pub async fn act(&self, verb: &str, given: Value) -> Value {
        self.lab.world.act(self.name, verb, given).await.unwrap()
    }

    /// Waits for deliveries about a topic, and returns the bodies of all that came.
    pub async fn told(&self, topic: &str, count: u64) -> Vec<Got> {
        let filter = RecordingFilter::of(self.name).outgoing().about(topic);
        self.lab.world.wait_for_recordings(&filter, count, PATIENCE).await.unwrap();
        self.receiver.got()
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.name)
    }
}
