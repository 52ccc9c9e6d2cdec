//! Signing in with a passkey: the authenticator says who it is and verifies its user, so it counts as both factors.

use axum::{Json, extract::State};
use axum_extra::extract::cookie::CookieJar;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    passkeys,
    problems::{Code, Problem},
    sessions::Method,
};
use utoipa::ToSchema;
use webauthn_rs::prelude::PublicKeyCredential;

use super::signed_in::{Delivery, LogIn, choose_tenant, open};
use crate::{caller::Visitor, http::body::Body, problem::Answer, state::App};

#[derive(Serialize, ToSchema)]
pub struct PasskeyChallenge {
    pub ticket: String,
    /// For `navigator.credentials`.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
}

/// Start signing in with a passkey
///
/// Not counted as a guess: a challenge tells nothing, and log-in pages ask for one as soon as they are open.
#[utoipa::path(post, path = "/auth/passkey/start", tag = "Signing in", security(()),
    responses((status = 200, description = "The challenge.", body = PasskeyChallenge)))]
pub async fn start(State(app): State<App>, visitor: Visitor) -> Answer<Json<PasskeyChallenge>> {
    let mut tx = app.databases().system(visitor.actor).await?;
    let (ticket, options) = passkeys::start_sign_in(&mut tx, app.webauthn()).await?;
    tx.commit().await?;
    challenge(&ticket, &options)
}

pub fn challenge(ticket: &SecretString, options: &impl Serialize) -> Answer<Json<PasskeyChallenge>> {
    let options = serde_json::to_value(options)
        .map_err(|error| socialai_domain::problems::Error::Fault(format!("passkey options: {error}")))?;
    Ok(Json(PasskeyChallenge { ticket: ticket.expose_secret().to_owned(), options }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    #[schema(value_type = String, max_length = 200)]
    ticket: SecretString,
    /// What `navigator.credentials.get` returned, as JSON.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
    #[serde(default)]
    #[schema(max_length = 64)]
    tenant: Option<String>,
    #[serde(default)]
    delivery: Delivery,
}

/// Finish signing in with a passkey
#[utoipa::path(post, path = "/auth/passkey/finish", tag = "Signing in", request_body = PasskeySignIn, security(()),
    responses((status = 200, description = "In.", body = LogIn)))]
pub async fn finish(
    State(app): State<App>,
    visitor: Visitor<true>,
    jar: CookieJar,
    Body { value: answer, .. }: Body<PasskeySignIn>,
) -> Answer<(CookieJar, Json<LogIn>)> {
    let credential: PublicKeyCredential =
        serde_json::from_value(answer.credential).map_err(|_| Problem::of(Code::PasskeyRefused))?;
    let mut tx = app.databases().system(visitor.actor.clone()).await?;
    let outcome = passkeys::finish_sign_in(&mut tx, app.webauthn(), &answer.ticket, &credential).await;
    // The challenge is spent either way.
    tx.commit().await?;
    let person = outcome?;
    let (chosen, _, _) = choose_tenant(&app, &visitor.actor, person, answer.tenant.as_deref()).await?;
    let (jar, signed_in) =
        open(&app, jar, &visitor.actor, person, chosen.tenant_id, Method::Passkey, true, answer.delivery).await?;
    Ok((jar, Json(LogIn::SignedIn(Box::new(signed_in)))))
}
