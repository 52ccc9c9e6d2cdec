//! The choice after the log-in: which of the accounts that were found are connected.

use std::time::Duration;

use axum::{Json, extract::State};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use socialai_connect::{
    remote::{RemoteId, Repeat},
    social::{self, Credentials, Hook, kept::AccountSecrets, oauth::Tokens},
};
use socialai_domain::{
    audit::Actor,
    channels::{
        Platform,
        accounts::{self, Account, NewAccount, State as AccountState},
        credentials, subscriptions,
    },
    ids::{ChannelAccountId, TenantId, UserId},
    problems::{Code, FieldError, Problem, Result},
    tickets::{self, Purpose},
};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    http::body::{Body, Id},
    platforms::{OfApp, Served, proof},
    problem::Answer,
    state::App,
};

const CHOICE: Purpose = Purpose::ChannelChoice;
/// Accounts that one request connects.
const AT_ONCE: usize = 25;

/// What was found after the log-in, sealed until somebody chose.
#[derive(Serialize, Deserialize)]
pub(super) struct Choice {
    connects: Platform,
    uses_own_app: bool,
    access_token: String,
    refresh_token: Option<String>,
    expires_at: Option<OffsetDateTime>,
    refresh_at: Option<OffsetDateTime>,
    scopes: Option<Vec<String>>,
    accounts: Vec<Found>,
}

#[derive(Serialize, Deserialize)]
struct Found {
    external_id: String,
    name: Option<String>,
    handle: Option<String>,
    avatar_url: Option<String>,
    via: Option<String>,
    /// Where the account has one of its own.
    token: Option<String>,
    #[serde(default)]
    member: Option<String>,
}

/// Two thirds of a token's life, or a week before its end, whichever is later: time enough to try again for a while.
fn renewed_after(lives: Duration) -> Duration {
    (lives * 2 / 3).max(lives.saturating_sub(Duration::from_hours(7 * 24)))
}

impl Choice {
    pub(super) fn new(
        connects: Platform,
        uses_own_app: bool,
        tokens: &Tokens,
        accounts: Vec<social::Account>,
        now: OffsetDateTime,
    ) -> Self {
        let expires_at = tokens.access_lives.and_then(|lives| now.checked_add(lives.try_into().ok()?));
        let refresh_at = tokens.access_lives.and_then(|lives| now.checked_add(renewed_after(lives).try_into().ok()?));
        let found = accounts.into_iter().map(|account| Found {
            external_id: account.party.external_id,
            name: account.party.name,
            handle: account.party.handle,
            avatar_url: account.party.avatar_url,
            via: account.via,
            token: account.token.map(|token| token.expose().to_owned()),
            member: account.member,
        });
        Self {
            connects,
            uses_own_app,
            access_token: tokens.access.expose().to_owned(),
            refresh_token: tokens.refresh.as_ref().map(|token| token.expose().to_owned()),
            expires_at,
            refresh_at,
            scopes: tokens.scopes.clone(),
            accounts: found.collect(),
        }
    }

    fn secrets(&self, found: &Found, subscribed: Vec<String>) -> AccountSecrets {
        let (access, user) = match &found.token {
            Some(own) => (own.clone(), Some(self.access_token.clone())),
            None => (self.access_token.clone(), None),
        };
        let (refresh, via, member) = (self.refresh_token.clone(), found.via.clone(), found.member.clone());
        AccountSecrets { access, refresh, user, via, member, subscribed }
    }
}

/// Puts the choice where only this person finds it; answers with the secret that opens it.
pub(super) async fn keep(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    person: UserId,
    choice: &Choice,
) -> Result<SecretString> {
    let mut tx = app.databases().system(actor.clone()).await?;
    let secret = tickets::issue(&mut tx, CHOICE, Some(person), Some(tenant), choice).await?;
    tx.commit().await?;
    Ok(secret)
}

/// The choice of this person; for everybody else there is none.
async fn opened(app: &App, caller: &Caller<can::ChannelsManage>, id: &str) -> Result<Choice> {
    let missing = || Problem::missing("connection that waits for a choice");
    let mut tx = caller.system_tx(app).await?;
    let ticket = tickets::check::<Choice>(&mut tx, CHOICE, &id.to_owned().into()).await;
    tx.rollback().await?;
    let ticket = match ticket {
        Err(error) if error.problem().is_some_and(|problem| problem.code == Code::TicketInvalid) => {
            return Err(missing().into());
        }
        other => other?,
    };
    let is_theirs = ticket.tenant == Some(caller.tenant) && ticket.person == caller.user_id();
    if is_theirs { Ok(ticket.data) } else { Err(missing().into()) }
}

