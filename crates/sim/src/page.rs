//! A page per simulator for people: what it holds, which faults are scripted, what arrived lately. Plain HTML that loads
//! itself again; everything in it was escaped, for it shows what strangers sent.

use std::fmt::Write;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde_json::Value;
use time::macros::format_description;

use crate::{
    effects::EffectFilter,
    journal::{Direction, Ending, Recording, RecordingFilter},
    scene::{Listed, Scene},
    simulator::Table,
};

const SHOWN_RECORDINGS: usize = 50;
const SHOWN_ROWS: usize = 50;
const SHOWN_CHARACTERS: usize = 300;
/// Nothing on the page runs or is fetched from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color-scheme:light dark}\
table{border-collapse:collapse;width:100%;margin-bottom:2rem}th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;\
border-bottom:1px solid #8886;overflow-wrap:anywhere}th{font-weight:600}code{font-size:.9em}";

pub fn index(scene: &Scene) -> Response<Body> {
    let mut page = begin("Simulated systems", None);
    push(&mut page, format_args!("<table><tr><th>Name</th><th>What it stands for</th></tr>"));
    for Listed { name, about } in scene.list() {
        push(&mut page, format_args!("<tr><td><a href=\"/{name}/\">{name}</a></td><td>{}</td></tr>", escaped(about)));
    }
    page.push_str("</table><p>Control API: <code>/_control/simulators</code></p>");
    html(StatusCode::OK, page)
}

pub fn simulator(scene: &Scene, name: &str) -> Response<Body> {
    let (Some(Listed { name, about }), Ok(tables)) = (scene.listed(name), scene.tables(name)) else {
        let mut page = begin("No such simulator", None);
        page.push_str("<p><a href=\"/\">These exist</a></p>");
        return html(StatusCode::NOT_FOUND, page);
    };
    let mut page = begin(name, Some(about));
    if scene.stage(name).is_ok_and(|stage| stage.is_some()) {
        push(&mut page, format_args!("<p><a href=\"/{name}/play\">Play a customer</a></p>"));
    }
    for table in tables {
        show_table(&mut page, &table);
    }
    show_faults(&mut page, scene, name);
    show_recordings(&mut page, scene, name);
    html(StatusCode::OK, page)
}

fn show_table(page: &mut String, table: &Table) {
    heading(page, &table.name.replace('_', " "), table.rows.len());
    head(page, &table.columns.iter().map(|column| column.replace('_', " ")).collect::<Vec<_>>());
    for cells in table.rows.iter().take(SHOWN_ROWS) {
        row(page, cells.iter().map(shown));
    }
    page.push_str("</table>");
}

fn show_faults(page: &mut String, scene: &Scene, name: &str) {
    let faults = scene.script().list(Some(name));
    if faults.is_empty() {
        return;
    }
    heading(page, "faults", faults.len());
    head(page, &["Id", "Rule", "Applied"]);
    for fault in faults.iter().take(SHOWN_ROWS) {
        let rule = serde_json::to_string(&fault.rule).unwrap_or_default();
        row(page, [fault.id.to_string(), rule, fault.applied.to_string()]);
    }
    page.push_str("</table>");
}

fn show_recordings(page: &mut String, scene: &Scene, name: &str) {
    let (recordings, effects) = {
        let pages = scene.journal.pages();
        let newest: Vec<_> = pages.newest(&RecordingFilter::of(name)).take(SHOWN_RECORDINGS).cloned().collect();
        (newest, pages.effects.total(&EffectFilter::of(name)))
    };
    push(page, format_args!("<h2>Latest requests</h2><p>Visible effects so far: {effects}</p>"));
    head(page, &["Time", "Request", "Body", "Answer", "Faults", "Effects"]);
    for recording in &recordings {
        row(page, cells(recording));
    }
    page.push_str("</table>");
}

fn cells(recording: &Recording) -> [String; 6] {
    let at = recording.at.format(format_description!("[hour]:[minute]:[second].[subsecond digits:3]"));
    let answer = match (&recording.answer, recording.ending) {
        (Some(sent), Ending::Truncated) => format!("{}, cut in half", sent.status),
        (Some(sent), _) => format!("{} {}", sent.status, recording.shown(&sent.body)),
        (None, Ending::Cut) => "connection cut".to_owned(),
        (None, _) => "none".to_owned(),
    };
    let faults = recording.faults.iter().map(|met| serde_json::to_string(&met.fault).unwrap_or_default());
    let effects = recording.effects.iter().map(|effect| format!("{} {} {}", effect.what, effect.place, effect.id));
    [
        at.unwrap_or_default(),
        format!("{}{} {}", direction(recording), recording.method, recording.shown_path()),
        recording.shown(&recording.body),
        answer,
        faults.collect::<Vec<_>>().join(", "),
        effects.collect::<Vec<_>>().join(", "),
    ]
}

/// Marks what the simulator sent.
fn direction(recording: &Recording) -> &'static str {
    if recording.direction == Direction::Out { "\u{2192} " } else { "" }
}

fn shown(cell: &Value) -> String {
    cell.as_str().map_or_else(|| cell.to_string(), str::to_owned)
}

fn begin(title: &str, about: Option<&str>) -> String {
    let title = escaped(title);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"3\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} · simulated</title>\
         <style>{STYLE}</style><h1>{title}</h1>"
    );
    if let Some(about) = about {
        push(&mut page, format_args!("<p>{} · <a href=\"/\">all</a></p>", escaped(about)));
    }
    page
}

fn heading(page: &mut String, title: &str, count: usize) {
    push(page, format_args!("<h2>{} ({count})</h2>", escaped(title)));
}

fn head<T: AsRef<str>>(page: &mut String, columns: &[T]) {
    page.push_str("<table><tr>");
    for column in columns {
        push(page, format_args!("<th>{}</th>", escaped(column.as_ref())));
    }
    page.push_str("</tr>");
}

fn row(page: &mut String, cells: impl IntoIterator<Item = String>) {
    page.push_str("<tr>");
    for cell in cells {
        let text: String = cell.chars().take(SHOWN_CHARACTERS).collect();
        push(page, format_args!("<td>{}</td>", escaped(&text)));
    }
    page.push_str("</tr>");
}

/// Writing into a string cannot fail.
pub fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
}

pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

fn html(status: StatusCode, page: String) -> Response<Body> {
    under(POLICY, status, page)
}

/// A page with what it may do in a browser.
pub fn under(policy: &str, status: StatusCode, page: String) -> Response<Body> {
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
