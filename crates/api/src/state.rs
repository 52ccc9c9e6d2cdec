//! What every handler shares.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::http::HeaderMap;
use moka::future::Cache;
use secrecy::SecretString;
use socialai_connect::{mail::Mail, objects::Objects, oidc::Oidc};
use socialai_domain::{
    api_keys,
    audit::Actor,
    ids::{ApiKeyId, SessionId, TenantId},
    permissions::Permission,
    problems::{Code, Error, Problem, Result},
    sessions::{self, Facts},
    signing::{self, Keyring},
    tenancy::{Databases, TenantTx},
    tenants::Plan,
    tokens::Token,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::{
    caller::Principal,
    http::context,
    intake::{Buffer, Intake},
    limits::{Limiter, OpenStreams, Quota, quotas},
    live::Live,
    platforms::Platforms,
    presence::Presence,
    requests::Requests,
    signs::Signs,
    web_chat::WebChat,
};

/// Plain settings, read from the environment by the binary.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address people use; issuer of tokens, origin of passkeys, base of links.
    pub public_url: Url,
    pub cors_origins: Vec<String>,
    /// Proxies in front that append to `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// Bearer token for `/metrics` from other machines; loopback is always served.
    pub metrics_token: Option<String>,
    /// Log-ins that the demo offers.
    pub demo_logins: Vec<DemoPerson>,
    /// Version of the program.
    pub version: &'static str,
}

/// Somebody to play with, in one workspace.
#[derive(Debug, Clone)]
pub struct DemoPerson {
    pub email: String,
    pub role: String,
    pub tenant: String,
    /// Told to every visitor, so only one that was made for the demo; never one that an operator chose.
    pub password: Option<SecretString>,
}

#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

struct Inner {
    databases: Databases,
    settings: Settings,
    keyring: RwLock<Arc<Keyring>>,
    own_signing_key: bool,
    limiter: Limiter,
    streams: OpenStreams,
    requests: Requests,
    live: Live,
    intake: Intake,
    platforms: Platforms,
    objects: Objects,
    presence: Arc<Presence>,
    signs: Signs,
    web_chat: WebChat,
    webauthn: Webauthn,
    oidc: Oidc,
    mail: Mail,
    /// By tenant and id: a token that names another tenant must not find a session of this one.
    sessions: Cache<(TenantId, SessionId), Option<Arc<Facts>>>,
    keys: Cache<Vec<u8>, Option<KnownKey>>,
    metrics: Box<dyn Fn() -> String + Send + Sync>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("settings", &self.settings).finish_non_exhaustive()
    }
}

type KnownKey = (ApiKeyId, String, Arc<[Permission]>);

/// How long an ended session or revoked key may still be believed by *another* process; this one forgets at once.
const BELIEF: Duration = Duration::from_secs(5);

/// What [`App::new`] is made of.
pub struct Parts {
    pub databases: Databases,
    pub settings: Settings,
    /// The operator's own key instead of the managed ones.
    pub signing_key: Option<SecretString>,
    pub limiter: Limiter,
    pub oidc: Oidc,
    pub mail: Mail,
    /// Where people write to the workspaces.
    pub platforms: Platforms,
    /// Where the bytes of attachments are.
    pub objects: Objects,
    /// What stands before the database when deliveries come in.
    pub buffer: Option<Buffer>,
    /// Renders the metrics page.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    pub stopping: CancellationToken,
}

impl App {
    pub async fn new(parts: Parts) -> Result<Self> {
        let keyring = match &parts.signing_key {
            Some(pem) => Keyring::from_pem(pem)?,
            None => load_keys(&parts.databases).await?,
        };
        let rp_id = parts.settings.public_url.host_str().unwrap_or("localhost").to_owned();
        let webauthn = WebauthnBuilder::new(&rp_id, &parts.settings.public_url)
            .and_then(|builder| builder.rp_name("SocialAI Hub").build())
            .map_err(|error| Error::Fault(format!("SOCIALAI_PUBLIC_URL cannot be used for passkeys: {error}")))?;
        // Not among `tasks`, which somebody may wait for while the server goes on.
        let live = Live::start(&parts.databases, &parts.stopping, &TaskTracker::new());
        let intake = Intake::start(&parts.databases, parts.buffer, &TaskTracker::new());
        let presence = Arc::new(Presence::default());
        let signs = Signs::start(&parts.databases, &presence, &parts.stopping, &TaskTracker::new());
        Ok(Self(Arc::new(Inner {
            databases: parts.databases,
            settings: parts.settings,
            keyring: RwLock::new(Arc::new(keyring)),
            own_signing_key: parts.signing_key.is_some(),
            limiter: parts.limiter,
            streams: OpenStreams::default(),
            requests: Requests::default(),
            live,
            intake,
            platforms: parts.platforms,
            objects: parts.objects,
            presence,
            signs,
            web_chat: WebChat::default(),
            webauthn,
            oidc: parts.oidc,
            mail: parts.mail,
            sessions: Cache::builder().max_capacity(100_000).time_to_live(BELIEF).build(),
            keys: Cache::builder().max_capacity(100_000).time_to_live(BELIEF).build(),
            metrics: parts.metrics,
            tasks: TaskTracker::new(),
            stopping: parts.stopping,
        })))
    }