/// Accounts to choose from.
#[derive(Serialize, ToSchema)]
pub struct ChannelConnection {
    pub platform: Platform,
    pub uses_own_app: bool,
    /// What was granted; null where the platform does not tell.
    pub scopes: Option<Vec<String>>,
    /// Asked for and not granted: something will not work.
    pub missing_scopes: Vec<String>,
    pub accounts: Vec<ConnectableAccount>,
}

#[derive(Serialize, ToSchema)]
pub struct ConnectableAccount {
    pub external_id: String,
    pub name: Option<String>,
    pub handle: Option<String>,
    pub avatar_url: Option<String>,
    /// The account in this workspace, if it was connected before; choosing it connects it again.
    pub account_id: Option<ChannelAccountId>,
    pub is_connected: bool,
}

/// Accounts to choose from after the log-in
#[utoipa::path(get, path = "/channel-connections/{id}", tag = "Channels",
    params(("id" = String, Path, description = "`connection` of the address to which the browser came back.")),
    security(("token" = ["channels:manage"])), responses((status = 200, description = "The choice, for some minutes and for whoever logged in.", body = ChannelConnection)))]
pub async fn choice(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(id): Id<String>,
) -> Answer<Json<ChannelConnection>> {
    let choice = opened(&app, &caller, &id).await?;
    let mut tx = caller.tx(&app).await?;
    let mut accounts = Vec::with_capacity(choice.accounts.len());
    for found in choice.accounts {
        let known = accounts::find(&mut tx, choice.connects, &found.external_id).await?;
        accounts.push(ConnectableAccount {
            external_id: found.external_id,
            name: found.name,
            handle: found.handle,
            avatar_url: found.avatar_url,
            is_connected: known.as_ref().is_some_and(|known| known.state != AccountState::Disconnected),
            account_id: known.map(|known| known.id),
        });
    }
    tx.rollback().await?;
    let asked = app.platforms().get(choice.connects).map(|served| served.connector.oauth().scopes());
    let missing = asked.unwrap_or_default().iter().filter(|scope| {
        // Where the platform does not tell, nothing is known to be missing.
        choice.scopes.as_ref().is_some_and(|granted| !granted.contains(scope))
    });
    Ok(Json(ChannelConnection {
        platform: choice.connects,
        uses_own_app: choice.uses_own_app,
        missing_scopes: missing.cloned().collect(),
        scopes: choice.scopes,
        accounts,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenAccounts {
    #[schema(min_items = 1, max_items = 25)]
    external_ids: Vec<String>,
}

/// What became of one of them.
#[derive(Serialize, ToSchema)]
pub struct ConnectionOutcome {
    pub external_id: String,
    /// Null when it could not be connected.
    pub account: Option<Account>,
    /// Why not.
    pub problem: Option<ConnectionProblem>,
}

#[derive(Serialize, ToSchema)]
pub struct ConnectionProblem {
    pub code: &'static str,
    pub detail: String,
}

/// Connect the chosen accounts
///
/// One that cannot be connected does not keep the others from it. It may be repeated while the choice lasts, and connects
/// again what is connected.
#[utoipa::path(post, path = "/channel-connections/{id}/connect", tag = "Channels",
    params(("id" = String, Path, description = "`connection` of the address to which the browser came back.")),
    request_body = ChosenAccounts, security(("token" = ["channels:manage"])),
    responses((status = 200, description = "What became of each.", body = Vec<ConnectionOutcome>)))]
pub async fn connect(
    State(app): State<App>,
    caller: Caller<can::ChannelsManage>,
    Id(id): Id<String>,
    Body { value: chosen, .. }: Body<ChosenAccounts>,
) -> Answer<Json<Vec<ConnectionOutcome>>> {
    let choice = opened(&app, &caller, &id).await?;
    let wanted = chosen.external_ids;
    if !(1..=AT_ONCE).contains(&wanted.len()) {
        return Err(Problem::field("external_ids", format!("Choose 1 to {AT_ONCE} accounts.")).into());
    }
    let found: Result<Vec<&Found>, Problem> =
        wanted.iter().enumerate().map(|(place, id)| find(&choice, place, id)).collect();
    let served = app.platforms().named(choice.connects.name())?;
    let of = app.platforms().app_of(app.databases(), caller.tenant, served, Some(choice.uses_own_app)).await?;
    let work = Connecting { app: &app, caller: &caller, choice: &choice, served, of: &of };
    let outcomes = found?.into_iter().map(|found| work.outcome(found));
    Ok(Json(futures::future::try_join_all(outcomes).await?))
}

fn find<'a>(choice: &'a Choice, place: usize, id: &str) -> Result<&'a Found, Problem> {
    choice.accounts.iter().find(|found| found.external_id == id).ok_or_else(|| Problem {
        errors: vec![FieldError {
            field: format!("external_ids[{place}]"),
            message: "This account is not among those to choose from.".to_owned(),
        }],
        ..Problem::of(Code::Invalid)
    })
}

