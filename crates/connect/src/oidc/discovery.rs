//! The provider's description of itself.

use serde_json::{Map, Value};
use url::Url;

use super::error::{OidcError, Part};
use super::strict_json::{self, Fault};
use crate::call::{CallError, Http};
use crate::guard;

/// Real descriptions have 2 to 10 kB.
const LIMIT_BYTES: usize = 256 * 1024;
const SHOWN_CHARS: usize = 200;

/// What a log-in needs to know of a provider; checked, so that every address in it may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub jwks_uri: Url,
    /// How a client with a secret may identify itself at the token endpoint.
    pub(super) secret_in_header: bool,
    pub(super) secret_in_body: bool,
}

pub(super) async fn fetch(http: &Http, issuer: &str) -> Result<Discovery, OidcError> {
    let url = well_known(issuer)?;
    let answer = http.get(&url).body_limit_bytes(LIMIT_BYTES).send().await;
    let answer = answer
        .and_then(crate::call::Answer::success)
        .map_err(|cause| OidcError::Call { part: Part::Discovery, cause })?;
    parse(answer.body(), issuer, http)
}

/// An object from the provider, or what is wrong with it.
pub(super) fn read_object(body: &[u8], part: Part) -> Result<Map<String, Value>, OidcError> {
    strict_json::object(body).map_err(|fault| OidcError::Malformed {
        part,
        problem: match fault {
            Fault::DuplicateName => "it names a member twice",
            Fault::NotJson => "it is not a JSON object",
        },
    })
}

fn well_known(issuer: &str) -> Result<Url, OidcError> {
    let parsed = Url::parse(issuer).map_err(|_| OidcError::IssuerAddress)?;
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(OidcError::IssuerAddress);
    }
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Url::parse(&format!("{base}/.well-known/openid-configuration")).map_err(|_| OidcError::IssuerAddress)
}

fn parse(body: &[u8], issuer: &str, http: &Http) -> Result<Discovery, OidcError> {
    let document = read_object(body, Part::Discovery)?;
    let found = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if found != issuer {
        return Err(OidcError::OtherIssuer { found: found.chars().take(SHOWN_CHARS).collect() });
    }
    if lists(&document, "response_types_supported").is_some_and(|offered| !offered.contains(&"code")) {
        return Err(OidcError::Unsupported("the authorization code flow"));
    }
    if lists(&document, "code_challenge_methods_supported").is_some_and(|offered| !offered.contains(&"S256")) {
        return Err(OidcError::Unsupported("PKCE with S256"));
    }
    let signs = lists(&document, "id_token_signing_alg_values_supported");
    if signs.is_some_and(|offered| !offered.iter().any(|name| super::keys::algorithm(name).is_some())) {
        return Err(OidcError::Unsupported("ID tokens signed with RS256, PS256 or ES256"));
    }
    // Without a list the standard's default is the header, but many providers want the body.
    let methods = lists(&document, "token_endpoint_auth_methods_supported");
    let offers = |method| methods.as_ref().is_none_or(|offered| offered.contains(&method));
    Ok(Discovery {
        issuer: issuer.to_owned(),
        authorization_endpoint: endpoint(&document, "authorization_endpoint", http)?,
        token_endpoint: endpoint(&document, "token_endpoint", http)?,
        jwks_uri: endpoint(&document, "jwks_uri", http)?,
        secret_in_header: offers("client_secret_basic"),
        secret_in_body: offers("client_secret_post"),
    })
}

fn lists<'a>(document: &'a Map<String, Value>, name: &str) -> Option<Vec<&'a str>> {
    Some(document.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
}

fn endpoint(document: &Map<String, Value>, field: &'static str, http: &Http) -> Result<Url, OidcError> {
    let text = document.get(field).and_then(Value::as_str);
    let url = text
        .and_then(|text| Url::parse(text).ok())
        .ok_or(OidcError::Malformed { part: Part::Discovery, problem: "an endpoint is missing or not an address" })?;
    guard::check_url(&url, http.reach())
        .map_err(|blocked| OidcError::Endpoint { field, cause: CallError::Blocked(blocked) })?;
    Ok(url)
}
