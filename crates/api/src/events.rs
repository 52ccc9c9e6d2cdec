//! Live updates as server-sent events: the domain events of the workspace, each to whoever may hear it and sees what it is about. The event id is its
//! position among the facts, so a client that reconnects with `Last-Event-ID` misses nothing, whichever process it lands
//! on. A stream first reads what it missed, then listens to the tail that all streams of the process share (`live`).
//!
//! Who looks at a conversation is heard of, too, and is no fact: such an event has no id, and is not caught up on.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use serde::Serialize;
use socialai_domain::{
    events,
    ids::ConversationId,
    permissions::Permission,
    problems::{Code, Error, Problem, Result},
    scope::{self, Scope},
    signs::{By, Sign},
    tenancy::TenantTx,
};
use socialai_queue::facts::Fact;
use tokio::sync::broadcast::{self, error::RecvError};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    limits::Place,
    live::Page,
    presence::News,
    problem::Answer,
    state::App,
};

/// How often a quiet stream asks whether it may go on.
const ASK_AGAIN: Duration = Duration::from_secs(5);
const PAGE: i64 = 200;
/// Somebody looks at a conversation, types in it, or left it.
const PRESENCE: &str = "presence.changed";

/// What happened, without its details.
#[derive(Serialize, ToSchema)]
pub struct LiveEvent {
    pub action: String,
    pub entity_kind: String,
    pub entity_id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: time::OffsetDateTime,
}

/// Event named `conversation.typing`: somebody types in a web chat, for eight seconds or until it is said that they stopped.
#[derive(Serialize, ToSchema)]
pub struct LiveTyping {
    #[serde(flatten)]
    pub event: LiveEvent,
    /// `visitor` or `agent`.
    pub by: &'static str,
    pub name: Option<String>,
    pub is_typing: bool,
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
/// The first event is named `ready` (`Ready`); every other is named by its action. `presence.changed` says that somebody
/// looks at a conversation, types in it, or left it; it has no id.
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
        None => events::now(app.databases(), caller.tenant).await?,
        Some(id) => id.to_str().ok().and_then(|id| id.parse().ok()).filter(|id| *id >= 0).ok_or_else(|| {
            Problem::new(Code::MalformedParameter, "Last-Event-ID is the id of an event of this stream.")
        })?,
    };
    let shard = app.databases().place(caller.tenant).await?.shard.clone();
    let tail = app.live().listen(shard.as_deref()).ok_or_else(|| Problem::of(Code::Unavailable))?;
    let presence = app.presence().listen();
    let signs = app.signs().listen(shard.as_deref()).ok_or_else(|| Problem::of(Code::Unavailable))?;
    let watch = Watch { app, caller, _place: place, shard, tail, presence, signs, after, step: Step::Greet };
    let pages = stream::unfold(watch, next_page);
    let events = futures::StreamExt::flat_map(pages, stream::iter);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// One open stream.
struct Watch {
    app: App,
    caller: Caller<can::SignIn>,
    _place: Place,
    shard: Option<String>,
    tail: broadcast::Receiver<Page>,
    presence: broadcast::Receiver<News>,
    signs: broadcast::Receiver<Sign>,
    after: i64,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Greet,
    /// Reads for itself, because it was not there or too slow.
    CatchUp,
    Listen,
}

type Written = Vec<Result<Event, Infallible>>;

/// The next events; `None` ends the stream, and the client comes back.
async fn next_page(mut watch: Watch) -> Option<(Written, Watch)> {
    let heard = match watch.step {
        Step::Greet => {
            // Tells the client that the stream stands, before anything happened.
            let version = watch.app.settings().version;
            let ready = Ready { version, build: socialai_web::BUILD_ID, now: watch.app.databases().now() };
            let first = Event::default().event("ready").id(watch.after.to_string()).retry(Duration::from_secs(2));
            watch.step = Step::CatchUp;
            return Some((vec![Ok(written(first, &ready))], watch));
        }
        Step::CatchUp => Heard::Facts(catch_up(&mut watch).await?),
        Step::Listen => listen(&mut watch).await?,
    };
    // Whoever was signed out or lost the role meanwhile hears nothing more.
    if !watch.caller.still_allowed(&watch.app).await {
        return None;
    }
    let facts = match heard {
        Heard::Facts(facts) => facts,
        Heard::Presence(news) => {
            let may = watch.caller.permissions.contains(&Permission::ConversationsRead);
            let events =
                (may && sees(&watch, news.conversation).await?).then(|| presence_changed(&watch, news)).map(Ok);
            return Some((events.into_iter().collect(), watch));
        }
        Heard::Typing(conversation, event) => {
            let events = sees(&watch, conversation).await?.then_some(Ok(event));
            return Some((events.into_iter().collect(), watch));
        }
    };
    let read_to = facts.last().map_or(watch.after, |fact| fact.position);
    let facts = facts.into_iter().filter(|fact| may_hear(&watch.caller, fact)).collect();
    let events = in_scope(&watch, facts).await?.iter().map(event).map(Ok).collect();
    watch.after = read_to;
    Some((events, watch))
}

/// Asks the database only for those who do not see everything; what cannot be asked ends the stream.
async fn in_scope(watch: &Watch, facts: Vec<Fact>) -> Option<Vec<Fact>> {
    if watch.caller.scope() == Scope::Workspace || facts.is_empty() {
        return Some(facts);
    }
    read(watch, async |tx| scope::heard(tx, facts).await).await
}

async fn sees(watch: &Watch, conversation: ConversationId) -> Option<bool> {
    if watch.caller.scope() == Scope::Workspace {
        return Some(true);
    }
    read(watch, async |tx| scope::sees(tx, conversation).await).await
}

