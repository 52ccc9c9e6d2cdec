//! Own passkeys.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use socialai_domain::{
    ids::PasskeyId,
    passkeys::{self, PasskeyInfo},
    problems::{Code, Problem},
    users::FactorChange,
};
use utoipa::ToSchema;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::factors::{Proof, prove_with, tell_workspace};
use crate::{
    auth::passkey::{PasskeyChallenge, challenge},
    caller::{Caller, can},
    http::body::{Body, Id},
    problem::Answer,
    state::App,
};

/// My passkeys
#[utoipa::path(get, path = "/me/passkeys", tag = "Oneself", security(("token" = [])),
    responses((status = 200, description = "In the order in which they were added.", body = Vec<PasskeyInfo>)))]
pub async fn list(State(app): State<App>, caller: Caller<can::ActForOneself>) -> Answer<Json<Vec<PasskeyInfo>>> {
    let (person, _) = caller.own_credentials()?;
    let mut tx = caller.system_tx(&app).await?;
    let passkeys = passkeys::list(&mut tx, person).await?;
    tx.rollback().await?;
    Ok(Json(passkeys))
}

/// Start adding a passkey
#[utoipa::path(post, path = "/me/passkeys/start", tag = "Oneself", request_body = Proof, security(("token" = [])),
    responses((status = 200, description = "The challenge for `navigator.credentials.create`.", body = PasskeyChallenge)))]
pub async fn start(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: proof, .. }: Body<Proof>,
) -> Answer<Json<PasskeyChallenge>> {
    let (person, _) = caller.own_credentials()?;
    prove_with(&app, &caller, person, &proof).await?;
    let mut tx = caller.system_tx(&app).await?;
    let (ticket, options) = passkeys::start_registration(&mut tx, app.webauthn(), person).await?;
    tx.commit().await?;
    challenge(&ticket, &options)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    #[schema(value_type = String, max_length = 200)]
    ticket: SecretString,
    /// What to call it, for example "Work laptop".
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What `navigator.credentials.create` returned, as JSON.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

/// Finish adding a passkey
#[utoipa::path(post, path = "/me/passkeys/finish", tag = "Oneself", request_body = NewPasskey, security(("token" = [])),
    responses((status = 201, description = "Added.", body = PasskeyInfo)))]
pub async fn finish(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: new, .. }: Body<NewPasskey>,
) -> Answer<(StatusCode, Json<PasskeyInfo>)> {
    let (person, _) = caller.own_credentials()?;
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "A passkey's name has 1 to 100 printable characters.").into());
    }
    let credential: RegisterPublicKeyCredential =
        serde_json::from_value(new.credential).map_err(|_| Problem::of(Code::PasskeyRefused))?;
    let mut tx = caller.system_tx(&app).await?;
    let outcome = passkeys::finish_registration(&mut tx, app.webauthn(), person, &new.ticket, name, &credential).await;
    // A refusal by rule leaves the transaction whole, and its challenge spent; a fault rolls all of it back.
    if outcome.as_ref().err().is_none_or(|error| error.problem().is_some()) {
        tx.commit().await?;
    }
    let added = outcome?;
    tell_workspace(&app, &caller, person, FactorChange::PasskeyAdded).await;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Remove a passkey
#[utoipa::path(delete, path = "/me/passkeys/{id}", tag = "Oneself", params(("id" = PasskeyId, Path)), request_body = Proof,
    security(("token" = [])), responses((status = 204, description = "Removed.")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Id(id): Id<PasskeyId>,
    Body { value: proof, .. }: Body<Proof>,
) -> Answer<StatusCode> {
    let (person, _) = caller.own_credentials()?;
    prove_with(&app, &caller, person, &proof).await?;
    let mut tx = caller.system_tx(&app).await?;
    passkeys::remove(&mut tx, person, id).await?;
    tx.commit().await?;
    tell_workspace(&app, &caller, person, FactorChange::PasskeyRemoved).await;
    Ok(StatusCode::NO_CONTENT)
}
