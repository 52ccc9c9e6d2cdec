//! Opaque tokens that people and programs carry. One form for all:
//!
//! `<kind>_<tenant>_<row>_<secret>` (tenant left out where there is none)
//!
//! Tenant and row say where to look, so nothing is reachable by a bare id; the secret is 256 random bits or a keyed tag
//! and only its SHA-256 is stored. Prefixes are fixed so that secret scanners and our own log filter know them.

use std::fmt;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::ids::{TenantId, decode_uuid, encode_uuid};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    ApiKey,
    Refresh,
    Invitation,
    Ticket,
    /// Of a visitor in a web chat.
    Visitor,
}

impl TokenKind {
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "sk",
            Self::Refresh => "rt",
            Self::Invitation => "inv",
            Self::Ticket => "tk",
            Self::Visitor => "vt",
        }
    }
}

/// A token taken apart; holding one proves nothing until its secret was compared.
pub struct Token {
    pub kind: TokenKind,
    pub tenant: Option<TenantId>,
    pub row: Uuid,
    pub secret: [u8; 32],
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, row {})", self.kind, self.row)
    }
}

impl Token {
    /// A new token with a random secret.
    pub fn fresh(kind: TokenKind, tenant: Option<TenantId>, row: Uuid) -> Self {
        Self { kind, tenant, row, secret: rand::random() }
    }

    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        if text.len() > 160 {
            return None;
        }
        let mut parts = text.strip_prefix(kind.prefix())?.strip_prefix('_')?.splitn(3, '_');
        let (first, second) = (parts.next()?, parts.next()?);
        let (tenant, row, secret) = match (kind, parts.next()) {
            (TokenKind::Ticket | TokenKind::Visitor, rest) => {
                let secret = rest.map_or_else(|| second.to_owned(), |rest| format!("{second}_{rest}"));
                (None, decode_uuid(first)?, secret)
            }
            (_, Some(secret)) => (Some(TenantId(decode_uuid(first)?)), decode_uuid(second)?, secret.to_owned()),
            (_, None) => return None,
        };
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self { kind, tenant, row, secret })
    }

    /// The text that its owner carries.
    pub fn reveal(&self) -> SecretString {
        let tenant = self.tenant.map(|tenant| format!("{}_", encode_uuid(tenant.0))).unwrap_or_default();
        let secret = URL_SAFE_NO_PAD.encode(self.secret);
        format!("{}_{tenant}{}_{secret}", self.kind.prefix(), encode_uuid(self.row)).into()
    }

    pub fn hash(&self) -> Vec<u8> {
        sha256(&self.secret)
    }

    pub fn matches(&self, stored_hash: &[u8]) -> bool {
        self.hash().ct_eq(stored_hash).into()
    }
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// What a person may see of a key: enough to recognise it, useless to call with.
pub fn visible_prefix(token: &SecretString) -> String {
    let text = token.expose_secret();
    let row = text.split('_').nth(2).unwrap_or_default();
    format!("sk_…{}", &row[row.len().saturating_sub(8)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_reads_back_and_matches_only_its_hash() {
        for (kind, tenant) in [(TokenKind::ApiKey, Some(TenantId::fresh())), (TokenKind::Ticket, None)] {
            for _ in 0..200 {
                let token = Token::fresh(kind, tenant, Uuid::now_v7());
                let read = Token::parse(kind, token.reveal().expose_secret()).unwrap();
                assert_eq!((read.tenant, read.row), (tenant, token.row));
                assert!(read.matches(&token.hash()));
                assert!(!read.matches(&Token::fresh(kind, tenant, token.row).hash()));
            }
        }
    }

    #[test]
    fn token_of_another_kind_is_refused() {
        let refresh = Token::fresh(TokenKind::Refresh, Some(TenantId::fresh()), Uuid::now_v7()).reveal();
        assert!(Token::parse(TokenKind::ApiKey, refresh.expose_secret()).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(sk|rt|inv|tk|vt)_\\PC*") {
            for kind in [TokenKind::ApiKey, TokenKind::Refresh, TokenKind::Invitation, TokenKind::Ticket, TokenKind::Visitor] {
                let _ = Token::parse(kind, &text);
            }
        }
    }
}
