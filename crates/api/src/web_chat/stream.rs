//! What happens in a visitor's conversation, told to the visitor's page. It listens to the tail that all streams of the process
//! share, and takes from it only what is about this conversation; ids of events are places, as in a page of messages.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use serde::Serialize;
use serde_json::json;
use socialai_domain::{
    ids::{ConversationId, MessageId},
    problems::{Code, Error, Problem, Result},
    signs::{By, Sign},
    web_chat::{
        reading::{self, Seen},
        sessions::Session,
    },
};
use tokio::sync::broadcast::{self, error::RecvError};

use super::visitor::Guest;
use crate::{limits::Place, live::Page, problem::Answer, state::App};

/// How often a quiet stream looks whether it may go on.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// A line at least so often, or clients take the stream for dead.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Live updates of a visitor's conversation
///
/// Events are named `message`, `updated`, `read`, `typing` and `reset`, see the guide to web chat.
#[utoipa::path(get, path = "/web-chat/{key}/events", tag = "Web chat",
    params(("key" = String, Path, description = "The widget's key."),
        ("Last-Event-ID" = Option<String>, Header, description = "Go on behind this place; without it the stream begins now.")),
    security(("visitor" = [])), responses((status = 200, description = "What is written, changed and read, as it happens.", body = String, content_type = "text/event-stream")))]
pub async fn events(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let (mut tx, session) = guest.enter(&app).await?;
    let conversation = reading::conversation(&mut tx, &session).await?;
    let now = tx.now();
    tx.commit().await?;
    let place = app.streams().take_for_visitor(&guest.at.tenant.to_string(), &session.visitor)?;
    let last = headers.get("last-event-id").map(|id| reading::parse_place(id.to_str().unwrap_or_default(), now));
    let shard = app.databases().place(guest.at.tenant).await?.shard.clone();
    let unavailable = || Problem::of(Code::Unavailable);
    let tail = app.live().listen(shard.as_deref()).ok_or_else(unavailable)?;
    let signs = app.signs().listen(shard.as_deref()).ok_or_else(unavailable)?;
    let (after, is_reset) = match last {
        Some(Ok(after)) => (after, false),
        Some(Err(_)) => (reading::place(app.databases(), guest.at.tenant).await?, true),
        None => (reading::place(app.databases(), guest.at.tenant).await?, false),
    };
    let is_resumed = headers.contains_key("last-event-id");
    let step = Step::Greet { is_reset, is_resumed };
    let watch =
        Watch { app, guest, session, _place: place, conversation, shard, tail, signs, after, told_read: None, step };
    let pages = stream::unfold(watch, next);
    let events = futures::StreamExt::flat_map(pages, stream::iter);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)))
}

/// One open stream.
struct Watch {
    app: App,
    guest: Guest,
    session: Session,
    _place: Place,
    /// `None` before the first message.
    conversation: Option<ConversationId>,
    shard: Option<String>,
    tail: broadcast::Receiver<Page>,
    signs: broadcast::Receiver<Sign>,
    after: i64,
    /// How far the company has read, as the page was told.
    told_read: Option<MessageId>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Greet {
        is_reset: bool,
        is_resumed: bool,
    },
    /// Reads for itself, because it was not there or too slow.
    CatchUp,
    Listen,
}

type Written = Vec<Result<Event, Infallible>>;

/// The next events; `None` ends the stream, and the client comes back.
async fn next(mut watch: Watch) -> Option<(Written, Watch)> {
    let done = match watch.step {
        Step::Greet { is_reset, is_resumed } => greet(&mut watch, is_reset, is_resumed).await.map(Some),
        Step::CatchUp => catch_up(&mut watch).await.map(Some),
        Step::Listen => listen(&mut watch).await,
    };
    match done {
        Ok(events) => events.map(|events| (events.into_iter().map(Ok).collect(), watch)),
        Err(error) => {
            tracing::warn!(%error, "a visitor's stream could not go on");
            None
        }
    }
}

/// A line at once, so that the client knows that the stream comes through.
async fn greet(watch: &mut Watch, is_reset: bool, is_resumed: bool) -> Result<Vec<Event>> {
    watch.step = Step::CatchUp;
    let mut events = vec![Event::default().comment("here")];
    if is_reset {
        events.push(written("reset", &json!({})));
    }
    if let (Some(conversation), false) = (watch.conversation, is_resumed) {
        let mut tx = watch.guest.at.tx(&watch.app).await?;
        watch.told_read = reading::company_read_up_to(&mut tx, conversation).await?;
        tx.rollback().await?;
    }
    Ok(events)
}

