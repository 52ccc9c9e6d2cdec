//! Where the cluster really lives, and whether it can live there.
//!
//! The folder that the caller names may be one that the server's account cannot reach (under
//! `/root`, say). The cluster then goes to `/var/lib/socialai` and the named folder becomes a link
//! to it, made only after the cluster is complete: a link whose target is gone therefore always
//! means lost data, and never an unfinished first start, and is reported and not papered over.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::ClusterError;
use crate::leftover;

/// Below this, the first checkpoint of a new cluster may already fill the disk.
pub(crate) const NEEDED_MB: u64 = 200;

const ELSEWHERE: &str = "/var/lib/socialai";

/// What was found at the place of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Nothing,
    Cluster { major: u32 },
}

/// The folders of one cluster and the account it runs as.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// As the caller named it, made absolute.
    pub(crate) named: PathBuf,
    /// Where the data is; differs from `named` when that is a link.
    pub(crate) real: PathBuf,
    pub(crate) account: Account,
    pub(crate) content: Content,
}

impl Place {
    /// Looks at the folder, makes its parents and decides where the data goes.
    pub(crate) fn prepare(folder: &Path, progress: &mut dyn FnMut(&str)) -> Result<Self, ClusterError> {
        let named = absolute(folder)?;
        if let Some(target) = link_target(&named)? {
            let Ok(real) = named.canonicalize() else {
                return Err(ClusterError::TargetMissing { folder: named, target });
            };
            let account = Account::choose(Some(&real))?;
            return Self::checked(named, real, account);
        }
        let exists = content_of(&named)? != Content::Nothing;
        let account = Account::choose(exists.then_some(named.as_path()))?;
        let parent = named.parent().unwrap_or(Path::new("/"));
        if account.can_enter(parent) {
            return Self::checked(named.clone(), named, account);
        }
        if exists {
            return Err(ClusterError::Unreachable { folder: named, user: account.name });
        }
        let real = elsewhere(&named, &account, progress)?;
        Self::checked(named, real, account)
    }

    fn checked(named: PathBuf, real: PathBuf, account: Account) -> Result<Self, ClusterError> {
        let content = content_of(&real)?;
        let parent = real.parent().unwrap_or(Path::new("/"));
        check_space(parent)?;
        if content != Content::Nothing {
            check_owner(&real, &account)?;
        }
        Ok(Self { named, real, account, content })
    }

    /// Makes the named folder a link when the data lives elsewhere.
    pub(crate) fn link(&self) -> Result<(), ClusterError> {
        if self.named == self.real || link_target(&self.named)?.is_some() {
            return Ok(());
        }
        let made = remove_if_empty(&self.named).and_then(|()| std::os::unix::fs::symlink(&self.real, &self.named));
        made.map_err(|source| ClusterError::file("link the database folder", &self.named, source))
    }
}

/// Makes a folder that only we and those who may pass through it can use.
///
/// Root's is passable (0711), because the server's account has to walk through it.
pub(crate) fn create_private_folder(folder: &Path) -> Result<(), ClusterError> {
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    let created = fs::DirBuilder::new().recursive(true).mode(mode).create(folder);
    created.map_err(|source| ClusterError::file("create the folder", folder, source))
}

pub(crate) fn remove_if_empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The folder with a resolved parent, because the server reports its folder without links.
fn absolute(folder: &Path) -> Result<PathBuf, ClusterError> {
    let cannot = |source| ClusterError::file("find the folder", folder, source);
    let folder = std::path::absolute(folder).map_err(cannot)?;
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(ClusterError::NotACluster { folder });
    };
    create_private_folder(parent)?;
    Ok(parent.canonicalize().map_err(cannot)?.join(name))
}

fn link_target(path: &Path) -> Result<Option<PathBuf>, ClusterError> {
    match fs::read_link(path) {
        Ok(target) => Ok(Some(target)),
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => Ok(None),
        Err(source) => Err(ClusterError::file("read the link", path, source)),
    }
}

