//! What a backup is: a folder with one dump for each database (`pg_dump`'s custom format), the objects that are kept in a
//! folder ([`objects`]), and a manifest that says what made it and how each file must hash. The master key is left out unless asked for, because with it in the same place
//! the sealing of fields protects nothing.

pub mod objects;
mod programs;

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

pub use self::programs::{dump, load};

pub const MANIFEST: &str = "manifest.json";
/// Beside the dumps, with mode 0600.
pub const MASTER_KEY: &str = "secrets/master.key";
/// Those before have no objects. A program that knows only those would leave them out without a word.
const FORMAT: u32 = 2;

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Version of the program that made it.
    pub version: String,
    #[serde(with = "time::serde::rfc3339")]
    pub made_at: time::OffsetDateTime,
    /// Newest migration of the `system` schema and of the tenants' schemas.
    pub migrations: (i64, i64),
    pub databases: Vec<Dumped>,
    pub files: Vec<Hashed>,
    /// Attachments and other files.
    #[serde(default)]
    pub objects: objects::Kept,
}

/// One database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dumped {
    /// `None` is the control database.
    pub shard: Option<String>,
    pub file: String,
    pub postgres: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Manifest {
    /// Hashes the files that are named; they lie in the folder already.
    pub fn describe(
        folder: &Path,
        made_at: time::OffsetDateTime,
        migrations: (i64, i64),
        databases: Vec<Dumped>,
        others: &[&str],
        objects: objects::Kept,
    ) -> Result<Self> {
        let names = databases.iter().map(|one| one.file.as_str()).chain(others.iter().copied());
        let files: Result<Vec<_>> = names.map(|name| hash(folder, name)).collect();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self { format: FORMAT, version, made_at, migrations, databases, files: files?, objects })
    }

    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} is not a backup: {MANIFEST} cannot be read", folder.display()))?;
        let damaged = || format!("{} is damaged", path.display());
        // The format first: a later one may have other fields.
        let Format { format } = serde_json::from_str(&text).with_context(damaged)?;
        ensure!(
            format <= FORMAT,
            "the backup was made by a newer version of SocialAI Hub: restore it with that version"
        );
        serde_json::from_str(&text).with_context(damaged)
    }

    /// Every file is there and is what it was.
    pub fn verify(&self, folder: &Path) -> Result<()> {
        for wanted in &self.files {
            let plain =
                Path::new(&wanted.file).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            ensure!(plain, "the manifest names `{}`, which is outside of the backup", wanted.file);
            let found = hash(folder, &wanted.file)?;
            if found != *wanted {
                bail!("`{}` is not what the manifest says: the backup is damaged or was altered", wanted.file);
            }
        }
        for database in &self.databases {
            let known = self.files.iter().any(|file| file.file == database.file);
            ensure!(known, "the manifest has no hash of `{}`: the backup is damaged or was altered", database.file);
        }
        objects::verify(folder, &self.objects)
    }

    pub fn holds(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.file == name)
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum::<u64>() + self.objects.bytes()
    }
}

fn hash(folder: &Path, name: &str) -> Result<Hashed> {
    let path = folder.join(name);
    let (bytes, sha256) = hash_file(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Hashed { file: name.to_owned(), bytes, sha256 })
}

fn hash_file(path: &Path) -> io::Result<(u64, String)> {
    copy_hashing(&mut File::open(path)?, &mut io::sink())
}

fn copy_hashing(from: &mut impl Read, to: &mut impl Write) -> io::Result<(u64, String)> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 128 * 1024];
    let mut bytes = 0;
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok((bytes, hex::encode(context.finish())));
        }
        context.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        bytes += count as u64;
    }
}

/// A folder that becomes the backup when it is complete, and goes away when it is not.
#[derive(Debug)]
pub struct Unfinished {
    building: PathBuf,
    wanted: PathBuf,
}

impl Unfinished {
    pub fn begin(wanted: &Path) -> Result<Self> {
        ensure!(fs::symlink_metadata(wanted).is_err(), "{} is there already: name a new folder", wanted.display());
        let name = wanted.file_name().with_context(|| format!("{} names no folder", wanted.display()))?;
        let mut partial = name.to_owned();
        partial.push(".partial");
        let building = wanted.with_file_name(partial);
        let cannot = || format!("cannot make {}", building.display());
        match fs::remove_dir_all(&building) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).with_context(cannot),
            _ => {}
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&building).with_context(cannot)?;
        Ok(Self { building, wanted: wanted.to_path_buf() })
    }

    pub fn path(&self) -> &Path {
        &self.building
    }

    pub fn finish(self, manifest: &Manifest) -> Result<()> {
        let path = self.building.join(MANIFEST);
        let text = serde_json::to_string_pretty(manifest)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        for name in manifest.files.iter().map(|file| file.file.as_str()).chain([MANIFEST, "."]) {
            File::open(self.building.join(name))?.sync_all()?;
        }
        fs::rename(&self.building, &self.wanted)
            .with_context(|| format!("cannot rename {} to {}", self.building.display(), self.wanted.display()))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After `finish` there is nothing by this name.
        let _ = fs::remove_dir_all(&self.building);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(home: &Path) -> (PathBuf, Manifest) {
        let folder = home.join("backup");
        let unfinished = Unfinished::begin(&folder).unwrap();
        fs::write(unfinished.path().join("control.dump"), "dump").unwrap();
        let dumped = Dumped { shard: None, file: "control.dump".to_owned(), postgres: "15.1".to_owned() };
        let at = time::OffsetDateTime::UNIX_EPOCH;
        let manifest =
            Manifest::describe(unfinished.path(), at, (1, 1), vec![dumped], &[], objects::Kept::LeftOut).unwrap();
        unfinished.finish(&manifest).unwrap();
        (folder, manifest)
    }

    #[test]
    fn manifest_reads_back_and_verifies() {
        let home = tempfile::tempdir().unwrap();
        let (folder, manifest) = backup(home.path());
        assert_eq!(Manifest::read(&folder).unwrap(), manifest);
        manifest.verify(&folder).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing unfinished is left");
    }

    #[test]
    fn altered_missing_and_foreign_files_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let (folder, mut manifest) = backup(home.path());
        fs::write(folder.join("control.dump"), "dumb").unwrap();
        assert!(manifest.verify(&folder).unwrap_err().to_string().contains("altered"));
        fs::remove_file(folder.join("control.dump")).unwrap();
        assert!(manifest.verify(&folder).is_err());
        manifest.files[0].file = "../outside".to_owned();
        assert!(manifest.verify(&folder).unwrap_err().to_string().contains("outside"));
        manifest.files.clear();
        assert!(manifest.verify(&folder).unwrap_err().to_string().contains("no hash"));
    }

    #[test]
    fn backup_of_a_later_format_is_refused_and_an_existing_folder_kept() {
        let home = tempfile::tempdir().unwrap();
        let (folder, _) = backup(home.path());
        assert!(Unfinished::begin(&folder).unwrap_err().to_string().contains("already"));
        fs::write(folder.join(MANIFEST), "{\"format\": 3}").unwrap();
        assert!(Manifest::read(&folder).unwrap_err().to_string().contains("newer version"));
        assert!(Manifest::read(home.path()).unwrap_err().to_string().contains("is not a backup"));
    }
}
