//! Codes and tokens: single use, expiry, rotation. What a refusal is called differs from platform to platform.

use std::collections::HashMap;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{Duration, OffsetDateTime};

const MOST: usize = 100_000;

#[derive(Debug, Clone)]
pub struct Code {
    pub app: String,
    pub redirect_uri: String,
    pub scope: String,
    /// PKCE, S256.
    pub challenge: Option<String>,
    pub user: String,
    pub expires_at: OffsetDateTime,
}

#[derive(Debug, Clone)]
pub struct Token {
    pub app: String,
    /// The user or the account that it speaks for.
    pub owner: String,
    pub is_of_account: bool,
    pub scope: String,
    pub issued_at: OffsetDateTime,
    pub expires_at: Option<OffsetDateTime>,
    /// Why it died before its time, in the platform's own number.
    pub revoked: Option<u32>,
    /// Tokens that came from one consent.
    pub family: u64,
}

#[derive(Debug, Clone)]
pub struct Refresh {
    pub app: String,
    pub user: String,
    pub scope: String,
    pub expires_at: Option<OffsetDateTime>,
    pub is_used: bool,
    pub family: u64,
}

/// Why a code is not exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Unknown,
    Expired,
    Redirect,
    Verifier,
}

#[derive(Default)]
pub struct Grants {
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Token>,
    refreshes: HashMap<String, Refresh>,
    families: u64,
}

/// What nobody guesses.
pub fn secret(prefix: &str) -> String {
    format!("{prefix}{}", hex::encode(rand::random::<[u8; 20]>()))
}

impl Grants {
    pub fn family(&mut self) -> u64 {
        self.families += 1;
        self.families
    }

    pub fn add_code(&mut self, code: Code) -> String {
        trim(&mut self.codes);
        let text = secret("code_");
        self.codes.insert(text.clone(), code);
        text
    }

    /// Whatever comes of it, the code is used up.
    pub fn take_code(
        &mut self,
        text: &str,
        app: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Code, Wrong> {
        let code = self.codes.remove(text).ok_or(Wrong::Unknown)?;
        let is_verified = match (&code.challenge, verifier) {
            (None, _) => true,
            (Some(challenge), Some(verifier)) => *challenge == challenge_of(verifier),
            (Some(_), None) => false,
        };
        if code.app != app {
            return Err(Wrong::Unknown);
        }
        if code.expires_at <= now {
            return Err(Wrong::Expired);
        }
        if code.redirect_uri != redirect_uri {
            return Err(Wrong::Redirect);
        }
        if is_verified { Ok(code) } else { Err(Wrong::Verifier) }
    }

    pub fn add_token(&mut self, text: String, token: Token) -> String {
        trim(&mut self.tokens);
        self.tokens.insert(text.clone(), token);
        text
    }

    pub fn token(&self, text: &str) -> Option<&Token> {
        self.tokens.get(text)
    }

    pub fn add_refresh(&mut self, refresh: Refresh) -> String {
        trim(&mut self.refreshes);
        let text = secret("refresh_");
        self.refreshes.insert(text.clone(), refresh);
        text
    }

    pub fn refresh_mut(&mut self, text: &str) -> Option<&mut Refresh> {
        self.refreshes.get_mut(text)
    }

    pub fn drop_token(&mut self, text: &str) {
        self.tokens.remove(text);
        self.refreshes.remove(text);
    }

    /// Ends everything that came from one consent.
    pub fn end_family(&mut self, family: u64) {
        self.tokens.retain(|_, token| token.family != family);
        self.refreshes.retain(|_, refresh| refresh.family != family);
    }

    /// Ends what an owner gave an app with other scopes than these.
    pub fn end_other_scopes(&mut self, app: &str, owner: &str, scope: &str) {
        self.tokens.retain(|_, token| token.app != app || token.owner != owner || token.scope == scope);
        self.refreshes.retain(|_, refresh| refresh.app != app || refresh.user != owner || refresh.scope == scope);
    }

    /// Ends all tokens that speak for an owner, for a reason.
    pub fn revoke(&mut self, owner: &str, reason: u32) -> usize {
        let mut found = 0;
        for token in self.tokens.values_mut().filter(|token| token.owner == owner) {
            token.revoked = Some(reason);
            found += 1;
        }
        found
    }

    /// As if their time had come.
    pub fn expire(&mut self, owner: &str, now: OffsetDateTime) -> usize {
        let mut found = 0;
        for token in self.tokens.values_mut().filter(|token| token.owner == owner) {
            token.expires_at = Some(now - Duration::seconds(1));
            found += 1;
        }
        found
    }
}

pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// A simulator that ran that long may forget some at random.
fn trim<T>(entries: &mut HashMap<String, T>) {
    if entries.len() >= MOST {
        let some: Vec<_> = entries.keys().take(MOST / 10).cloned().collect();
        for key in some {
            entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