async fn catch_up(watch: &mut Watch) -> Result<Vec<Event>> {
    watch.step = Step::Listen;
    let mut tx = watch.guest.at.tx(&watch.app).await?;
    if watch.conversation.is_none() {
        watch.conversation = reading::conversation(&mut tx, &watch.session).await?;
    }
    let Some(conversation) = watch.conversation else {
        tx.rollback().await?;
        return Ok(Vec::new());
    };
    let seen = reading::seen_after(&mut tx, conversation, watch.after).await;
    tx.rollback().await?;
    match seen {
        Ok(seen) => {
            watch.after = seen.until;
            tell(watch, conversation, &seen.changes).await
        }
        Err(Error::Problem(problem)) if problem.code == Code::InvalidCursor => {
            watch.after = reading::place(watch.app.databases(), watch.guest.at.tenant).await?;
            Ok(vec![written("reset", &json!({}))])
        }
        Err(error) => Err(error),
    }
}

/// What the tail brings; nothing now and then, after a look whether the stream may go on. `None` ends it.
async fn listen(watch: &mut Watch) -> Result<Option<Vec<Event>>> {
    let ask = tokio::time::sleep(ASK_AGAIN);
    tokio::pin!(ask);
    loop {
        tokio::select! {
            () = watch.app.stopping().cancelled() => return Ok(None),
            () = &mut ask => return Ok(may_go_on(watch).await?.then(Vec::new)),
            page = watch.tail.recv() => match page {
                Ok(page) if page.is_empty() => return Ok(Some(must_catch_up(watch))),
                Ok(page) => match heard(watch, &page) {
                    Heard::Nothing => {}
                    Heard::Beginning => return Ok(Some(must_catch_up(watch))),
                    Heard::Changes(conversation, changes) => return tell(watch, conversation, &changes).await.map(Some),
                },
                Err(RecvError::Lagged(_)) => return Ok(Some(must_catch_up(watch))),
                Err(RecvError::Closed) => return Ok(None),
            },
            sign = watch.signs.recv() => match sign {
                Ok(sign) => if let Some(event) = typed(watch, sign) {
                    return Ok(Some(vec![event]));
                },
                // It is told again within seconds.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(None),
            },
        }
    }
}

fn must_catch_up(watch: &mut Watch) -> Vec<Event> {
    watch.step = Step::CatchUp;
    Vec::new()
}

/// The widget is there, the workspace where it was, the session not over.
async fn may_go_on(watch: &mut Watch) -> Result<bool> {
    let place = watch.app.databases().place(watch.guest.at.tenant).await?;
    let widget = watch.app.web_chat().widget(watch.app.databases(), &watch.guest.at.widget.key).await?;
    let Some(known) = widget.filter(|known| known.widget.account == watch.session.account) else { return Ok(false) };
    watch.guest.at.widget = known.widget;
    Ok(place.shard == watch.shard && watch.session.expires_at > watch.app.databases().now())
}

enum Heard {
    Nothing,
    /// A conversation began, and it may be this one.
    Beginning,
    Changes(ConversationId, Vec<Seen>),
}

fn heard(watch: &mut Watch, page: &Page) -> Heard {
    let tenant = watch.guest.at.tenant.0;
    let after = watch.after;
    let mine = || page.iter().filter(|fact| fact.tenant_id == tenant && fact.position > after);
    let Some(conversation) = watch.conversation else {
        // The place stays, so that catching up finds it.
        return if mine().any(|fact| fact.kind == "conversation.opened") { Heard::Beginning } else { Heard::Nothing };
    };
    let changes: Vec<_> = mine().filter_map(|fact| Seen::of(fact, conversation)).collect();
    watch.after = mine().next_back().map_or(after, |fact| fact.position);
    if changes.is_empty() { Heard::Nothing } else { Heard::Changes(conversation, changes) }
}

async fn tell(watch: &mut Watch, conversation: ConversationId, changes: &[Seen]) -> Result<Vec<Event>> {
    let Some(last) = changes.last() else { return Ok(Vec::new()) };
    let mut tx = watch.guest.at.tx(&watch.app).await?;
    let told = reading::tell(&mut tx, &watch.guest.at.widget, &watch.session, conversation, changes).await?;
    let read = reading::company_read_up_to(&mut tx, conversation).await?;
    tx.commit().await?;
    let mut events: Vec<_> = told
        .iter()
        .map(|told| {
            let name = if told.is_new { "message" } else { "updated" };
            written(name, &told.message).id(told.position.to_string())
        })
        .collect();
    if let Some(up_to) = read.filter(|_| read != watch.told_read) {
        watch.told_read = read;
        events.push(written("read", &json!({ "up_to": up_to })).id(last.position.to_string()));
    }
    Ok(events)
}

/// Somebody of the company, in this conversation.
fn typed(watch: &Watch, sign: Sign) -> Option<Event> {
    let is_here = sign.tenant == watch.guest.at.tenant && Some(sign.conversation) == watch.conversation;
    match sign.by {
        By::Agent { name, is_typing } if is_here => {
            let told = json!({ "is_typing": is_typing, "from": "agent", "name": name });
            Some(written("typing", &told))
        }
        _ => None,
    }
}

fn written(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    event.json_data(data).unwrap_or_else(|_| Event::default().comment("unreadable"))
}
