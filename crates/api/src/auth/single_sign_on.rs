//! Single sign-on by OpenID Connect: out to the provider with state, nonce and PKCE, back with a code. Whatever fails sends
//! the browser to the log-in page with a code that it can explain, and is written to the log for the administrator.
//!
//! The same round trip can be a trial ([`trial`]): an administrator sees what the provider says of somebody and what would
//! come of it, and nobody is signed in.

mod admission;
pub mod trial;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_connect::oidc::{self, Identity, Oidc};
use socialai_domain::{
    audit::Actor,
    ids::{TenantId, UserId},
    problems::{Code, Error, Problem, Result},
    sessions::Method,
    sso::{self, Connection},
    tenants,
    tickets::{self, Purpose},
};
use url::Url;
use utoipa::IntoParams;

use super::signed_in::{Delivery, open};
use crate::{
    caller::Visitor,
    http::body::{Id, Query},
    problem::Failure,
    state::App,
};

#[derive(Serialize, Deserialize)]
struct Trip {
    nonce: String,
    verifier: String,
    return_to: String,
    /// An administrator who wants to see what would happen; then nobody gets in.
    #[serde(default)]
    tried_by: Option<UserId>,
}

/// Binds the round trip to the browser that began it, so that nobody can be logged in as somebody else by a link.
const TRIP: &str = "socialai_sso";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StartQuery {
    /// Page of the web app to come back to.
    #[param(max_length = 300)]
    return_to: Option<String>,
}

/// Start single sign-on of a workspace
#[utoipa::path(get, path = "/auth/sso/{tenant}/start", tag = "Signing in",
    params(("tenant" = String, Path, description = "Short name of the workspace."), StartQuery), security(()),
    responses((status = 303, description = "On to the identity provider, or back to the log-in page with an error code.")))]
pub async fn start(
    State(app): State<App>,
    visitor: Visitor<true>,
    headers: HeaderMap,
    Id(slug): Id<String>,
    Query(query): Query<StartQuery>,
    jar: CookieJar,
) -> Response {
    match begin(&app, &visitor.actor, jar.clone(), &slug, query).await {
        Ok((jar, url)) => (jar, Redirect::to(url.as_str())).into_response(),
        Err(error) => failed(&jar, &headers, error),
    }
}

async fn begin(app: &App, actor: &Actor, jar: CookieJar, slug: &str, query: StartQuery) -> Result<(CookieJar, Url)> {
    let none = || Problem::missing("single sign-on");
    let mut tx = app.databases().system(actor.clone()).await?;
    let tenant = tenants::find(&mut tx, slug).await;
    tx.rollback().await?;
    let tenant = tenant.map_err(|_| none())?;
    let connection = connection(app, actor, tenant.id).await?.ok_or_else(none)?;
    let return_to = query.return_to.filter(|path| is_local(path)).unwrap_or_else(|| "/".to_owned());
    set_out(app, jar, actor, tenant.id, &connection, return_to, None).await
}

/// Begins the round trip: what has to be known at its end is kept in a ticket, and the browser gets the ticket's secret.
pub async fn set_out(
    app: &App,
    jar: CookieJar,
    actor: &Actor,
    tenant: TenantId,
    connection: &Connection,
    return_to: String,
    tried_by: Option<UserId>,
) -> Result<(CookieJar, Url)> {
    let (pkce, nonce) = (Oidc::pkce(), Oidc::random_token());
    let trip = Trip { nonce: nonce.clone(), verifier: pkce.verifier.expose_secret().to_owned(), return_to, tried_by };
    let mut tx = app.databases().system(actor.clone()).await?;
    let state = tickets::issue(&mut tx, Purpose::SingleSignOn, tried_by, Some(tenant), &trip).await?;
    tx.commit().await?;
    let settings = provider(app, connection);
    let url = app
        .oidc()
        .authorization_url(&settings, state.expose_secret(), &nonce, &pkce.challenge, app.databases().now())
        .await
        .map_err(|error| Problem::new(Code::IdentityProviderFailed, error.to_string()))?;
    // Lax, not Strict: the browser comes back from another site.
    let cookie = Cookie::build((TRIP, state.expose_secret().to_owned()))
        .path("/api/v1/auth/sso")
        .http_only(true)
        .secure(app.settings().public_url.scheme() == "https")
        .same_site(SameSite::Lax)
        .max_age(time::Duration::minutes(10))
        .build();
    Ok((jar.add(cookie), url))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    #[param(max_length = 2000)]
    code: Option<String>,
    #[param(max_length = 300)]
    state: Option<String>,
    #[param(max_length = 200)]
    error: Option<String>,
    /// The provider that answers, when it says so (RFC 9207).
    #[param(max_length = 500)]
    iss: Option<String>,
}

