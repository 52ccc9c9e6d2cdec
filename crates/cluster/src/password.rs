//! The superuser's password: made by us, kept beside the data folder, never on a command line.
//!
//! It lies in `<folder>/../secrets/postgres.password` (mode 0600), so with the product's layout in
//! `./data/secrets`. When that file is lost the password is set anew in PostgreSQL's single-user
//! mode, which needs none: whoever owns the data folder can always open the database.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rand::distr::{Alphanumeric, SampleString};
use secrecy::{ExposeSecret, SecretString};

use crate::account::Account;
use crate::error::ClusterError;
use crate::installation::Installation;

/// The superuser's name, which every tool expects.
pub(crate) const SUPERUSER: &str = "postgres";

/// 40 letters and digits carry 238 bits and need no quoting anywhere.
const LENGTH: usize = 40;

pub(crate) fn generate() -> SecretString {
    SecretString::from(Alphanumeric.sample_string(&mut rand::rng(), LENGTH))
}

pub(crate) fn path_beside(folder: &Path) -> PathBuf {
    folder.with_file_name("secrets").join("postgres.password")
}

/// The kept password, if there is one.
pub(crate) fn read(path: &Path) -> Result<Option<SecretString>, ClusterError> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(SecretString::from(text.trim()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ClusterError::file("read the password file", path, source)),
    }
}

/// Keeps the password whole or not at all.
pub(crate) fn write(path: &Path, password: &SecretString) -> Result<(), ClusterError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let kept = || -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // `tempfile` creates with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(file, "{}", password.expose_secret())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        give_to_owner_of_parent(folder, path)
    };
    kept().map_err(|source| ClusterError::file("write the password file", path, source))
}

/// Root working in a user's data folder leaves files that the user can still read afterwards.
fn give_to_owner_of_parent(folder: &Path, file: &Path) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let Some(parent) = folder.parent() else { return Ok(()) };
    let owner = parent.metadata()?;
    for path in [folder, file] {
        std::os::unix::fs::lchown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

/// Sets the superuser's password while no server runs in the folder.
pub(crate) fn reset(
    installation: &Installation,
    account: &Account,
    folder: &Path,
    password: &SecretString,
) -> Result<(), ClusterError> {
    let program = installation.program("postgres");
    let cannot = |source| ClusterError::CannotRun { program: program.clone(), source };
    let mut child = account
        .command(&program, folder)
        .args(["--single", "-D"])
        .arg(folder)
        // The statement holds the password: it may appear in no message, and in no log.
        .args(["-c", "log_min_error_statement=panic", "-c", "logging_collector=off", SUPERUSER])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    let statement = format!("alter role {SUPERUSER} password '{}';\n", password.expose_secret());
    if let Some(mut input) = child.stdin.take() {
        // A program that ended at once closes the pipe; its own words, read below, say more than that.
        let _closed_early = input.write_all(statement.as_bytes());
    }
    let output = child.wait_with_output().map_err(cannot)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && !said.contains("ERROR:") && !said.contains("FATAL:") {
        return Ok(());
    }
    let doing = "setting the database password anew".to_owned();
    Err(ClusterError::ProgramFailed { program: program.display().to_string(), doing, output: last_lines(&said, 5) })
}

/// The last lines of a program's output, indented below the sentence they explain.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(count);
    let mut shown = String::new();
    for line in lines.iter().skip(from) {
        shown.push_str("\n    ");
        shown.push_str(line.trim_end());
    }
    shown
}
