//! Connected accounts: how they are, what is set for them, and ending the connection.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use socialai_connect::{
    remote::{RemoteId, Repeat},
    social::{Credentials, Hook, Subscribed, kept::AccountSecrets},
};
use socialai_domain::{
    channels::{
        accounts::{self, Account, Change, Settings},
        credentials,
        gaps::{self, Gap},
        subscriptions,
    },
    ids::ChannelAccountId,
    problems::Result,
};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id},
    page::Page,
    platforms::proof,
    problem::Answer,
    state::App,
};

/// Gaps that are told with an account.
const GAPS: i64 = 20;

/// Connected accounts, by platform and name
#[utoipa::path(get, path = "/channel-accounts", tag = "Channels", security(("token" = ["channels:read"])),
    responses((status = 200, description = "All of them, also disconnected ones.", body = Page<Account>)))]
pub async fn list(State(app): State<App>, caller: Caller<can::ChannelsRead>) -> Answer<Json<Page<Account>>> {
    let mut tx = caller.tx(&app).await?;
    let items = accounts::list(&mut tx).await?;
    tx.rollback().await?;
    Ok(Json(Page { items, next: None }))
}

/// An account with how it is.
#[derive(Serialize, ToSchema)]
pub struct ChannelAccountOpened {
    pub account: Account,
    /// Times in which messages may be missing, the newest first; at most 20.
    pub gaps: Vec<Gap>,
    /// By the server's clock; the ages of token, quota and last event count from here.
    #[serde(with = "time::serde::rfc3339")]
    pub now: time::OffsetDateTime,
}

/// One connected account, with its gaps
#[utoipa::path(get, path = "/channel-accounts/{id}", tag = "Channels", params(("id" = ChannelAccountId, Path)),
    security(("token" = ["channels:read"])), responses((status = 200, description = "The account, never its tokens.", body = ChannelAccountOpened)))]
pub async fn get(
    State(app): State<App>,
    caller: Caller<can::ChannelsRead>,
    Id(id): Id<ChannelAccountId>,
) -> Answer<Json<ChannelAccountOpened>> {
    let mut tx = caller.tx(&app).await?;
    let account = accounts::get(&mut tx, id).await?;
    let gaps = gaps::list(&mut tx, id, None, GAPS).await?;
    let now = tx.now();
    tx.rollback().await?;
    Ok(Json(ChannelAccountOpened { account, gaps, now }))
}

/// Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelAccountChange {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// All of them: what is left out inside goes back to its default.
    #[serde(default)]
    settings: Option<Settings>,
}

/// Change a connected account
#[utoipa::path(patch, path = "/channel-accounts/{id}", tag = "Channels", params(("id" = ChannelAccountId, Path)),
    request_body = ChannelAccountChange, security(("token" = ["channels:manage"])),
    responses((status = 200, description = "Changed.", body = Account)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(id): Id<ChannelAccountId>,
    Body { value: wanted, .. }: Body<ChannelAccountChange>,
) -> Answer<Json<Account>> {
    let change = Change { name: wanted.name, settings: wanted.settings };
    let mut tx = caller.tx(&app).await?;
    let account = accounts::change(&mut tx, id, change).await?;
    tx.commit().await?;
    Ok(Json(account))
}

/// Disconnect an account
///
/// Its tokens are removed; conversations stay. It may be repeated. The platform is asked to deliver nothing more.
#[utoipa::path(post, path = "/channel-accounts/{id}/disconnect", tag = "Channels", params(("id" = ChannelAccountId, Path)),
    security(("token" = ["channels:manage"])), responses((status = 200, description = "Disconnected.", body = Account)))]
pub async fn disconnect(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(id): Id<ChannelAccountId>,
) -> Answer<Json<Account>> {
    let farewell = farewell(&app, &caller, id).await?;
    let account = accounts::disconnect(app.databases(), caller.tenant, caller.actor.clone(), id).await?;
    if let Some(farewell) = farewell {
        app.tasks().spawn(farewell.say(app.clone()));
    }
    Ok(Json(account))
}

/// What is needed to end the subscription when the tokens are gone from the database.
struct Farewell {
    account: Account,
    tenant: socialai_domain::ids::TenantId,
    secrets: AccountSecrets,
}

/// `None`: nothing is subscribed, or there are no tokens to say so with.
async fn farewell(app: &App, caller: &Caller<can::ChannelsManage>, id: ChannelAccountId) -> Result<Option<Farewell>> {
    let mut tx = caller.tx(app).await?;
    let account = accounts::get(&mut tx, id).await?;
    let secret = match account.state {
        accounts::State::Disconnected => None,
        _ => credentials::open(&mut tx, id).await?.secret,
    };
    tx.rollback().await?;
    let secrets = secret.and_then(|secret| AccountSecrets::read(&secret).ok());
    Ok(secrets.map(|secrets| Farewell { account, tenant: caller.tenant, secrets }))
}

impl Farewell {
    /// Best effort: what comes nevertheless is for an account that nobody connected.
    async fn say(self, app: App) {
        let Self { account, tenant, secrets } = self;
        let platforms = app.platforms();
        let Some(served) = platforms.get(account.platform).filter(|served| served.connector.spec().has_webhooks) else {
            return;
        };
        let own = platforms.app_of(app.databases(), tenant, served, Some(account.uses_own_app)).await;
        let (Ok(of), Some(token)) = (own, secrets.token()) else { return };
        let credentials = Credentials {
            account: account.external_id.clone(),
            via: secrets.via,
            token,
            app_secret: proof(account.platform, &of.app),
        };
        let hook = Hook {
            callback: subscriptions::callback(
                &app.settings().public_url,
                account.platform,
                account.uses_own_app.then_some(tenant),
            ),
            app: of.app,
            application_id: of.application_id,
            member: secrets.member,
        };
        let subscribed = Subscribed { ids: secrets.subscribed };
        let remote = RemoteId::new(account.remote(), tenant.0);
        let ended = platforms.remotes().call(&remote, Repeat::Safe, || {
            served.connector.unsubscribe(platforms.http(), &credentials, &hook, &subscribed)
        });
        if let Err(error) = ended.await {
            tracing::warn!(account = %account.id, %error, "the platform could not be told to deliver nothing more");
        }
    }
}