/// `None`: it could not be read, and the client comes back.
async fn read<T>(watch: &Watch, what: impl AsyncFnOnce(&mut TenantTx) -> Result<T>) -> Option<T> {
    let read = async {
        let mut tx = watch.caller.tx(&watch.app).await?;
        let found = what(&mut tx).await?;
        tx.rollback().await?;
        Ok::<_, Error>(found)
    };
    read.await.inspect_err(|error| tracing::warn!(%error, "a live stream could not read on")).ok()
}

enum Heard {
    Facts(Vec<Fact>),
    Presence(News),
    /// Somebody types in a web chat.
    Typing(ConversationId, Event),
}

async fn catch_up(watch: &mut Watch) -> Option<Vec<Fact>> {
    let after = watch.after;
    let page = read(watch, async |tx| events::read_after(tx, after, PAGE).await).await?;
    if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
        watch.step = Step::Listen;
    }
    Some(page)
}

/// What the tail brings for this tenant; an empty page now and then, to ask whether the stream may go on.
async fn listen(watch: &mut Watch) -> Option<Heard> {
    let ask = tokio::time::sleep(ASK_AGAIN);
    tokio::pin!(ask);
    loop {
        tokio::select! {
            () = watch.app.stopping().cancelled() => return None,
            () = &mut ask => {
                // After a move the facts of this tenant are placed elsewhere; the client goes on there.
                let place = watch.app.databases().place(watch.caller.tenant).await.ok()?;
                return (place.shard == watch.shard).then(|| Heard::Facts(Vec::new()));
            }
            news = watch.presence.recv() => match news {
                Ok(news) if news.tenant == watch.caller.tenant => return Some(Heard::Presence(news)),
                // Of others, or so many that some were missed: who is there says so again soon.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            },
            page = watch.tail.recv() => match page {
                Ok(page) if page.is_empty() => return Some(must_catch_up(watch)),
                Ok(page) => {
                    let is_mine = |fact: &&Fact| fact.tenant_id == watch.caller.tenant.0 && fact.position > watch.after;
                    let mine: Vec<_> = page.iter().filter(is_mine).cloned().collect();
                    if !mine.is_empty() {
                        return Some(Heard::Facts(mine));
                    }
                }
                Err(RecvError::Lagged(_)) => return Some(must_catch_up(watch)),
                Err(RecvError::Closed) => return None,
            },
            sign = watch.signs.recv() => match sign {
                Ok(sign) => {
                    let conversation = sign.conversation;
                    if let Some(event) = typed(watch, sign) {
                        return Some(Heard::Typing(conversation, event));
                    }
                }
                // It is told again within seconds.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// For who may read conversations. Its id is the place of the stream, because it has none of its own.
fn typed(watch: &Watch, sign: Sign) -> Option<Event> {
    if sign.tenant != watch.caller.tenant || !watch.caller.permissions.contains(&Permission::ConversationsRead) {
        return None;
    }
    let (by, name, is_typing) = match sign.by {
        By::Visitor { is_typing } => ("visitor", None, is_typing),
        By::Agent { name, is_typing } => ("agent", name, is_typing),
        // Heard by `presence`, which tells what is news of it.
        By::Colleague { .. } => return None,
    };
    let event = LiveEvent {
        action: "conversation.typing".to_owned(),
        entity_kind: "typing".to_owned(),
        entity_id: sign.conversation.to_string(),
        at: watch.app.databases().now(),
    };
    let told = LiveTyping { event, by, name, is_typing };
    Some(written(Event::default().event("conversation.typing").id(watch.after.to_string()), &told))
}

fn must_catch_up(watch: &mut Watch) -> Heard {
    watch.step = Step::CatchUp;
    Heard::Facts(Vec::new())
}

/// Whoever may read the thing itself, or the audit log; and everybody hears of what is their own.
fn may_hear(caller: &Caller<can::SignIn>, fact: &Fact) -> bool {
    let needed = events::find(&fact.kind).map_or(Permission::AuditRead, |event| event.heard_with);
    caller.permissions.iter().any(|has| *has == needed || *has == Permission::AuditRead) || is_own(caller, fact)
}

/// About the caller as a user, or about one of their sessions.
fn is_own(caller: &Caller<can::SignIn>, fact: &Fact) -> bool {
    let Some(me) = caller.user_id().map(|id| id.to_string()) else { return false };
    let about = match text(fact, "kind") {
        "user" => text(fact, "id"),
        "session" => fact.data["changes"]["after"]["user"].as_str().unwrap_or_default(),
        _ => "",
    };
    about == me
}

/// A field of what the fact is about.
fn text<'a>(fact: &'a Fact, field: &str) -> &'a str {
    fact.data["entity"][field].as_str().unwrap_or_default()
}

fn event(fact: &Fact) -> Event {
    let live = LiveEvent {
        action: fact.kind.clone(),
        entity_kind: text(fact, "kind").to_owned(),
        entity_id: text(fact, "id").to_owned(),
        at: fact.at,
    };
    written(Event::default().event(&fact.kind).id(fact.position.to_string()), &live)
}

/// Without an id, so that whoever comes back goes on after the last fact.
fn presence_changed(watch: &Watch, news: News) -> Event {
    let live = LiveEvent {
        action: PRESENCE.to_owned(),
        entity_kind: "conversation".to_owned(),
        entity_id: news.conversation.to_string(),
        at: watch.app.databases().now(),
    };
    written(Event::default().event(PRESENCE), &live)
}

fn written(event: Event, data: &impl Serialize) -> Event {
    event.json_data(data).unwrap_or_else(|_| Event::default().comment("unreadable"))
}
