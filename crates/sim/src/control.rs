//! The control API, under `/_control`: what a test, a script or an operator does with the simulators from outside.
//!
//! Every refusal is `{"error": "a sentence"}`. Waiting is one request that is answered when it has come (long polling);
//! 504 says that it did not come in time. Bodies must be declared as JSON: a page in somebody's browser cannot send that
//! to another address without asking, and is not allowed when it asks; so no page scripts a fault.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    effects::EffectFilter,
    faults::{Matching, Rule},
    journal::{Direction, Recording, RecordingFilter, TimedOut},
    scene::{Listed, Scene},
    simulator::Refused,
};

const MOST_LISTED: usize = 1_000;
const LISTED: usize = 100;
const LONGEST_WAIT_SECONDS: u64 = 300;
const WAIT_SECONDS: u64 = 30;
const MOST_BODY_BYTES: usize = 256 * 1024;

pub fn router<S: Clone + Send + Sync + 'static>(scene: Arc<Scene>) -> Router<S> {
    Router::new()
        .route("/simulators", get(list_simulators))
        .route("/simulators/{name}", get(show_simulator))
        .route("/simulators/{name}/settings", put(configure))
        .route("/simulators/{name}/{verb}", post(act))
        .route("/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/recordings", get(list_recordings).delete(clear_recordings))
        .route("/recordings/wait", get(wait_for_recordings))
        .route("/effects", get(list_effects))
        .route("/effects/wait", get(wait_for_effects))
        .route("/reset", post(reset))
        .fallback(async || Complaint(StatusCode::NOT_FOUND, "the control API has no such address".to_owned()))
        .method_not_allowed_fallback(async || {
            Complaint(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method".to_owned())
        })
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .with_state(scene)
}

type Shared = State<Arc<Scene>>;

/// A refusal with its sentence.
struct Complaint(StatusCode, String);

impl IntoResponse for Complaint {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Refused> for Complaint {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::Missing(_) => StatusCode::NOT_FOUND,
            Refused::Full(_) => StatusCode::CONFLICT,
        };
        Self(status, refused.to_string())
    }
}

impl From<TimedOut> for Complaint {
    fn from(timed_out: TimedOut) -> Self {
        Self(StatusCode::GATEWAY_TIMEOUT, timed_out.to_string())
    }
}

/// A JSON body, refused with a sentence when it is none.
struct Given<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Complaint;

    async fn from_request(request: Request, state: &S) -> Result<Self, Complaint> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            let sentence = "send JSON, with `Content-Type: application/json`";
            return Err(Complaint(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence.to_owned()));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| Complaint(rejection.status(), rejection.body_text()))?;
        let value = serde_json::from_slice(&body);
        value.map(Self).map_err(|error| Complaint(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}")))
    }
}

/// What stands behind the question mark, refused with a sentence when it is wrong.
struct Asked<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Complaint;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Complaint> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|rejection| Complaint(StatusCode::BAD_REQUEST, rejection.body_text()))
    }
}

async fn list_simulators(State(scene): Shared) -> Json<Value> {
    let shown = |simulator: Listed| {
        let name = simulator.name;
        json!({ "name": name, "about": simulator.about, "path": format!("/{name}") })
    };
    Json(json!({ "simulators": scene.list().into_iter().map(shown).collect::<Vec<_>>() }))
}

async fn show_simulator(State(scene): Shared, Path(name): Path<String>) -> Result<Json<Value>, Complaint> {
    Ok(Json(scene.state(&name)?))
}

