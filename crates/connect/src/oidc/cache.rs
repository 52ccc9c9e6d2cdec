//! What is kept of an issuer, and when it is asked again.
//!
//! Description and keys are fresh for ten minutes. Older copies still serve for a day when the
//! provider does not answer, so that its outage does not become ours. A token with an unknown key
//! id causes at most one fetch a minute: whoever sends a flood of invented ids must not be able to
//! make us flood the provider. One task fetches at a time; the others wait for its result.

use std::future::Future;
use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::discovery::{self, Discovery};
use super::error::{OidcError, TokenError};
use super::id_token::Header;
use super::keys::{self, KeySet};
use crate::call::Http;

const FRESH_FOR: Duration = Duration::minutes(10);
const USABLE_FOR: Duration = Duration::hours(24);
const PAUSE_BETWEEN_FETCHES: Duration = Duration::minutes(1);
/// With nothing to serve instead, a failure is repeated to those who ask meanwhile.
const PAUSE_AFTER_FAILURE: Duration = Duration::seconds(5);

#[derive(Default)]
pub(super) struct Issuer {
    discovery: Mutex<Kept<Discovery>>,
    keys: Mutex<Kept<KeySet>>,
}

impl Issuer {
    pub(super) async fn discovery(
        &self,
        http: &Http,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Result<Arc<Discovery>, OidcError> {
        self.discovery.lock().await.current(now, || discovery::fetch(http, issuer)).await
    }

    /// The keys that may have signed a token with this header.
    pub(super) async fn keys_for(
        &self,
        http: &Http,
        discovery: &Discovery,
        header: &Header,
        now: OffsetDateTime,
    ) -> Result<Vec<DecodingKey>, OidcError> {
        let mut kept = self.keys.lock().await;
        let known = kept.current(now, || keys::fetch(http, &discovery.jwks_uri)).await?;
        match known.fitting(header) {
            Err(TokenError::UnknownKey) if kept.rested(now, PAUSE_BETWEEN_FETCHES) => {}
            found => return Ok(found?),
        }
        // The provider may have changed its keys since. When it does not answer, the old set stays.
        let known = match kept.fetch(now, keys::fetch(http, &discovery.jwks_uri)).await {
            Ok(renewed) => renewed,
            Err(_) => known,
        };
        Ok(known.fitting(header)?)
    }

    /// Asks for everything again, whatever is kept, and reports the first thing that fails.
    pub(super) async fn refresh(
        &self,
        http: &Http,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Result<Arc<Discovery>, OidcError> {
        let discovery = self.discovery.lock().await.fetch(now, discovery::fetch(http, issuer)).await?;
        self.keys.lock().await.fetch(now, keys::fetch(http, &discovery.jwks_uri)).await?;
        Ok(discovery)
    }
}

/// A remote document as it was last read, and how the last attempt ended.
struct Kept<T> {
    value: Option<(OffsetDateTime, Arc<T>)>,
    failure: Option<OidcError>,
    tried_at: Option<OffsetDateTime>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { value: None, failure: None, tried_at: None }
    }
}

impl<T> Kept<T> {
    async fn current<F>(&mut self, now: OffsetDateTime, fetch: impl FnOnce() -> F) -> Result<Arc<T>, OidcError>
    where
        F: Future<Output = Result<T, OidcError>>,
    {
        if let Some(fresh) = self.younger_than(FRESH_FOR, now) {
            return Ok(fresh);
        }
        let older = self.younger_than(USABLE_FOR, now);
        let pause = if older.is_some() { PAUSE_BETWEEN_FETCHES } else { PAUSE_AFTER_FAILURE };
        let outcome = match &self.failure {
            Some(failure) if !self.rested(now, pause) => Err(failure.clone()),
            _ => self.fetch(now, fetch()).await,
        };
        outcome.or_else(|error| older.ok_or(error))
    }

    async fn fetch(
        &mut self,
        now: OffsetDateTime,
        fetch: impl Future<Output = Result<T, OidcError>>,
    ) -> Result<Arc<T>, OidcError> {
        // Noted before the call: a caller who gives up half-way has still made it.
        self.tried_at = Some(now);
        match fetch.await {
            Ok(value) => {
                let value = Arc::new(value);
                self.value = Some((now, value.clone()));
                self.failure = None;
                Ok(value)
            }
            Err(error) => {
                self.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn younger_than(&self, age: Duration, now: OffsetDateTime) -> Option<Arc<T>> {
        self.value.as_ref().filter(|(read_at, _)| now - *read_at < age).map(|(_, value)| value.clone())
    }

    fn rested(&self, now: OffsetDateTime, pause: Duration) -> bool {
        self.tried_at.is_none_or(|tried_at| now - tried_at >= pause)
    }
}
