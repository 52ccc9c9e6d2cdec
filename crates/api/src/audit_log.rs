//! Reading, exporting and verifying the audit log.

use axum::{
    Json,
    body::Body as HttpBody,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures::{Stream, stream};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    audit::{self, Entry, Filter, LogEntry, Row, Verdict},
    problems::{Code, Problem, Result},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::{Caller, can},
    http::body::{Id, Query, at_most},
    page::{Page, Paging, moment},
    problem::Answer,
    state::App,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// For example `user.role_changed`; with a dot at its end (`user.`) all actions that begin so.
    #[param(max_length = 100)]
    action: Option<String>,
    #[param(max_length = 100)]
    actor_id: Option<String>,
    #[param(max_length = 100)]
    entity_kind: Option<String>,
    #[param(max_length = 100)]
    entity_id: Option<String>,
    /// RFC 3339; from this moment on.
    #[param(format = DateTime)]
    from: Option<String>,
    /// RFC 3339; before this moment.
    #[param(format = DateTime)]
    until: Option<String>,
}

impl LogQuery {
    fn filter(&self) -> Result<Filter, Problem> {
        for (name, value) in [
            ("action", &self.action),
            ("actor_id", &self.actor_id),
            ("entity_kind", &self.entity_kind),
            ("entity_id", &self.entity_id),
        ] {
            at_most(100, name, value.as_ref())?;
        }
        Ok(Filter {
            action: self.action.clone(),
            actor_id: self.actor_id.clone(),
            entity_kind: self.entity_kind.clone(),
            entity_id: self.entity_id.clone(),
            from: moment("from", self.from.as_deref())?,
            until: moment("until", self.until.as_deref())?,
        })
    }
}

/// The audit log, newest first
#[utoipa::path(get, path = "/audit-log", tag = "Audit", params(LogQuery, Paging), security(("token" = ["audit:read"])),
    responses((status = 200, description = "A page of entries.", body = Page<LogEntry>)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<can::AuditRead>,
    Query(query): Query<LogQuery>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<LogEntry>>> {
    let limit = paging.limit()?;
    let before = paging.after()?;
    let filter = query.filter()?;
    let mut tx = caller.tx(&app).await?;
    let rows = audit::list(&mut tx, &filter, before, limit + 1).await?;
    let entries = audit::name(&mut tx, rows).await?;
    tx.rollback().await?;
    Ok(Json(Page::cut(entries, limit, |entry| entry.row.seq)))
}

/// One entry of the audit log
#[utoipa::path(get, path = "/audit-log/{seq}", tag = "Audit",
    params(("seq" = i64, Path, description = "Its place in the chain.")), security(("token" = ["audit:read"])),
    responses((status = 200, description = "The entry.", body = LogEntry)))]
pub async fn get(State(app): State<App>, caller: Caller<can::AuditRead>, Id(seq): Id<i64>) -> Answer<Json<LogEntry>> {
    let mut tx = caller.tx(&app).await?;
    let row = audit::get(&mut tx, seq).await?;
    let entry = audit::name(&mut tx, vec![row]).await?.pop();
    tx.rollback().await?;
    Ok(Json(entry.ok_or_else(|| Problem::missing("audit log entry"))?))
}

/// Actions that occur in the audit log
///
/// What there is to filter by.
#[utoipa::path(get, path = "/audit-log/actions", tag = "Audit", security(("token" = ["audit:read"])),
    responses((status = 200, description = "Their names, in order.", body = Vec<String>)))]
pub async fn actions(State(app): State<App>, caller: Caller<can::AuditRead>) -> Answer<Json<Vec<String>>> {
    let mut tx = caller.tx(&app).await?;
    let actions = audit::actions(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(actions))
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    #[default]
    Jsonl,
    Csv,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    #[serde(default)]
    format: ExportFormat,
    /// Only entries after this place in the chain; for fetching what is new.
    #[param(minimum = 0)]
    after_seq: Option<i64>,
}

