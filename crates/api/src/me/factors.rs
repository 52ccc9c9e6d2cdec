//! Own second factors that are codes. Adding or removing one asks for a factor that is there already, so that a stolen
//! session cannot lock its owner out.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use socialai_domain::{
    ids::UserId,
    mfa::{self, Factors},
    people,
    problems::{Code, Problem, Result},
    tenancy::SystemTx,
    throttle::{self, Origin},
    users::{self, FactorChange},
};
use utoipa::ToSchema;

use crate::{
    auth::{enrol::TotpEnrolment, signed_in::reveal},
    caller::{Caller, can},
    http::body::Body,
    problem::Answer,
    state::App,
};

/// My second factors
#[utoipa::path(get, path = "/me/factors", tag = "Oneself", security(("token" = [])),
    responses((status = 200, description = "What is set up.", body = Factors)))]
pub async fn factors(State(app): State<App>, caller: Caller<can::ActForOneself>) -> Answer<Json<Factors>> {
    let (person, _) = caller.own_credentials()?;
    let mut tx = caller.system_tx(&app).await?;
    let factors = mfa::factors(&mut tx, person).await?;
    tx.rollback().await?;
    Ok(Json(factors))
}

/// Proof that the person is present: a current code or an unused recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Needed when an authenticator app is set up already.
    #[serde(default)]
    #[schema(max_length = 40)]
    code: Option<String>,
}

/// Set up an authenticator app
#[utoipa::path(post, path = "/me/totp/start", tag = "Oneself", request_body = Proof, security(("token" = [])),
    responses((status = 200, description = "The secret for the app.", body = TotpEnrolment)))]
pub async fn start_totp(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: proof, .. }: Body<Proof>,
) -> Answer<Json<TotpEnrolment>> {
    let (person, _) = caller.own_credentials()?;
    prove_with(&app, &caller, person, &proof).await?;
    let mut tx = caller.system_tx(&app).await?;
    let enrolment = mfa::start_totp(&mut tx, person, "SocialAI Hub").await?;
    tx.commit().await?;
    Ok(Json(enrolment.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirm {
    #[schema(value_type = String, max_length = 200)]
    enrolment: SecretString,
    #[schema(max_length = 10)]
    code: String,
}

#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Shown once; each works once.
    pub recovery_codes: Vec<String>,
}

/// Turn the authenticator app on with its first code
#[utoipa::path(post, path = "/me/totp/confirm", tag = "Oneself", request_body = TotpConfirm, security(("token" = [])),
    responses((status = 200, description = "On; keep the recovery codes.", body = RecoveryCodes)))]
pub async fn confirm_totp(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: confirm, .. }: Body<TotpConfirm>,
) -> Answer<Json<RecoveryCodes>> {
    let (person, _) = caller.own_credentials()?;
    let mut tx = caller.system_tx(&app).await?;
    let codes = mfa::confirm_totp(&mut tx, person, &confirm.enrolment, &confirm.code).await?;
    tx.commit().await?;
    tell_workspace(&app, &caller, person, FactorChange::TotpEnrolled).await;
    Ok(Json(RecoveryCodes { recovery_codes: reveal(&codes) }))
}

/// Remove the authenticator app
#[utoipa::path(delete, path = "/me/totp", tag = "Oneself", request_body = Proof, security(("token" = [])),
    responses((status = 204, description = "Removed.")))]
pub async fn remove_totp(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: proof, .. }: Body<Proof>,
) -> Answer<StatusCode> {
    let (person, _) = caller.own_credentials()?;
    prove_with(&app, &caller, person, &proof).await?;
    let mut tx = caller.system_tx(&app).await?;
    mfa::remove_totp(&mut tx, person).await?;
    tx.commit().await?;
    tell_workspace(&app, &caller, person, FactorChange::TotpRemoved).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes; the old ones stop working
#[utoipa::path(post, path = "/me/recovery-codes", tag = "Oneself", request_body = Proof, security(("token" = [])),
    responses((status = 200, description = "The new codes.", body = RecoveryCodes)))]
pub async fn new_recovery_codes(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    Body { value: proof, .. }: Body<Proof>,
) -> Answer<Json<RecoveryCodes>> {
    let (person, _) = caller.own_credentials()?;
    prove_with(&app, &caller, person, &proof).await?;
    let mut tx = caller.system_tx(&app).await?;
    let codes = mfa::new_recovery_codes(&mut tx, person).await?;
    tx.commit().await?;
    tell_workspace(&app, &caller, person, FactorChange::RecoveryCodesMade).await;
    Ok(Json(RecoveryCodes { recovery_codes: reveal(&codes) }))
}

/// Where an authenticator app is set up, its code (or a recovery code) must be shown.
pub async fn prove_with(app: &App, caller: &Caller<can::ActForOneself>, person: UserId, proof: &Proof) -> Result<()> {
    if proof.code.as_ref().is_some_and(|code| code.chars().count() > 40) {
        return Err(Problem::field("code", "A code has at most 40 characters.").into());
    }
    let mut tx = caller.system_tx(app).await?;
    if !people::get(&mut tx, person).await?.has_totp {
        return tx.rollback().await;
    }
    let Some(code) = proof.code.as_deref() else {
        return Err(Problem::field("code", "Enter the current code of your authenticator app.").into());
    };
    let ip = caller.actor.ip.clone().unwrap_or_default();
    let attempt = throttle::attempt(&mut tx, &format!("code of {person}"), &Origin { ip: &ip, device: None }).await?;
    let right = mfa::use_code(&mut tx, person, code).await?;
    settle(tx, attempt, right).await?;
    if right { Ok(()) } else { Err(Problem::of(Code::WrongCode).into()) }
}

/// So that the list of users shows it, and the person's other pages hear of it. The change itself stands by now, with an
/// entry in the installation's log, and its answer may hold codes that are shown once: nothing here may turn it into a
/// failure.
pub async fn tell_workspace(app: &App, caller: &Caller<can::ActForOneself>, person: UserId, change: FactorChange) {
    let tell = async {
        let mut tx = caller.system_tx(app).await?;
        let factors = mfa::factors(&mut tx, person).await?;
        tx.rollback().await?;
        let mut tx = caller.tx(app).await?;
        users::factors_changed(&mut tx, person, change, factors.totp || factors.passkeys > 0).await?;
        tx.commit().await
    };
    if let Err(error) = tell.await {
        tracing::warn!(error = %error, "the workspace was not told of a change of second factors");
    }
}

async fn settle(mut tx: SystemTx, attempt: throttle::Attempt, right: bool) -> Result<()> {
    if right {
        throttle::succeeded(&mut tx, &attempt).await?;
    }
    tx.commit().await
}
