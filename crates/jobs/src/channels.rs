//! Channels: what platforms deliver becomes messages, and answers are brought to the platforms. The rules are in
//! `domain::channels` and `domain::conversations`, how platforms speak in `connect::social`; the files here take the steps
//! between them.
//!
//! * [`ingest`]: raw deliveries are read and received; `incoming` says in our words what a connector found, `complete` reads
//!   what a delivery only named.
//! * [`deliver`]: an answer is sent, once; `settle` finds out what became of one of which nobody knows.
//! * [`refresh`]: tokens are renewed before they end; [`subscriptions`] sees to it that platforms go on delivering.
//! * [`poll`]: accounts are asked for what no webhook brought; [`gaps`] notices that something may be missing.
//! * [`profile`]: people who came without a name get theirs.
//! * [`attachments`]: bytes are fetched while the platform has them, looked at, and put away.
//! * [`purge`]: what is old goes; [`erase`]: what a platform asked to delete.

pub mod attachments;
mod complete;
mod deliver;
mod erase;
mod gaps;
mod incoming;
mod ingest;
mod poll;
mod profile;
mod purge;
mod refresh;
mod settle;
mod subscriptions;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use secrecy::SecretString;
use socialai_connect::{
    call::Http,
    objects::Objects,
    remote::{Quota, RemoteId, Remotes},
    social::{
        self, Connector,
        kept::{AccountSecrets, AppSecrets},
        oauth::App,
    },
};
use socialai_domain::{
    channels::{
        Platform, accounts, apps,
        credentials::{self, Credentials},
    },
    conversations::sending::Patience,
    ids::ChannelAccountId,
    problems::Result,
    tenancy::TenantTx,
};
use socialai_queue::retry::Schedule;
use url::Url;

pub use self::{gaps::Tend, poll::Poll, purge::Purge, subscriptions::CheckSubscription};
use crate::{Handlers, Limits, Trouble};

/// What the jobs need besides the database.
#[derive(Clone)]
pub struct Parts {
    pub http: Http,
    pub remotes: Remotes,
    pub connectors: Connectors,
    pub apps: Apps,
    pub objects: Objects,
    /// Where platforms fetch files from and deliver to.
    pub public_url: Url,
    pub patience: Patience,
    pub timing: Timing,
}

/// One connector for each platform that is another company's.
#[derive(Clone)]
pub struct Connectors(BTreeMap<Platform, Arc<dyn Connector>>);

impl Connectors {
    /// `setup` is asked with each platform's name.
    pub fn new(setup: impl Fn(&'static str) -> social::Setup) -> Self {
        let named = |connector: Arc<dyn Connector>| Some((Platform::from_name(connector.spec().platform)?, connector));
        Self(social::all(setup).into_iter().filter_map(named).collect())
    }

    /// `None` for web chat, which is our own.
    pub fn of(&self, platform: Platform) -> Option<&dyn Connector> {
        self.0.get(&platform).map(AsRef::as_ref)
    }
}

/// The operator's apps at platforms; a workspace may have its own instead.
#[derive(Clone, Default)]
pub struct Apps(pub BTreeMap<Platform, OfApp>);

#[derive(Clone)]
pub struct OfApp {
    pub app: App,
    /// LinkedIn's number of the developer application.
    pub application_id: Option<String>,
}

/// When the jobs come back.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// To an answer whose account needs somebody.
    pub wait: Duration,
    /// To an answer of which nobody knows; each time twice as late …
    pub settle_first: Duration,
    /// … but not later than this.
    pub settle_longest: Duration,
    /// To a delivery that could not be received for a passing reason.
    pub again: Duration,
    /// To a file that could not be fetched.
    pub file_retries: Schedule,
    /// A file that has begun and does not go on is given up then.
    pub file_takes: Duration,
    /// Raw deliveries are kept so long.
    pub inbound_kept: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(30),
            settle_first: Duration::from_secs(5),
            settle_longest: Duration::from_hours(6),
            again: Duration::from_mins(1),
            file_retries: attachments::RETRIES,
            file_takes: attachments::TAKES,
            inbound_kept: Duration::from_hours(7 * 24),
        }
    }
}

impl Timing {
    /// Before looking once more, after so many looks in vain.
    fn settle_after(&self, tries: i32) -> Duration {
        let doubled = self.settle_first.saturating_mul(2_u32.saturating_pow(tries.clamp(0, 16).unsigned_abs()));
        doubled.min(self.settle_longest)
    }
}

/// Nobody is there to ask for a message again, so the database is waited for longer than elsewhere.
const PATIENT: Limits =
    Limits { retries: Schedule(&[5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600]), time: Duration::from_mins(5) };