struct Connecting<'a> {
    app: &'a App,
    caller: &'a Caller<can::ChannelsManage>,
    choice: &'a Choice,
    served: &'a Served,
    of: &'a OfApp,
}

impl Connecting<'_> {
    async fn outcome(&self, found: &Found) -> Result<ConnectionOutcome> {
        let external_id = found.external_id.clone();
        match self.connect(found).await {
            Ok(account) => Ok(ConnectionOutcome { external_id, account: Some(account), problem: None }),
            Err(error) => {
                let Some(problem) = error.problem() else { return Err(error) };
                let detail = problem.errors.first().map_or(&problem.detail, |error| &error.message).clone();
                let problem = ConnectionProblem { code: problem.code.name(), detail };
                Ok(ConnectionOutcome { external_id, account: None, problem: Some(problem) })
            }
        }
    }

    async fn connect(&self, found: &Found) -> Result<Account> {
        let name = found.name.as_ref().or(found.handle.as_ref()).unwrap_or(&found.external_id);
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        let new = NewAccount {
            platform: self.choice.connects,
            external_id: found.external_id.clone(),
            name: if name.trim().is_empty() { found.external_id.clone() } else { name },
            handle: found.handle.clone(),
            avatar_url: found.avatar_url.clone(),
            credentials: Some(self.choice.secrets(found, Vec::new()).write()),
            token_expires_at: self.choice.expires_at,
            refresh_at: self.choice.refresh_at,
            uses_own_app: self.choice.uses_own_app,
            scopes: self.choice.scopes.clone().unwrap_or_else(|| self.served.connector.oauth().scopes().to_vec()),
        };
        let actor = self.caller.actor.clone();
        let account = accounts::connect(self.app.databases(), self.caller.tenant, actor, &new).await?;
        if self.served.connector.spec().has_webhooks {
            self.subscribe(found, &account).await?;
        }
        let mut tx = self.caller.tx(self.app).await?;
        let account = accounts::get(&mut tx, account.id).await?;
        tx.rollback().await?;
        Ok(account)
    }

    /// Has the platform deliver. Where it does not want to, the account works by asking only, and says so.
    async fn subscribe(&self, found: &Found, account: &Account) -> Result<()> {
        let secrets = self.choice.secrets(found, Vec::new());
        let Some(token) = secrets.token() else { return Ok(()) };
        let credentials = Credentials {
            account: found.external_id.clone(),
            via: found.via.clone(),
            token,
            app_secret: proof(account.platform, &self.of.app),
        };
        let own_app_of = self.of.is_own.then_some(self.caller.tenant);
        let hook = Hook {
            callback: subscriptions::callback(&self.app.settings().public_url, account.platform, own_app_of),
            app: self.of.app.clone(),
            application_id: self.of.application_id.clone(),
            member: found.member.clone(),
        };
        let platforms = self.app.platforms();
        let remote = RemoteId::new(account.remote(), self.caller.tenant.0);
        let subscribed = platforms
            .remotes()
            .call(&remote, Repeat::Safe, || self.served.connector.subscribe(platforms.http(), &credentials, &hook));
        let outcome = subscribed.await;
        let mut tx = self.caller.tx(self.app).await?;
        match outcome {
            Ok(subscribed) if subscribed.ids.is_empty() => {}
            Ok(subscribed) => {
                let kept = credentials::open(&mut tx, account.id).await?;
                let secret = self.choice.secrets(found, subscribed.ids).write();
                credentials::refreshed(&mut tx, &kept, &secret, account.token_expires_at, account.refresh_at).await?;
            }
            Err(error) => subscriptions::refused(&mut tx, account.id, &error.to_string()).await?,
        }
        tx.commit().await
    }
}
