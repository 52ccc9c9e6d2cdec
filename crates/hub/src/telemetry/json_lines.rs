//! One JSON object for each event, flat, so that every collector can filter by `tenant_id` and
//! `request_id` without knowing how our spans are nested.
//!
//! Fields of spans come first, from the outermost in; those of the event follow and win. The four
//! names that every line has (`timestamp`, `level`, `target`, `message`) cannot be taken by a field.

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

pub(super) struct JsonLines;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    JsonFields: for<'a> FormatFields<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>();
            if let Some(Ok(Value::Object(fields))) = fields.map(|fields| serde_json::from_str(&fields.fields)) {
                line.extend(fields);
            }
        }
        let mut visitor = IntoMap { fields: &mut line, message: String::new() };
        event.record(&mut visitor);
        let message = visitor.message;

        let metadata = event.metadata();
        line.insert("timestamp".to_owned(), Value::String(now()));
        line.insert("level".to_owned(), Value::String(metadata.level().to_string()));
        line.insert("target".to_owned(), Value::String(metadata.target().to_owned()));
        line.insert("message".to_owned(), Value::String(message));
        writeln!(writer, "{}", Value::Object(line))
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line tells the machine's time, whatever the product's clock says")]
fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

struct IntoMap<'a> {
    fields: &'a mut Map<String, Value>,
    message: String,
}

impl IntoMap<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        // Raw identifiers are recorded with their prefix.
        let name = field.name().trim_start_matches("r#");
        self.fields.insert(name.to_owned(), value);
    }
}

impl Visit for IntoMap<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.put(field, Value::String(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.put(field, Value::from(value));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    /// Not a number and infinity have no form in JSON.
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }
}
