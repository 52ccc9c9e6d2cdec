//! Where bytes are kept that are too large for the database: in a folder, which all processes of the installation share,
//! or in a bucket.
//!
//! A key begins with the tenant, which is part of its type: nothing is reachable by an id alone. An object is written as a
//! whole or not at all, and writing it again under its key changes nothing; who writes first the object and then the row that
//! names it never has a row without its object.

mod bucket;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

pub use self::bucket::{Bucket, BucketSettings};
use crate::call::CallError;

const LONGEST_ID: usize = 128;
const PROBE: &[u8] = b"probe";

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Attachment,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Attachment => "attachments",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Attachment].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// `{tenant}/{kind}/{id}`, without anything that means something to a file system or to an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    tenant: Uuid,
    kind: Kind,
    id: String,
}

impl Key {
    /// `None`: such an id cannot be part of a key.
    pub fn new(tenant: Uuid, kind: Kind, id: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_plain);
        fits.then(|| Self { tenant, kind, id: id.to_owned() })
    }

    /// As [`Display`](fmt::Display) writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (tenant, kind, id) = (parts.next()?, parts.next()?, parts.next()?);
        let tenant = Uuid::parse_str(tenant).ok()?;
        Self::new(tenant, Kind::named(kind)?, id).filter(|key| key.to_string() == text)
    }

    pub fn tenant(&self) -> Uuid {
        self.tenant
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.kind.as_str(), self.id)
    }
}

/// The store did not do it; nothing or the whole took place, and it may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("the folder of objects cannot be used: {0}")]
    Folder(#[from] io::Error),
    #[error("the bucket of objects cannot be used: {0}")]
    Bucket(CallError),
    #[error("the object cannot be read: {0}")]
    Unreadable(CallError),
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub enum Objects {
    Folder(PathBuf),
    Bucket(Bucket),
}

impl Objects {
    pub async fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), ObjectError> {
        match self {
            Self::Folder(folder) => put_in(folder, key, bytes).await,
            Self::Bucket(bucket) => bucket.put(key, bytes).await,
        }
    }

    /// `None`: there is none. One that is larger than `limit` is an error.
    pub async fn get(&self, key: &Key, limit: usize) -> Result<Option<Vec<u8>>, ObjectError> {
        match self {
            Self::Folder(folder) => get_from(&place(folder, key), limit).await,
            Self::Bucket(bucket) => bucket.get(key, limit).await,
        }
    }

    /// What is gone already is not removed twice.
    pub async fn delete(&self, key: &Key) -> Result<(), ObjectError> {
        match self {
            Self::Folder(folder) => match tokio::fs::remove_file(place(folder, key)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            },
            Self::Bucket(bucket) => bucket.delete(key).await,
        }
    }

    /// Whether the bucket answers; `None` for a folder, which needs nobody.
    pub async fn reach(&self) -> Option<Result<(), ObjectError>> {
        match self {
            Self::Folder(_) => None,
            Self::Bucket(bucket) => Some(bucket.get(&probe(), PROBE.len()).await.map(drop)),
        }
    }

    /// Writes, reads and removes an object that belongs to nobody.
    pub async fn try_out(&self) -> Result<(), ObjectError> {
        let key = probe();
        self.put(&key, PROBE).await?;
        let read = self.get(&key, PROBE.len()).await;
        self.delete(&key).await?;
        match read? {
            Some(bytes) if bytes == PROBE => Ok(()),
            _ => Err(ObjectError::Unreadable(CallError::Unreadable("it is not what was written a moment ago"))),
        }
    }
}

/// A key of its own, so that two who try at once do not meet.
fn probe() -> Key {
    Key { tenant: Uuid::nil(), kind: Kind::Attachment, id: Uuid::new_v4().simple().to_string() }
}

fn place(folder: &Path, key: &Key) -> PathBuf {
    folder.join(key.tenant.to_string()).join(key.kind.as_str()).join(&key.id)
}

/// Written beside its place and moved there, so that nobody ever sees a part.
async fn put_in(folder: &Path, key: &Key, bytes: &[u8]) -> Result<(), ObjectError> {
    use tokio::io::AsyncWriteExt;
    let place = place(folder, key);
    let beside = place.with_extension(format!("{:016x}.new", rand::random::<u64>()));
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent).await?;
    }
    let written = async {
        let mut file = tokio::fs::File::create(&beside).await?;
        file.write_all(bytes).await?;
        file.sync_all().await?;
        tokio::fs::rename(&beside, &place).await
    };
    let written = written.await;
    if written.is_err() {
        // What is left of it would never be removed.
        let _ = tokio::fs::remove_file(&beside).await;
    }
    Ok(written?)
}

async fn get_from(place: &Path, limit: usize) -> Result<Option<Vec<u8>>, ObjectError> {
    let size = match tokio::fs::metadata(place).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?.len(),
    };
    if usize::try_from(size).is_ok_and(|size| size <= limit) {
        return Ok(Some(tokio::fs::read(place).await?));
    }
    Err(ObjectError::Unreadable(CallError::Unreadable("it is larger than allowed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_nowhere_but_to_their_tenants() {
        let tenant = Uuid::from_u128(7);
        let key = Key::new(tenant, Kind::Attachment, "0a1b").unwrap();
        assert_eq!(Key::parse(&key.to_string()), Some(key));
        for id in ["", "..", "a/b", "a\\b", "a.b", "%2e", &"a".repeat(129)] {
            assert_eq!(Key::new(tenant, Kind::Attachment, id), None, "{id:?}");
        }
        for text in [
            "",
            "a/attachments/b",
            "../attachments/b",
            &format!("{tenant}/other/b"),
            &format!("{tenant}/attachments/b/c"),
        ] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }
}
