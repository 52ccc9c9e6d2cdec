//! A server of the test's own: the whole router on a free port, in front of a laboratory.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use socialai_api::{
    App, Mail, Settings,
    limits::{InProcess, Limiter, Store},
    platforms::{Operator, Platforms},
    state::Parts,
};
use socialai_connect::{
    call::Http,
    guard::Reach,
    objects::Objects,
    oidc::Oidc,
    remote::{Limits, Remotes},
    social,
};
use socialai_domain::{
    api_keys::{self, NewKey},
    audit::Actor,
    permissions::Role,
    tenants::Tenant,
};
use socialai_jobs::{Engine, Handlers, Settings as EngineSettings};
use socialai_testkit::lab::{Lab, Member, note_secret};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub struct Server {
    pub lab: Arc<Lab>,
    pub app: App,
    pub address: SocketAddr,
    pub client: reqwest::Client,
    stopping: CancellationToken,
}

/// One for all tests of this process, as there is one recorder in a process.
fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// An answer that was read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The problem document is complete and names this code.
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.text);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        for field in ["title", "detail", "advice", "type"] {
            assert!(self.body[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {}", self.text);
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers.get_all(header::SET_COOKIE).iter().find_map(|cookie| {
            let cookie = cookie.to_str().ok()?;
            let value = cookie.strip_prefix(name)?.strip_prefix('=')?;
            Some(value.split(';').next()?.to_owned())
        })
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::with(Arc::new(Lab::shared().await), 1_000).await
    }

    /// With a database of its own, for tests that turn the clock.
    pub async fn alone() -> Self {
        Self::with(Arc::new(Lab::own().await), 1_000).await
    }

    pub async fn with(lab: Arc<Lab>, rate_factor: u32) -> Self {
        Self::with_limiter(lab, Limiter::new(Store::InProcess(InProcess::default()), rate_factor)).await
    }

    /// An installation that lets its tenants reach so far.
    pub async fn reaching(reach: Reach) -> Self {
        let limiter = Limiter::new(Store::InProcess(InProcess::default()), 1_000);
        Self::build(Arc::new(Lab::shared().await), limiter, reach, Mail::Outbox).await
    }

    /// An installation that sends no mail.
    pub async fn without_mail() -> Self {
        let limiter = Limiter::new(Store::InProcess(InProcess::default()), 1_000);
        Self::build(Arc::new(Lab::shared().await), limiter, Reach::Anywhere, Mail::Off).await
    }

    pub async fn with_limiter(lab: Arc<Lab>, limiter: Limiter) -> Self {
        Self::build(lab, limiter, Reach::Anywhere, Mail::Outbox).await
    }

    async fn build(lab: Arc<Lab>, limiter: Limiter, reach: Reach, mail: Mail) -> Self {
        let connectors = social::all(|_| social::Setup::default());
        let http = Http::new(reach).unwrap();
        let platforms = Platforms::new(connectors, |_| Operator::default(), http, Remotes::new(Limits::default()));
        Self::finish(lab, limiter, reach, mail, platforms).await
    }

    /// An installation with these platforms.
    pub async fn serving(lab: Arc<Lab>, platforms: Platforms, rate_factor: u32) -> Self {
        let limiter = Limiter::new(Store::InProcess(InProcess::default()), rate_factor);
        Self::finish(lab, limiter, Reach::Anywhere, Mail::Outbox, platforms).await
    }

    async fn finish(lab: Arc<Lab>, limiter: Limiter, reach: Reach, mail: Mail, platforms: Platforms) -> Self {
        // Before anything is counted.
        metrics();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        // Live updates wait for facts to get their place.
        Engine::start(
            &lab.databases,
            Handlers::default(),
            Vec::new(),
            EngineSettings::default(),
            stopping.clone(),
            TaskTracker::new(),
        );
        let app = App::new(Parts {
            databases: lab.databases.clone(),
            settings: Settings {
                public_url: format!("http://localhost:{}", address.port()).parse().unwrap(),
                cors_origins: vec!["https://app.example.test".to_owned()],
                trusted_proxies: 0,
                metrics_token: None,
                demo_logins: Vec::new(),
                version: "test",
            },
            signing_key: None,
            limiter,
            oidc: Oidc::new(Http::new(reach).unwrap()),
            mail,
            platforms,
            objects: Objects::Folder(std::env::temp_dir()),
            buffer: None,
            metrics: Box::new(|| metrics().render()),
            stopping: stopping.clone(),
        })
        .await
        .unwrap();
        let router = socialai_api::router(&app).into_make_service_with_connect_info::<SocketAddr>();
        let stop = stopping.clone();
        tokio::spawn(async move {
            axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await.unwrap();
        });
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { lab, app, address, client, stopping }
    }

    pub fn url(&self, path: &str) -> String {
        let path = if path.starts_with("/api/") || path.starts_with("/v1/") || path.starts_with("/.well") {
            path.to_owned()
        } else {
            format!("/api/v1{path}")
        };
        format!("http://{}{path}", self.address)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        for name in ["access_token", "refresh_token", "ticket", "secret"] {
            if let Some(secret) = body[name].as_str() {
                note_secret(secret);
            }
        }
        Answer { status, headers, body, text }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).bearer_auth(token).json(body)).await
    }

    pub async fn call_as(&self, token: &str, method: Method, path: &str, body: &Value) -> Answer {
        self.send(self.request(method, path).bearer_auth(token).json(body)).await
    }

    /// Logs a member in whose role needs no second factor.
    pub async fn log_in(&self, member: &Member) -> Value {
        let answer = self.post("/auth/login", &json!({ "email": member.email, "password": member.password })).await;
        assert_eq!(answer.body["status"], "signed_in", "{}", answer.text);
        answer.body
    }

    /// Logs an administrator in, setting up the authenticator app on the way.
    pub async fn log_in_admin(&self, member: &Member) -> (Value, totp_rs::Totp) {
        let first = self.post("/auth/login", &json!({ "email": member.email, "password": member.password })).await;
        assert_eq!(first.body["status"], "enrolment_required", "{}", first.text);
        let ticket = first.body["ticket"].clone();
        let start = self.post("/auth/enrol/totp", &json!({ "ticket": ticket })).await;
        let app = totp_rs::Totp::from_url(start.body["url"].as_str().unwrap()).unwrap();
        let confirm = json!({ "ticket": ticket, "enrolment": start.body["enrolment"], "code": self.code(&app) });
        let done = self.post("/auth/enrol/totp/confirm", &confirm).await;
        assert_eq!(done.body["status"], "signed_in", "{}", done.text);
        (done.body, app)
    }

    pub fn code(&self, app: &totp_rs::Totp) -> String {
        app.generate(self.lab.clock.now().unix_timestamp().unsigned_abs()).to_string()
    }

    /// A key with these scopes.
    pub async fn api_key(&self, tenant: &Tenant, scopes: &[&str]) -> String {
        let mut tx = self.lab.databases.tenant(tenant.id, Actor::system("test")).await.unwrap();
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let (_, secret) =
            api_keys::create(&mut tx, NewKey { name: "test".into(), scopes, expires_at: None }).await.unwrap();
        tx.commit().await.unwrap();
        let secret = secrecy::ExposeSecret::expose_secret(&secret).to_owned();
        note_secret(&secret);
        secret
    }

    /// A tenant with one member of this role.
    pub async fn tenant_with(&self, role: Role) -> (Tenant, Member) {
        let tenant = self.lab.tenant().await;
        let member = self.lab.member(&tenant, role).await;
        (tenant, member)
    }

    /// What a workspace's outbox holds for an address, newest first.
    pub async fn mails_to(&self, tenant: &Tenant, email: &str) -> Vec<String> {
        // Mail is sent after the answer; wait for the tasks, not for time.
        while !self.app.tasks().is_empty() {
            tokio::task::yield_now().await;
        }
        let mut tx = self.lab.databases.system(Actor::system("test")).await.unwrap();
        let mails = socialai_domain::mails::list(&mut tx, tenant.id).await.unwrap();
        mails.into_iter().filter(|mail| mail.to == email).map(|mail| mail.text).collect()
    }
}

/// The secret behind `#` in a mailed link.
pub fn secret_in(mail: &str) -> String {
    let secret = mail.split('#').nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    note_secret(&secret);
    secret
}
