//! Widgets: made, changed, and found by their keys. Everything else that happens to one (it is disconnected, it works or not)
//! happens to it as a channel account.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use time::PrimitiveDateTime;

use super::settings::{AgentNames, Settings};
use crate::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, Account, NewAccount, State},
        credentials,
        routes::{self, Route},
    },
    ids::{ChannelAccountId, TenantId, encode_uuid},
    problems::{Error, Problem, Result},
    tenancy::{Databases, TenantTx},
    tokens::sha256,
};

/// Keys begin like this; the rest is as random as an id can be.
pub const KEY_PREFIX: &str = "wgt_";

/// A widget as its visitors need it.
#[derive(Debug, Clone)]
pub struct Widget {
    pub account: ChannelAccountId,
    pub key: String,
    pub name: String,
    pub settings: Settings,
    /// Whether it is within business hours, at the moment when this was read.
    pub is_online: bool,
}

impl Widget {
    pub(super) fn agent_names(&self) -> AgentNames {
        self.settings.agent_names
    }
}

/// A key. With a seed it is always the same one, so that who repeats a request makes one widget.
pub fn new_key(seed: Option<&[u8]>) -> String {
    let bits = seed.map_or_else(rand::random, |seed| {
        let digest = sha256(seed);
        digest.iter().take(16).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte))
    });
    format!("{KEY_PREFIX}{}", encode_uuid(uuid::Uuid::from_u128(bits)))
}

/// Whether a text has the form of a key. Nothing else is looked for, and nothing else stands in an answer.
pub fn is_key(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.strip_prefix(KEY_PREFIX).is_some_and(|rest| rest.len() == 26 && rest.bytes().all(is_part))
}

/// Connects a widget under this key, with a secret by which the company vouches for its visitors. Made before under the same
/// key, it is that one, as it is.
pub async fn create(databases: &Databases, tenant: TenantId, actor: Actor, key: &str, name: &str) -> Result<Account> {
    let mut tx = databases.tenant(tenant, actor.clone()).await?;
    let earlier = accounts::find(&mut tx, Platform::WebChat, key).await?;
    tx.rollback().await?;
    if let Some(earlier) = earlier {
        return Ok(earlier);
    }
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let new = NewAccount {
        platform: Platform::WebChat,
        external_id: key.to_owned(),
        name: name.to_owned(),
        handle: None,
        avatar_url: None,
        credentials: Some(secret.into()),
        token_expires_at: None,
        refresh_at: None,
        uses_own_app: false,
        scopes: Vec::new(),
    };
    accounts::connect(databases, tenant, actor, &new).await
}

/// Changes what is given. Settings are given whole: what is left out of them is as if it had never been set.
pub async fn change(
    tx: &mut TenantTx,
    id: ChannelAccountId,
    name: Option<String>,
    settings: Option<Settings>,
) -> Result<Account> {
    let before = account(tx, id).await?;
    let settings = match settings {
        None => None,
        Some(settings) => {
            let settings = check(tx, settings).await?;
            Some(accounts::Settings { widget: Some(json!(settings)), ..before.settings })
        }
    };
    accounts::change(tx, id, accounts::Change { name, settings }).await
}

/// The account of a widget, connected or not; no other account is found here.
pub async fn account(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Account> {
    let account = accounts::get(tx, id).await?;
    if account.platform == Platform::WebChat { Ok(account) } else { Err(Problem::missing("web chat widget").into()) }
}

/// The settings of an account that is a widget.
pub fn settings(account: &Account) -> Settings {
    Settings::read(account.settings.widget.as_ref())
}

/// The secret by which the company's own server vouches for a visitor.
pub async fn identity_secret(tx: &mut TenantTx, id: ChannelAccountId) -> Result<SecretString> {
    let secret = credentials::open(tx, id).await?.secret;
    secret
        .filter(|secret| !secret.expose_secret().is_empty())
        .ok_or_else(|| Error::Fault(format!("{id} has no secret")))
}

/// Where the widget of this key is; `None`: there is none, or it was switched off.
pub async fn find(databases: &Databases, key: &str) -> Result<Option<Route>> {
    if !is_key(key) {
        return Ok(None);
    }
    routes::find(databases, Platform::WebChat, key).await
}

/// As [`find`] says, with what visitors need. `None` also while it is being connected or disconnected.
pub async fn load(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Option<Widget>> {
    let account = match account(tx, id).await {
        Err(error) if error.problem().is_some() => return Ok(None),
        other => other?,
    };
    if account.state == State::Disconnected {
        return Ok(None);
    }
    let settings = settings(&account);
    let is_online = match &settings.business_hours {
        None => true,
        Some(hours) => hours.is_open(local_time(tx, &hours.time_zone).await?),
    };
    Ok(Some(Widget { account: account.id, key: account.external_id, name: account.name, settings, is_online }))
}

/// Refuses settings that cannot be, and writes them as they are kept.
pub async fn check(tx: &mut TenantTx, settings: Settings) -> Result<Settings> {
    let settings = settings.checked()?;
    if let Some(hours) = &settings.business_hours
        && !is_time_zone(tx, &hours.time_zone).await?
    {
        let sentence = "There is no such time zone; one is named as `Europe/Vienna`.";
        return Err(Problem::field("settings.business_hours.time_zone", sentence).into());
    }
    Ok(settings)
}

/// Whether PostgreSQL knows a time zone by exactly this name. It reads all of its files for that: for changes only.
async fn is_time_zone(tx: &mut TenantTx, name: &str) -> Result<bool> {
    let known = sqlx::query_scalar("select exists (select from pg_timezone_names where name = $1)");
    Ok(known.bind(name.replace('\0', "")).fetch_one(tx.conn()).await?)
}

/// What the clocks of a time zone say that was checked before.
async fn local_time(tx: &mut TenantTx, time_zone: &str) -> Result<PrimitiveDateTime> {
    let now = tx.now();
    let local = sqlx::query_scalar("select $1::timestamptz at time zone $2::text");
    Ok(local.bind(now).bind(time_zone).fetch_one(tx.conn()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_makes_the_same_key_and_no_seed_makes_a_new_one() {
        assert_eq!(new_key(Some(b"a")), new_key(Some(b"a")));
        assert_ne!(new_key(Some(b"a")), new_key(Some(b"b")));
        assert_ne!(new_key(None), new_key(None));
        assert!(is_key(&new_key(None)) && is_key(&new_key(Some(b"a"))));
    }

    #[test]
    fn only_keys_are_looked_for() {
        for text in ["", "wgt_", "wgt_..", "wgt_0000000000000000000000000/", "WGT_00000000000000000000000000"] {
            assert!(!is_key(text), "{text}");
        }
    }
}
