//! Makes a new cluster, whole or not at all.
//!
//! `initdb` may be killed half way, with us or without us. It therefore works in a temporary folder
//! beside the real one, and only a complete cluster is renamed into place. What an interrupted run
//! left is removed by the next one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Output;

use secrecy::{ExposeSecret, SecretString};

use crate::error::ClusterError;
use crate::installation::Installation;
use crate::password::{SUPERUSER, last_lines};
use crate::place::{self, Place};

/// Sorts text by code point on every machine; `C` is the same without upper and lower case beyond ASCII.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

pub(crate) fn create(
    installation: &Installation,
    place: &Place,
    password: &SecretString,
    durable: bool,
) -> Result<(), ClusterError> {
    let cannot = |source| ClusterError::file("create the database in", &place.real, source);
    let parent = place.real.parent().unwrap_or(Path::new("/"));
    let prefix = workshop_prefix(&place.real);
    remove_abandoned(parent, &prefix);
    let workshop = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).map_err(cannot)?;

    let password_file = workshop.path().join("password");
    write_password(&password_file, password).map_err(cannot)?;
    place.account.give(workshop.path()).map_err(cannot)?;

    let made = workshop.path().join("data");
    run_initdb(installation, place, workshop.path(), &made, durable)?;
    if !made.symlink_metadata().map_err(cannot)?.is_dir() {
        return Err(cannot(io::Error::from(io::ErrorKind::NotADirectory)));
    }
    place::remove_if_empty(&place.real).map_err(cannot)?;
    fs::rename(&made, &place.real).map_err(cannot)?;
    if durable {
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(cannot)?;
    }
    Ok(())
}

fn workshop_prefix(real: &Path) -> String {
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.init-")
}

/// Removes what interrupted runs left. An `initdb` that outlived its parent may still be writing
/// there, so a failure here is no reason to stop: the next start tries again.
fn remove_abandoned(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::debug!(folder = %entry.path().display(), %error, "an abandoned folder stays for now");
        }
    }
}

fn write_password(path: &Path, password: &SecretString) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", password.expose_secret())
}

fn run_initdb(
    installation: &Installation,
    place: &Place,
    workshop: &Path,
    folder: &Path,
    durable: bool,
) -> Result<(), ClusterError> {
    let program = installation.program("initdb");
    let mut said = String::new();
    for locale in LOCALES {
        let output = initdb(&program, place, workshop, folder, locale, durable)?;
        if output.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !said.contains("locale") {
            break;
        }
    }
    if said.contains("No space left on device") {
        let path = workshop.to_path_buf();
        return Err(ClusterError::DiskFull { path, free_mb: 0, needed_mb: place::NEEDED_MB });
    }
    let doing = format!("creating the database in {}", place.real.display());
    Err(ClusterError::ProgramFailed { program: program.display().to_string(), doing, output: last_lines(&said, 5) })
}

fn initdb(
    program: &Path,
    place: &Place,
    workshop: &Path,
    folder: &Path,
    locale: &str,
    durable: bool,
) -> Result<Output, ClusterError> {
    let mut command = place.account.command(program, workshop);
    command.arg("-D").arg(folder).args(["-U", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"]);
    command.arg(format!("--locale={locale}")).args(["--data-checksums", "--no-instructions"]);
    command.arg("--pwfile").arg(workshop.join("password"));
    if !durable {
        command.arg("--no-sync");
    }
    command.output().map_err(|source| ClusterError::CannotRun { program: program.to_path_buf(), source })
}
