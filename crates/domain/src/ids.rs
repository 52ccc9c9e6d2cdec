//! Ids: UUID v7 inside, printed with a prefix that says what they name (`usr_01k…`), so that an id pasted into a ticket
//! or a wrong field explains itself. Printed as 26 characters of Crockford's base 32.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id of the form {prefix}_ followed by 26 characters")]
pub struct InvalidId {
    pub prefix: &'static str,
}

/// 26 characters of base 32 for 128 bits; the first character carries only three bits.
pub fn encode_uuid(id: Uuid) -> String {
    let bits = id.as_u128();
    (0..26)
        .map(|place| char::from(ALPHABET[usize::try_from((bits >> ((25 - place) * 5)) & 31).unwrap_or_default()]))
        .collect()
}

pub fn decode_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == byte)?;
        bits = (bits << 5) | value as u128;
    }
    Some(Uuid::from_u128(bits))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;
            /// A fresh id that sorts by time of making.
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), encode_uuid(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode_uuid)
                    .map(Self)
                    .ok_or(InvalidId { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([concat!($prefix, "_01kagx4f0ve2pbkr7w3m9d5tqz")])
                    .into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

ids! {
    /// A company that uses this installation.
    TenantId = "ten";
    /// A person; the same id names the person's user row in each tenant.
    UserId = "usr";
    InvitationId = "inv";
    SessionId = "ses";
    ApiKeyId = "key";
    PasskeyId = "psk";
    TicketId = "tkt";
    /// A job, also as a dead letter.
    JobId = "job";
    /// Something that happened; the same id wherever it is told.
    EventId = "evt";
    EffectId = "eff";
    WebhookEndpointId = "whe";
    WebhookDeliveryId = "whd";
    AlertId = "alt";
    AlertTargetId = "alg";
    /// A connected page, profile, organisation or widget.
    ChannelAccountId = "chan";
    ChannelAppId = "capp";
    ChannelGapId = "gap";
    /// A platform's request to delete what is known of a person.
    DataDeletionId = "del";
    /// A raw delivery of a platform.
    InboundId = "inb";
    ContactId = "cont";
    ContactIdentityId = "cid";
    ContactMergeId = "mrg";
    ConversationId = "conv";
    MessageId = "msg";
    AttachmentId = "att";
    NoteId = "note";
    CannedReplyId = "canned";
    SavedViewId = "view";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_id_reads_back() {
        let id = UserId::fresh();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 4 + 26);
    }

    #[test]
    fn id_of_another_kind_is_refused() {
        let session = SessionId::fresh().to_string();
        assert!(session.parse::<UserId>().is_err());
    }

    #[test]
    fn ids_sort_by_time() {
        let (first, second) = (UserId::fresh(), UserId::fresh());
        assert!(first.to_string() <= second.to_string());
    }

    proptest::proptest! {
        #[test]
        fn any_text_parses_or_is_refused_and_every_uuid_round_trips(text in "\\PC*", bits: u128) {
            let _ = text.parse::<UserId>();
            let id = UserId(Uuid::from_u128(bits));
            proptest::prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }
}
