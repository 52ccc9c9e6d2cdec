//! Looks values up: command line before environment before file before default, and keeps note of what it found.

use std::{cell::RefCell, ffi::OsString, path::PathBuf, str::FromStr};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{ConfigError, Result, settings::Setting};

/// Where variables are looked up: the process's own, or a test's.
pub struct Environment(Vec<(OsString, OsString)>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

impl Environment {
    pub fn of_this_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    pub fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// An empty value counts as unset, because that is how compose files and shells spell "no value".
    fn get(&self, name: &str) -> Option<OsString> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        found.filter(|value| !value.is_empty())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(name, _)| name.to_str())
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    CommandLine,
    Environment,
    File,
    Default,
    Unset,
}

impl Origin {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::CommandLine => "command line",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
            Self::Unset => "not set",
        }
    }
}

/// What holds for one setting, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    pub name: &'static str,
    pub value: String,
    pub origin: Origin,
}

pub(super) struct Reader<'a> {
    environment: &'a Environment,
    overrides: &'a [(&'static str, OsString)],
    seen: RefCell<Vec<Effective>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment, overrides: &'a [(&'static str, OsString)]) -> Self {
        Self { environment, overrides, seen: RefCell::default() }
    }

    pub(super) fn into_seen(self) -> Vec<Effective> {
        self.seen.into_inner()
    }

    /// A secret and, when it came from a file, that file.
    pub(super) fn secret(&self, setting: Setting) -> Result<Option<SecretString>> {
        let found = self.raw(setting)?;
        found.map(|value| text(setting, value).map(|value| value.trim().to_owned().into())).transpose()
    }

    pub(super) fn secret_file(&self, setting: Setting) -> Option<PathBuf> {
        match self.environment.get(setting.name) {
            Some(_) => None,
            None => self.environment.get(&format!("{}_FILE", setting.name)).map(PathBuf::from),
        }
    }

    pub(super) fn path(&self, setting: Setting) -> Result<Option<PathBuf>> {
        Ok(self.raw(setting)?.map(PathBuf::from))
    }

    pub(super) fn string(&self, setting: Setting) -> Result<Option<String>> {
        self.raw(setting)?.map(|value| text(setting, value)).transpose()
    }

    /// A value of another type; `expected` ends the sentence about a wrong one.
    pub(super) fn parsed<T: FromStr>(&self, setting: Setting, expected: &str) -> Result<Option<T>> {
        self.with(setting, expected, |text| text.parse().ok())
    }

    pub(super) fn with<T>(
        &self,
        setting: Setting,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.string(setting)? else { return Ok(None) };
        parse(value.trim()).map(Some).ok_or_else(|| wrong(setting, &value, expected))
    }

    /// The same for a setting that has a default.
    pub(super) fn required<T: FromStr>(&self, setting: Setting, expected: &str) -> Result<T> {
        self.parsed(setting, expected)?.ok_or_else(|| wrong(setting, "", expected))
    }

    fn raw(&self, setting: Setting) -> Result<Option<OsString>> {
        let (value, origin) = self.look_up(setting)?;
        let shown = match &value {
            None => String::new(),
            Some(_) if setting.secret => "(secret)".to_owned(),
            Some(value) => value.to_string_lossy().into_owned(),
        };
        self.seen.borrow_mut().push(Effective { name: setting.name, value: shown, origin });
        Ok(value)
    }

    fn look_up(&self, setting: Setting) -> Result<(Option<OsString>, Origin)> {
        if let Some((_, value)) = self.overrides.iter().find(|(name, _)| *name == setting.name) {
            return Ok((Some(value.clone()), Origin::CommandLine));
        }
        let value = self.environment.get(setting.name);
        let file = format!("{}_FILE", setting.name);
        let path = self.environment.get(&file).filter(|_| setting.secret);
        if value.is_some() && path.is_some() {
            return Err(ConfigError(format!("{} and {file} are both set; leave one of them out", setting.name)));
        }
        if value.is_some() {
            return Ok((value, Origin::Environment));
        }
        if let Some(path) = path {
            let path = PathBuf::from(path);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                ConfigError(format!("{file} names {}, which cannot be read: {error}", path.display()))
            })?;
            if text.trim().is_empty() {
                return Err(ConfigError(format!("{file} names {}, which is empty", path.display())));
            }
            return Ok((Some(text.into()), Origin::File));
        }
        if setting.default.is_empty() {
            return Ok((None, Origin::Unset));
        }
        Ok((Some(setting.default.into()), Origin::Default))
    }
}

fn text(setting: Setting, value: OsString) -> Result<String> {
    value.into_string().map_err(|_| ConfigError(format!("{} is not valid UTF-8 text", setting.name)))
}

/// The sentence about a wrong value; a secret one is not repeated.
pub(super) fn wrong(setting: Setting, value: &str, expected: &str) -> ConfigError {
    let name = setting.name;
    if setting.secret {
        ConfigError(format!("{name} cannot be used; expected {expected}"))
    } else {
        ConfigError(format!("{name} is `{value}`; expected {expected}"))
    }
}

/// Opens a secret only to compare or parse it.
pub(super) fn exposed(secret: &SecretString) -> &str {
    secret.expose_secret()
}
