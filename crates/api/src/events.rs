//! Live updates as server-sent events. The source is the tenant's audit chain, whose numbers have no gaps: the event id is
//! the number, so a client that reconnects with `Last-Event-ID` misses nothing, whichever process it lands on. What an
//! entry is about decides who hears of it; its changes stay in the audit log.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use serde::Serialize;
use socialai_domain::{
    audit::{self, Filter, Row},
    permissions::Permission,
    problems::{Code, Problem, Result},
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    limits::Place,
    problem::Answer,
    state::App,
};

/// How often a stream looks for news.
const PAUSE: Duration = Duration::from_secs(1);
const PAGE: i64 = 200;

/// What happened, without its details.
#[derive(Serialize, ToSchema)]
pub struct LiveEvent {
    pub action: String,
    pub entity_kind: String,
    pub entity_id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: time::OffsetDateTime,
}

/// First event of every stream, named `ready`: what the page behind it is talking to.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    /// Of the program.
    pub version: &'static str,
    /// The web app that this server hands out, as in `web_build` of `/auth/options`.
    pub build: &'static str,
    /// By the server's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub now: time::OffsetDateTime,
}

/// Live updates of this workspace
///
/// The first event is named `ready` (`Ready`); every other is named by its action.
#[utoipa::path(get, path = "/events", tag = "Workspace",
    params(("Last-Event-ID" = Option<String>, Header, description = "Go on after this event; without it the stream begins now.")),
    security(("token" = [])), responses((status = 200, description = "Events named by their action.", body = LiveEvent, content_type = "text/event-stream")))]
pub async fn stream(
    State(app): State<App>,
    caller: Caller<can::SignIn>,
    headers: HeaderMap,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let place = app.streams().take(caller.tenant.to_string(), caller.key())?;
    let after = match headers.get("last-event-id") {
        None => newest(&app, &caller).await?,
        Some(id) => id.to_str().ok().and_then(|id| id.parse().ok()).filter(|id| *id >= 0).ok_or_else(|| {
            Problem::new(Code::MalformedParameter, "Last-Event-ID is the id of an event of this stream.")
        })?,
    };
    let pages = stream::unfold((app, caller, place, after, true), next_page);
    let events = futures::StreamExt::flat_map(pages, stream::iter);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

type Watch = (App, Caller<can::SignIn>, Place, i64, bool);

/// The next events, after a pause when there were none; `None` ends the stream, and the client comes back.
async fn next_page((app, caller, place, after, hello): Watch) -> Option<(Vec<Result<Event, Infallible>>, Watch)> {
    if hello {
        // Tells the client that the stream stands, before anything happened.
        let version = app.settings().version;
        let ready = Ready { version, build: socialai_web::BUILD_ID, now: app.databases().now() };
        let first = Event::default().event("ready").id(after.to_string()).retry(Duration::from_secs(2));
        return Some((vec![Ok(written(first, &ready))], (app, caller, place, after, false)));
    }
    tokio::select! {
        () = app.stopping().cancelled() => return None,
        () = tokio::time::sleep(PAUSE) => {}
    }
    // Whoever was signed out or lost the role meanwhile hears nothing more.
    let still = caller.still_allowed(&app).await;
    let rows = if still { read(&app, &caller, after).await } else { return None };
    match rows {
        Ok(rows) => {
            let last = rows.last().map_or(after, |row| row.seq);
            let events = rows.iter().filter(|row| may_hear(&caller, row)).map(event).map(Ok).collect();
            Some((events, (app, caller, place, last, false)))
        }
        Err(error) => {
            tracing::warn!(error = %error, "a live stream could not read on");
            None
        }
    }
}

async fn newest(app: &App, caller: &Caller<can::SignIn>) -> Result<i64> {
    let mut tx = caller.tx(app).await?;
    let rows = audit::list(&mut tx, &Filter::default(), None, 1).await?;
    tx.rollback().await?;
    Ok(rows.first().map_or(0, |row| row.seq))
}

async fn read(app: &App, caller: &Caller<can::SignIn>, after: i64) -> Result<Vec<Row>> {
    let mut tx = caller.tx(app).await?;
    let rows = audit::list_after(&mut tx, &Filter::default(), after, PAGE).await?;
    tx.rollback().await?;
    Ok(rows)
}

/// Whoever may read the thing itself, or the log; and everybody hears of what is their own.
fn may_hear(caller: &Caller<can::SignIn>, row: &Row) -> bool {
    let subject = row.action.split_once('.').map_or("", |(subject, _)| subject);
    let needed = match (row.entity_kind.as_str(), subject) {
        ("user", _) => Permission::UsersRead,
        ("session" | "invitation", _) => Permission::UsersManage,
        ("api_key", _) => Permission::ApiKeysRead,
        ("tenant", "sso") => Permission::SsoRead,
        ("tenant", "tenant" | "settings") => Permission::SettingsRead,
        _ => Permission::AuditRead,
    };
    caller.permissions.iter().any(|has| *has == needed || *has == Permission::AuditRead) || is_own(caller, row)
}

/// About the caller as a user, or about one of their sessions.
fn is_own(caller: &Caller<can::SignIn>, row: &Row) -> bool {
    let Some(me) = caller.user_id().map(|id| id.to_string()) else { return false };
    let about = match row.entity_kind.as_str() {
        "user" => Some(row.entity_id.as_str()),
        "session" => row.changes.as_ref().and_then(|changes| changes["after"]["user"].as_str()),
        _ => None,
    };
    about == Some(me.as_str())
}

fn event(row: &Row) -> Event {
    let live = LiveEvent {
        action: row.action.clone(),
        entity_kind: row.entity_kind.clone(),
        entity_id: row.entity_id.clone(),
        at: row.at,
    };
    written(Event::default().event(&row.action).id(row.seq.to_string()), &live)
}

fn written(event: Event, data: &impl Serialize) -> Event {
    event.json_data(data).unwrap_or_else(|_| Event::default().comment("unreadable"))
}
