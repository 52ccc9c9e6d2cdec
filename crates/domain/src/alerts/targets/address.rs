//! How a target is reached: what is secret of it, and what may be shown.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{audit::mask_email, webhooks};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schema(as = AlertTargetKind)]
pub enum Kind {
    PagerDuty,
    Slack,
    Email,
    Webhook,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::PagerDuty => "pagerduty",
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

/// Where an account of PagerDuty is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schema(as = AlertTargetRegion)]
pub enum Region {
    #[default]
    Us,
    Eu,
}

impl Region {
    const fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
        }
    }
}

/// How a target is reached. Its parts have been checked by who knows their form.
#[derive(Debug, Clone)]
pub enum Address {
    PagerDuty {
        routing_key: SecretString,
        region: Region,
    },
    Slack {
        url: SecretString,
    },
    /// Without recipients: all administrators, whoever they are then.
    Email {
        recipients: Vec<String>,
    },
    Webhook {
        url: String,
        secret: SecretString,
    },
}

impl Address {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::PagerDuty { .. } => Kind::PagerDuty,
            Self::Slack { .. } => Kind::Slack,
            Self::Email { .. } => Kind::Email,
            Self::Webhook { .. } => Kind::Webhook,
        }
    }

    /// As the circuit breaker of the target is called.
    pub fn remote(&self) -> String {
        match self {
            Self::PagerDuty { region, .. } => format!("pagerduty:{}", region.name()),
            Self::Slack { .. } => "slack".to_owned(),
            Self::Email { .. } => "mail".to_owned(),
            Self::Webhook { url, .. } => webhooks::sending::remote(url),
        }
    }

    /// Whether it drops what it is sent twice under one key.
    pub const fn honours_keys(&self) -> bool {
        matches!(self, Self::PagerDuty { .. } | Self::Webhook { .. })
    }

    /// What may be shown of it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::PagerDuty { routing_key, region } => format!("{} ({})", end_of(routing_key), region.name()),
            Self::Slack { url } => format!("{} {}", webhooks::endpoints::host(url.expose_secret()), end_of(url)),
            Self::Email { recipients } if recipients.is_empty() => "All administrators".to_owned(),
            Self::Email { recipients } => recipients.join(", "),
            Self::Webhook { url, .. } => url.clone(),
        }
    }

    /// The same for the audit log, which can never be rewritten.
    pub(super) fn audited(&self) -> Value {
        match self {
            Self::PagerDuty { .. } | Self::Slack { .. } => self.shown().into(),
            Self::Email { recipients } => recipients.iter().map(|address| mask_email(address)).collect(),
            Self::Webhook { url, .. } => webhooks::endpoints::host(url).into(),
        }
    }

    pub(super) fn sealed_text(&self) -> SecretString {
        match self {
            Self::PagerDuty { routing_key: secret, .. }
            | Self::Slack { url: secret }
            | Self::Webhook { secret, .. } => secret.clone(),
            Self::Email { recipients } => recipients.join("\n").into(),
        }
    }

    pub(super) fn region(&self) -> Option<Region> {
        if let Self::PagerDuty { region, .. } = self { Some(*region) } else { None }
    }

    pub(super) fn url(&self) -> Option<&str> {
        if let Self::Webhook { url, .. } = self { Some(url) } else { None }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.sealed_text().expose_secret() == other.sealed_text().expose_secret()
            && (self.region(), self.url()) == (other.region(), other.url())
    }
}

fn end_of(secret: &SecretString) -> String {
    let secret = secret.expose_secret();
    let end: Vec<char> = secret.chars().rev().take(4).collect();
    format!("…{}", end.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_shown_by_their_end_only() {
        let pager = Address::PagerDuty { routing_key: "0123456789abcdefghijABCDEFGHIJ12".into(), region: Region::Eu };
        assert_eq!(pager.shown(), "…IJ12 (eu)");
        let slack = Address::Slack { url: "https://hooks.slack.com/services/T0/B0/verysecret".into() };
        assert_eq!(slack.shown(), "hooks.slack.com …cret");
        let mail = Address::Email { recipients: vec!["ann@acme.test".into(), "bob@acme.test".into()] };
        assert_eq!(mail.audited(), json!(["a…@acme.test", "b…@acme.test"]));
    }
}
