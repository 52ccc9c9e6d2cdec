//! Channels: the accounts at platforms through which people write to the workspace, and everything that is needed to hear
//! them and to answer.
//!
//! * [`accounts`]: connected pages, profiles, organisations and widgets, and how they are.
//! * [`credentials`]: their tokens, sealed; refreshed by one at a time.
//! * [`apps`]: the workspace's own apps at platforms, beside the operator's.
//! * [`routes`]: which workspace an account belongs to, for whoever has only a platform's delivery in hand.
//! * [`inbound`]: deliveries as they came, before anybody knew for whom.
//! * [`gaps`]: times in which messages may be missing.
//! * [`subscriptions`]: whether platforms still deliver, where that ends without a word.
//!
//! An account is connected in two databases that cannot commit together. The route is written first and removed last:
//! what comes for an account that is not there yet is kept and read again, and an account without a route cannot be.

pub mod accounts;
pub mod apps;
pub mod credentials;
pub mod gaps;
pub mod inbound;
pub mod routes;
pub mod subscriptions;

use serde::{Deserialize, Serialize};
use socialai_queue::jobs::{Queue, Speed, Task};
use utoipa::ToSchema;

use crate::{
    ids::{ChannelAccountId, InboundId},
    queues,
    vault::Column,
};

pub(crate) const CREDENTIALS: Column = Column::new("channel_accounts", "credentials_sealed");
pub(crate) const APP_SECRETS: Column = Column::new("channel_apps", "secrets_sealed");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Platform {
    Facebook,
    Instagram,
    X,
    #[serde(rename = "linkedin")]
    #[sqlx(rename = "linkedin")]
    LinkedIn,
    WebChat,
}

impl Platform {
    pub const ALL: [Self; 5] = [Self::Facebook, Self::Instagram, Self::X, Self::LinkedIn, Self::WebChat];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::X => "x",
            Self::LinkedIn => "linkedin",
            Self::WebChat => "web_chat",
        }
    }

    /// As people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Facebook => "Facebook",
            Self::Instagram => "Instagram",
            Self::X => "X",
            Self::LinkedIn => "LinkedIn",
            Self::WebChat => "Web chat",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }

    /// Whether people have an id of their own at each account, and not one for the whole platform.
    pub const fn has_scoped_people(self) -> bool {
        matches!(self, Self::Facebook | Self::Instagram | Self::WebChat)
    }

    /// Whether people come without a name and the platform can be asked for it. X sends it along, LinkedIn tells nobody.
    pub const fn tells_profiles(self) -> bool {
        matches!(self, Self::Facebook | Self::Instagram)
    }
}

/// Where people talk: direct messages and web chat, or publicly under a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Surface {
    Message,
    Comment,
}

impl Surface {
    pub const ALL: [Self; 2] = [Self::Message, Self::Comment];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Comment => "comment",
        }
    }
}

/// Reads raw deliveries. They are not in an order among each other: messages carry theirs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ingest {
    /// Never empty.
    pub deliveries: Vec<InboundId>,
}

impl Task for Ingest {
    const KIND: &'static str = "channels.ingest";
    const QUEUE: Queue = queues::SOCIAL;
    // Nobody sees a message before: what platforms are asked besides has no place of these.
    const SPEED: Speed = Speed::Fast;

    fn key(&self) -> String {
        self.deliveries.first().map_or_else(String::new, ToString::to_string)
    }
}

/// Gets new tokens for an account before the old ones end. Enqueued for the moment in `refresh_at`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refresh {
    pub account: ChannelAccountId,
}

impl Task for Refresh {
    const KIND: &'static str = "channels.refresh";
    const QUEUE: Queue = queues::SOCIAL;

    fn key(&self) -> String {
        format!("refresh/{}", self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_have_the_same_name_everywhere() {
        for platform in Platform::ALL {
            assert_eq!(serde_json::to_value(platform).unwrap(), platform.name());
            assert_eq!(Platform::from_name(platform.name()), Some(platform));
        }
        assert_eq!(Platform::from_name("twitter"), None);
    }
}
