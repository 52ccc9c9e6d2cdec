//! What a platform can do, as facts for the caller's rules.

use std::time::Duration;

use super::item::{MediaKind, Surface};

/// One platform.
#[derive(Debug)]
pub struct Spec {
    /// As it stands in addresses and in the database.
    pub platform: &'static str,
    pub label: &'static str,
    /// Where we can write. What comes in elsewhere can only be read.
    pub surfaces: &'static [SurfaceSpec],
    /// What [`Connector::poll`](super::Connector::poll) knows.
    pub polled: &'static [Surface],
    /// Where [`Connector::read_back`](super::Connector::read_back) can look.
    pub read_back: &'static [Surface],
    pub has_webhooks: bool,
    /// The echo of what we sent carries our marker.
    pub has_marker: bool,
    /// Ids of persons mean something only at the account that received them.
    pub has_scoped_ids: bool,
    /// What is asked for when an account is connected, unless the installation says otherwise.
    pub scopes: &'static [&'static str],
}

impl Spec {
    pub fn surface(&self, surface: Surface) -> Option<&'static SurfaceSpec> {
        self.surfaces.iter().find(|spec| spec.surface == surface)
    }
}

#[derive(Debug)]
pub struct SurfaceSpec {
    pub surface: Surface,
    pub limit: usize,
    pub counted: Counted,
    /// Kinds that can be sent, each as a message of its own.
    pub attachments: &'static [MediaKind],
    pub most_quick_replies: usize,
    /// How long one may write after the person wrote; without it, always.
    pub window: Option<Window>,
    /// Only those who named the account can be answered.
    pub only_if_mentioned: bool,
}

/// Counted from the person's last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub anything: Duration,
    /// What a person wrote; never a machine's text.
    pub by_a_person: Duration,
}

/// How a platform measures a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    Characters,
    /// Of UTF-8.
    Bytes,
    /// As X does: an address counts 23, an emoji or a Chinese character 2.
    Weighted,
}

impl Counted {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Bytes => "bytes",
            Self::Weighted => "weighted characters",
        }
    }
}

/// A text that the platform would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text has {counted} {} and may have {limit}", .unit.as_str())]
pub struct TooLong {
    pub limit: usize,
    pub counted: usize,
    pub unit: Counted,
}

/// Measures a text that counts `counted`; where nothing can be written, nothing fits.
pub(super) fn fits(spec: &Spec, surface: Surface, text: &str, weigh: fn(&str) -> usize) -> Result<(), TooLong> {
    let (limit, unit) = spec.surface(surface).map_or((0, Counted::Characters), |spec| (spec.limit, spec.counted));
    let counted = match unit {
        Counted::Characters => text.chars().count(),
        Counted::Bytes => text.len(),
        Counted::Weighted => weigh(text),
    };
    if counted > limit { Err(TooLong { limit, counted, unit }) } else { Ok(()) }
}