fn content_of(folder: &Path) -> Result<Content, ClusterError> {
    let cannot = |source| ClusterError::file("look into the folder", folder, source);
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::Nothing),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(ClusterError::NotACluster { folder: folder.to_path_buf() });
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(not_ours(folder).unwrap_or_else(|| cannot(error)));
        }
        Err(error) => return Err(cannot(error)),
    };
    if entries.next().is_none() {
        return Ok(Content::Nothing);
    }
    let damaged = |what: &str| ClusterError::Corrupted { folder: folder.to_path_buf(), what: what.to_owned() };
    let has_control_file = folder.join("global/pg_control").is_file();
    match fs::read_to_string(folder.join("PG_VERSION")) {
        Ok(version) if !has_control_file && parse_version(&version).is_some() => {
            Err(damaged("its file global/pg_control is missing"))
        }
        Ok(version) => match parse_version(&version) {
            Some(major) => Ok(Content::Cluster { major }),
            None => Err(damaged("its file PG_VERSION holds no version")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && has_control_file => {
            Err(damaged("its file PG_VERSION is missing"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ClusterError::NotACluster { folder: folder.to_path_buf() })
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(damaged("its file PG_VERSION is not text")),
        Err(source) => Err(cannot(source)),
    }
}

fn parse_version(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

fn check_space(parent: &Path) -> Result<(), ClusterError> {
    let disk = rustix::fs::statvfs(parent)
        .map_err(|error| ClusterError::file("measure the free space of", parent, error.into()))?;
    let free_mb = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
    if free_mb < NEEDED_MB {
        return Err(ClusterError::DiskFull { path: parent.to_path_buf(), free_mb, needed_mb: NEEDED_MB });
    }
    Ok(())
}

/// Root takes a folder that root owns (a restored backup) and gives it to the server's account; an
/// ordinary user can only use a folder of their own.
fn check_owner(folder: &Path, account: &Account) -> Result<(), ClusterError> {
    if let Some(error) = not_ours(folder) {
        return Err(error);
    }
    let cannot = |source| ClusterError::file("prepare the folder", folder, source);
    let metadata = folder.metadata().map_err(cannot)?;
    if account.switches && metadata.uid() != account.uid {
        account.give(folder).map_err(cannot)?;
    }
    // The server refuses a folder that others may read, and a copy often comes with such a mode.
    if metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(cannot)?;
    }
    Ok(())
}

fn not_ours(folder: &Path) -> Option<ClusterError> {
    let us = rustix::process::geteuid().as_raw();
    let owner = folder.metadata().ok()?.uid();
    (us != 0 && owner != us).then(|| ClusterError::NotOurs { folder: folder.to_path_buf(), owner, us })
}

/// The place outside the named folder, free for a new cluster.
fn elsewhere(named: &Path, account: &Account, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, ClusterError> {
    let home = Path::new(ELSEWHERE);
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(home);
    made.map_err(|source| ClusterError::file("create the folder", home, source))?;
    let real = home.join(format!("postgres-{}", short_hash(named)));
    if !account.can_enter(home) {
        return Err(ClusterError::Unreachable { folder: real, user: account.name.clone() });
    }
    if content_of(&real)? != Content::Nothing {
        set_aside(&real, progress)?;
    }
    progress(&format!(
        "PostgreSQL runs as user {}, who cannot enter the folder of {}: its data goes to {}",
        account.name,
        named.display(),
        real.display()
    ));
    Ok(real)
}

/// Moves away the cluster of a data folder that somebody removed: a new installation must not open
/// old data, and nobody asked us to delete it.
fn set_aside(real: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), ClusterError> {
    leftover::stop(real, progress)?;
    let mut number = 1_u32;
    let aside = loop {
        let candidate = real.with_extension(format!("old-{number}"));
        if !candidate.exists() {
            break candidate;
        }
        number += 1;
    };
    fs::rename(real, &aside).map_err(|source| ClusterError::file("move away the folder", real, source))?;
    progress(&format!("The database of an earlier, removed data folder was kept as {}", aside.display()));
    Ok(())
}

/// FNV-1a, because the name of a folder on disk must not change with the compiler, as the standard
/// library's hash may.
fn short_hash(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}").chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_of_a_folder_is_short_and_never_changes() {
        assert_eq!(short_hash(Path::new("/srv/hub/data/postgres")), short_hash(Path::new("/srv/hub/data/postgres")));
        assert_ne!(short_hash(Path::new("/srv/hub/data/postgres")), short_hash(Path::new("/srv/hub/b/postgres")));
        assert_eq!(short_hash(Path::new("")), "cbf29ce48422");
    }
}
