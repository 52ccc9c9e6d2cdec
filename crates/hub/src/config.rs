//! What the operator may set, and the only place that reads the environment.
//!
//! [`settings`] declares each variable once: name, default, meaning, whether it is secret. Parsing, `socialai doctor` and
//! `docs/reference/configuration.md` are made from that table. A secret may also come from a file (`NAME_FILE`), which is
//! how container platforms hand secrets over. A wrong value is one sentence that names the variable, the value (unless it
//! is secret) and what was expected; nothing starts with a wrong value.

mod channels;
mod reader;
pub mod settings;
#[cfg(test)]
mod tests;
mod values;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::SecretString;
use socialai_connect::objects::BucketSettings;
use socialai_domain::webhooks::Patience;
use url::Url;

pub use self::{
    channels::Channels,
    reader::{Effective, Environment, Origin},
    values::{AuditTarget, MasterKeySource, ShardUrls},
};
use crate::{
    listener::TlsFiles,
    telemetry::{LogFormat, TelemetryConfig},
};

/// A value that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

pub type Result<T, E = ConfigError> = std::result::Result<T, E>;

/// Everything that is set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub database_url: Option<SecretString>,
    pub owner_database_url: Option<SecretString>,
    /// By name of the shard; the owner's address may be missing, as for the control database.
    pub shards: BTreeMap<String, ShardUrls>,
    pub redis_url: Option<SecretString>,
    pub jwt_private_key: Option<SecretString>,
    pub master_key: MasterKeySource,
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    public_url: Option<Url>,
    pub demo_password: Option<SecretString>,
    pub smtp_url: Option<SecretString>,
    pub mail_from: String,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: usize,
    pub metrics_token: Option<SecretString>,
    pub rate_limit_factor: u32,
    pub tls: Option<TlsFiles>,
    log: Option<String>,
    log_format: LogFormat,
    otlp_endpoint: Option<String>,
    pub drain: Duration,
    pub db_connections: u32,
    allow_private_networks: Option<bool>,
    pub audit_stream: Option<AuditTarget>,
    pub kafka: Option<Kafka>,
    pub bucket: Option<BucketSettings>,
    pub job_slots: usize,
    pub facts_retention: Duration,
    pub webhook_patience: Patience,
    pub channels: Channels,
    /// What holds and where it comes from, secrets masked.
    pub effective: Vec<Effective>,
    /// Variables that look like ours and are none: slips of the pen, most likely.
    pub unknown: Vec<String>,
}

/// How to reach Kafka and how topics are made there.
#[derive(Debug, Clone)]
pub struct Kafka {
    pub brokers: String,
    pub prefix: String,
    pub partitions: i32,
    pub replication: i32,
    pub credentials: Option<(String, SecretString)>,
}

impl Config {
    /// Reads all settings. `overrides` are options of the command line, by the name of the variable that they stand for.
    pub fn read(environment: &Environment, overrides: &[(&'static str, std::ffi::OsString)]) -> Result<Self> {
        values::read(environment, overrides)
    }

    /// The address that people use: of the setting, else of this machine.
    pub fn public_url(&self) -> Result<Url> {
        if let Some(url) = &self.public_url {
            return Ok(url.clone());
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let text = format!("{scheme}://localhost:{}", self.listen.port());
        Url::parse(&text).map_err(|error| ConfigError(format!("{text} cannot be used as public address: {error}")))
    }

    /// True when others than this machine can reach the server at an address that was not told.
    pub fn lacks_public_url(&self) -> bool {
        self.public_url.is_none() && !self.listen.ip().is_loopback()
    }

    pub fn allow_private_networks(&self, by_default: bool) -> bool {
        self.allow_private_networks.unwrap_or(by_default)
    }

    /// Logs and traces; `quiet` is the level of commands whose output is read by a person or a script.
    pub fn telemetry(&self, default_level: &str) -> TelemetryConfig {
        TelemetryConfig {
            filter: self.log.clone().unwrap_or_else(|| default_level.to_owned()),
            format: self.log_format,
            otlp_endpoint: self.otlp_endpoint.clone(),
        }
    }
}
