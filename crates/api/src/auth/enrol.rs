//! Setting up the second factor that a role demands, before the first session may open.

use axum::{Json, extract::State};
use axum_extra::extract::cookie::CookieJar;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    mfa, people,
    problems::{Code, Problem},
    tickets::{self, Purpose},
};
use utoipa::ToSchema;

use super::signed_in::{Delivery, LogIn, Pending, method_of, open, reveal};
use crate::{caller::Visitor, http::body::Body, problem::Answer, state::App};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolStart {
    /// From `/auth/login`.
    #[schema(value_type = String, max_length = 200)]
    ticket: SecretString,
}

/// Shown once, for the authenticator app.
#[derive(Serialize, ToSchema)]
pub struct TotpEnrolment {
    /// Give it back with the first code.
    pub enrolment: String,
    /// For typing in.
    pub secret: String,
    /// For a QR code.
    pub url: String,
}

impl From<mfa::Enrolment> for TotpEnrolment {
    fn from(enrolment: mfa::Enrolment) -> Self {
        Self {
            enrolment: enrolment.ticket.expose_secret().to_owned(),
            secret: enrolment.secret.expose_secret().to_owned(),
            url: enrolment.url.expose_secret().to_owned(),
        }
    }
}

/// Start setting up an authenticator app during log-in
#[utoipa::path(post, path = "/auth/enrol/totp", tag = "Signing in", request_body = EnrolStart, security(()),
    responses((status = 200, description = "The secret for the app.", body = TotpEnrolment)))]
pub async fn start_totp(
    State(app): State<App>,
    visitor: Visitor<true>,
    Body { value: start, .. }: Body<EnrolStart>,
) -> Answer<Json<TotpEnrolment>> {
    let mut tx = app.databases().system(visitor.actor).await?;
    let ticket = tickets::check::<Pending>(&mut tx, Purpose::SecondFactor, &start.ticket).await?;
    let id = ticket.person.ok_or_else(|| Problem::of(Code::TicketInvalid))?;
    // The password alone must not replace a factor that is there.
    if people::get(&mut tx, id).await?.has_second_factor() {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    let enrolment = mfa::start_totp(&mut tx, id, "SocialAI Hub").await?;
    tx.commit().await?;
    Ok(Json(enrolment.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolConfirm {
    /// From `/auth/login`.
    #[schema(value_type = String, max_length = 200)]
    ticket: SecretString,
    /// From `/auth/enrol/totp`.
    #[schema(value_type = String, max_length = 200)]
    enrolment: SecretString,
    #[schema(max_length = 10, example = "123456")]
    code: String,
    #[serde(default)]
    delivery: Delivery,
}

/// Finish with the first code, and be in
#[utoipa::path(post, path = "/auth/enrol/totp/confirm", tag = "Signing in", request_body = EnrolConfirm, security(()),
    responses((status = 200, description = "In, with recovery codes that are shown once.", body = LogIn)))]
pub async fn confirm_totp(
    State(app): State<App>,
    visitor: Visitor<true>,
    jar: CookieJar,
    Body { value: confirm, .. }: Body<EnrolConfirm>,
) -> Answer<(CookieJar, Json<LogIn>)> {
    let mut tx = app.databases().system(visitor.actor.clone()).await?;
    let ticket = tickets::check::<Pending>(&mut tx, Purpose::SecondFactor, &confirm.ticket).await?;
    let id = ticket.person.ok_or_else(|| Problem::of(Code::TicketInvalid))?;
    if people::get(&mut tx, id).await?.has_second_factor() {
        return Err(Problem::of(Code::AlreadyDone).into());
    }
    let codes = match mfa::confirm_totp(&mut tx, id, &confirm.enrolment, &confirm.code).await {
        Ok(codes) => codes,
        Err(error) => {
            tickets::count_failure(&mut tx, ticket.id).await?;
            tx.commit().await?;
            return Err(error.into());
        }
    };
    tickets::spend(&mut tx, ticket.id).await?;
    tx.commit().await?;
    let method = method_of(&ticket.data.method);
    let (jar, mut signed_in) =
        open(&app, jar, &visitor.actor, id, ticket.data.tenant, method, true, confirm.delivery).await?;
    signed_in.recovery_codes = reveal(&codes);
    Ok((jar, Json(LogIn::SignedIn(Box::new(signed_in)))))
}