/// Come back from the identity provider
#[utoipa::path(get, path = "/auth/sso/callback", tag = "Signing in", params(CallbackQuery), security(()),
    responses((status = 303, description = "Into the web app, or back to its log-in page with an error code.")))]
pub async fn callback(
    State(app): State<App>,
    visitor: Visitor<true>,
    headers: HeaderMap,
    Query(query): Query<CallbackQuery>,
    jar: CookieJar,
) -> Response {
    let outcome = finish(&app, &visitor.actor, &jar, query).await;
    let jar = jar.remove(Cookie::build(TRIP).path("/api/v1/auth/sso").build());
    let outcome = match outcome {
        Ok(Arrival::Admitted { person, tenant, has_mfa, return_to }) => {
            let opened =
                open(&app, jar.clone(), &visitor.actor, person, tenant, Method::Sso, has_mfa, Delivery::Cookie).await;
            opened.map(|(jar, _)| (jar, return_to))
        }
        // In the fragment, which stays in the browser.
        Ok(Arrival::Tried { finding }) => Ok((jar.clone(), format!("/settings/sso#test={}", finding.expose_secret()))),
        Err(error) => Err(error),
    };
    match outcome {
        Ok((jar, return_to)) => (jar, Redirect::to(&return_to)).into_response(),
        Err(error) => failed(&jar, &headers, error),
    }
}

/// How a round trip ends.
enum Arrival {
    Admitted {
        person: UserId,
        tenant: TenantId,
        has_mfa: bool,
        return_to: String,
    },
    /// The ticket under which the administrator reads what was found.
    Tried {
        finding: SecretString,
    },
}

