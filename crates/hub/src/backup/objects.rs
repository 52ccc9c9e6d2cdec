//! Attachments and other files in a backup: each as a file of its own, and a list with the hash of each, a line for each, so
//! that however many there are fit into memory.
//!
//! They are copied after the databases were dumped. An object never changes and is there before the row that names it is, so
//! whatever a dump names is copied, unless it was removed since. In a bucket they have a backup of their own.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use socialai_connect::objects::{Key, Objects};
use socialai_domain::conversations::attachments::LARGEST_BYTES;

use super::{Hashed, copy_hashing, hash};

pub const FOLDER: &str = "objects";
pub const LIST: &str = "objects.list";

/// What a backup has of the objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "are", rename_all = "snake_case")]
pub enum Kept {
    /// It was made by a version that left them out.
    #[default]
    LeftOut,
    /// Beside the dumps.
    Here { number: u64, bytes: u64 },
    /// They were in this bucket, which is backed up by its own means.
    InBucket { bucket: String },
}

impl Kept {
    pub fn bytes(&self) -> u64 {
        if let Self::Here { bytes, .. } = self { *bytes } else { 0 }
    }
}

/// Copies what is in the folder of objects into the backup.
pub fn copy(folder: &Path, backup: &Path) -> Result<Kept> {
    let path = backup.join(LIST);
    let cannot = || format!("cannot write {}", path.display());
    let mut list = BufWriter::new(File::create(&path).with_context(cannot)?);
    let (mut number, mut total) = (0, 0);
    walk(folder, "", &mut |key, object| {
        let copied = copy_one(object, &backup.join(FOLDER).join(key.to_string()));
        let copied = copied.with_context(|| format!("cannot copy {}", object.display()))?;
        let Some((bytes, sha256)) = copied else { return Ok(()) };
        let line = serde_json::to_string(&Hashed { file: key.to_string(), bytes, sha256 })?;
        writeln!(list, "{line}").with_context(cannot)?;
        (number, total) = (number + 1, total + bytes);
        Ok(())
    })?;
    list.flush().with_context(cannot)?;
    Ok(Kept::Here { number, bytes: total })
}

/// Every object below a folder. What is no object's name is one that is being written.
fn walk(folder: &Path, inside: &str, take: &mut dyn FnMut(&Key, &Path) -> Result<()>) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(cannot)?,
    };
    for entry in entries {
        let entry = entry.with_context(cannot)?;
        let name = format!("{inside}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().with_context(cannot)?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{name}/"), take)?;
        } else if let Some(key) = Key::parse(&name).filter(|_| kind.is_file()) {
            take(&key, &entry.path())?;
        }
    }
    Ok(())
}

/// `None`: it was removed meanwhile, and nobody names it any more.
fn copy_one(object: &Path, to: &Path) -> Result<Option<(u64, String)>> {
    let mut from = match File::open(object) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    fs::create_dir_all(to.parent().context("an object without a folder")?)?;
    let mut to = File::create(to)?;
    let copied = copy_hashing(&mut from, &mut to)?;
    to.sync_all()?;
    Ok(Some(copied))
}

/// Every object is there and is what it was.
pub fn verify(backup: &Path, kept: &Kept) -> Result<()> {
    let Kept::Here { number, .. } = kept else { return Ok(()) };
    let mut found = 0;
    for wanted in listed(backup)? {
        let (key, wanted) = wanted?;
        let Hashed { bytes, sha256, .. } = hash(backup, &format!("{FOLDER}/{key}"))?;
        if (bytes, &sha256) != (wanted.bytes, &wanted.sha256) {
            bail!("the object `{key}` is not what the list says: the backup is damaged or was altered");
        }
        found += 1;
    }
    ensure!(found == *number, "the list names {found} objects and the manifest {number}: the backup was altered");
    Ok(())
}

fn listed(backup: &Path) -> Result<impl Iterator<Item = Result<(Key, Hashed)>>> {
    let path = backup.join(LIST);
    let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(BufReader::new(file).lines().map(|line| {
        let line: Hashed = serde_json::from_str(&line?).with_context(|| format!("`{LIST}` is damaged"))?;
        let key =
            Key::parse(&line.file).with_context(|| format!("`{LIST}` names `{}`, which is no object", line.file))?;
        Ok((key, line))
    }))
}

/// Puts them where objects belong. One that is there already is the same.
pub async fn put(backup: &Path, to: &Objects) -> Result<()> {
    for listed in listed(backup)? {
        let (key, listed) = listed?;
        let is_usual = usize::try_from(listed.bytes).is_ok_and(|bytes| bytes <= LARGEST_BYTES);
        ensure!(is_usual, "the object `{key}` is larger than this program keeps");
        let path = backup.join(FOLDER).join(key.to_string());
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        to.put(&key, &bytes).await.with_context(|| format!("cannot put the object `{key}` back"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "00000000-0000-0000-0000-000000000007";

    fn object(folder: &Path, name: &str, content: &str) {
        let place = folder.join(TENANT).join("attachments").join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    #[tokio::test]
    async fn objects_come_back_as_they_were_and_unfinished_ones_are_left_out() {
        let (home, backup, new) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        object(home.path(), "a1", "first");
        object(home.path(), "b2", "second");
        object(home.path(), "b2.0123456789abcdef.new", "sec");
        let kept = copy(home.path(), backup.path()).unwrap();
        assert_eq!(kept, Kept::Here { number: 2, bytes: 11 });
        verify(backup.path(), &kept).unwrap();
        let objects = Objects::Folder(new.path().to_path_buf());
        put(backup.path(), &objects).await.unwrap();
        for (name, content) in [("a1", "first"), ("b2", "second")] {
            let key = Key::parse(&format!("{TENANT}/attachments/{name}")).unwrap();
            assert_eq!(objects.get(&key, 100).await.unwrap().unwrap(), content.as_bytes());
        }
    }

    #[test]
    fn altered_missing_and_foreign_objects_are_refused() {
        let (home, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        object(home.path(), "a1", "first");
        let kept = copy(home.path(), backup.path()).unwrap();
        object(&backup.path().join(FOLDER), "a1", "worse");
        assert!(verify(backup.path(), &kept).unwrap_err().to_string().contains("altered"));
        fs::remove_dir_all(backup.path().join(FOLDER)).unwrap();
        assert!(verify(backup.path(), &kept).is_err());
        fs::write(backup.path().join(LIST), "").unwrap();
        assert!(verify(backup.path(), &kept).unwrap_err().to_string().contains("names 0 objects"));
        let outside = Hashed { file: "../../outside".to_owned(), bytes: 1, sha256: String::new() };
        fs::write(backup.path().join(LIST), serde_json::to_string(&outside).unwrap()).unwrap();
        assert!(verify(backup.path(), &kept).unwrap_err().to_string().contains("no object"));
    }

    #[test]
    fn installation_without_objects_has_an_empty_list() {
        let (home, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let kept = copy(&home.path().join("objects"), backup.path()).unwrap();
        assert_eq!(kept, Kept::Here { number: 0, bytes: 0 });
        verify(backup.path(), &kept).unwrap();
    }
}
