//! Raw deliveries become messages. A batch is read as a whole; what it has for one workspace is one transaction of that
//! workspace. When that fails, each item is received by itself, so that a bad one hurts none of its siblings: it stays where
//! it is kept raw, with the reason. Receiving twice changes nothing, so a batch may be cut off anywhere and read again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::{StreamExt, stream};
use socialai_connect::social::{Happened, Item};
use socialai_domain::{
    audit::Actor,
    channels::{
        Ingest, Platform, accounts, credentials,
        inbound::{self, Kept, LeftOver},
        routes::{self, Route},
    },
    conversations::receiving::{self, Incoming, Received},
    ids::{ChannelAccountId, InboundId, TenantId},
    problems::{Code, Error, Result},
    tenancy::{Databases, TenantTx},
};
use time::OffsetDateTime;

use super::{
    Parts,
    complete::Complete,
    incoming::{self, Means},
    job,
};
use crate::{Context, Handled, Trouble};

/// Workspaces of a batch that are written at once, each with a connection.
const AT_ONCE: usize = 4;
/// Items that share a transaction: each holds locks until its end, and the database has only so many.
const TOGETHER: usize = 50;
/// Something that cannot be written so often is left over.
const MOST_FAILURES: i16 = 3;
/// What answers something that is not here is read again for so long: platforms deliver in any order.
const MAY_BE_ON_ITS_WAY: time::Duration = time::Duration::minutes(2);
const EARLY: Duration = Duration::from_secs(5);
/// What has to wait for a workspace waits a quarter as long as it is old, up to this.
const LONGEST_WAIT: Duration = Duration::from_hours(6);

pub async fn ingest(task: Ingest, context: Context, parts: &Parts) -> Handled {
    let databases = context.databases().clone();
    let mut tx = databases.system(Actor::system("channels")).await?;
    let kept = inbound::take(&mut tx, &task.deliveries).await?;
    tx.rollback().await?;
    let mut batch = Batch::default();
    for delivery in &kept {
        batch.read(&databases, parts, delivery).await?;
    }
    let of_tenants = std::mem::take(&mut batch.of_tenants);
    let mut received =
        stream::iter(of_tenants).map(|(tenant, pieces)| receive(&databases, tenant, pieces)).buffer_unordered(AT_ONCE);
    while let Some(outcomes) = received.next().await {
        for outcome in outcomes {
            batch.note(outcome, context.failed);
        }
    }
    drop(received);
    batch.end(&kept, context, parts).await
}

/// Something that is to be done for one account.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where it came from; nowhere when it was asked for.
    pub delivery: InboundId,
    pub account: ChannelAccountId,
    pub what: ToDo,
    /// Whoever takes several people takes them in this order, or two batches wait for each other. What names nobody comes
    /// last: an answer in public behind the comment that it answers.
    order: (ChannelAccountId, bool, String),
}

#[derive(Debug, Clone)]
pub enum ToDo {
    Receive(Vec<Incoming>),
    /// The delivery names something, and the platform has to be asked what it is.
    Complete,
    /// The grant ended at that moment.
    Revoke(OffsetDateTime),
}

impl Piece {
    /// `Err`: what no connector understands.
    pub fn of(delivery: InboundId, account: ChannelAccountId, item: Item, at: OffsetDateTime) -> Result<Self, String> {
        let ended_at = item.provider_at.unwrap_or(at);
        let what = match incoming::means(item, at) {
            Means::Receive(all) => ToDo::Receive(all),
            Means::Bare => ToDo::Complete,
            Means::Revoked => ToDo::Revoke(ended_at),
            Means::Unknown { kind } => return Err(kind),
        };
        let person = match &what {
            ToDo::Receive(all) => all.first().and_then(|item| item.person.as_ref()).map(|person| &person.external_id),
            _ => None,
        };
        let order = (account, person.is_none(), person.cloned().unwrap_or_default());
        Ok(Self { delivery, account, what, order })
    }

    pub fn is_older_than(&self, moment: OffsetDateTime) -> bool {
        matches!(&self.what, ToDo::Receive(items) if items.iter().all(|item| item.provider_at < moment))
    }
}

/// Why something could not be received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Not now, and not before this time.
    Later(Duration),
    /// The database did not take it, for a reason of its own.
    Broken(String),
    /// Never, as it is.
    Left(LeftOver, String),
}

