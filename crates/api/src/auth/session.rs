//! Keeping, ending and switching sessions.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use axum_extra::extract::cookie::CookieJar;
use secrecy::SecretString;
use serde::Deserialize;
use socialai_domain::{
    audit::{Actor, ActorKind},
    ids::{SessionId, UserId},
    problems::{Code, Error, Problem},
    sessions::{self, Refresh},
};
use utoipa::ToSchema;

use super::{
    cookies,
    signed_in::{Delivery, SignedIn, choose_tenant, hand_out, open},
};
use crate::{
    caller::{Caller, Visitor, can},
    http::body::Body,
    problem::Answer,
    state::App,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// Without it the cookie is used; then `X-CSRF-Token` is required.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 300)]
    refresh_token: Option<SecretString>,
}

/// Renew the session
///
/// Each refresh token works once. One that is used again within 30 seconds gets the same successor, for a client that
/// never saw the answer; one that is older ends the session.
#[utoipa::path(post, path = "/auth/refresh", tag = "Signing in", request_body = RefreshRequest, security(()),
    responses((status = 200, description = "New tokens.", body = SignedIn)))]
pub async fn refresh(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    jar: CookieJar,
    Body { value: request, .. }: Body<RefreshRequest>,
) -> Answer<(CookieJar, Json<SignedIn>)> {
    let (token, delivery) = presented(&app, &headers, &jar, request.refresh_token)?;
    let tenant = sessions::tenant_of(&token).ok_or_else(|| Problem::of(Code::InvalidToken))?;
    let mut tx = match app.databases().tenant(tenant, visitor.actor.clone()).await {
        Err(error) if error.problem().is_some_and(|problem| problem.code == Code::NotFound) => {
            return Err(Problem::of(Code::InvalidToken).into());
        }
        other => other?,
    };
    let outcome = sessions::refresh(&mut tx, &token).await?;
    tx.commit().await?;
    match outcome {
        Refresh::Renewed(opened) => {
            let actor = visitor.actor.known_as(ActorKind::User, opened.user_id.to_string());
            let (jar, signed_in) = hand_out(&app, jar, &actor, tenant, opened, delivery).await?;
            Ok((jar, Json(signed_in)))
        }
        Refresh::Reused => {
            metrics::counter!("socialai_refresh_reused_total").increment(1);
            app.forget_all_sessions();
            Err(Problem::of(Code::RefreshReused).into())
        }
    }
}

fn presented(
    app: &App,
    headers: &HeaderMap,
    jar: &CookieJar,
    token: Option<SecretString>,
) -> Result<(SecretString, Delivery), Problem> {
    if let Some(token) = token {
        return Ok((token, Delivery::Body));
    }
    let token = cookies::read_refresh(jar).ok_or_else(|| Problem::of(Code::MissingCredentials))?;
    cookies::check_same_site(app, headers, jar)?;
    Ok((token, Delivery::Cookie))
}

/// Log out here
#[utoipa::path(post, path = "/auth/logout", tag = "Signing in", security(("token" = [])),
    responses((status = 204, description = "This session has ended.")))]
pub async fn log_out(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    jar: CookieJar,
) -> Answer<(CookieJar, StatusCode)> {
    let (_, session, _) = caller.person()?;
    let mut tx = caller.tx(&app).await?;
    sessions::revoke(&mut tx, session, "signed out").await?;
    tx.commit().await?;
    app.forget_sessions(caller.tenant, &[session]).await;
    Ok((cookies::clear_session(&app, jar), StatusCode::NO_CONTENT))
}

/// Log out everywhere, in all workspaces
#[utoipa::path(post, path = "/auth/logout-everywhere", tag = "Signing in", security(("token" = [])),
    responses((status = 204, description = "All sessions have ended.")))]