    pub fn databases(&self) -> &Databases {
        &self.0.databases
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub fn webauthn(&self) -> &Webauthn {
        &self.0.webauthn
    }

    pub fn oidc(&self) -> &Oidc {
        &self.0.oidc
    }

    pub fn mail(&self) -> &Mail {
        &self.0.mail
    }

    pub fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub fn streams(&self) -> &OpenStreams {
        &self.0.streams
    }

    pub(crate) fn requests(&self) -> &Requests {
        &self.0.requests
    }

    /// Writes down how the requests of the last minutes were answered.
    pub async fn write_requests(&self) -> Result<()> {
        self.0.requests.write(&self.0.databases).await
    }

    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    pub(crate) fn intake(&self) -> &Intake {
        &self.0.intake
    }

    pub fn platforms(&self) -> &Platforms {
        &self.0.platforms
    }

    pub fn objects(&self) -> &Objects {
        &self.0.objects
    }

    pub(crate) fn presence(&self) -> &Presence {
        &self.0.presence
    }

    pub(crate) fn signs(&self) -> &Signs {
        &self.0.signs
    }

    pub(crate) fn web_chat(&self) -> &WebChat {
        &self.0.web_chat
    }

    pub fn render_metrics(&self) -> String {
        (self.0.metrics)()
    }

    /// Work that goes on after the answer; shutdown waits for it.
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Cancelled when the server begins to drain; streams end then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    pub fn keyring(&self) -> Arc<Keyring> {
        self.0.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the signing keys again: on a timer, because another process may have rotated them.
    pub async fn reload_keys(&self) -> Result<()> {
        if !self.0.own_signing_key {
            let keyring = load_keys(&self.0.databases).await?;
            *self.0.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
        }
        Ok(())
    }

    pub async fn limit(&self, bucket: &str, quota: Quota, plan: Plan) -> Result<(), Problem> {
        let verdict = self.0.limiter.check(bucket, quota, plan).await;
        // A refusal carries the headers, too.
        context::note_limit(verdict);
        verdict.into_result()
    }

    /// The living session, believed for a few seconds.
    pub(crate) async fn known_session(
        &self,
        tenant: TenantId,
        id: SessionId,
        actor: &Actor,
    ) -> Result<Option<Arc<Facts>>> {
        if let Some(known) = self.0.sessions.get(&(tenant, id)).await {
            return Ok(known);
        }
        let Some(mut tx) = self.existing(tenant, actor).await? else { return Ok(None) };
        let facts = sessions::facts(&mut tx, id).await?.map(Arc::new);
        tx.rollback().await?;
        self.0.sessions.insert((tenant, id), facts.clone()).await;
        Ok(facts)
    }

    /// A transaction of a tenant that a token names; `None` when there is no such tenant (any more).
    async fn existing(&self, tenant: TenantId, actor: &Actor) -> Result<Option<TenantTx>> {
        match self.0.databases.tenant(tenant, actor.clone()).await {
            Err(error) if error.problem().is_some_and(|problem| problem.code == Code::NotFound) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Forgets what was believed of sessions, after this process ended or changed them.
    pub(crate) async fn forget_sessions(&self, tenant: TenantId, ids: &[SessionId]) {
        for id in ids {
            self.0.sessions.invalidate(&(tenant, *id)).await;
        }
    }

    /// The same for all sessions, after a change of role or policy.
    pub(crate) fn forget_all_sessions(&self) {
        self.0.sessions.invalidate_all();
    }

    pub(crate) fn forget_all_keys(&self) {
        self.0.keys.invalidate_all();
    }

    pub(crate) async fn known_key(
        &self,
        tenant: TenantId,
        token: Token,
        actor: &Actor,
    ) -> Result<Option<(TenantId, Principal, Arc<[Permission]>)>> {
        let cache_key = [tenant.0.as_bytes().as_slice(), token.row.as_bytes(), &token.hash()].concat();
        if let Some(known) = self.0.keys.get(&cache_key).await {
            return Ok(known.map(|(id, name, permissions)| (tenant, Principal::ApiKey { id, name }, permissions)));
        }
        let ip = actor.ip.as_deref().unwrap_or_default();
        self.limit(ip, quotas::UNKNOWN_KEY, Plan::Standard).await?;
        let Some(mut tx) = self.existing(tenant, actor).await? else { return Ok(None) };
        let found = api_keys::authenticate(&mut tx, &token).await?;
        tx.commit().await?;
        let known: Option<KnownKey> = found.map(|(id, name, permissions)| (id, name, permissions.into()));
        self.0.keys.insert(cache_key, known.clone()).await;
        Ok(known.map(|(id, name, permissions)| (tenant, Principal::ApiKey { id, name }, permissions)))
    }
}

impl App {
    /// An API key that was valid at the beginning of a stream still is.
    pub(crate) async fn key_stands(&self, tenant: TenantId, id: ApiKeyId, actor: &Actor) -> bool {
        let stands = async {
            let mut tx = self.0.databases.tenant(tenant, actor.clone()).await?;
            let key = api_keys::get(&mut tx, id).await?;
            tx.rollback().await?;
            let now = self.0.databases.now();
            Ok::<_, Error>(key.revoked_at.is_none() && key.expires_at.is_none_or(|at| at > now))
        };
        stands.await.unwrap_or(false)
    }
}

async fn load_keys(databases: &Databases) -> Result<Keyring> {
    let mut tx = databases.system(Actor::system("signing keys")).await?;
    let keyring = signing::load(&mut tx).await?;
    tx.commit().await?;
    Ok(keyring)
}

/// Makes the request's span a child of the trace that the caller is in. The binary sets how (OpenTelemetry).
pub(crate) fn continue_trace(span: &tracing::Span, headers: &HeaderMap) {
    if let Some(link) = TRACE_LINK.get() {
        link(span, headers);
    }
}

type TraceLink = fn(&tracing::Span, &HeaderMap);
static TRACE_LINK: std::sync::OnceLock<TraceLink> = std::sync::OnceLock::new();

/// Tells how an incoming `traceparent` joins a span; called once by the binary.
pub fn set_trace_link(link: TraceLink) {
    let _ = TRACE_LINK.set(link);
}
