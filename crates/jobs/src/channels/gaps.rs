//! The rounds: each workspace's accounts are looked at every minute. One that is silent for longer than is usual there may have
//! lost its webhooks: a gap is opened, and what there is to fetch is fetched. So it is for all of them when nobody has looked
//! for a while: then nobody was there to receive anything. Accounts that live by being asked are asked.
//! Where subscriptions may end without a word, the platform is asked about them. Orders to renew tokens that were lost are
//! given again, and deliveries for accounts that were being connected just then are read again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use socialai_domain::{
    alerts::rounds,
    audit::Actor,
    channels::{
        Platform, Refresh,
        accounts::{self, Account, State},
        credentials, gaps,
        inbound::{self, LeftOver},
    },
    conversations::lists::{self, Filter},
    ids::{InboundId, TenantId},
    problems::{Error, Result},
    queues,
    tenancy::{Databases, TenantTx},
};
use socialai_queue::{
    jobs::{self, NewJob, Queue, Task},
    schedules::{self, Missed},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Connectors, Parts,
    poll::Poll,
    purge::{self, Purge},
    subscriptions,
};
use crate::{Context, Handled};

/// Looks at all accounts of a database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tend {
    /// `None`: the control database.
    pub shard: Option<String>,
}

impl Task for Tend {
    const KIND: &'static str = "channels.tend";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        "channels.tend".to_owned()
    }
}

const EVERY_SECONDS: i32 = 60;
/// Nobody was there when the last look is older. A round may be late, and what failed a moment ago is delivered again.
const NOBODY_FOR: Duration = Duration::from_mins(5);
/// Accounts that live by being asked, when nobody says otherwise.
const ASKED_EVERY: Duration = Duration::from_mins(5);
/// An order is not given twice for what is just being read.
const SILENCE_AT_LEAST: Duration = Duration::from_hours(1);
const SILENCE_AT_MOST: Duration = Duration::from_hours(48);
/// The latest conversations tell how long silence usually is; from fewer nothing follows.
const SAMPLE: i64 = 50;
const LEAST_SAMPLE: usize = 10;
const MOST_REFRESHES: i64 = 100;
/// A route that is just being made is there within this time.
const CONNECTING: time::Duration = time::Duration::minutes(10);
const MOST_LEFT_OVER: i64 = 500;

/// Sees to it that a database's accounts are looked at, and that what is old goes.
pub async fn schedule(databases: &Databases, shard: Option<&str>) -> Result<()> {
    let shard_name = shard.map(str::to_owned);
    let tend = order(&Tend { shard: shard_name.clone() })?;
    let purge = order(&Purge { shard: shard_name })?;
    let mut tx = databases.system_at(shard, Actor::system("channels")).await?;
    schedules::set(tx.engine(), "channels.tend", jobs::INSTALLATION, &tend, EVERY_SECONDS, Missed::Skip).await?;
    let every = purge::EVERY_SECONDS;
    schedules::set(tx.engine(), "channels.purge", jobs::INSTALLATION, &purge, every, Missed::Skip).await?;
    tx.commit().await
}

fn order<T: Task>(task: &T) -> Result<NewJob> {
    NewJob::of(task).map_err(|error| Error::Fault(format!("a job cannot be written: {error}")))
}

pub async fn tend(task: Tend, context: Context, parts: &Parts) -> Handled {
    let (databases, shard) = (context.databases().clone(), task.shard.as_deref());
    for tenant in rounds::workspaces(&databases, shard).await?.into_iter().flatten() {
        // One that cannot be looked at now is looked at the next time.
        if let Err(error) = look_at(&databases, tenant, &parts.connectors).await {
            tracing::debug!(tenant_id = %tenant, %error, "the accounts of a workspace could not be looked at");
        }
    }
    let mut tx = databases.system_at(shard, Actor::system("channels")).await?;
    if shard.is_none() {
        let first = first_id(tx.now() - CONNECTING);
        let left = inbound::left_over(&mut tx, LeftOver::Unrouted, Some(first), MOST_LEFT_OVER).await?;
        inbound::read_again(&mut tx, left.into_iter().map(|kept| kept.id).collect())?;
    }
    context.finish_system(tx).await
}

/// Ids rise with the time.
fn first_id(at: OffsetDateTime) -> InboundId {
    let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    InboundId(Uuid::from_u128(u128::from(millis & 0xffff_ffff_ffff) << 80))
}

