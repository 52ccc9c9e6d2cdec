//! Log-in with address and password, and its second step.

use axum::{Json, extract::State};
use axum_extra::extract::cookie::CookieJar;
use secrecy::SecretString;
use serde::Deserialize;
use socialai_domain::{
    audit::{Actor, ActorKind, Entry},
    mfa, passwords, people,
    problems::{Code, Problem, Result},
    sessions::Method,
    throttle::{self, Origin},
    tickets::{self, Purpose},
};
use utoipa::ToSchema;

use super::{
    cookies,
    signed_in::{Delivery, LogIn, Pending, after_first_factor, method_of, open},
};
use crate::{caller::Visitor, http::body::Body, problem::Answer, state::App};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[schema(max_length = 254, example = "admin@acme.test")]
    email: String,
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: SecretString,
    /// Short name or id of the workspace; without it the one used last.
    #[serde(default)]
    #[schema(max_length = 64)]
    tenant: Option<String>,
    #[serde(default)]
    delivery: Delivery,
}

/// Log in
///
/// A wrong address and a wrong password answer alike and take as long.
#[utoipa::path(post, path = "/auth/login", tag = "Signing in", request_body = Credentials, security(()),
    responses((status = 200, description = "In, or on to the second factor.", body = LogIn)))]
pub async fn login(
    State(app): State<App>,
    visitor: Visitor<true>,
    headers: axum::http::HeaderMap,
    jar: CookieJar,
    Body { value: credentials, .. }: Body<Credentials>,
) -> Answer<(CookieJar, Json<LogIn>)> {
    cookies::check_origin(&app, &headers)?;
    let wrong = || Problem::of(Code::WrongCredentials);
    let Ok(email) = people::normalize_email(&credentials.email) else { return Err(wrong().into()) };
    let device = cookies::known_device(&app, &jar, &email);
    let ip = visitor.actor.ip.clone().unwrap_or_default();

    let mut tx = app.databases().system(visitor.actor.clone()).await?;
    let attempt = count(&mut tx, &email, &ip, device.as_deref()).await?;
    let person = people::find_by_email(&mut tx, &email).await?;
    // The attempt stays counted while the password is checked, however many come at once.
    tx.commit().await?;

    let stored = person.as_ref().and_then(|person| person.password_hash.clone());
    let right = passwords::verify(credentials.password, stored).await?;
    let Some(person) = person.as_ref().filter(|_| right) else {
        metrics::counter!("socialai_log_ins_total", "outcome" => "wrong").increment(1);
        if let Some(person) = &person {
            let mut tx = app.databases().system(visitor.actor).await?;
            tx.record(Entry::new("person.log_in_failed", "person", person.id));
            tx.commit().await?;
        }
        return Err(wrong().into());
    };
    let mut tx = app.databases().system(visitor.actor.clone()).await?;
    throttle::succeeded(&mut tx, &attempt).await?;
    tx.commit().await?;
    metrics::counter!("socialai_log_ins_total", "outcome" => "right").increment(1);
    let wanted = credentials.tenant.as_deref();
    let (jar, outcome) =
        after_first_factor(&app, jar, &visitor.actor, person, wanted, Method::Password, credentials.delivery).await?;
    Ok((jar, Json(outcome)))
}

/// Counts the attempt, or refuses it.
async fn count(
    tx: &mut socialai_domain::tenancy::SystemTx,
    subject: &str,
    ip: &str,
    device: Option<&str>,
) -> Result<throttle::Attempt> {
    let outcome = throttle::attempt(tx, subject, &Origin { ip, device }).await;
    if outcome.is_err() {
        metrics::counter!("socialai_log_ins_total", "outcome" => "throttled").increment(1);
    }
    outcome
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// From `/auth/login`.
    #[schema(value_type = String, max_length = 200)]
    ticket: SecretString,
    /// Six digits of the authenticator app, or a recovery code.
    #[schema(max_length = 40, example = "123456")]
    code: String,
    #[serde(default)]
    delivery: Delivery,
}

/// Give the second factor
#[utoipa::path(post, path = "/auth/second-factor", tag = "Signing in", request_body = SecondFactor, security(()),
    responses((status = 200, description = "In.", body = LogIn)))]
pub async fn second_factor(
    State(app): State<App>,
    visitor: Visitor<true>,
    jar: CookieJar,
    Body { value: answer, .. }: Body<SecondFactor>,
) -> Answer<(CookieJar, Json<LogIn>)> {
    let mut tx = app.databases().system(visitor.actor.clone()).await?;
    let ticket = tickets::check::<Pending>(&mut tx, Purpose::SecondFactor, &answer.ticket).await?;
    let person = ticket.person.ok_or_else(|| Problem::of(Code::TicketInvalid))?;
    let ip = visitor.actor.ip.clone().unwrap_or_default();
    // Counted per person as well as per ticket: a guesser with the password cannot just ask for new tickets.
    let attempt = count(&mut tx, &format!("code of {person}"), &ip, None).await?;
    if !mfa::use_code(&mut tx, person, &answer.code).await? {
        tickets::count_failure(&mut tx, ticket.id).await?;
        tx.record(Entry::new("person.second_factor_wrong", "person", person));
        tx.commit().await?;
        return Err(Problem::of(Code::WrongCode).into());
    }
    throttle::succeeded(&mut tx, &attempt).await?;
    tickets::spend(&mut tx, ticket.id).await?;
    tx.commit().await?;
    let actor: Actor = visitor.actor.known_as(ActorKind::User, person.to_string());
    let method = method_of(&ticket.data.method);
    let (jar, signed_in) = open(&app, jar, &actor, person, ticket.data.tenant, method, true, answer.delivery).await?;
    Ok((jar, Json(LogIn::SignedIn(Box::new(signed_in)))))
}
