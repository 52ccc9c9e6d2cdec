//! Connecting accounts: out to the platform with state and proof key, back with a code, and a choice of accounts.
//!
//! ```text
//! init ──► platform ──► callback ──► connection (sealed, for some minutes) ──► connect
//! ```
//!
//! What has to be known at the end of the round trip is kept in a ticket, whose secret is the `state` and a cookie of the
//! browser that began. The accounts that were found, with their tokens, wait under a second ticket, which only the person
//! who began can open. Connecting subscribes to the platform's webhooks; where that fails the account is connected and says
//! what is wrong.

mod choosing;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_connect::{
    oidc::Oidc,
    remote::Repeat,
    social::oauth::{self, NotGranted, Pkce},
};
use socialai_domain::{
    audit::Actor,
    channels::Platform,
    ids::{TenantId, UserId},
    problems::{Code, Error, Problem, Result},
    tickets::{self, Purpose},
};
use url::Url;
use utoipa::{IntoParams, ToSchema};

pub use self::choosing::*;
use crate::{
    caller::{Caller, Visitor, can},
    conversations::person,
    http::body::{Body, Id, Query},
    platforms::at_login,
    problem::Answer,
    state::App,
};

/// Tickets of a round trip.
const TRIP: Purpose = Purpose::ChannelLogIn;
/// Binds the round trip to the browser that began it, so that nobody can be made to connect somebody else's account.
const COOKIE: &str = "socialai_connect";
const COOKIE_PATH: &str = "/api/v1/auth/social";

/// What is known of a round trip at its end.
#[derive(Serialize, Deserialize)]
struct Trip {
    connects: Platform,
    uses_own_app: bool,
    /// Where the platform has proof keys.
    verifier: Option<String>,
}

/// Where the platform sends the browser back to.
pub fn redirect_uri(app: &App, platform: Platform) -> Url {
    let mut url = app.settings().public_url.clone();
    url.set_path(&format!("/api/v1/auth/social/{}/callback", platform.name()));
    url
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionStart {
    /// Through the workspace's own app (`true`) or the operator's (`false`); left out: its own if it has one.
    #[serde(default)]
    uses_own_app: Option<bool>,
}

/// Where to send the browser.
#[derive(Serialize, ToSchema)]
pub struct ConnectionStarted {
    pub authorize_url: String,
}

/// Begin to connect accounts of a platform
///
/// Send the browser to `authorize_url`. It comes back to `/connections` of the web app with `connection`, which opens the
/// choice of accounts, or with `error`: `declined`, `refused`, `expired`, `no_accounts` or `failed`.
#[utoipa::path(post, path = "/auth/social/{platform}/init", tag = "Channels", params(("platform" = Platform, Path)),
    request_body = ConnectionStart, security(("token" = ["channels:manage"])),
    responses((status = 200, description = "Where to go; a cookie binds the way back to this browser.", body = ConnectionStarted)))]
pub async fn init(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(name): Id<String>,
    jar: CookieJar,
    Body { value: wanted, .. }: Body<ConnectionStart>,
) -> Answer<(CookieJar, Json<ConnectionStarted>)> {
    let user = person(&caller)?;
    let platforms = app.platforms();
    let served = platforms.named(&name)?;
    let of = platforms.app_of(app.databases(), caller.tenant, served, wanted.uses_own_app).await?;
    let flow = served.connector.oauth();
    let pkce = flow.has_pkce().then(Oidc::pkce);
    let verifier = pkce.as_ref().map(|pkce: &Pkce| pkce.verifier.expose_secret().to_owned());
    let trip = Trip { connects: served.platform, uses_own_app: of.is_own, verifier };
    let mut tx = caller.system_tx(&app).await?;
    let state = tickets::issue(&mut tx, TRIP, Some(user), Some(caller.tenant), &trip).await?;
    tx.commit().await?;
    let url = flow.authorize_url(&of.app, &redirect_uri(&app, served.platform), state.expose_secret(), pkce.as_ref());
    // Lax, not Strict: the browser comes back from another site.
    let cookie = Cookie::build((COOKIE, state.expose_secret().to_owned()))
        .path(COOKIE_PATH)
        .http_only(true)
        .secure(app.settings().public_url.scheme() == "https")
        .same_site(SameSite::Lax)
        .max_age(time::Duration::minutes(10))
        .build();
    Ok((jar.add(cookie), Json(ConnectionStarted { authorize_url: url.into() })))
}

/// What the platform may bring back; anything else is ignored.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described here; read as pairs by the connector's crate")]
pub struct CallbackQuery {
    #[param(max_length = 2000)]
    code: Option<String>,
    #[param(max_length = 300)]
    state: Option<String>,
    #[param(max_length = 200)]
    error: Option<String>,
}

