//! Finds the PostgreSQL programs that the machine has.
//!
//! Distributions hide `initdb` and `postgres` from the search path and keep several majors side by
//! side, so the usual homes are looked through as well. A data folder can be opened only by the
//! major that made it; a new one is made by the newest.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::ClusterError;

/// The oldest major whose features the product relies on.
pub const OLDEST_MAJOR: u32 = 15;

/// One set of PostgreSQL programs of one major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder with `postgres`, `initdb`, `psql`, `pg_dump` and the rest.
    pub bin: PathBuf,
    pub major: u32,
}

/// Where distributions put the programs. One `*` may stand inside the second last or last part.
const HOMES: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/bin",
];

impl Installation {
    /// The newest installation of at least [`OLDEST_MAJOR`], or exactly the wanted major.
    pub fn find(wanted_major: Option<u32>) -> Result<Self, ClusterError> {
        let found = candidates();
        let chosen = choose(&found, wanted_major);
        chosen.ok_or_else(|| {
            let mut majors: Vec<u32> = found.iter().map(|one| one.major).collect();
            majors.sort_unstable();
            majors.dedup();
            ClusterError::NotInstalled { oldest: wanted_major.unwrap_or(OLDEST_MAJOR), found: majors }
        })
    }

    /// Like [`Installation::find`], with an error that names the folder which needs this major.
    pub(crate) fn find_for_folder(folder: &Path, major: u32) -> Result<Self, ClusterError> {
        Self::find(Some(major)).map_err(|error| match error {
            ClusterError::NotInstalled { found, .. } if !found.is_empty() => {
                ClusterError::MajorMissing { folder: folder.to_path_buf(), wanted: major, found }
            }
            other => other,
        })
    }

    /// The path of one of its programs, for example `psql`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

fn choose(found: &[Installation], wanted_major: Option<u32>) -> Option<Installation> {
    let mut fitting = found.iter().filter(|one| match wanted_major {
        Some(wanted) => one.major == wanted,
        None => one.major >= OLDEST_MAJOR,
    });
    // `max_by_key` takes the last of equals; the first one found comes from the search path, which the user controls.
    let first = fitting.next()?;
    Some(fitting.fold(first, |best, one| if one.major > best.major { one } else { best }).clone())
}

fn candidates() -> Vec<Installation> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    for home in HOMES {
        folders.extend(expand(home));
    }
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut found = Vec::new();
    for folder in folders {
        if !["postgres", "initdb", "psql"].iter().all(|program| folder.join(program).is_file()) {
            continue;
        }
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        if seen.contains(&real) {
            continue;
        }
        seen.push(real);
        if let Some(major) = major_of(&folder.join("postgres")) {
            found.push(Installation { bin: folder, major });
        }
    }
    found
}

/// Replaces the single `*` of a pattern by what is on disk; a pattern without one stays as it is.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = std::fs::read_dir(Path::new(if parent.is_empty() { "/" } else { parent })) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}

fn major_of(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").stdin(Stdio::null()).output().ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, and `… 19beta1` as well.
fn parse_major(version: &str) -> Option<u32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(bin: &str, major: u32) -> Installation {
        Installation { bin: PathBuf::from(bin), major }
    }

    #[test]
    fn newest_major_is_chosen_for_a_new_folder() {
        let found = [installation("/a", 15), installation("/b", 17), installation("/c", 16)];
        assert_eq!(choose(&found, None).map(|one| one.major), Some(17));
    }

    #[test]
    fn search_path_wins_among_equal_majors() {
        let found = [installation("/first", 16), installation("/second", 16)];
        assert_eq!(choose(&found, None), Some(installation("/first", 16)));
    }

    #[test]
    fn existing_folder_gets_exactly_its_major() {
        let found = [installation("/a", 15), installation("/b", 17)];
        assert_eq!(choose(&found, Some(15)).map(|one| one.major), Some(15));
        assert_eq!(choose(&found, Some(16)), None);
    }

    #[test]
    fn majors_older_than_supported_do_not_count() {
        assert_eq!(choose(&[installation("/a", 13)], None), None);
    }

    #[test]
    fn version_lines_of_releases_and_betas_are_read() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(parse_major("something else"), None);
    }

    #[test]
    fn missing_installation_names_a_package_for_each_system() {
        let sentence = ClusterError::NotInstalled { oldest: 15, found: vec![13] }.to_string();
        for part in ["apt-get install", "dnf install", "brew install", "only 13 was found"] {
            assert!(sentence.contains(part), "{sentence}");
        }
    }
}
