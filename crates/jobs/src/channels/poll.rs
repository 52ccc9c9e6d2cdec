//! An account is asked for what was said there: where webhooks are off or late, and where a gap is open. What was delivered
//! already is found to be there, so nothing is doubled. How far it was read is in the database, page by page: whoever goes on
//! begins there.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use socialai_connect::{
    call::CallError,
    remote::{Quota, Repeat},
    social::{Cursor, Page, Surface},
};
use socialai_domain::{
    channels::{
        accounts::{self, Account, State},
        gaps::{self, Gap},
    },
    conversations::receiving::Received,
    ids::{ChannelAccountId, ChannelGapId, InboundId},
    problems::Result,
    queues,
    tenancy::TenantTx,
};
use socialai_queue::jobs::{Queue, Task};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Parts, Speaker, complete,
    ingest::{self, Piece, Why},
    note_quota,
};
use crate::{Context, Handled, Trouble};

/// Asks an account what was said there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Poll {
    pub account: ChannelAccountId,
}

impl Task for Poll {
    const KIND: &'static str = "channels.poll";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        format!("poll/{}", self.account)
    }
}

/// Pages that one job reads; then others have their turn.
const MOST_PAGES: usize = 20;
/// Between two pages where little may be asked any more: answers count as well.
const SCARCE: Duration = Duration::from_mins(1);
/// Clocks differ, and what was said just before a gap may be in it.
const OVERLAP: time::Duration = time::Duration::minutes(2);
/// A webhook may be that late; what is older and not here was missed.
const WEBHOOKS_TAKE: time::Duration = time::Duration::minutes(2);

/// How far an account was read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Place {
    #[serde(default)]
    surfaces: BTreeMap<String, Cursor>,
    /// What is read for a gap begins where it does.
    #[serde(default)]
    gap: Option<ChannelGapId>,
    /// Messages that were found and that no webhook had brought, in this round.
    #[serde(default)]
    missed: i32,
    /// Surfaces of this round that are read to the end.
    #[serde(default)]
    done: Vec<String>,
}

pub async fn poll(task: Poll, context: Context, parts: &Parts) -> Handled {
    let mut tx = context.tx().await?;
    let account = accounts::get(&mut tx, task.account).await?;
    if matches!(account.state, State::NeedsYou | State::Disconnected) {
        return context.finish(tx).await;
    }
    let gap = gaps::current(&mut tx, account.id).await?;
    let place = accounts::poll_cursor(&mut tx, account.id).await?;
    let place = place.and_then(|place| serde_json::from_value(place).ok()).unwrap_or_default();
    let Ok(speaker) = parts.speaker_of(&mut tx, account.id).await? else { return context.finish(tx).await };
    tx.rollback().await?;
    let mut round = Round { context: &context, parts, speaker: &speaker, account: &account, place, quota: None };
    round.begin(gap.as_ref());
    match round.read().await? {
        Read::All => {
            let mut tx = context.tx().await?;
            let place = round.place;
            conclude(&mut tx, &account, gap.as_ref(), place).await?;
            context.finish(tx).await
        }
        Read::Part { pause } => Err(Trouble::Pause { after: pause }),
        Read::Failed(CallError::Refused { message, .. }) => {
            let mut tx = context.tx().await?;
            let place = round.place;
            lose(&mut tx, &account, gap.as_ref(), &place, &message).await?;
            context.finish(tx).await
        }
        Read::Failed(error @ CallError::Reauth) => complete::trouble(&context, parts, &speaker, error).await,
        Read::Failed(error) => {
            // It is asked again at the usual pace, from where it is; until then nothing waits behind this job.
            tracing::info!(account = %account.id, %error, "an account could not be asked for what was said there");
            let mut tx = context.tx().await?;
            accounts::note_poll(&mut tx, account.id, &json!(round.place)).await?;
            note_quota(&mut tx, account.id, round.quota).await?;
            context.finish(tx).await
        }
    }
}

enum Read {
    All,
    /// There is more; it goes on where it is.
    Part {
        pause: Duration,
    },
    Failed(CallError),
}

struct Round<'a> {
    context: &'a Context,
    parts: &'a Parts,
    speaker: &'a Speaker<'a>,
    account: &'a Account,
    place: Place,
    /// What the platform said of its limits with the last page.
    quota: Option<Quota>,
}