async fn configure(
    State(scene): Shared,
    Path(name): Path<String>,
    Given(settings): Given<Value>,
) -> Result<StatusCode, Complaint> {
    scene.configure(&name, settings)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn act(
    State(scene): Shared,
    Path((name, verb)): Path<(String, String)>,
    Given(given): Given<Value>,
) -> Result<Json<Value>, Complaint> {
    Ok(Json(scene.act(&name, &verb, given).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneOrAll {
    simulator: Option<String>,
}

async fn list_faults(State(scene): Shared, Asked(asked): Asked<OneOrAll>) -> Result<Json<Value>, Complaint> {
    scene.require(asked.simulator.as_deref())?;
    Ok(Json(json!({ "faults": scene.script().list(asked.simulator.as_deref()) })))
}

async fn add_fault(State(scene): Shared, Given(rule): Given<Rule>) -> Result<impl IntoResponse, Complaint> {
    let id = scene.add_fault(rule)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

async fn remove_fault(State(scene): Shared, Path(id): Path<String>) -> Result<StatusCode, Complaint> {
    let is_gone = id.parse().is_ok_and(|id| scene.script().remove(id));
    let sentence = || format!("there is no fault {id}; one that was used up is gone by itself");
    if is_gone { Ok(StatusCode::NO_CONTENT) } else { Err(Complaint(StatusCode::NOT_FOUND, sentence())) }
}

async fn clear_faults(State(scene): Shared, Asked(asked): Asked<OneOrAll>) -> Result<StatusCode, Complaint> {
    scene.require(asked.simulator.as_deref())?;
    scene.script().clear(asked.simulator.as_deref());
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedRecordings {
    simulator: Option<String>,
    method: Option<String>,
    path_prefix: Option<String>,
    topic: Option<String>,
    direction: Option<Direction>,
    after: Option<u64>,
    limit: Option<usize>,
    count: Option<u64>,
    timeout_seconds: Option<u64>,
}

impl AskedRecordings {
    fn filter(self, scene: &Scene) -> Result<RecordingFilter, Complaint> {
        scene.require(self.simulator.as_deref())?;
        let matching = Matching { method: self.method, path_prefix: self.path_prefix, topic: self.topic };
        let (simulator, direction, after) = (self.simulator, self.direction, self.after.unwrap_or_default());
        Ok(RecordingFilter { simulator, matching, direction, after })
    }
}

async fn list_recordings(State(scene): Shared, Asked(asked): Asked<AskedRecordings>) -> Result<Json<Value>, Complaint> {
    only_for_waiting(asked.count, asked.timeout_seconds)?;
    let limit = limit(asked.limit)?;
    let filter = asked.filter(&scene)?;
    // Written as JSON without the lock: that takes a while for long bodies.
    let found: Vec<_> = scene.journal.pages().newest(&filter).take(limit).cloned().collect();
    let recordings: Vec<&Recording> = found.iter().map(AsRef::as_ref).collect();
    Ok(Json(json!({ "recordings": recordings })))
}

async fn clear_recordings(State(scene): Shared, Asked(asked): Asked<OneOrAll>) -> Result<StatusCode, Complaint> {
    scene.require(asked.simulator.as_deref())?;
    scene.journal.pages().clear(asked.simulator.as_deref());
    Ok(StatusCode::NO_CONTENT)
}

async fn wait_for_recordings(
    State(scene): Shared,
    Asked(asked): Asked<AskedRecordings>,
) -> Result<Json<Found>, Complaint> {
    let wait = Wait::read(asked.count, asked.timeout_seconds, asked.limit)?;
    let filter = asked.filter(&scene)?;
    let found = scene.journal.wait_for_recordings(&filter, wait.count, wait.patience).await?;
    Ok(Json(Found { found }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedEffects {
    simulator: Option<String>,
    what: Option<String>,
    place: Option<String>,
    id: Option<String>,
    limit: Option<usize>,
    count: Option<u64>,
    timeout_seconds: Option<u64>,
}

impl AskedEffects {
    fn filter(self, scene: &Scene) -> Result<EffectFilter, Complaint> {
        scene.require(self.simulator.as_deref())?;
        Ok(EffectFilter { simulator: self.simulator, what: self.what, place: self.place, id: self.id })
    }
}

async fn list_effects(State(scene): Shared, Asked(asked): Asked<AskedEffects>) -> Result<Response, Complaint> {
    only_for_waiting(asked.count, asked.timeout_seconds)?;
    let limit = limit(asked.limit)?;
    let filter = asked.filter(&scene)?;
    let visible = scene.journal.pages().effects.look(&filter, limit);
    Ok(Json(visible).into_response())
}

async fn wait_for_effects(State(scene): Shared, Asked(asked): Asked<AskedEffects>) -> Result<Json<Found>, Complaint> {
    let wait = Wait::read(asked.count, asked.timeout_seconds, asked.limit)?;
    let filter = asked.filter(&scene)?;
    let found = scene.journal.wait_for_effects(&filter, wait.count, wait.patience).await?;
    Ok(Json(Found { found }))
}

async fn reset(State(scene): Shared, Asked(asked): Asked<OneOrAll>) -> Result<StatusCode, Complaint> {
    scene.reset(asked.simulator.as_deref())?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Found {
    found: u64,
}

struct Wait {
    count: u64,
    patience: Duration,
}

impl Wait {
    fn read(count: Option<u64>, seconds: Option<u64>, limit: Option<usize>) -> Result<Self, Complaint> {
        if limit.is_some() {
            return Err(invalid("`limit` belongs to the list; waiting takes `count`".to_owned()));
        }
        let seconds = seconds.unwrap_or(WAIT_SECONDS);
        if seconds > LONGEST_WAIT_SECONDS {
            return Err(invalid(format!("`timeout_seconds` is at most {LONGEST_WAIT_SECONDS}")));
        }
        let count = count.ok_or_else(|| invalid("say for how many with `count`".to_owned()))?;
        Ok(Self { count, patience: Duration::from_secs(seconds) })
    }
}

fn limit(asked: Option<usize>) -> Result<usize, Complaint> {
    let limit = asked.unwrap_or(LISTED);
    let is_fine = (1..=MOST_LISTED).contains(&limit);
    if is_fine { Ok(limit) } else { Err(invalid(format!("`limit` is between 1 and {MOST_LISTED}"))) }
}

fn only_for_waiting(count: Option<u64>, seconds: Option<u64>) -> Result<(), Complaint> {
    let is_given = count.is_some() || seconds.is_some();
    if is_given { Err(invalid("`count` and `timeout_seconds` belong to …/wait".to_owned())) } else { Ok(()) }
}

fn invalid(sentence: String) -> Complaint {
    Refused::Invalid(sentence).into()
}
