//! Single sign-on settings of a tenant (OpenID Connect) and the rule that turns an identity provider's claims into a user.
//!
//! An identity provider speaks for its own tenant only: it is found through the tenant, its sessions are bound to the
//! tenant, and it can neither make administrators nor change a person's own password or factors.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::{FromRow, types::Json};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::Entry,
    people,
    permissions::Role,
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    vault::{Column, Sealed},
};

pub(crate) const CLIENT_SECRET: Column = Column::new("sso_connections", "client_secret_sealed");

/// What an administrator sets. Claim names are free because providers differ (Auth0 wants namespaced ones).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SsoSettings {
    pub enabled: bool,
    /// Exactly as the provider writes it, with or without a slash at the end.
    #[schema(example = "https://acme.eu.auth0.com/")]
    pub issuer: String,
    pub client_id: String,
    /// For Auth0 organisations and APIs; usually empty.
    #[serde(default)]
    pub audience: Option<String>,
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    #[serde(default = "default_email_claim")]
    pub email_claim: String,
    #[serde(default = "default_name_claim")]
    pub name_claim: String,
    /// Claim with the role or roles; empty gives everybody the default role.
    #[serde(default)]
    pub role_claim: Option<String>,
    /// Claim that must equal `organization`, for providers that serve several companies.
    #[serde(default)]
    pub organization_claim: Option<String>,
    #[serde(default)]
    pub organization: Option<String>,
    /// Value of the role claim → role here. `admin` cannot be given by a provider.
    #[serde(default)]
    pub role_map: BTreeMap<String, Role>,
    /// Role of people whose claims map to none; empty refuses them.
    #[serde(default)]
    pub default_role: Option<Role>,
    /// Make a user at the first sign-in; otherwise people must have been invited.
    #[serde(default)]
    pub creates_users: bool,
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn default_email_claim() -> String {
    "email".to_owned()
}

fn default_name_claim() -> String {
    "name".to_owned()
}

#[derive(Debug, Clone)]
pub struct Connection {
    pub settings: SsoSettings,
    pub client_secret: Option<SecretString>,
    pub updated_at: OffsetDateTime,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    enabled: bool,
    issuer: String,
    client_id: String,
    client_secret_sealed: Option<Sealed>,
    audience: Option<String>,
    scopes: Vec<String>,
    email_claim: String,
    name_claim: String,
    role_claim: Option<String>,
    organization_claim: Option<String>,
    organization: Option<String>,
    role_map: Json<BTreeMap<String, Role>>,
    default_role: Option<Role>,
    creates_users: bool,
    updated_at: OffsetDateTime,
}

