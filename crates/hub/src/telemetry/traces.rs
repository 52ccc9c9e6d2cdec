//! Spans in batches to an OTLP collector over HTTP.
//!
//! The batch processor works on a plain thread, where an asynchronous HTTP client finds no runtime
//! (it would panic). The requests therefore run on a small runtime of their own, which also means
//! that the last batch can be sent while the program's own runtime is busy with its shutdown.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::{Request, Response};
use bytes::Bytes;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter as Export};
use tokio::runtime::{Builder, Handle, Runtime};
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use super::redaction::redact;

const SERVICE_NAME: &str = "socialai";
const REQUEST_WITHIN: Duration = Duration::from_secs(5);
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// What a request to the collector is made of; traced as well, each would cause the next.
const OWN_MACHINERY: [&str; 6] = ["hyper", "h2", "reqwest", "rustls", "tower", "opentelemetry"];

#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
    // Ends after the last batch was sent over it.
    _thread: SendingThread,
}

/// A runtime that ends without waiting: the usual way waits, which another runtime does not allow, and the guard may
/// well be dropped inside one.
#[derive(Debug)]
struct SendingThread(Option<Runtime>);

impl Drop for SendingThread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Traces {
    pub(super) fn to_collector(base: &str) -> Result<Self> {
        let endpoint = traces_address(base)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()
            .context("cannot start the thread that sends traces")?;
        let handle = runtime.handle().clone();
        let thread = SendingThread(Some(runtime));
        let client = OnRuntime { client: client()?, handle };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(endpoint)
            .with_timeout(REQUEST_WITHIN)
            .build()
            .context("cannot set up the sending of traces")?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(RedactingExporter { inner: exporter })
            .with_resource(Resource::builder().with_service_name(SERVICE_NAME).build())
            .build();
        Ok(Self { provider, _thread: thread })
    }

    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let tracer = self.provider.tracer(SERVICE_NAME);
        let wanted = filter_fn(is_worth_a_trace).with_max_level_hint(LevelFilter::INFO);
        tracing_opentelemetry::layer().with_tracer(tracer).with_filter(wanted)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_WITHIN) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

const TRACEPARENT: &str = "traceparent";

/// The present span as its children name it, when it is one that is sent.
pub(super) fn current() -> Option<String> {
    let mut names = HashMap::new();
    TraceContextPropagator::new().inject_context(&tracing::Span::current().context(), &mut names);
    names.remove(TRACEPARENT)
}

/// Makes a span the child of another, perhaps of another process.
pub(super) fn join(span: &tracing::Span, parent: &str) {
    let names = HashMap::from([(TRACEPARENT.to_owned(), parent.to_owned())]);
    // A span that is not sent has no place for it.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&names));
}

fn is_worth_a_trace(metadata: &Metadata<'_>) -> bool {
    let root = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= tracing::Level::INFO && !OWN_MACHINERY.contains(&root)
}

/// The base address with the path that the protocol prescribes; a full address is taken as it is.
fn traces_address(base: &str) -> Result<String> {
    const PATH: &str = "/v1/traces";
    let shown = redact(base);
    let wrong = || format!("the OTLP endpoint `{shown}` should look like http://127.0.0.1:4318");
    let url = Url::parse(base).with_context(wrong)?;
    ensure!(matches!(url.scheme(), "http" | "https") && url.has_host(), wrong());
    let base = base.trim_end_matches('/');
    Ok(if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the operator's own collector, often on a private address, which the guarded client refuses"
)]
fn client() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().timeout(REQUEST_WITHIN).redirect(reqwest::redirect::Policy::none());
    builder.build().context("cannot set up the HTTP client for traces")
}

/// A client that works wherever it is asked from.
#[derive(Debug)]
struct OnRuntime {
    client: reqwest::Client,
    handle: Handle,
}

#[async_trait::async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.handle.spawn(async move { client.send_bytes(request).await }).await?
    }
}

/// Passes spans on without what looks like a secret.
#[derive(Debug)]
struct RedactingExporter<E> {
    inner: E,
}

impl<E: Export> Export for RedactingExporter<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        batch.iter_mut().for_each(clean_span);
        self.inner.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

fn clean_span(span: &mut SpanData) {
    clean_text(&mut span.name);
    span.attributes.iter_mut().for_each(clean_attribute);
    for event in &mut span.events.events {
        clean_text(&mut event.name);
        event.attributes.iter_mut().for_each(clean_attribute);
    }
    if let Status::Error { description } = &mut span.status {
        clean_text(description);
    }
}

fn clean_text(text: &mut Cow<'static, str>) {
    if let Cow::Owned(clean) = redact(text) {
        *text = Cow::Owned(clean);
    }
}

fn clean_attribute(attribute: &mut KeyValue) {
    match &mut attribute.value {
        Value::String(text) => clean_string(text),
        Value::Array(Array::String(texts)) => texts.iter_mut().for_each(clean_string),
        _ => {}
    }
}

fn clean_string(text: &mut StringValue) {
    if let Cow::Owned(clean) = redact(text.as_str()) {
        *text = clean.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collector_may_be_named_by_its_base_or_its_full_address() {
        for base in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"] {
            assert_eq!(traces_address(base).unwrap(), "http://127.0.0.1:4318/v1/traces");
        }
    }

    #[test]
    fn address_that_is_none_is_refused_without_its_password() {
        for base in ["127.0.0.1:4318", "ftp://host", "", "gopher://me:hidden0@host"] {
            let error = format!("{:#}", traces_address(base).unwrap_err());
            assert!(error.contains("should look like") && !error.contains("hidden0"), "{error}");
        }
    }
}
