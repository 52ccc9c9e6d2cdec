//! Who looks at a conversation or types in it. Kept in memory and forgotten after some seconds, so nothing is written for
//! it; open streams of this process hear of changes. What other processes were told comes as signs.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use socialai_domain::{
    ids::{ConversationId, TenantId, UserId},
    signs::{By, Doing, Sign},
    tenancy::Databases,
};
use time::{Duration, OffsetDateTime};
use tokio::sync::broadcast::{self, error::RecvError};
use utoipa::ToSchema;

/// How long somebody is believed to be there. The page says so again well before.
const LASTS: Duration = Duration::seconds(20);
/// Changes that a slow stream may be behind; it misses older ones, which are over soon anyway.
const NEWS_KEPT: usize = 256;

/// Somebody at a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConversationPresence {
    pub user_id: UserId,
    pub doing: Doing,
    /// Not true any more after this moment, unless it is said again.
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
}

/// Somebody came, left, or does something else.
#[derive(Debug, Clone, Copy)]
pub struct News {
    pub tenant: TenantId,
    pub conversation: ConversationId,
}

#[derive(Debug)]
pub struct Presence {
    there: Mutex<HashMap<(TenantId, ConversationId), Vec<ConversationPresence>>>,
    news: broadcast::Sender<News>,
}

impl Default for Presence {
    fn default() -> Self {
        Self { there: Mutex::default(), news: broadcast::channel(NEWS_KEPT).0 }
    }
}

impl Presence {
    pub fn listen(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Notes what the user does, and tells others when that is news. Answers who is there.
    pub fn note(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        user: UserId,
        doing: Doing,
        now: OffsetDateTime,
    ) -> Vec<ConversationPresence> {
        let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        // Few conversations are looked at at once, so looking through all of them costs little.
        there.retain(|_, people| {
            people.retain(|one| one.until > now);
            !people.is_empty()
        });
        let people = there.entry((tenant, conversation)).or_default();
        let before = people.iter().position(|one| one.user_id == user).map(|place| people.remove(place));
        let was = before.map_or(Doing::Gone, |before| before.doing);
        if doing != Doing::Gone {
            people.push(ConversationPresence { user_id: user, doing, until: now + LASTS });
        }
        let people = people.clone();
        drop(there);
        if was != doing {
            // Nobody may be listening.
            let _ = self.news.send(News { tenant, conversation });
        }
        people
    }

    /// Notes what other processes were told. It lasts from now, because their clocks may differ.
    pub async fn follow(&self, databases: &Databases, mut signs: broadcast::Receiver<Sign>) {
        loop {
            match signs.recv().await {
                Ok(Sign { tenant, conversation, by: By::Colleague { user, doing } }) => {
                    self.note(tenant, conversation, user, doing, databases.now());
                }
                // Not for colleagues, or so many that some were missed: who is there says so again soon.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    pub fn at(&self, tenant: TenantId, conversation: ConversationId, now: OffsetDateTime) -> Vec<ConversationPresence> {
        let there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        let people = there.get(&(tenant, conversation)).into_iter().flatten();
        people.filter(|one| one.until > now).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn others_are_told_only_of_changes_and_everybody_is_forgotten() {
        let presence = Presence::default();
        let (tenant, conversation) = (TenantId::fresh(), ConversationId::fresh());
        let (ann, ben) = (UserId::fresh(), UserId::fresh());
        let mut news = presence.listen();
        let mut hears = || news.try_recv().is_ok();
        presence.note(tenant, conversation, ann, Doing::Looking, NOW);
        assert!(hears());
        presence.note(tenant, conversation, ann, Doing::Looking, NOW + Duration::seconds(5));
        assert!(!hears());
        let there = presence.note(tenant, conversation, ben, Doing::Typing, NOW + Duration::seconds(10));
        assert_eq!(there.iter().map(|one| one.user_id).collect::<Vec<_>>(), [ann, ben]);
        assert!(hears());
        let left = presence.at(tenant, conversation, NOW + Duration::seconds(26));
        assert_eq!(left.iter().map(|one| one.user_id).collect::<Vec<_>>(), [ben]);
        assert!(presence.at(TenantId::fresh(), conversation, NOW).is_empty());
        presence.note(tenant, conversation, ben, Doing::Gone, NOW + Duration::seconds(11));
        assert!(hears());
        assert!(presence.at(tenant, conversation, NOW + Duration::seconds(40)).is_empty());
    }
}
