//! Logs and traces, and the net that keeps secrets out of both.
//!
//! Logs go to standard error: text for a person at a terminal, JSON lines for a collector. Traces go
//! to an OTLP collector when one is configured. Whatever the code above logs by mistake, everything
//! passes `redaction` on its way out.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `json_lines` | one flat JSON object for each event, with the fields of its spans |
//! | `redaction` | what our secrets look like |
//! | `traces` | batches of spans to a collector over HTTP |
//!
//! Deliberately absent: log files and their rotation, which the system that starts us does better.

mod json_lines;
mod redaction;
#[cfg(test)]
mod tests;
mod traces;

use std::io::IsTerminal;

use anyhow::{Context, Result};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use socialai_domain::trace::{self, Tracer};
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

use self::redaction::Redacting;
use self::traces::Traces;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text on a terminal, JSON lines elsewhere.
    #[default]
    Suitable,
    Text,
    Json,
}

#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// Directives such as `info` or `info,socialai_domain=debug`.
    pub filter: String,
    pub format: LogFormat,
    /// The collector's base address, for example `http://127.0.0.1:4318`. No traces without it.
    pub otlp_endpoint: Option<String>,
}

/// Sends what is left of the traces when it is dropped, so it has to live until the end of `main`.
#[derive(Debug)]
#[must_use = "traces are sent only while the guard lives"]
pub struct TelemetryGuard {
    traces: Option<Traces>,
}

/// Sets up logs and traces for the whole process, once.
pub fn init(config: &TelemetryConfig) -> Result<TelemetryGuard> {
    let (subscriber, guard) = build(config, std::io::stderr, std::io::stderr().is_terminal())?;
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    subscriber.try_init().context("logs were set up twice")?;
    if guard.traces.is_some() {
        trace::set_up(Tracer { current: traces::current, join: traces::join });
    }
    Ok(guard)
}

fn build<W>(
    config: &TelemetryConfig,
    writer: W,
    to_terminal: bool,
) -> Result<(impl Subscriber + Send + Sync, TelemetryGuard)>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.filter).with_context(|| {
        format!("SOCIALAI_LOG is `{}`; it should look like `info` or `info,socialai_domain=debug`", config.filter)
    })?;
    let traces = config.otlp_endpoint.as_deref().map(Traces::to_collector).transpose()?;
    let logs = log_layer(config.format, writer, to_terminal).with_filter(filter);
    let subscriber = Registry::default().with(logs).with(traces.as_ref().map(Traces::layer));
    Ok((subscriber, TelemetryGuard { traces }))
}

fn log_layer<S, W>(format: LogFormat, writer: W, to_terminal: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(Redacting::new(writer));
    let as_text = match format {
        LogFormat::Suitable => to_terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    if as_text {
        layer.with_ansi(to_terminal).boxed()
    } else {
        layer.json().event_format(json_lines::JsonLines).boxed()
    }
}
