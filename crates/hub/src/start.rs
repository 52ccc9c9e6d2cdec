//! What `serve` and `demo` share: everything from the free port to the last closed connection.
//!
//! The port is taken first, because that fails at once and PostgreSQL takes seconds. Connections that come meanwhile
//! wait. Between the steps we look whether somebody wants us to stop; whatever was started is then stopped in order.

use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry_http::HeaderExtractor;
use secrecy::ExposeSecret;
use socialai_api::{
    App, DemoPerson, Mail, Settings,
    limits::{InProcess, Limiter, OnRedis, Store},
    state::{Parts, set_trace_link},
};
use socialai_connect::{call::Http, guard::Reach, mail::Smtp, oidc::Oidc};
use socialai_domain::{database, tenancy::Databases};
use socialai_queue::jobs::Queue;
use tokio::net::TcpListener;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    audit_stream, channels, config::Config, engine, kafka, listener, ports, stop::Stop, storage::Storage, upkeep,
};

/// In what serve and demo differ.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    pub is_demo: bool,
    /// Bring the schema up to date at the start; otherwise refuse to start when it is not.
    pub migrates: bool,
    /// Whether it answers more than probes.
    pub answers: bool,
    /// Whose jobs this process does.
    pub queues: &'a [Queue],
}

/// Hears progress and the moment of readiness.
pub trait Voice: Send {
    fn progress(&mut self, line: &str);
    /// Everything works; `config.listen` has the real port.
    fn ready(&mut self, config: &Config) -> Result<()>;
    /// After the schema is current and before the first request.
    #[expect(async_fn_in_trait, reason = "used by the main task only, which need not move between threads")]
    async fn prepare(&mut self, storage: &Storage, databases: &Databases) -> Result<()>;
    fn demo_logins(&self) -> Vec<DemoPerson>;
}

/// Serves until it is told to stop.
pub async fn serve(mut config: Config, manner: Manner<'_>, voice: &mut impl Voice) -> Result<()> {
    let stop = Stop::listen()?;
    let listener = ports::bind(config.listen).await?;
    config.listen = listener.local_addr().context("the port has no address")?;
    let storage = Storage::claim(&config, &mut |line| voice.progress(line)).await?;
    let served = tokio::select! {
        served = on_storage(&config, manner, voice, &storage, listener, &stop) => served,
        () = stop.at_once() => Ok(()),
    };
    // Dropping asks PostgreSQL to stop without waiting, which is what a second Ctrl-C means.
    tokio::select! {
        closed = storage.close() => served.and(closed),
        () = stop.at_once() => served,
    }
}

async fn on_storage(
    config: &Config,
    manner: Manner<'_>,
    voice: &mut impl Voice,
    storage: &Storage,
    listener: TcpListener,
    stop: &Stop,
) -> Result<()> {
    if stop.is_wanted() {
        return Ok(());
    }
    if manner.migrates {
        database::migrate(&storage.endpoints, &mut |line| voice.progress(&line)).await?;
    } else {
        storage.require_current().await?;
    }
    let databases = storage.open(config.db_connections, &mut |line| voice.progress(line)).await?;
    voice.prepare(storage, &databases).await?;
    if stop.is_wanted() {
        databases.close().await;
        return Ok(());
    }
    let metrics = recorder()?;
    let reach = if config.allow_private_networks(manner.is_demo) { Reach::Anywhere } else { Reach::PublicOnly };
    let http = Http::new(reach).context("the HTTP client cannot be set up")?;
    let app = app(config, manner, voice, &databases, &http, metrics.clone(), stop).await?;
    upkeep::start(&app, metrics, config.webhook_patience);
    engine::start(&app, config, &http, manner.queues)?;
    if let Some(target) = config.audit_stream.clone() {
        audit_stream::start(&app, target);
    }
    voice.ready(config)?;
    let router = if manner.answers { socialai_api::router(&app) } else { socialai_api::probes(&app) };
    let served = listener::serve(listener, router, config.tls.clone(), stop.in_order().clone(), config.drain).await;
    // When the listener failed nobody has told the tasks yet.
    stop.in_order().cancel();
    finish(&app, config.drain).await;
    databases.close().await;
    served
}

/// Waits for work that goes on after its answer, within the time for draining.
async fn finish(app: &App, drain: Duration) {
    app.tasks().close();
    if tokio::time::timeout(drain, app.tasks().wait()).await.is_err() {
        tracing::warn!(tasks = app.tasks().len(), "work was cut because draining took too long");
    }
}

async fn app(
    config: &Config,
    manner: Manner<'_>,
    voice: &impl Voice,
    databases: &Databases,
    http: &Http,
    metrics: PrometheusHandle,
    stop: &Stop,
) -> Result<App> {
    set_trace_link(|span, headers| {
        let parent =
            opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&HeaderExtractor(headers)));
        // A request without a trace of its own begins one.
        let _ = span.set_parent(parent);
    });
    let parts = Parts {
        databases: databases.clone(),
        settings: settings(config, voice)?,
        signing_key: config.jwt_private_key.clone(),
        limiter: Limiter::new(bucket_store(config)?, config.rate_limit_factor),
        oidc: Oidc::new(http.clone()),
        mail: mail(config, manner)?,
        platforms: channels::platforms(config, http),
        objects: channels::objects(config)?,
        buffer: config.kafka.as_ref().map(kafka::buffer).transpose()?,
        metrics: Box::new(move || metrics.render()),
        stopping: stop.in_order().clone(),
    };
    Ok(App::new(parts).await?)
}

fn settings(config: &Config, voice: &impl Voice) -> Result<Settings> {
    if config.lacks_public_url() {
        tracing::warn!("SOCIALAI_PUBLIC_URL is not set: links, passkeys and tokens name this machine only");
    }
    Ok(Settings {
        public_url: config.public_url()?,
        cors_origins: config.cors_origins.clone(),
        trusted_proxies: config.trusted_proxies,
        metrics_token: config.metrics_token.as_ref().map(|token| token.expose_secret().to_owned()),
        demo_logins: voice.demo_logins(),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Redis may come and go: limits are kept in the process while it is away.
fn bucket_store(config: &Config) -> Result<Store> {
    let Some(url) = &config.redis_url else { return Ok(Store::InProcess(InProcess::default())) };
    let client = redis::Client::open(url.expose_secret()).context("REDIS_URL cannot be used")?;
    let manager = redis::aio::ConnectionManager::new_lazy_with_config(client, patience())
        .context("the connection to Redis cannot be set up")?;
    Ok(Store::OnRedis(OnRedis::new(manager)))
}

/// Short, because every request waits for it.
fn patience() -> redis::aio::ConnectionManagerConfig {
    redis::aio::ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_millis(500)))
        .set_number_of_retries(1)
}

fn mail(config: &Config, manner: Manner<'_>) -> Result<Mail> {
    if manner.is_demo {
        return Ok(Mail::Outbox);
    }
    let Some(url) = &config.smtp_url else { return Ok(Mail::Off) };
    Ok(Mail::Smtp(Smtp::from_url(url, &config.mail_from)?))
}

/// Seconds in which an answer is quick, slow, or worrying.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

fn recorder() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("metrics cannot be set up")
}