pub async fn get(tx: &mut TenantTx) -> Result<Option<Connection>> {
    let row: Option<Row> = sqlx::query_as(
        "select id, enabled, issuer, client_id, client_secret_sealed, audience, scopes, email_claim, name_claim, role_claim,
            organization_claim, organization, role_map, default_role, creates_users, updated_at from sso_connections",
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let client_secret = match &row.client_secret_sealed {
        Some(sealed) => Some(tx.open_text(CLIENT_SECRET, row.id, sealed)?.into()),
        None => None,
    };
    let settings = SsoSettings {
        enabled: row.enabled,
        issuer: row.issuer,
        client_id: row.client_id,
        audience: row.audience,
        scopes: row.scopes,
        email_claim: row.email_claim,
        name_claim: row.name_claim,
        role_claim: row.role_claim,
        organization_claim: row.organization_claim,
        organization: row.organization,
        role_map: row.role_map.0,
        default_role: row.default_role,
        creates_users: row.creates_users,
    };
    Ok(Some(Connection { settings, client_secret, updated_at: row.updated_at }))
}

/// Stores the settings. Without a new secret the stored one stays, unless issuer or client changed: a secret never goes
/// to another provider than the one it was given for.
pub async fn put(tx: &mut TenantTx, settings: SsoSettings, secret: Option<SecretString>) -> Result<Connection> {
    check(&settings)?;
    let before = get(tx).await?;
    let same_client = before
        .as_ref()
        .is_some_and(|old| old.settings.issuer == settings.issuer && old.settings.client_id == settings.client_id);
    let kept = before.as_ref().filter(|_| same_client).and_then(|old| old.client_secret.clone());
    let secret = secret.or(kept);
    let id = Uuid::now_v7();
    let now = tx.now();
    let sealed = match &secret {
        Some(secret) => Some(tx.seal(CLIENT_SECRET, id, secret.expose_secret().as_bytes())?),
        None => None,
    };
    sqlx::query("delete from sso_connections").execute(tx.conn()).await?;
    sqlx::query(
        "insert into sso_connections (id, enabled, issuer, client_id, client_secret_sealed, audience, scopes, email_claim,
            name_claim, role_claim, organization_claim, organization, role_map, default_role, creates_users, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(id)
    .bind(settings.enabled)
    .bind(&settings.issuer)
    .bind(&settings.client_id)
    .bind(sealed)
    .bind(&settings.audience)
    .bind(&settings.scopes)
    .bind(&settings.email_claim)
    .bind(&settings.name_claim)
    .bind(&settings.role_claim)
    .bind(&settings.organization_claim)
    .bind(&settings.organization)
    .bind(Json(&settings.role_map))
    .bind(settings.default_role)
    .bind(settings.creates_users)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let tenant = tx.tenant();
    tx.record(Entry::new("sso.changed", "tenant", tenant).changed(
        before.map_or_else(|| serde_json::json!({}), |old| serde_json::json!(old.settings)),
        serde_json::json!(settings),
    ));
    Ok(Connection { settings, client_secret: secret, updated_at: now })
}

pub async fn remove(tx: &mut TenantTx) -> Result<()> {
    let done = sqlx::query("delete from sso_connections").execute(tx.conn()).await?;
    if done.rows_affected() == 0 {
        return Err(Problem::missing("single sign-on connection").into());
    }
    let tenant = tx.tenant();
    tx.record(Entry::new("sso.removed", "tenant", tenant));
    Ok(())
}

fn check(settings: &SsoSettings) -> Result<()> {
    let short = |field: &str, text: &str| {
        if (1..=500).contains(&text.len()) && !text.chars().any(char::is_control) {
            Ok(())
        } else {
            Err(Problem::field(field, "Enter 1 to 500 characters."))
        }
    };
    short("issuer", &settings.issuer)?;
    short("client_id", &settings.client_id)?;
    short("email_claim", &settings.email_claim)?;
    short("name_claim", &settings.name_claim)?;
    for (field, text) in [
        ("audience", &settings.audience),
        ("role_claim", &settings.role_claim),
        ("organization_claim", &settings.organization_claim),
        ("organization", &settings.organization),
    ] {
        text.as_deref().map_or(Ok(()), |text| short(field, text))?;
    }
    let issuer = url::Url::parse(&settings.issuer);
    if !issuer.is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.has_host() && url.query().is_none() && url.username().is_empty()
    }) {
        return Err(Problem::field("issuer", "The issuer is an https address without a query.").into());
    }
    if !settings.scopes.iter().any(|scope| scope == "openid") {
        return Err(Problem::field("scopes", "`openid` must be among the scopes.").into());
    }
    if settings.scopes.len() > 20
        || settings.scopes.iter().any(|scope| short("scopes", scope).is_err() || scope.contains(' '))
    {
        return Err(Problem::field("scopes", "Up to 20 scopes without spaces.").into());
    }
    if settings.role_map.len() > 50 || settings.role_map.keys().any(|key| short("role_map", key).is_err()) {
        return Err(Problem::field("role_map", "Up to 50 mappings of 1 to 500 characters.").into());
    }
    if settings.role_map.values().any(|role| *role == Role::Admin) || settings.default_role == Some(Role::Admin) {
        return Err(
            Problem::field("role_map", "An identity provider cannot make administrators; set that role here.").into()
        );
    }
    if settings.organization_claim.is_some() != settings.organization.is_some() {
        return Err(Problem::field("organization", "Set the claim and its value together.").into());
    }
    Ok(())
}