pub struct Outcome {
    pub piece: Piece,
    pub received: std::result::Result<Vec<Received>, Why>,
}

/// Receives what one workspace got: several in one transaction, or each by itself.
pub async fn receive(databases: &Databases, tenant: TenantId, mut pieces: Vec<Piece>) -> Vec<Outcome> {
    // What is about one person stays in the order in which it came.
    pieces.sort_by(|one, other| one.order.cmp(&other.order));
    let mut outcomes = Vec::with_capacity(pieces.len());
    let mut pieces = pieces.into_iter().peekable();
    while pieces.peek().is_some() {
        outcomes.extend(receive_some(databases, tenant, pieces.by_ref().take(TOGETHER).collect()).await);
    }
    outcomes
}

async fn receive_some(databases: &Databases, tenant: TenantId, pieces: Vec<Piece>) -> Vec<Outcome> {
    let outcome = |(piece, received)| Outcome { piece, received };
    let why = match together(databases, tenant, &pieces).await {
        Ok(all) => return pieces.into_iter().zip(all.into_iter().map(Ok)).map(outcome).collect(),
        Err(why) => why,
    };
    if matches!(why, Why::Later(_)) || pieces.len() == 1 {
        return pieces.into_iter().map(|piece| outcome((piece, Err(why.clone())))).collect();
    }
    tracing::debug!(tenant_id = %tenant, ?why, "items are received one by one");
    let mut outcomes = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let alone = together(databases, tenant, std::slice::from_ref(&piece)).await;
        outcomes.push(outcome((piece, alone.map(|mut all| all.pop().unwrap_or_default()))));
    }
    outcomes
}

async fn together(
    databases: &Databases,
    tenant: TenantId,
    pieces: &[Piece],
) -> std::result::Result<Vec<Vec<Received>>, Why> {
    let all = async {
        let mut tx = databases.tenant(tenant, Actor::system("channels")).await?;
        let mut all = Vec::with_capacity(pieces.len());
        for piece in pieces {
            all.push(take(&mut tx, piece).await?);
        }
        tx.commit().await?;
        Ok(all)
    };
    all.await.map_err(|error| why(&error))
}

async fn take(tx: &mut TenantTx, piece: &Piece) -> Result<Vec<Received>> {
    match &piece.what {
        ToDo::Receive(items) => {
            let mut received = Vec::with_capacity(items.len());
            for item in items {
                received.push(receiving::receive(tx, piece.account, item.clone()).await?);
            }
            Ok(received)
        }
        ToDo::Complete => {
            tx.enqueue(&Complete { delivery: piece.delivery, account: piece.account })?;
            Ok(Vec::new())
        }
        ToDo::Revoke(at) => {
            // Somebody may have connected the account again since.
            if accounts::get(tx, piece.account).await?.connected_at < *at {
                let tokens = credentials::open(tx, piece.account).await?;
                credentials::rejected(tx, &tokens, "The access was withdrawn at the platform; connect it again.")
                    .await?;
            }
            Ok(Vec::new())
        }
    }
}

fn why(error: &Error) -> Why {
    let Error::Problem(problem) = error else { return Why::Broken(error.to_string()) };
    match problem.code {
        Code::WorkspaceMoving | Code::Unavailable => Why::Later(Duration::from_secs(2)),
        Code::WorkspaceSuspended => Why::Later(Duration::from_mins(5)),
        Code::NotFound | Code::ChannelNotConnected => Why::Left(LeftOver::Unrouted, problem.detail.clone()),
        _ => Why::Left(LeftOver::Unreadable, problem.detail.clone()),
    }
}

/// What a job has to do, and what comes of it.
#[derive(Default)]
struct Batch {
    of_tenants: BTreeMap<TenantId, Vec<Piece>>,
    left: BTreeMap<InboundId, (LeftOver, String)>,
    later: BTreeMap<InboundId, Duration>,
    early: BTreeSet<InboundId>,
    broken: Option<String>,
    unrouted: usize,
}