pub async fn log_out_everywhere(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    jar: CookieJar,
) -> Answer<(CookieJar, StatusCode)> {
    let (person, _, facts) = caller.person()?;
    if facts.method.is_own() {
        end_everywhere(&app, &caller.actor, person, None, "signed out everywhere").await?;
    } else {
        let mut tx = caller.tx(&app).await?;
        let ended = sessions::revoke_all(&mut tx, person, None, "signed out everywhere").await?;
        tx.commit().await?;
        app.forget_sessions(caller.tenant, &ended).await;
    }
    Ok((cookies::clear_session(&app, jar), StatusCode::NO_CONTENT))
}

/// Ends a person's sessions in every workspace, but the kept one.
pub async fn end_everywhere(
    app: &App,
    actor: &Actor,
    person: UserId,
    keep: Option<SessionId>,
    reason: &'static str,
) -> socialai_domain::problems::Result<()> {
    let mut tx = app.databases().system(actor.clone()).await?;
    let memberships = socialai_domain::people::memberships(&mut tx, person).await?;
    tx.rollback().await?;
    // One workspace that does not answer must not keep the others' sessions alive.
    let mut failed = None;
    for membership in memberships {
        let end = async {
            let mut tx = app.databases().tenant(membership.tenant_id, actor.clone()).await?;
            let ended = sessions::revoke_all(&mut tx, person, keep, reason).await?;
            tx.commit().await?;
            app.forget_sessions(membership.tenant_id, &ended).await;
            Ok::<_, Error>(())
        };
        failed = end.await.err().or(failed);
    }
    failed.map_or(Ok(()), Err)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchTenant {
    /// Short name or id.
    #[schema(max_length = 64)]
    tenant: String,
    #[serde(default)]
    delivery: Delivery,
}

/// Switch to another workspace
///
/// Opens a session there. With `delivery: body` the one here stays; with `delivery: cookie` it ends, because the browser
/// has one cookie and that one now belongs to the other workspace.
#[utoipa::path(post, path = "/auth/switch-tenant", tag = "Signing in", request_body = SwitchTenant, security(("token" = [])),
    responses((status = 200, description = "A session in the other workspace.", body = SignedIn)))]
pub async fn switch_tenant(
    State(app): State<App>,
    caller: Caller<can::ActForOneself>,
    jar: CookieJar,
    Body { value: wanted, .. }: Body<SwitchTenant>,
) -> Answer<(CookieJar, Json<SignedIn>)> {
    let (person, session, facts) = caller.person()?;
    if !facts.method.is_own() {
        return Err(Problem::of(Code::OtherWorkspaceSignIn).into());
    }
    let chosen = choose_tenant(&app, &caller.actor, person, Some(&wanted.tenant)).await;
    let (chosen, user, _) = chosen.map_err(|_| Problem::missing("workspace"))?;
    if !facts.has_mfa {
        let mut tx = app.databases().tenant(chosen.tenant_id, caller.actor.clone()).await?;
        let policy = socialai_domain::settings::policy(&mut tx).await?;
        tx.rollback().await?;
        if policy.mfa_roles.contains(&user.role) {
            return Err(Problem::of(Code::MfaRequired).into());
        }
    }
    let (method, has_mfa) = (facts.method, facts.has_mfa);
    let (jar, signed_in) =
        open(&app, jar, &caller.actor, person, chosen.tenant_id, method, has_mfa, wanted.delivery).await?;
    if wanted.delivery == Delivery::Cookie {
        let left = async {
            let mut tx = caller.tx(&app).await?;
            sessions::revoke(&mut tx, session, "switched to another workspace").await?;
            tx.commit().await
        };
        // The person is in the other workspace already; that must not fail now.
        if let Err(error) = left.await {
            tracing::warn!(error = %error, "the session that was left for another workspace could not be ended");
        }
        app.forget_sessions(caller.tenant, &[session]).await;
    }
    Ok((jar, Json(signed_in)))
}

/// The public halves of the keys that sign access tokens.
pub async fn jwks(State(app): State<App>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))], Json(app.keyring().public().clone()))
}