/// What the claims say about who comes.
#[derive(Debug, PartialEq, Eq)]
pub struct Admission {
    pub email: String,
    pub name: String,
    /// `None`: the claims map to no role, and there is no default.
    pub role: Option<Role>,
}

/// Applies the mapping to the claims of a verified ID token.
pub fn admit(settings: &SsoSettings, claims: &Map<String, Value>) -> Result<Admission> {
    let refuse = |detail: String| Problem::new(Code::SsoFailed, detail);
    if let (Some(claim), Some(wanted)) = (&settings.organization_claim, &settings.organization)
        && !strings(claims, claim).contains(wanted)
    {
        return Err(
            refuse(format!("The identity provider's `{claim}` is not the organisation of this workspace.")).into()
        );
    }
    let email = strings(claims, &settings.email_claim).into_iter().next().ok_or_else(|| {
        refuse(format!("The identity provider sent no `{}`; add the claim or the scope.", settings.email_claim))
    })?;
    let email = people::normalize_email(&email)
        .map_err(|_| refuse("The identity provider sent no usable e-mail address.".to_owned()))?;
    if settings.email_claim == "email" && claims.get("email_verified") == Some(&Value::Bool(false)) {
        return Err(refuse("The identity provider has not verified this e-mail address.".to_owned()).into());
    }
    let name = strings(claims, &settings.name_claim).into_iter().next();
    let name = name.and_then(|name| people::check_name(&name).ok()).unwrap_or_else(|| email.clone());
    // Several roles: the strongest counts, in the order of the table.
    let mapped = settings.role_claim.as_ref().and_then(|claim| {
        strings(claims, claim).iter().filter_map(|value| settings.role_map.get(value)).min().copied()
    });
    Ok(Admission { email, name, role: mapped.or(settings.default_role) })
}

/// A claim's value or values as text.
fn strings(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    match claims.get(name) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(values)) => values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> SsoSettings {
        serde_json::from_value(json!({
            "enabled": true, "issuer": "https://acme.eu.auth0.com/", "client_id": "abc",
            "role_claim": "https://hub.example.com/role", "role_map": { "Sales": "sales_rep", "Lead": "manager" },
            "organization_claim": "org_id", "organization": "org_1",
        }))
        .unwrap()
    }

    fn admitted(claims: &Value) -> Result<Admission> {
        admit(&settings(), claims.as_object().unwrap())
    }

    #[test]
    fn claims_become_a_user_with_the_strongest_mapped_role() {
        let admission = admitted(&json!({ "org_id": "org_1", "email": "Ann@Acme.test", "name": "Ann",
            "https://hub.example.com/role": ["Sales", "Lead", "Unknown"] }));
        let expected = Admission { email: "ann@acme.test".into(), name: "Ann".into(), role: Some(Role::Manager) };
        assert_eq!(admission.unwrap(), expected);
    }

    #[test]
    fn wrong_organisation_and_unverified_or_missing_address_are_refused() {
        for claims in [
            json!({ "org_id": "org_2", "email": "ann@acme.test" }),
            json!({ "email": "ann@acme.test" }),
            json!({ "org_id": "org_1" }),
            json!({ "org_id": "org_1", "email": "ann@acme.test", "email_verified": false }),
            json!({ "org_id": "org_1", "email": { "x": 1 } }),
        ] {
            assert!(admitted(&claims).is_err(), "{claims}");
        }
    }

    #[test]
    fn no_mapped_role_means_no_role() {
        assert_eq!(admitted(&json!({ "org_id": "org_1", "email": "ann@acme.test" })).unwrap().role, None);
    }

    #[test]
    fn settings_cannot_make_administrators_or_lack_openid() {
        let mut admin = settings();
        admin.role_map.insert("x".into(), Role::Admin);
        assert!(check(&admin).is_err());
        let mut scopes = settings();
        scopes.scopes = vec!["email".into()];
        assert!(check(&scopes).is_err());
        assert!(check(&settings()).is_ok());
    }
}
