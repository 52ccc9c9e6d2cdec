//! Objects in a bucket of S3, or of a server that speaks it. Its library signs, sends and repeats the requests; what it says
//! when it fails is brought into the words of `call`, without what a store answered beside its code.
//!
//! Deliberately absent: other sources of credentials than a key, parts of objects (each is small enough for one request, and
//! so is there as a whole or not at all), and making the bucket.

use std::{fmt, time::Duration};

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStoreExt, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Key, ObjectError};
use crate::call::CallError;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Of one try; the largest objects of the product pass within it.
const TRY_LIMIT: Duration = Duration::from_secs(20);
/// No further try begins later than this after the first.
const TRIES_LIMIT: Duration = Duration::from_secs(20);
const FURTHER_TRIES: usize = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// As long as any code that a store gives to its refusals.
const LONGEST_CODE: usize = 64;

/// Which bucket, and with what key.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    /// `None`: AWS itself.
    pub endpoint: Option<Url>,
    pub bucket: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Bucket(AmazonS3);

/// The library shows its settings, and a key is one of them.
impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bucket")
    }
}

impl Bucket {
    /// Refuses settings of which nothing can be made; asks nobody.
    pub fn new(settings: &BucketSettings) -> Result<Self, ObjectError> {
        let is_plain = settings.endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme() == "http");
        let client =
            ClientOptions::new().with_connect_timeout(CONNECT_LIMIT).with_timeout(TRY_LIMIT).with_allow_http(is_plain);
        let backoff = BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: LONGEST_PAUSE, base: 2.0 };
        let retry = RetryConfig { backoff, max_retries: FURTHER_TRIES, retry_timeout: TRIES_LIMIT };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(settings.secret_access_key.expose_secret())
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        }
        builder.build().map(Self).map_err(|error| failed(&error))
    }

    pub(super) async fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), ObjectError> {
        let put = self.0.put(&place(key), Bytes::copy_from_slice(bytes).into()).await;
        put.map(drop).map_err(|error| failed(&error))
    }

    pub(super) async fn get(&self, key: &Key, limit: usize) -> Result<Option<Vec<u8>>, ObjectError> {
        let found = match self.0.get(&place(key)).await {
            Ok(found) => found,
            Err(error) if is_no_object(&error) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let too_large = || ObjectError::Unreadable(CallError::Unreadable("it is larger than allowed"));
        let size = usize::try_from(found.meta.size).ok().filter(|size| *size <= limit).ok_or_else(too_large)?;
        let mut bytes = Vec::with_capacity(size);
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(|error| failed(&error))? {
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }

    pub(super) async fn delete(&self, key: &Key) -> Result<(), ObjectError> {
        match self.0.delete(&place(key)).await {
            Err(error) if !is_no_object(&error) => Err(failed(&error)),
            _ => Ok(()),
        }
    }
}

fn place(key: &Key) -> Path {
    Path::from(key.to_string())
}

/// A bucket that is missing is another matter, and the library tells of both alike.
fn is_no_object(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. }) && code(error).as_deref() != Some(NO_BUCKET)
}

const NO_BUCKET: &str = "NoSuchBucket";
/// A key that nobody has, that is over, or that may not.
const DENIALS: [&str; 6] =
    ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "ExpiredToken", "InvalidToken", "NotSignedUp"];

fn failed(error: &object_store::Error) -> ObjectError {
    use object_store::Error;
    let is_denied = matches!(error, Error::Unauthenticated { .. } | Error::PermissionDenied { .. });
    ObjectError::Bucket(match code(error).as_deref() {
        Some(code) if DENIALS.contains(&code) => CallError::Reauth,
        Some("SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout") => {
            CallError::Later { after: None }
        }
        Some(NO_BUCKET) => refused(NO_BUCKET, "there is no such bucket"),
        Some("RequestTimeTooSkewed") => refused("RequestTimeTooSkewed", "the clock of this machine is wrong"),
        Some(code) => refused(code, "the store does not do this"),
        None if is_denied => CallError::Reauth,
        // No answer, or one without a reason; the library has tried again already.
        None => CallError::Later { after: None },
    })
}

fn refused(code: &str, message: &str) -> CallError {
    CallError::Refused { code: code.to_owned(), message: message.to_owned() }
}

/// The code in the store's answer, which the library hands on only as a part of its sentence.
fn code(error: &object_store::Error) -> Option<String> {
    let sentence = error.to_string();
    let (_, rest) = sentence.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_code = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| code.to_owned())
}
