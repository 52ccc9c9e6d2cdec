//! A world of simulators, and a client that follows no redirect and tries nothing twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, Method, StatusCode, redirect};
use serde_json::{Value, json};
use socialai_sim::{Simulator, World};
use time::OffsetDateTime;
use tokio::net::TcpListener;

pub const PATIENCE: Duration = Duration::from_mins(1);

pub struct Lab {
    pub world: World,
    pub client: Client,
    /// What was added to the world's time.
    ahead_seconds: Arc<AtomicI64>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub content_type: String,
    pub retry_after: Option<String>,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A refusal of the control API, with its sentence.
    #[track_caller]
    pub fn refused(&self, status: u16, words: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        let sentence = self.json()["error"].as_str().expect("a sentence").to_owned();
        assert!(sentence.contains(words), "{sentence}");
    }
}

impl Lab {
    pub async fn start() -> Self {
        Self::with(socialai_sim::all()).await
    }

    pub async fn with(simulators: Vec<Box<dyn Simulator>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ahead_seconds = Arc::new(AtomicI64::new(0));
        let ahead = Arc::clone(&ahead_seconds);
        let clock = move || OffsetDateTime::now_utc() + time::Duration::seconds(ahead.load(Ordering::Relaxed));
        let world = World::on(listener, simulators, Arc::new(clock)).unwrap();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .unwrap();
        Self { world, client, ahead_seconds }
    }

    pub fn move_clock(&self, seconds: i64) {
        self.ahead_seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + time::Duration::seconds(self.ahead_seconds.load(Ordering::Relaxed))
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.world.address())
    }

    pub async fn read(response: reqwest::Response) -> reqwest::Result<Reply> {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, content_type) = (response.status(), header("content-type").unwrap_or_default());
        let retry_after = header("retry-after");
        let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
        Ok(Reply { status, content_type, retry_after, text })
    }

    pub async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Reply> {
        Self::read(self.client.post(self.address(path)).json(body).send().await?).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.try_post(path, body).await.expect("an answer")
    }

    pub async fn ask(&self, method: Method, path: &str) -> Reply {
        let response = self.client.request(method, self.address(path)).send().await.expect("an answer");
        Self::read(response).await.expect("a whole answer")
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        let response = self.client.put(self.address(path)).json(body).send().await.expect("an answer");
        Self::read(response).await.expect("a whole answer")
    }

    /// One message to Slack: the simplest request that has an effect.
    pub async fn say(&self, text: &str) -> reqwest::Result<Reply> {
        self.try_post("/slack/services/T1/B1/token", &json!({ "text": text })).await
    }
}