/// Download the audit log, oldest first
#[utoipa::path(get, path = "/audit-log/export", tag = "Audit", params(LogQuery, ExportQuery), security(("token" = ["audit:export"])),
    responses((status = 200, description = "JSON lines or CSV.", content((String = "application/jsonl"), (String = "text/csv")))))]
pub async fn export(
    State(app): State<App>,
    caller: Caller<can::AuditExport>,
    Query(filter): Query<LogQuery>,
    Query(query): Query<ExportQuery>,
) -> Answer<Response> {
    let filter = filter.filter()?;
    let after_seq = query.after_seq.unwrap_or(0);
    if after_seq < 0 {
        return Err(Problem::new(Code::MalformedParameter, "`after_seq` is 0 or more.").into());
    }
    // That somebody took the log away is itself an entry.
    let mut tx = caller.tx(&app).await?;
    let tenant = tx.tenant();
    tx.record(Entry::new("audit_log.exported", "tenant", tenant));
    tx.commit().await?;
    let (content_type, name) = match query.format {
        ExportFormat::Jsonl => ("application/jsonl", "audit-log.jsonl"),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "audit-log.csv"),
    };
    let mut response = Response::new(HttpBody::from_stream(lines(app, caller, filter, query.format, after_seq)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Page by page, each in a short transaction of its own, so that a slow reader holds nothing.
fn lines<D: Send + Sync + 'static>(
    app: App,
    caller: Caller<D>,
    filter: Filter,
    format: ExportFormat,
    after_seq: i64,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    const PAGE: i64 = 500;
    let begin = (Some(after_seq), true);
    stream::try_unfold((app, caller, filter, begin), move |(app, caller, filter, (after, first))| async move {
        let Some(after) = after else { return Ok(None) };
        let mut tx = caller.tx(&app).await.map_err(std::io::Error::other)?;
        let rows = audit::list_after(&mut tx, &filter, after, PAGE).await.map_err(std::io::Error::other)?;
        tx.rollback().await.map_err(std::io::Error::other)?;
        let mut text = String::new();
        if first && matches!(format, ExportFormat::Csv) {
            text.push_str(CSV_HEAD);
        }
        for row in &rows {
            match format {
                ExportFormat::Jsonl => text.push_str(&serde_json::to_string(row).map_err(std::io::Error::other)?),
                ExportFormat::Csv => text.push_str(&csv_line(row)),
            }
            text.push('\n');
        }
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
        let next = rows.last().filter(|_| full).map(|row| row.seq);
        Ok(Some((Bytes::from(text), (app, caller, filter, (next, false)))))
    })
}

pub const CSV_HEAD: &str =
    "seq,at,actor_kind,actor_id,action,entity_kind,entity_id,ip,user_agent,request_id,changes,hash\n";

pub fn csv_line(row: &Row) -> String {
    let at = row.at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    let changes = row.changes.as_ref().map(ToString::to_string).unwrap_or_default();
    let fields = [
        &row.seq.to_string(),
        &at,
        &row.actor_kind,
        &row.actor_id,
        &row.action,
        &row.entity_kind,
        &row.entity_id,
        row.ip.as_deref().unwrap_or_default(),
        row.user_agent.as_deref().unwrap_or_default(),
        row.request_id.as_deref().unwrap_or_default(),
        &changes,
        &hex::encode(&row.hash),
    ];
    fields.map(csv_field).join(",")
}

/// Quoted, and never something that a spreadsheet would run.
fn csv_field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// Check the chain from its first entry to its last
#[utoipa::path(get, path = "/audit-log/verify", tag = "Audit", security(("token" = ["audit:read"])),
    responses((status = 200, description = "The finding.", body = Verdict)))]
pub async fn verify(State(app): State<App>, caller: Caller<can::AuditRead>) -> Answer<Json<Verdict>> {
    let mut tx = caller.tx(&app).await?;
    let verdict = audit::verify(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_fields_are_quoted_and_defused() {
        assert_eq!(csv_field("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(csv_field("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
    }
}