impl Batch {
    async fn read(&mut self, databases: &Databases, parts: &Parts, delivery: &Kept) -> Result<()> {
        let parsed = parts.connectors.of(delivery.platform).and_then(|connector| connector.parse(&delivery.body).ok());
        let Some(parsed) = parsed else {
            self.leave(delivery.id, LeftOver::Unreadable, "It is not what this platform sends.".to_owned());
            return Ok(());
        };
        for item in parsed.items {
            if let Happened::Unknown { kind } = &item.happened {
                self.not_understood(delivery, kind);
                continue;
            }
            let Some(route) = route(databases, delivery, &item.account).await? else {
                self.unrouted += 1;
                count(delivery.platform, "unrouted");
                let account: String = item.account.chars().take(100).collect();
                self.leave(delivery.id, LeftOver::Unrouted, format!("Nobody connected the account “{account}”."));
                continue;
            };
            match Piece::of(delivery.id, route.account, item, delivery.received_at) {
                Ok(piece) => self.of_tenants.entry(route.tenant).or_default().push(piece),
                Err(kind) => self.not_understood(delivery, &kind),
            }
        }
        Ok(())
    }

    fn not_understood(&mut self, delivery: &Kept, kind: &str) {
        count(delivery.platform, "unreadable");
        self.leave(delivery.id, LeftOver::Unreadable, format!("It is not known what “{kind}” means."));
    }

    /// What is for nobody may be for somebody soon, so that is the reason that counts.
    fn leave(&mut self, id: InboundId, why: LeftOver, reason: String) {
        let entry = self.left.entry(id);
        match why {
            LeftOver::Unrouted => drop(entry.insert_entry((why, reason))),
            LeftOver::Unreadable => drop(entry.or_insert((why, reason))),
        }
    }

    fn note(&mut self, outcome: Outcome, failed: i16) {
        let id = outcome.piece.delivery;
        match outcome.received {
            Ok(received) if received.contains(&Received::Early) => drop(self.early.insert(id)),
            Ok(_) => {}
            Err(Why::Later(pause)) => {
                let wait = self.later.entry(id).or_default();
                *wait = pause.max(*wait);
            }
            Err(Why::Broken(error)) if failed < MOST_FAILURES => self.broken = Some(error),
            Err(Why::Broken(error)) => self.leave(id, LeftOver::Unreadable, error),
            Err(Why::Left(why, reason)) => self.leave(id, why, reason),
        }
    }

    async fn end(mut self, kept: &[Kept], context: Context, parts: &Parts) -> Handled {
        if self.unrouted > 0 {
            let example = self.left.values().find(|(why, _)| *why == LeftOver::Unrouted).map(|(_, reason)| reason);
            tracing::warn!(items = self.unrouted, example, "deliveries are for accounts that nobody connected");
        }
        let mut tx = context.databases().system(Actor::system("channels")).await?;
        let now = tx.now();
        let early = kept.iter().filter(|it| self.early.contains(&it.id) && now - it.received_at < MAY_BE_ON_ITS_WAY);
        for delivery in early {
            self.later.entry(delivery.id).or_insert(EARLY);
        }
        let is_well =
            |delivery: &&Kept| !self.left.contains_key(&delivery.id) && !self.later.contains_key(&delivery.id);
        for (id, (why, reason)) in &self.left {
            inbound::leave_over(&mut tx, *id, *why, reason).await?;
        }
        let mended: Vec<_> = kept.iter().filter(|it| it.error.is_some()).filter(is_well).map(|it| it.id).collect();
        if !mended.is_empty() && self.broken.is_none() {
            inbound::mark_done(&mut tx, &mended).await?;
        }
        if !self.later.is_empty() {
            let ages = kept.iter().filter(|it| self.later.contains_key(&it.id)).map(|it| now - it.received_at);
            let age = ages.min().and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
            let least = self.later.values().max().copied().unwrap_or(parts.timing.again);
            let wait = least.max((age / 4).min(LONGEST_WAIT));
            let again = Ingest { deliveries: self.later.keys().copied().collect() };
            tx.enqueue_job(job(&again)?.due_at(now + wait));
        }
        if let Some(error) = self.broken {
            tx.commit().await?;
            return Err(Trouble::retry(error));
        }
        context.finish_system(tx).await
    }
}

/// Through its own app, a workspace hears of its own accounts only, whatever a delivery says.
async fn route(databases: &Databases, delivery: &Kept, account: &str) -> Result<Option<Route>> {
    if account.is_empty() {
        return Ok(None);
    }
    let route = routes::find(databases, delivery.platform, account).await?;
    Ok(route.filter(|route| delivery.app_tenant.is_none_or(|tenant| tenant == route.tenant)))
}

fn count(platform: Platform, outcome: &'static str) {
    metrics::counter!("socialai_channel_items_total", "platform" => platform.name(), "outcome" => outcome).increment(1);
}