/// Goes through all workspaces; begun again from the front, it finds less to do.
const LONG: Limits = Limits { retries: PATIENT.retries, time: Duration::from_hours(1) };

pub fn handlers(handlers: Handlers, parts: Parts) -> Handlers {
    let parts = Arc::new(parts);
    macro_rules! with {
        ($handlers:expr, $limits:expr, $handle:path) => {{
            let parts = parts.clone();
            $handlers.with($limits, move |task, context| {
                let parts = parts.clone();
                async move { $handle(task, context, &parts).await }
            })
        }};
    }
    let handlers = with!(handlers, PATIENT, ingest::ingest);
    let handlers = with!(handlers, PATIENT, complete::complete);
    let handlers = with!(handlers, PATIENT, deliver::deliver);
    let handlers = with!(handlers, PATIENT, refresh::refresh);
    let handlers = with!(handlers, PATIENT, subscriptions::check);
    let handlers = with!(handlers, Limits::default(), poll::poll);
    let handlers = with!(handlers, PATIENT, profile::learn);
    let files = Limits { retries: parts.timing.file_retries, ..PATIENT };
    let handlers = with!(handlers, files, attachments::fetch);
    let handlers = with!(handlers, PATIENT, attachments::remove);
    let handlers = with!(handlers, Limits::default(), purge::purge);
    let handlers = handlers.with(LONG, erase::erase);
    with!(handlers, Limits::default(), gaps::tend)
}

pub use self::gaps::schedule;

/// What calls in the name of an account need.
struct Speaker<'a> {
    connector: &'a dyn Connector,
    credentials: social::Credentials,
    /// As they are kept, for whoever finds that they are no good.
    kept: Credentials,
    remote: RemoteId,
}

impl Parts {
    /// The account as its connector wants it; the sentence says why there is none.
    async fn speaker<'a>(&'a self, tx: &mut TenantTx, kept: Credentials) -> Result<Result<Speaker<'a>, String>> {
        let Some(connector) = self.connectors.of(kept.platform) else {
            return Ok(Err("Nobody but us is asked about web chat.".to_owned()));
        };
        let app_secret = self.app(tx, &kept).await?.map(|of| of.app.client_secret);
        let remote = RemoteId::new(accounts::remote(kept.platform, &kept.external_id), tx.tenant().0);
        let is_meta = matches!(kept.platform, Platform::Facebook | Platform::Instagram);
        let app_secret = app_secret.filter(|_| is_meta);
        Ok(speak(&kept, app_secret).map(|credentials| Speaker { connector, credentials, kept, remote }))
    }

    /// The same for an account by its id.
    async fn speaker_of<'a>(
        &'a self,
        tx: &mut TenantTx,
        account: ChannelAccountId,
    ) -> Result<Result<Speaker<'a>, String>> {
        let kept = credentials::open(tx, account).await?;
        self.speaker(tx, kept).await
    }

    /// The app through which an account was connected.
    async fn app(&self, tx: &mut TenantTx, kept: &Credentials) -> Result<Option<OfApp>> {
        if !kept.uses_own_app {
            return Ok(self.apps.0.get(&kept.platform).cloned());
        }
        let own = apps::open(tx, kept.platform).await?;
        // What cannot be read is as good as none: the platform will say that it does not know the app.
        Ok(own.and_then(|own| {
            let secrets = AppSecrets::read(&own.secrets).ok()?;
            let app = App { client_id: own.client_id, client_secret: secrets.client_secret.into() };
            Some(OfApp { app, application_id: secrets.application_id })
        }))
    }
}

fn speak(kept: &Credentials, app_secret: Option<SecretString>) -> Result<social::Credentials, String> {
    let read = kept.secret.as_ref().and_then(|secret| AccountSecrets::read(secret).ok());
    let read = read.and_then(|secrets| Some((secrets.token()?, secrets.via)));
    let (token, via) =
        read.ok_or_else(|| "The account has no tokens that can be used; connect it again.".to_owned())?;
    Ok(social::Credentials { account: kept.external_id.clone(), via, token, app_secret })
}

/// Keeps what the platform said of its limits while it was called.
async fn note_quota(tx: &mut TenantTx, account: ChannelAccountId, quota: Option<Quota>) -> Result<()> {
    let Some(Quota { told, is_scarce }) = quota else { return Ok(()) };
    accounts::note_quota(tx, account, &accounts::Quota { told, is_scarce }).await
}

/// Jobs that are ordered but cannot be written never happen.
fn job<T: socialai_queue::jobs::Task>(task: &T) -> Result<socialai_queue::jobs::NewJob, Trouble> {
    socialai_queue::jobs::NewJob::of(task).map_err(|error| Trouble::fail("unwritable_job", error.to_string()))
}

/// Not all of them at the same moment.
fn spread(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(1.0..=1.3))
}
