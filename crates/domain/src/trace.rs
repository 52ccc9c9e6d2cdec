//! The trace (W3C `traceparent`) that the work at hand belongs to. Jobs and facts take it along, so that what follows from a
//! request is found with it. Only the program knows how, and only when it sends traces somewhere; else there is none, and
//! asking for it costs nothing.

use std::sync::OnceLock;

use tracing::Span;

#[derive(Debug, Clone, Copy)]
pub struct Tracer {
    /// The trace of the span that we are in.
    pub current: fn() -> Option<String>,
    /// Makes a span a child of the one that this names.
    pub join: fn(&Span, &str),
}

static TRACER: OnceLock<Tracer> = OnceLock::new();

/// Called once, by the program.
pub fn set_up(tracer: Tracer) {
    let _ = TRACER.set(tracer);
}

pub fn current() -> Option<String> {
    TRACER.get().and_then(|tracer| (tracer.current)())
}

/// A span that goes on with the trace, or begins one; an empty one where no traces are sent.
pub fn span(trace: Option<&str>, make: impl FnOnce() -> Span) -> Span {
    let Some(tracer) = TRACER.get() else { return Span::none() };
    let span = make();
    if let Some(trace) = trace {
        (tracer.join)(&span, trace);
    }
    span
}
