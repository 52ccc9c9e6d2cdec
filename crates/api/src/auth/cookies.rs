//! Cookies of the web app. The refresh token is `HttpOnly` and `SameSite=Strict`, sent only to the log-in routes; whoever
//! uses it must also show the CSRF value in a header, which another site cannot read, and come from a known origin.

use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use socialai_domain::{
    problems::{Code, Problem},
    vault::Owner,
};
use time::{Duration, OffsetDateTime};

use crate::state::App;

const REFRESH: &str = "socialai_refresh";
const CSRF: &str = "socialai_csrf";
const REFRESH_PATH: &str = "/api/v1/auth";

pub fn read_refresh(jar: &CookieJar) -> Option<SecretString> {
    jar.get(REFRESH).map(|cookie| cookie.value().to_owned().into())
}

/// Sets the session's cookies; answers with the CSRF value, which the web app sends back in `X-CSRF-Token`.
pub fn write_session(
    app: &App,
    jar: CookieJar,
    refresh: &SecretString,
    expires_at: OffsetDateTime,
) -> (CookieJar, String) {
    let csrf = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    let refresh = cookie(app, REFRESH, refresh.expose_secret().to_owned(), REFRESH_PATH, true, expires_at);
    let readable = cookie(app, CSRF, csrf.clone(), "/", false, expires_at);
    (jar.add(refresh).add(readable), csrf)
}

pub fn clear_session(app: &App, jar: CookieJar) -> CookieJar {
    let past = OffsetDateTime::UNIX_EPOCH;
    jar.add(cookie(app, REFRESH, String::new(), REFRESH_PATH, true, past)).add(cookie(
        app,
        CSRF,
        String::new(),
        "/",
        false,
        past,
    ))
}

/// Refuses a cookie-borne request that our own pages did not make.
pub fn check_same_site(app: &App, headers: &HeaderMap, jar: &CookieJar) -> Result<(), Problem> {
    let shown = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
    let expected = jar.get(CSRF).map(Cookie::value).filter(|value| !value.is_empty());
    if shown.is_none() || shown != expected {
        return Err(Problem::of(Code::CrossSite));
    }
    check_origin(app, headers)
}

/// A browser says where a request comes from; other clients say nothing and carry no cookies that could be abused.
pub fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none" && site != "same-site")
    {
        return Err(Problem::of(Code::CrossSite));
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let own = app.settings().public_url.origin().ascii_serialization();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let known = |origin: &HeaderValue| {
        origin.to_str().is_ok_and(|origin| {
            origin == own
                || app.settings().cors_origins.iter().any(|allowed| allowed == origin)
                || origin.split_once("://").is_some_and(|(_, origin_host)| !host.is_empty() && origin_host == host)
        })
    };
    if known(origin) { Ok(()) } else { Err(Problem::of(Code::CrossSite)) }
}

/// Name of the device cookie of one account on this browser.
fn device_name(app: &App, email: &str) -> String {
    let tag = app.databases().vault().tag(Owner::Installation, "device cookie names", &[email.as_bytes()]);
    format!("socialai_device_{}", hex::encode(&tag[..6]))
}

/// The device on which this account signed in before, when its cookie is genuine.
pub fn known_device(app: &App, jar: &CookieJar, email: &str) -> Option<String> {
    let value = jar.get(&device_name(app, email))?.value().to_owned();
    let (device, tag) = value.split_once('.')?;
    (device_tag(app, email, device) == tag).then(|| device.to_owned())
}

/// Marks this browser as one on which the account signed in.
pub fn remember_device(app: &App, jar: CookieJar, email: &str) -> CookieJar {
    if known_device(app, &jar, email).is_some() {
        return jar;
    }
    let device = uuid::Uuid::new_v4().simple().to_string();
    let value = format!("{device}.{}", device_tag(app, email, &device));
    let expires = app.databases().now() + Duration::days(365);
    jar.add(cookie(app, &device_name(app, email), value, REFRESH_PATH, true, expires))
}

fn device_tag(app: &App, email: &str, device: &str) -> String {
    let parts: [&[u8]; 2] = [email.as_bytes(), device.as_bytes()];
    hex::encode(app.databases().vault().tag(Owner::Installation, "device cookies", &parts))
}

fn cookie(
    app: &App,
    name: &str,
    value: String,
    path: &'static str,
    http_only: bool,
    expires: OffsetDateTime,
) -> Cookie<'static> {
    Cookie::build((name.to_owned(), value))
        .path(path)
        .http_only(http_only)
        .secure(app.settings().public_url.scheme() == "https")
        .same_site(SameSite::Strict)
        .expires(expires)
        .build()
}