impl Round<'_> {
    fn begin(&mut self, gap: Option<&Gap>) {
        let gap_id = gap.map(|gap| gap.id);
        if gap_id.is_some() && self.place.gap != gap_id {
            self.place = Place { gap: gap_id, ..Place::default() };
        }
        let known_since = self.account.last_event_at.unwrap_or(self.account.connected_at);
        let since = gap.map_or(known_since, |gap| gap.from_at) - OVERLAP;
        for surface in self.speaker.connector.spec().polled {
            self.place.surfaces.entry(surface.as_str().to_owned()).or_insert_with(|| Cursor::since(*surface, since));
        }
    }

    async fn read(&mut self) -> Result<Read, Trouble> {
        let mut pages = 0;
        for surface in self.speaker.connector.spec().polled {
            while !self.place.done.iter().any(|done| done == surface.as_str()) {
                if self.quota.as_ref().is_some_and(|quota| quota.is_scarce) {
                    return Ok(Read::Part { pause: SCARCE });
                }
                if pages == MOST_PAGES {
                    return Ok(Read::Part { pause: Duration::from_secs(1) });
                }
                pages += 1;
                let now = self.context.databases().now();
                let page = match self.page(*surface, now).await {
                    Ok(page) => page,
                    Err(error) => return Ok(Read::Failed(error)),
                };
                self.keep(*surface, page, now).await?;
            }
        }
        Ok(Read::All)
    }

    /// With what it only names read in full.
    async fn page(&mut self, surface: Surface, now: OffsetDateTime) -> Result<Page, CallError> {
        let Some(cursor) = self.place.surfaces.get(surface.as_str()) else {
            return Err(CallError::Unreadable("there is no place to begin"));
        };
        let connector = self.speaker.connector;
        let call = || connector.poll(&self.parts.http, &self.speaker.credentials, cursor, now);
        let (page, quota) = self.parts.remotes.call_and_quota(&self.speaker.remote, Repeat::Safe, call).await;
        self.quota = quota;
        let mut page = page?;
        let mut items = Vec::with_capacity(page.items.len());
        for item in page.items {
            if !complete::is_bare(&item) {
                items.push(item);
                continue;
            }
            match complete::ask(self.parts, self.speaker, &item).await {
                Ok(Some(item)) => items.push(item),
                Ok(None) | Err(CallError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        page.items = items;
        Ok(page)
    }

    /// First what was found, then how far it was read.
    async fn keep(&mut self, surface: Surface, page: Page, now: OffsetDateTime) -> Result<(), Trouble> {
        let (nowhere, account) = (InboundId(Uuid::nil()), self.account.id);
        let pieces = page.items.into_iter().filter_map(|item| Piece::of(nowhere, account, item, now).ok()).collect();
        for outcome in ingest::receive(self.context.databases(), self.context.tenant(), pieces).await {
            match outcome.received {
                Ok(received) => {
                    let is_missed = outcome.piece.is_older_than(now - WEBHOOKS_TAKE);
                    let is_new = |received: &&Received| matches!(received, Received::New { .. });
                    let new = received.iter().filter(is_new).count();
                    self.place.missed += if is_missed { i32::try_from(new).unwrap_or(i32::MAX) } else { 0 };
                }
                Err(Why::Later(pause)) => return Err(Trouble::Pause { after: pause }),
                Err(Why::Broken(error)) => return Err(Trouble::retry(error)),
                Err(Why::Left(_, reason)) => tracing::warn!(%account, reason, "something that was polled is left out"),
            }
        }
        self.place.surfaces.insert(surface.as_str().to_owned(), page.next);
        if !page.has_more {
            self.place.done.push(surface.as_str().to_owned());
        }
        let mut tx = self.context.tx().await?;
        accounts::note_poll(&mut tx, account, &json!(self.place)).await?;
        note_quota(&mut tx, account, self.quota.clone()).await?;
        Ok(tx.commit().await?)
    }
}

/// All that there was has been read.
async fn conclude(tx: &mut TenantTx, account: &Account, gap: Option<&Gap>, place: Place) -> Result<()> {
    let now = tx.now();
    if let Some(gap) = gap {
        let is_polled = !place.surfaces.is_empty();
        let end = if is_polled { gaps::State::Closed } else { gaps::State::Lost };
        gaps::close(tx, gap.account_id, now, place.missed, end).await?;
    }
    let blames_webhooks = gap.is_none_or(Gap::blames_webhooks);
    if place.missed > 0 && blames_webhooks && account.state == State::Healthy {
        accounts::set_state(tx, account.id, State::Degraded, Some(gaps::MISSED)).await?;
    } else if place.missed == 0 && account.state_reason.as_deref() == Some(gaps::MISSED) {
        accounts::set_state(tx, account.id, State::Healthy, None).await?;
    }
    accounts::note_poll(tx, account.id, &json!(Place { missed: 0, done: Vec::new(), ..place })).await?;
    accounts::note_event(tx, account.id).await
}

/// The platform does not give it back.
async fn lose(tx: &mut TenantTx, account: &Account, gap: Option<&Gap>, place: &Place, message: &str) -> Result<()> {
    tracing::warn!(account = %account.id, message, "an account cannot be asked for what was said there");
    let now = tx.now();
    // One that was opened meanwhile was not asked for.
    if let Some(gap) = gap {
        gaps::close(tx, gap.account_id, now, place.missed, gaps::State::Lost).await?;
    }
    // Asked again at the usual pace, from the beginning of what is not known.
    accounts::note_poll(tx, account.id, &json!(Place { done: Vec::new(), missed: 0, ..place.clone() })).await
}
