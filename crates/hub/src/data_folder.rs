//! The data folder: generated secrets, and the note by which commands find a running server.
//!
//! Secrets are files of mode 0600 below `secrets/`. They are made whole or not at all (written beside and linked into
//! place), and the first of two processes wins.
//!
//! While a process runs the private PostgreSQL, `running.json` tells its port, so that `socialai user list` beside a
//! running demo talks to that server instead of starting a second one. The note holds no secret. It counts only while
//! the folder's lock is held: after `kill -9` it is stale, and the lock is free.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Who holds the private PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// Stays until it is told to stop.
    Server,
    /// A command that ends by itself.
    Command,
}

/// What other processes need to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub pid: u32,
    pub holder: Holder,
    pub postgres_port: u16,
}

#[derive(Debug, Clone)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    pub fn at(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    pub fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }

    pub fn master_key(&self) -> PathBuf {
        self.secrets().join("master.key")
    }

    /// A secret that was kept, or the one that `make` makes; the flag says that it is new.
    pub fn keep(&self, name: &str, make: impl FnOnce() -> SecretString) -> Result<(SecretString, bool)> {
        let path = self.secrets().join(name);
        if let Some(kept) = read_secret(&path)? {
            return Ok((kept, false));
        }
        let secret = make();
        if write_new(&path, secret.expose_secret()).with_context(|| format!("cannot write {}", path.display()))? {
            return Ok((secret, true));
        }
        let kept = read_secret(&path)?.with_context(|| format!("{} was made and removed meanwhile", path.display()))?;
        Ok((kept, false))
    }

    fn note(&self) -> PathBuf {
        self.0.join("running.json")
    }

    pub fn write_note(&self, running: &Running) -> Result<()> {
        let text = serde_json::to_string(running)?;
        replace(&self.note(), &text).with_context(|| format!("cannot write {}", self.note().display()))
    }

    /// Nothing for a note that is missing or half readable.
    pub fn read_note(&self) -> Option<Running> {
        serde_json::from_str(&fs::read_to_string(self.note()).ok()?).ok()
    }

    pub fn remove_note(&self) {
        let _ = fs::remove_file(self.note());
    }
}

/// 160 random bits.
pub fn random_secret() -> SecretString {
    hex::encode(rand::random::<[u8; 20]>()).into()
}

pub fn read_secret(path: &Path) -> Result<Option<SecretString>> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => anyhow::bail!("{} is empty: put its content back", path.display()),
        Ok(text) => Ok(Some(text.trim().to_owned().into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// False when the file was there already.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    let beside = write_beside(path, text)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Ok(()) => sync_folder(path).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Replaces a file of mode 0600 in one step; a reader sees the old text or the new one.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    fs::rename(write_beside(path, text)?, path)?;
    sync_folder(path)
}

fn write_beside(path: &Path, text: &str) -> io::Result<PathBuf> {
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    let beside = path.with_extension(format!("new-{}-{:08x}", std::process::id(), rand::random::<u32>()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    Ok(beside)
}

/// For us alone. What is above it stays passable for root's installation, because PostgreSQL's account walks through.
fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
        DirBuilder::new().recursive(true).mode(mode).create(above)?;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secret_is_made_once_and_only_its_owner_reads_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(&home.path().join("data"));
        let (first, fresh) = folder.keep("x.password", random_secret).unwrap();
        let (second, fresh_again) = folder.keep("x.password", random_secret).unwrap();
        assert_eq!((fresh, fresh_again), (true, false));
        assert_eq!(first.expose_secret(), second.expose_secret());
        let mode = fs::metadata(folder.secrets().join("x.password")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.secrets()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn many_at_once_agree_on_one_secret() {
        let home = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(home.path());
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| folder.keep("x", random_secret).unwrap().0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(made.iter().all(|secret| secret.expose_secret() == made[0].expose_secret()));
    }

    #[test]
    fn emptied_secret_is_told_and_not_made_anew() {
        let home = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(home.path());
        fs::create_dir(folder.secrets()).unwrap();
        fs::write(folder.secrets().join("x"), "\n").unwrap();
        assert!(folder.keep("x", random_secret).unwrap_err().to_string().contains("is empty"));
    }

    #[test]
    fn note_reads_back_and_a_damaged_one_counts_as_none() {
        let home = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(home.path());
        let note = Running { pid: 7, holder: Holder::Server, postgres_port: 5 };
        folder.write_note(&note).unwrap();
        assert_eq!(folder.read_note(), Some(note));
        fs::write(folder.note(), "{").unwrap();
        assert_eq!(folder.read_note(), None);
    }
}
