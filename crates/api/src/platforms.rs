//! The platforms that this installation serves: each with its connector, the operator's app and what is shared with the
//! platform. A workspace may bring an app of its own, whose secrets are in the database.

use std::{fmt, sync::Arc, time::Duration};

use moka::future::Cache;
use secrecy::SecretString;
use socialai_connect::{
    call::Http,
    remote::{RemoteId, Remotes},
    social::{Connector, Secrets, kept::AppSecrets, oauth},
};
use socialai_domain::{
    audit::Actor,
    channels::{Platform, apps},
    ids::TenantId,
    problems::{Code, Error, Problem, Result},
    tenancy::Databases,
};

/// How long secrets of a workspace's own app are believed without looking.
const BELIEF: Duration = Duration::from_secs(5);
const MOST_OWN_APPS: u64 = 10_000;

/// What the operator set for a platform.
#[derive(Debug, Clone, Default)]
pub struct Operator {
    /// Without one, only workspaces with an app of their own can connect accounts.
    pub app: Option<oauth::App>,
    pub secrets: Secrets,
    /// LinkedIn's number of the developer application.
    pub application_id: Option<String>,
}

/// One platform of this installation.
#[derive(Clone)]
pub struct Served {
    pub platform: Platform,
    pub connector: Arc<dyn Connector>,
    pub operator: Operator,
}

/// An app, whoever it belongs to.
#[derive(Debug, Clone)]
pub struct OfApp {
    pub app: oauth::App,
    pub application_id: Option<String>,
    pub is_own: bool,
}

type OwnSecrets = Cache<(TenantId, Platform), Option<Arc<Secrets>>>;

/// All of them, and the way to call them. Cheap to clone.
#[derive(Clone)]
pub struct Platforms {
    served: Arc<[Served]>,
    http: Http,
    remotes: Remotes,
    own: OwnSecrets,
}

impl fmt::Debug for Platforms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.served.iter().map(|served| served.platform)).finish()
    }
}

impl Platforms {
    /// `operator` is asked with each platform. Connectors of platforms that the domain does not know are left out.
    pub fn new(
        connectors: Vec<Arc<dyn Connector>>,
        operator: impl Fn(Platform) -> Operator,
        http: Http,
        remotes: Remotes,
    ) -> Self {
        let served = connectors.into_iter().filter_map(|connector| {
            let platform = Platform::from_name(connector.spec().platform)?;
            Some(Served { platform, connector, operator: operator(platform) })
        });
        let own = Cache::builder().max_capacity(MOST_OWN_APPS).time_to_live(BELIEF).build();
        Self { served: served.collect(), http, remotes, own }
    }

    pub fn get(&self, platform: Platform) -> Option<&Served> {
        self.served.iter().find(|served| served.platform == platform)
    }

    /// The platform of an address.
    pub fn named(&self, name: &str) -> Result<&Served, Problem> {
        let platform = Platform::from_name(name);
        platform.and_then(|platform| self.get(platform)).ok_or_else(|| Problem::missing("platform"))
    }

    pub fn http(&self) -> &Http {
        &self.http
    }

    pub fn remotes(&self) -> &Remotes {
        &self.remotes
    }

    /// What a workspace shares with the platform about its own app; `None`: it has none.
    pub async fn own_secrets(
        &self,
        databases: &Databases,
        tenant: TenantId,
        platform: Platform,
    ) -> Result<Option<Arc<Secrets>>> {
        if let Some(known) = self.own.get(&(tenant, platform)).await {
            return Ok(known);
        }
        let secrets = match own_app(databases, tenant, platform).await {
            Ok(own) => own.map(|(_, secrets)| Arc::new(secrets.shared())),
            Err(error) if error.problem().is_some_and(|problem| problem.code == Code::NotFound) => None,
            Err(error) => return Err(error),
        };
        self.own.insert((tenant, platform), secrets.clone()).await;
        Ok(secrets)
    }

    /// Looks again, after the app was changed here.
    pub async fn forget_own(&self, tenant: TenantId, platform: Platform) {
        self.own.invalidate(&(tenant, platform)).await;
    }

    /// The app through which a workspace connects: its own, or the operator's.
    pub async fn app_of(
        &self,
        databases: &Databases,
        tenant: TenantId,
        served: &Served,
        wants_own: Option<bool>,
    ) -> Result<OfApp> {
        let own = match wants_own {
            Some(false) => None,
            _ => own_app(databases, tenant, served.platform).await?,
        };
        if let Some((client_id, secrets)) = own {
            let app = oauth::App { client_id, client_secret: secrets.client_secret.into() };
            return Ok(OfApp { app, application_id: secrets.application_id, is_own: true });
        }
        let operators = served.operator.app.clone().filter(|_| wants_own != Some(true));
        let app = operators.ok_or_else(|| {
            let title = served.platform.title();
            let sentence = match wants_own {
                Some(true) => format!("This workspace has no app of its own at {title}: set its id and secret first."),
                _ => format!("There is no app for {title} here: set one of your own, or ask the operator for theirs."),
            };
            Problem::field("platform", sentence)
        })?;
        Ok(OfApp { app, application_id: served.operator.application_id.clone(), is_own: false })
    }
}

async fn own_app(databases: &Databases, tenant: TenantId, platform: Platform) -> Result<Option<(String, AppSecrets)>> {
    let mut tx = databases.tenant(tenant, Actor::system("channels")).await?;
    let opened = apps::open(&mut tx, platform).await?;
    tx.rollback().await?;
    let read = |opened: apps::Opened| {
        let secrets = AppSecrets::read(&opened.secrets)
            .map_err(|error| Error::Fault(format!("the app of a workspace at {}: {error}", platform.title())))?;
        Ok((opened.client_id, secrets))
    };
    opened.map(read).transpose()
}

/// What circuit breakers call the place where a platform gives out tokens: it stops for one workspace, not for all. Whoever
/// renews tokens calls it the same.
pub fn at_login(platform: Platform, tenant: TenantId) -> RemoteId {
    RemoteId::new(format!("{}:log-in", platform.name()), tenant.0)
}

/// The secret with which calls prove that their token was not stolen, where the platform knows that.
pub fn proof(platform: Platform, app: &oauth::App) -> Option<SecretString> {
    matches!(platform, Platform::Facebook | Platform::Instagram).then(|| app.client_secret.clone())
}