async fn look_at(databases: &Databases, tenant: TenantId, connectors: &Connectors) -> Result<()> {
    let mut tx = databases.tenant(tenant, Actor::system("channels")).await?;
    for account in credentials::due(&mut tx, MOST_REFRESHES).await? {
        tx.enqueue(&Refresh { account })?;
    }
    let mut accounts = accounts::list(&mut tx).await?;
    accounts.retain(is_heard);
    notice_absence(&mut tx, &accounts).await?;
    for account in accounts.iter().filter(|account| account.state != State::NeedsYou) {
        look_at_account(&mut tx, account).await?;
        subscriptions::look_at(&mut tx, account, connectors).await?;
    }
    tx.commit().await
}

/// Web chat is our own: it cannot fall silent without us.
fn is_heard(account: &Account) -> bool {
    account.platform != Platform::WebChat && account.state != State::Disconnected
}

/// What was said while nobody was there may not have been delivered again. One that waits for somebody is asked when it is
/// connected again.
async fn notice_absence(tx: &mut TenantTx, accounts: &[Account]) -> Result<()> {
    if accounts.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let Some(looked_at) = gaps::look(tx).await? else { return Ok(()) };
    for account in accounts {
        let since = looked_at.max(account.connected_at);
        if now - since > NOBODY_FOR {
            gaps::open(tx, account.id, since, gaps::NOBODY_THERE).await?;
        }
    }
    Ok(())
}

async fn look_at_account(tx: &mut TenantTx, account: &Account) -> Result<()> {
    let now = tx.now();
    let mut gap = gaps::current(tx, account.id).await?;
    if gap.is_none()
        && let Some(since) = silent_since(tx, account).await?
    {
        let reason = "Nothing came for longer than is usual for this account.";
        gap = Some(gaps::open(tx, account.id, since, reason).await?);
    }
    let own = account.settings.poll_every_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let by_state = (account.state == State::Degraded).then_some(ASKED_EVERY);
    let by_gap = gap.map(|_| Duration::from_secs(30));
    let every = [own, by_state, by_gap].into_iter().flatten().min();
    if every.is_some_and(|every| account.polled_at.is_none_or(|at| now - at >= every)) {
        tx.enqueue(&Poll { account: account.id })?;
    }
    Ok(())
}

/// When something last came, if that is longer ago than is usual. Where the platform would not tell what it had not
/// delivered until then, it is not asked again at once.
async fn silent_since(tx: &mut TenantTx, account: &Account) -> Result<Option<OffsetDateTime>> {
    let now = tx.now();
    let is_long = |since: &OffsetDateTime| now - *since > SILENCE_AT_LEAST;
    let Some(heard_at) = account.last_event_at.filter(is_long) else { return Ok(None) };
    let newest = gaps::list(tx, account.id, None, 1).await?.pop();
    let lost_until = newest.filter(|gap| gap.state == gaps::State::Lost).and_then(|gap| gap.until_at);
    let since = lost_until.map_or(heard_at, |lost_until| lost_until.max(heard_at));
    let usual = usual_silence(tx, account).await?;
    Ok(usual.filter(|usual| now - since > *usual).map(|_| since))
}

/// Twice the longest silence between the latest conversations.
async fn usual_silence(tx: &mut TenantTx, account: &Account) -> Result<Option<Duration>> {
    let filter = Filter { account: Some(account.id), ..Filter::default() };
    let latest = lists::list(tx, &filter, None, SAMPLE).await?;
    let times = latest.iter().filter_map(|conversation| conversation.last_inbound_at).collect();
    Ok(longest_silence(times).map(|silence| (silence * 2).clamp(SILENCE_AT_LEAST, SILENCE_AT_MOST)))
}

fn longest_silence(mut times: Vec<OffsetDateTime>) -> Option<Duration> {
    if times.len() < LEAST_SAMPLE {
        return None;
    }
    times.sort_unstable();
    let between = times.windows(2).map(|pair| pair[1] - pair[0]);
    between.max().and_then(|silence| Duration::try_from(silence).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_usual_only_where_enough_was_said() {
        let at = |minutes: i64| OffsetDateTime::UNIX_EPOCH + time::Duration::minutes(minutes);
        assert_eq!(longest_silence((0..9).map(at).collect()), None);
        let mut times: Vec<_> = (0..9).map(at).collect();
        times.push(at(100));
        assert_eq!(longest_silence(times), Some(Duration::from_mins(92)));
    }
}