/// A browser goes to the log-in page; anything else gets the problem document.
fn failed(jar: &CookieJar, headers: &HeaderMap, error: Error) -> Response {
    let code = error.problem().map_or(Code::Internal, |problem| problem.code);
    tracing::warn!(error = %error, "single sign-on failed");
    let browser = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !browser {
        return Failure(error).into_response();
    }
    let mut response = (jar.clone(), Redirect::to(&format!("/login?error={}", code.name()))).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn finish(app: &App, actor: &Actor, jar: &CookieJar, query: CallbackQuery) -> Result<Arrival> {
    let invalid = || Problem::of(Code::TicketInvalid);
    let state = query.state.clone().ok_or_else(invalid)?;
    if jar.get(TRIP).map(Cookie::value) != Some(state.as_str()) {
        return Err(Problem::new(Code::TicketInvalid, "This sign-in was begun in another browser.").into());
    }
    let mut tx = app.databases().system(actor.clone()).await?;
    let ticket = tickets::check::<Trip>(&mut tx, Purpose::SingleSignOn, &state.into()).await?;
    tickets::spend(&mut tx, ticket.id).await?;
    tx.commit().await?;
    let tenant = ticket.tenant.ok_or_else(invalid)?;
    if let Some(by) = ticket.data.tried_by {
        let connection = stored(app, actor, tenant).await?.ok_or_else(|| Problem::missing("single sign-on"))?;
        let identity = identify(app, &connection, ticket.data, query).await;
        let finding = trial::conclude(app, actor, tenant, by, &connection, identity).await?;
        return Ok(Arrival::Tried { finding });
    }
    let connection = connection(app, actor, tenant).await?.ok_or_else(|| Problem::missing("single sign-on"))?;
    let return_to = ticket.data.return_to.clone();
    let identity = identify(app, &connection, ticket.data, query).await?;
    let has_mfa = proves_second_factor(&identity.amr);
    let person = admission::admit(app, actor, tenant, &connection, &identity).await?;
    Ok(Arrival::Admitted { person, tenant, has_mfa, return_to })
}

/// Who the provider says it was.
async fn identify(app: &App, connection: &Connection, trip: Trip, query: CallbackQuery) -> Result<Identity> {
    // Before anything of the answer is used: a code that another provider gave must not be sent to this one.
    if query.iss.is_some_and(|issuer| issuer != connection.settings.issuer) {
        return Err(Problem::new(Code::SsoFailed, "The answer came from another identity provider.").into());
    }
    if let Some(error) = query.error {
        let error: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
        return Err(Problem::new(Code::SsoFailed, format!("The identity provider answered `{error}`.")).into());
    }
    let code = query.code.ok_or_else(|| Problem::of(Code::TicketInvalid))?;
    let verifier: SecretString = trip.verifier.into();
    let answer =
        app.oidc().exchange(&provider(app, connection), &code, &verifier, &trip.nonce, app.databases().now()).await;
    answer.map_err(|error| Problem::new(Code::SsoFailed, error.to_string()).into())
}

/// Only the provider's own word that there were several factors (RFC 8176): `otp` or `hwk` may be all that it asked for.
fn proves_second_factor(methods: &[String]) -> bool {
    methods.iter().any(|method| method == "mfa")
}

/// The connection, if people may sign in through it.
async fn connection(app: &App, actor: &Actor, tenant: TenantId) -> Result<Option<Connection>> {
    Ok(stored(app, actor, tenant).await?.filter(|connection| connection.settings.enabled))
}

/// The connection, also while it is turned off.
pub async fn stored(app: &App, actor: &Actor, tenant: TenantId) -> Result<Option<Connection>> {
    let mut tx = app.databases().tenant(tenant, actor.clone()).await?;
    let connection = sso::get(&mut tx).await?;
    tx.rollback().await?;
    Ok(connection)
}

/// The connection as the OIDC client wants it.
pub fn provider(app: &App, connection: &Connection) -> oidc::Settings {
    let settings = &connection.settings;
    oidc::Settings {
        issuer: settings.issuer.clone(),
        client_id: settings.client_id.clone(),
        client_secret: connection.client_secret.clone(),
        redirect_uri: redirect_uri(app),
        scopes: settings.scopes.clone(),
        audience: settings.audience.clone(),
    }
}

/// What the administrator enters at the provider.
pub fn redirect_uri(app: &App) -> Url {
    let mut url = app.settings().public_url.clone();
    url.set_path("/api/v1/auth/sso/callback");
    url
}

/// A path of this site: never `//host` or a scheme.
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && path.len() <= 300
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_for_several_factors_counts_as_a_second_one() {
        let proves = |methods: &[&str]| {
            proves_second_factor(&methods.iter().map(|method| (*method).to_owned()).collect::<Vec<_>>())
        };
        assert!(proves(&["pwd", "mfa"]) && proves(&["mfa"]));
        for methods in [&[][..], &["pwd"], &["pwd", "otp"], &["hwk", "swk"], &["fpt", "face"], &["MFA"], &["nomfa"]] {
            assert!(!proves(methods), "{methods:?}");
        }
    }

    #[test]
    fn only_a_path_of_this_site_is_returned_to() {
        for path in ["/", "/inbox", "/leads?stage=won#top", "/a//b", "/%2F%2Fevil.test"] {
            assert!(is_local(path), "{path}");
        }
        for path in [
            "",
            "inbox",
            "//evil.test",
            "///evil.test",
            "https://evil.test",
            "/\\evil.test",
            "\\/evil.test",
            "/\t/evil.test",
            "/\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            " /inbox",
        ] {
            assert!(!is_local(path), "{path:?}");
        }
        assert!(!is_local(&format!("/{}", "a".repeat(300))));
    }
}
