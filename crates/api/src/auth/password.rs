//! Forgotten passwords: a link by mail. The answer never tells whether there is such a person.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use socialai_domain::{
    audit::ActorKind,
    people,
    problems::{Code, Problem},
    tickets::{self, Purpose},
};
use utoipa::ToSchema;

use super::{links, session::end_everywhere};
use crate::{caller::Visitor, http::body::Body, problem::Answer, state::App};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgotPassword {
    #[schema(max_length = 254)]
    email: String,
}

/// Ask for a password-reset link
#[utoipa::path(post, path = "/auth/password/forgot", tag = "Signing in", request_body = ForgotPassword, security(()),
    responses((status = 202, description = "If there is such a person, a link is on its way.")))]
pub async fn forgot(
    State(app): State<App>,
    visitor: Visitor<true>,
    Body { value: request, .. }: Body<ForgotPassword>,
) -> Answer<StatusCode> {
    if request.email.chars().count() > 254 {
        return Err(Problem::field("email", "An e-mail address has at most 254 characters.").into());
    }
    if let Ok(email) = people::normalize_email(&request.email) {
        // After the answer, so that neither its time nor its text tells anything.
        let (later, actor) = (app.clone(), visitor.actor);
        app.tasks().spawn(async move {
            if let Err(error) = links::send_password_reset(&later, actor, &email).await {
                tracing::warn!(error = %error, "a password-reset link could not be sent");
            }
        });
    }
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// From the link.
    #[schema(value_type = String, max_length = 200)]
    ticket: SecretString,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 1024)]
    password: SecretString,
}

/// Set a new password with a link
///
/// Ends all sessions of the person. A second factor stays in force.
#[utoipa::path(post, path = "/auth/password/reset", tag = "Signing in", request_body = ResetPassword, security(()),
    responses((status = 204, description = "The password is set; log in with it.")))]
pub async fn reset(
    State(app): State<App>,
    visitor: Visitor<true>,
    Body { value: request, .. }: Body<ResetPassword>,
) -> Answer<StatusCode> {
    let mut tx = app.databases().system(visitor.actor.clone()).await?;
    let ticket = tickets::check::<()>(&mut tx, Purpose::PasswordReset, &request.ticket).await?;
    let person = ticket.person.ok_or_else(|| Problem::of(Code::TicketInvalid))?;
    people::set_password(&mut tx, person, request.password).await?;
    tickets::spend(&mut tx, ticket.id).await?;
    tx.commit().await?;
    let actor = visitor.actor.known_as(ActorKind::User, person.to_string());
    end_everywhere(&app, &actor, person, None, "password was reset").await?;
    Ok(StatusCode::NO_CONTENT)
}
