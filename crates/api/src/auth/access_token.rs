//! Access tokens: RS256, 15 minutes, the claims of the founding documents.

use jsonwebtoken::{Algorithm, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use socialai_domain::{
    ids::{SessionId, TenantId, UserId},
    permissions::Role,
    problems::{Code, Problem, Result},
};
use time::{Duration, OffsetDateTime};

use crate::state::App;

pub const LIFETIME: Duration = Duration::minutes(15);
/// Clocks of several servers may differ by this much.
const LEEWAY: i64 = 5;
const AUDIENCE: &str = "socialai";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    tenant_id: TenantId,
    sid: SessionId,
    roles: Vec<String>,
    permissions: Vec<String>,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    jti: String,
}

/// What a verified token says of its bearer.
pub struct Verified {
    pub tenant: TenantId,
    pub user: UserId,
    pub session: SessionId,
}

pub fn sign(
    app: &App,
    tenant: TenantId,
    user: UserId,
    session: SessionId,
    role: Role,
    now: OffsetDateTime,
) -> Result<SecretString> {
    let claims = Claims {
        iss: issuer(app),
        aud: AUDIENCE.to_owned(),
        sub: user,
        tenant_id: tenant,
        sid: session,
        roles: vec![role.name().to_owned()],
        permissions: role.permissions().map(|permission| permission.name().to_owned()).collect(),
        iat: now.unix_timestamp(),
        nbf: None,
        exp: (now + LIFETIME).unix_timestamp(),
        jti: uuid::Uuid::now_v7().simple().to_string(),
    };
    Ok(app.keyring().sign(&claims)?.into())
}

/// Only RS256 with a key of ours, this issuer and audience, and the present time. Nothing in the token's header is
/// followed: `jku`, `x5u` and the like are refused.
pub fn verify(app: &App, token: &SecretString) -> Result<Verified> {
    let invalid = || Problem::of(Code::InvalidToken);
    let text = token.expose_secret();
    if text.len() > 8 * 1024 {
        return Err(invalid().into());
    }
    let header = jsonwebtoken::decode_header(text).map_err(|_| invalid())?;
    let foreign = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some();
    if header.alg != Algorithm::RS256 || foreign {
        return Err(invalid().into());
    }
    let kid = header.kid.ok_or_else(invalid)?;
    let keyring = app.keyring();
    let key = keyring.verifier(&kid).ok_or_else(invalid)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer(app)]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Times are compared with the product's clock, below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(text, key, &validation).map_err(|_| invalid())?.claims;
    let now = app.databases().now().unix_timestamp();
    if claims.exp + LEEWAY <= now {
        return Err(Problem::of(Code::TokenExpired).into());
    }
    if claims.iat - LEEWAY > now || claims.nbf.is_some_and(|nbf| nbf - LEEWAY > now) {
        return Err(Problem::new(Code::InvalidToken, "The token is not valid yet.").into());
    }
    Ok(Verified { tenant: claims.tenant_id, user: claims.sub, session: claims.sid })
}

fn issuer(app: &App) -> String {
    app.settings().public_url.as_str().trim_end_matches('/').to_owned()
}