/// Come back from a platform
#[utoipa::path(get, path = "/auth/social/{platform}/callback", tag = "Channels", params(("platform" = String, Path), CallbackQuery),
    security(()), responses((status = 303, description = "Into the web app, to the choice of accounts or with an error.")))]
pub async fn callback(
    State(app): State<App>,
    visitor: Visitor<true>,
    Id(name): Id<String>,
    Query(query): Query<Vec<(String, String)>>,
    jar: CookieJar,
) -> Answer<Response> {
    let platform = app.platforms().named(&name)?.platform;
    let outcome = finish(&app, &visitor.actor, platform, &jar, &query).await;
    let jar = jar.remove(Cookie::build(COOKIE).path(COOKIE_PATH).build());
    let what = match &outcome {
        Ok(connection) => ("connection", connection.expose_secret()),
        Err(failed) => ("error", failed.word()),
    };
    if let Err(failed) = outcome.as_ref() {
        tracing::warn!(platform = platform.name(), error = %failed, "an account could not be connected");
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("platform", platform.name()).append_pair(what.0, what.1);
    Ok((jar, Redirect::to(&format!("/connections?{}", query.finish()))).into_response())
}

/// Why there is nothing to choose from.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    NotGranted(#[from] NotGranted),
    #[error("the log-in at the platform has no account that could be connected")]
    NoAccounts,
    #[error("{0}")]
    Platform(#[from] socialai_connect::call::CallError),
    #[error(transparent)]
    Ours(#[from] Error),
}

impl Failed {
    /// What the web app is told.
    fn word(&self) -> &'static str {
        match self {
            Self::NotGranted(NotGranted::Declined) => "declined",
            Self::NotGranted(NotGranted::Refused) => "refused",
            Self::NoAccounts => "no_accounts",
            Self::Ours(error) if error.problem().is_some_and(|problem| problem.code == Code::TicketInvalid) => {
                "expired"
            }
            Self::Platform(_) | Self::Ours(_) => "failed",
        }
    }
}

/// Answers with the secret under which the choice waits.
async fn finish(
    app: &App,
    actor: &Actor,
    platform: Platform,
    jar: &CookieJar,
    query: &[(String, String)],
) -> Result<SecretString, Failed> {
    let begun = begun(app, actor, platform, jar, query).await?;
    let code = begun.code?;
    let platforms = app.platforms();
    let served = platforms.named(platform.name()).map_err(Error::from)?;
    let of = platforms.app_of(app.databases(), begun.tenant, served, Some(begun.trip.uses_own_app)).await?;
    let (http, flow) = (platforms.http(), served.connector.oauth());
    let verifier = begun.trip.verifier.map(SecretString::from);
    let (remote, back) = (at_login(platform, begun.tenant), redirect_uri(app, platform));
    let exchange = || flow.exchange(http, &of.app, &code, &back, verifier.as_ref());
    let tokens = platforms.remotes().call(&remote, Repeat::Never, exchange).await?;
    let list = || served.connector.accounts(http, &tokens.access);
    let accounts = platforms.remotes().call(&remote, Repeat::Safe, list).await?;
    if accounts.is_empty() {
        return Err(Failed::NoAccounts);
    }
    let choice = Choice::new(platform, begun.trip.uses_own_app, &tokens, accounts, app.databases().now());
    Ok(choosing::keep(app, actor, begun.tenant, begun.person, &choice).await?)
}

/// A round trip that has come back to where it began.
struct Begun {
    tenant: TenantId,
    person: UserId,
    trip: Trip,
    code: Result<SecretString, NotGranted>,
}

/// Whose round trip it is, before anything else of what the browser brought is believed.
async fn begun(
    app: &App,
    actor: &Actor,
    platform: Platform,
    jar: &CookieJar,
    query: &[(String, String)],
) -> Result<Begun> {
    let invalid = || Problem::of(Code::TicketInvalid);
    let back = oauth::read_return(query).ok_or_else(invalid)?;
    if jar.get(COOKIE).map(Cookie::value) != Some(back.state.as_str()) {
        return Err(Problem::new(Code::TicketInvalid, "This was begun in another browser.").into());
    }
    let mut tx = app.databases().system(actor.clone()).await?;
    let ticket = tickets::check::<Trip>(&mut tx, TRIP, &back.state.into()).await?;
    tickets::spend(&mut tx, ticket.id).await?;
    tx.commit().await?;
    let (Some(tenant), Some(person)) = (ticket.tenant, ticket.person) else { return Err(invalid().into()) };
    if ticket.data.connects != platform {
        return Err(invalid().into());
    }
    Ok(Begun { tenant, person, trip: ticket.data, code: back.outcome })
}
