//! Who looks at a conversation or types in it at this moment. It is told to all processes through PostgreSQL's NOTIFY and never
//! written down: what is lost is told again within seconds. Several are told in one, because a NOTIFY takes a lock of the whole
//! server at commit.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use tokio::sync::{broadcast, mpsc};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::Actor,
    ids::{ConversationId, TenantId, UserId},
    problems::{Error, Result},
    tenancy::Databases,
};

const CHANNEL: &str = "socialai_signs";
/// Of those that wait, in one NOTIFY, whose payload has less than 8,000 bytes.
const TOLD_AT_ONCE: usize = 18;
/// At most so often; one after a pause goes out at once.
const BETWEEN_BUNDLES: Duration = Duration::from_millis(25);
const WAITING: usize = 1_000;
const KEPT: usize = 1_000;
const LONGEST_NAME: usize = 60;

/// Somebody at a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    pub tenant: TenantId,
    pub conversation: ConversationId,
    pub by: By,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Of a web chat.
    Visitor { is_typing: bool },
    /// For the visitor of a web chat, by the name that visitors may read.
    Agent { name: Option<String>, is_typing: bool },
    /// For colleagues. The process that tells it has noted it, and does not hear it again.
    Colleague { user: UserId, doing: Doing },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    Looking,
    Typing,
    /// Not there any more.
    Gone,
}

/// What goes through the database.
#[derive(Serialize, Deserialize)]
struct Bundle {
    /// Process that tells.
    from: Uuid,
    signs: Vec<Sign>,
}

/// The signs of one database's tenants, as this process tells and hears them.
#[derive(Debug, Clone)]
pub struct Line {
    heard: broadcast::Sender<Sign>,
    to_tell: mpsc::Sender<Sign>,
}

/// What runs behind a line, until it is dropped.
#[derive(Debug)]
pub struct Ends {
    heard: broadcast::Sender<Sign>,
    to_tell: mpsc::Receiver<Sign>,
}

impl Line {
    pub fn new() -> (Self, Ends) {
        let (heard, _) = broadcast::channel(KEPT);
        let (sender, to_tell) = mpsc::channel(WAITING);
        (Self { heard: heard.clone(), to_tell: sender }, Ends { heard, to_tell })
    }

    pub fn listen(&self) -> broadcast::Receiver<Sign> {
        self.heard.subscribe()
    }

    /// Tells everybody. When too many wait it is not told at all, and the next one is.
    pub fn tell(&self, mut sign: Sign) {
        if let By::Agent { name: Some(name), .. } = &mut sign.by {
            *name = name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
        }
        let _ = self.to_tell.try_send(sign);
    }
}

/// Keeps a line going: passes on what is told here, and what others tell.
pub async fn run(databases: &Databases, shard: Option<&str>, ends: Ends) {
    let Ends { heard, to_tell } = ends;
    let me = Uuid::new_v4();
    tokio::join!(pass_on(databases, shard, me, to_tell), hear(databases, shard, me, &heard));
}

async fn pass_on(databases: &Databases, shard: Option<&str>, me: Uuid, mut to_tell: mpsc::Receiver<Sign>) {
    let mut waiting = Vec::new();
    while to_tell.recv_many(&mut waiting, TOLD_AT_ONCE).await > 0 {
        let bundle = Bundle { from: me, signs: newest(waiting.drain(..)) };
        if let Err(error) = notify(databases, shard, &bundle).await {
            tracing::debug!(%error, "nobody was told who types or looks");
        }
        tokio::time::sleep(BETWEEN_BUNDLES).await;
    }
}

/// Of one party in one place only the newest counts.
fn newest(signs: impl Iterator<Item = Sign>) -> Vec<Sign> {
    let party = |by: &By| match by {
        By::Visitor { .. } => (0, None),
        By::Agent { .. } => (1, None),
        By::Colleague { user, .. } => (2, Some(*user)),
    };
    let newest: BTreeMap<_, _> = signs.map(|sign| ((sign.conversation, party(&sign.by)), sign)).collect();
    newest.into_values().collect()
}

async fn notify(databases: &Databases, shard: Option<&str>, bundle: &Bundle) -> Result<()> {
    let mut tx = databases.system_at(shard, Actor::system("signs")).await?;
    let payload =
        serde_json::to_string(bundle).map_err(|error| Error::Fault(format!("signs cannot be told: {error}")))?;
    sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(tx.conn()).await?;
    tx.commit().await
}

async fn hear(databases: &Databases, shard: Option<&str>, me: Uuid, heard: &broadcast::Sender<Sign>) {
    loop {
        if let Err(error) = listen(databases, shard, me, heard).await {
            tracing::debug!(%error, "it is not heard who types or looks; it is tried again");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn listen(databases: &Databases, shard: Option<&str>, me: Uuid, heard: &broadcast::Sender<Sign>) -> Result<()> {
    let mut listener = PgListener::connect_with(databases.pool(shard)?).await?;
    listener.listen(CHANNEL).await?;
    while let Some(told) = listener.try_recv().await? {
        let Ok(Bundle { from, signs }) = serde_json::from_str(told.payload()) else { continue };
        for sign in signs.into_iter().filter(|sign| from != me || !matches!(sign.by, By::Colleague { .. })) {
            // Nobody may be listening here.
            let _ = heard.send(sign);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(conversation: ConversationId, by: By) -> Sign {
        Sign { tenant: TenantId::fresh(), conversation, by }
    }

    #[test]
    fn only_the_newest_of_each_party_is_told() {
        let place = ConversationId::fresh();
        let (ann, ben) = (UserId::fresh(), UserId::fresh());
        let colleague = |user, doing| sign(place, By::Colleague { user, doing });
        let (types, ben_looks) = (sign(place, By::Visitor { is_typing: true }), colleague(ben, Doing::Looking));
        let (ann_left, elsewhere) =
            (colleague(ann, Doing::Gone), sign(ConversationId::fresh(), By::Visitor { is_typing: false }));
        let told = [colleague(ann, Doing::Typing), types, ben_looks, elsewhere, ann_left];
        let kept = newest(told.clone().into_iter());
        assert_eq!(kept.len(), 4);
        assert!(told[1..].iter().all(|sign| kept.contains(sign)), "{kept:?}");
    }

    #[tokio::test]
    async fn fullest_bundle_fits_a_notify() {
        let (line, mut ends) = Line::new();
        for letter in ['\u{1}', '"', '\u{1f4a1}'] {
            for _ in 0..TOLD_AT_ONCE {
                let name = Some(letter.to_string().repeat(200));
                line.tell(sign(ConversationId::fresh(), By::Agent { name, is_typing: false }));
            }
            let mut signs = Vec::new();
            ends.to_tell.recv_many(&mut signs, TOLD_AT_ONCE).await;
            assert_eq!(signs.len(), TOLD_AT_ONCE);
            let told = serde_json::to_string(&Bundle { from: Uuid::new_v4(), signs }).unwrap();
            assert!(told.len() < 8_000, "{} bytes with {letter:?}", told.len());
        }
    }
}
