//! Who asks in a web chat. [`Passer`] is anybody at a widget's address; [`Guest`] holds the token of a session there.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use socialai_domain::{
    audit::Actor,
    ids::TenantId,
    problems::{Code, Problem, Result},
    tenancy::TenantTx,
    tenants::Plan,
    tokens::sha256,
    web_chat::{
        sessions::{self, Session},
        widgets::Widget,
    },
};

use super::{Known, no_widget};
use crate::{
    caller::bearer,
    http::context,
    limits::{Quota, quotas},
    problem::Failure,
    state::App,
};

#[derive(Deserialize)]
struct Address {
    key: String,
}

/// Somebody at the address of a widget that there is.
pub struct Passer {
    pub tenant: TenantId,
    pub plan: Plan,
    pub widget: Arc<Widget>,
    pub actor: Actor,
}

impl FromRequestParts<App> for Passer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let actor = context::visitor();
        let ip = actor.ip.clone().unwrap_or_default();
        app.limit(&ip, quotas::CHAT_ADDRESS, Plan::Standard).await?;
        let Ok(Path(Address { key })) = Path::<Address>::from_request_parts(parts, app).await else {
            return Err(no_widget().into());
        };
        let known = app.web_chat().widget(app.databases(), &key).await?;
        let Known { tenant, widget } = known.ok_or_else(no_widget)?;
        context::note_tenant(tenant);
        let plan = app.databases().place(tenant).await?.plan;
        Ok(Self { tenant, plan, widget, actor })
    }
}

impl Passer {
    pub async fn tx(&self, app: &App) -> Result<TenantTx> {
        app.databases().tenant(self.tenant, self.actor.clone()).await
    }

    /// Counts against what one address may do here.
    pub async fn limit_address(&self, app: &App, quota: Quota) -> Result<(), Problem> {
        let ip = self.actor.ip.as_deref().unwrap_or_default();
        app.limit(&format!("{}|{ip}", self.widget.key), quota, Plan::Standard).await
    }

    /// Counts against what all visitors of the widget may do together.
    pub async fn limit_widget(&self, app: &App, quota: Quota) -> Result<(), Problem> {
        app.limit(&self.widget.key, quota, self.plan).await
    }
}

/// A visitor. The session itself is read with what the request is about, see [`Guest::enter`].
pub struct Guest {
    pub at: Passer,
    token: SecretString,
    /// Names the session in limits, and tells nothing of the token.
    name: String,
}

impl FromRequestParts<App> for Guest {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let at = Passer::from_request_parts(parts, app).await?;
        let token = bearer(&parts.headers)?;
        let name = hex::encode(&sha256(token.expose_secret().as_bytes())[..16]);
        app.limit(&name, quotas::CHAT_VISITOR, Plan::Standard).await?;
        Ok(Self { at, token, name })
    }
}

impl Guest {
    /// The session, in a transaction for what it asks.
    pub async fn enter(&self, app: &App) -> Result<(TenantTx, Session)> {
        let mut tx = self.at.tx(app).await?;
        let session = sessions::authenticate(&mut tx, self.at.widget.account, &self.token).await?;
        Ok((tx, session))
    }

    /// Counts against what this visitor may do.
    pub async fn limit(&self, app: &App, quota: Quota) -> Result<(), Problem> {
        app.limit(&self.name, quota, Plan::Standard).await
    }
}

/// Bodies of visitors are short; longer ones are refused before they are read through.
pub fn check_size(raw: &[u8]) -> Result<(), Problem> {
    const MOST: usize = 64 * 1024;
    if raw.len() > MOST {
        return Err(Problem::new(Code::BodyTooLarge, "A body may have 64 KiB here."));
    }
    Ok(())
}
