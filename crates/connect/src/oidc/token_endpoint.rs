//! Trading the code for an ID token.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded;

use super::discovery::{Discovery, read_object};
use super::error::{OidcError, Part};
use super::{Settings, strict_json};
use crate::call::{Answer, CallError, Http};

const LIMIT_BYTES: usize = 256 * 1024;

/// The error codes of OAuth 2.0 that are repeated to the administrator. Anything else a provider
/// writes, its description above all, may contain what we sent.
const KNOWN_ERRORS: [&str; 6] = [
    "invalid_request",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "invalid_target",
];

/// Where the client secret goes.
#[derive(Clone, Copy)]
enum Secret<'a> {
    None,
    InHeader(&'a SecretString),
    InBody(&'a SecretString),
}

/// The ID token, still unverified.
pub(super) async fn redeem(
    http: &Http,
    discovery: &Discovery,
    settings: &Settings,
    code: &str,
    verifier: &SecretString,
) -> Result<SecretString, OidcError> {
    let secrets = match &settings.client_secret {
        None => vec![Secret::None],
        Some(secret) if discovery.secret_in_header && discovery.secret_in_body => {
            vec![Secret::InHeader(secret), Secret::InBody(secret)]
        }
        Some(secret) if discovery.secret_in_body => vec![Secret::InBody(secret)],
        Some(secret) => vec![Secret::InHeader(secret)],
    };
    // A provider may offer both ways and still want one of them from this client (Auth0 and others
    // keep it as a setting of the application). A wrong way is refused before the code is used up.
    let mut outcome = Err(OidcError::Client);
    for secret in secrets {
        outcome = redeem_with(http, discovery, settings, code, verifier, secret).await;
        if outcome.as_ref().err() != Some(&OidcError::Client) {
            break;
        }
    }
    outcome
}

async fn redeem_with(
    http: &Http,
    discovery: &Discovery,
    settings: &Settings,
    code: &str,
    verifier: &SecretString,
    secret: Secret<'_>,
) -> Result<SecretString, OidcError> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", settings.redirect_uri.as_str()),
        ("code_verifier", verifier.expose_secret()),
    ];
    if !matches!(secret, Secret::InHeader(_)) {
        fields.push(("client_id", &settings.client_id));
    }
    if let Secret::InBody(secret) = secret {
        fields.push(("client_secret", secret.expose_secret()));
    }
    let mut call = http.post_form(&discovery.token_endpoint, &fields).body_limit_bytes(LIMIT_BYTES);
    if let Secret::InHeader(secret) = secret {
        // RFC 6749, 2.3.1: both are form-encoded before they are joined.
        call = call.basic_auth(&form_encoded(&settings.client_id), &form_encoded(secret.expose_secret()).into());
    }
    let answer = call.send().await.map_err(failed)?;
    let refusal = refusal(answer.body());
    let answer = answer.success().map_err(|cause| match cause {
        CallError::Reauth | CallError::Refused { .. } => refusal.unwrap_or_else(|| failed(cause)),
        _ => failed(cause),
    })?;
    id_token(&answer)
}

fn id_token(answer: &Answer) -> Result<SecretString, OidcError> {
    let mut fields = read_object(answer.body(), Part::TokenEndpoint)?;
    match fields.remove("id_token") {
        Some(Value::String(token)) => Ok(token.into()),
        _ => Err(OidcError::Malformed { part: Part::TokenEndpoint, problem: "its answer has no id_token" }),
    }
}

/// What an error answer says, as far as it is one of the standard's codes.
fn refusal(body: &[u8]) -> Option<OidcError> {
    let fields = strict_json::object(body).ok()?;
    match fields.get("error")?.as_str()? {
        "invalid_client" => Some(OidcError::Client),
        "invalid_grant" => Some(OidcError::Code),
        code => KNOWN_ERRORS.iter().find(|known| **known == code).map(|known| OidcError::Refused(known)),
    }
}

fn failed(cause: CallError) -> OidcError {
    OidcError::Call { part: Part::TokenEndpoint, cause }
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
