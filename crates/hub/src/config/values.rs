//! From text to values: what each setting has to look like.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use socialai_connect::objects::BucketSettings;
use socialai_domain::{
    vault::{MasterKeys, VaultError},
    webhooks::Patience,
};
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::{
    Config, ConfigError, Environment, Kafka, Result, channels,
    reader::{Reader, exposed, wrong},
    settings as s,
};
use crate::{listener::TlsFiles, telemetry::LogFormat};

/// The two doors of a database that somebody else runs.
#[derive(Debug, Clone)]
pub struct ShardUrls {
    pub app: SecretString,
    pub owner: Option<SecretString>,
}

/// Where the master key is.
#[derive(Debug, Clone)]
pub enum MasterKeySource {
    /// In the environment, as it is.
    Given(SecretString),
    /// In a file that the operator mounts; read again when an unknown version turns up.
    Mounted(PathBuf),
    /// Made by us in the data folder.
    Kept(PathBuf),
}

impl MasterKeySource {
    /// Reads all versions; repeatable.
    pub fn read(&self) -> Result<MasterKeys, VaultError> {
        let text = self.text().map_err(|_| VaultError::BadMasterKey)?;
        MasterKeys::parse(text.expose_secret())
    }

    pub fn text(&self) -> std::io::Result<SecretString> {
        match self {
            Self::Given(text) => Ok(text.clone()),
            Self::Mounted(path) | Self::Kept(path) => Ok(std::fs::read_to_string(path)?.into()),
        }
    }

    /// What to call it in a sentence.
    pub fn describe(&self) -> String {
        match self {
            Self::Given(_) => "AES_MASTER_KEY".to_owned(),
            Self::Mounted(path) => format!("AES_MASTER_KEY_FILE ({})", path.display()),
            Self::Kept(path) => format!("the key file {}", path.display()),
        }
    }
}

/// Where audit entries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    File(PathBuf),
    /// `host:port`
    SyslogUdp(String),
    SyslogTcp(String),
}

pub(super) fn read(environment: &Environment, overrides: &[(&'static str, OsString)]) -> Result<Config> {
    let reader = Reader::new(environment, overrides);
    let database_url = postgres_url(&reader, s::DATABASE_URL)?;
    let owner_database_url = postgres_url(&reader, s::SOCIALAI_OWNER_DATABASE_URL)?;
    if owner_database_url.is_some() && database_url.is_none() {
        return Err(ConfigError(
            "SOCIALAI_OWNER_DATABASE_URL is set without DATABASE_URL; set both, or neither for the private PostgreSQL"
                .to_owned(),
        ));
    }
    let data_dir = reader.path(s::SOCIALAI_DATA_DIR)?.unwrap_or_default();
    let config = Config {
        database_url,
        owner_database_url,
        shards: shards(&reader)?,
        redis_url: redis_url(&reader)?,
        jwt_private_key: reader.secret(s::JWT_PRIVATE_KEY)?,
        master_key: master_key(&reader, &data_dir)?,
        listen: reader.required(s::SOCIALAI_LISTEN, "an address with a port, such as 127.0.0.1:8080")?,
        data_dir,
        public_url: public_url(&reader)?,
        demo_password: reader.secret(s::SOCIALAI_DEMO_PASSWORD)?,
        smtp_url: reader.secret(s::SOCIALAI_SMTP_URL)?,
        mail_from: reader.string(s::SOCIALAI_MAIL_FROM)?.unwrap_or_default(),
        cors_origins: cors_origins(&reader)?,
        trusted_proxies: reader.required(s::SOCIALAI_TRUSTED_PROXIES, "a number, 0 when nothing stands in front")?,
        metrics_token: reader.secret(s::SOCIALAI_METRICS_TOKEN)?,
        rate_limit_factor: at_least_one(&reader, s::SOCIALAI_RATE_LIMIT_FACTOR, 1_000_000)?,
        tls: tls(&reader)?,
        log: reader.string(s::SOCIALAI_LOG)?,
        log_format: log_format(&reader)?,
        otlp_endpoint: reader.string(s::OTEL_EXPORTER_OTLP_ENDPOINT)?,
        drain: Duration::from_secs(reader.required(s::SOCIALAI_DRAIN_SECONDS, "a number of seconds")?),
        db_connections: at_least_one(&reader, s::SOCIALAI_DB_CONNECTIONS, 1_000)?,
        allow_private_networks: reader.parsed(s::SOCIALAI_ALLOW_PRIVATE_NETWORKS, "true or false")?,
        audit_stream: audit_stream(&reader)?,
        kafka: kafka(&reader)?,
        bucket: bucket(&reader)?,
        job_slots: usize::try_from(at_least_one(&reader, s::SOCIALAI_JOB_SLOTS, 1_000)?).unwrap_or(1),
        facts_retention: Duration::from_hours(
            24 * u64::from(at_least_one(&reader, s::SOCIALAI_FACTS_RETENTION_DAYS, 3_650)?),
        ),
        webhook_patience: webhook_patience(&reader)?,
        channels: channels::read(&reader)?,
        effective: Vec::new(),
        unknown: unknown(environment),
    };
    check_mail(&config)?;
    Ok(Config { effective: in_table_order(reader), ..config })
}

fn webhook_patience(reader: &Reader) -> Result<Patience> {
    let days = |setting, most| Ok::<_, ConfigError>(time::Duration::days(at_least_one(reader, setting, most)?.into()));
    Ok(Patience {
        failing_for: days(s::SOCIALAI_WEBHOOK_FAILING_DAYS, 365)?,
        log_kept_for: days(s::SOCIALAI_WEBHOOK_LOG_DAYS, 3_650)?,
        ..Patience::default()
    })
}

fn in_table_order(reader: Reader) -> Vec<super::Effective> {
    let place = |name: &str| s::ALL.iter().position(|setting| setting.name == name);
    let mut seen = reader.into_seen();
    seen.sort_by_key(|effective| place(effective.name));
    seen
}

fn postgres_url(reader: &Reader, setting: s::Setting) -> Result<Option<SecretString>> {
    let Some(url) = reader.secret(setting)? else { return Ok(None) };
    check_postgres_url(setting, exposed(&url))?;
    Ok(Some(url))
}

fn check_postgres_url(setting: s::Setting, url: &str) -> Result<()> {
    let fits = (url.starts_with("postgres://") || url.starts_with("postgresql://"))
        && PgConnectOptions::from_str(url).is_ok_and(|options| options.get_database().is_some());
    if fits {
        Ok(())
    } else {
        let expected =
            "postgres://user:password@host:port/database, special characters of the password percent-encoded";
        Err(wrong(setting, "", expected))
    }
}

fn shards(reader: &Reader) -> Result<BTreeMap<String, ShardUrls>> {
    let mut shards: BTreeMap<_, _> = named_urls(reader, s::SOCIALAI_SHARDS)?
        .into_iter()
        .map(|(name, app)| (name, ShardUrls { app, owner: None }))
        .collect();
    for (name, owner) in named_urls(reader, s::SOCIALAI_OWNER_SHARDS)? {
        let shard = shards.get_mut(&name).ok_or_else(|| {
            ConfigError(format!("SOCIALAI_OWNER_SHARDS names the shard `{name}`, which SOCIALAI_SHARDS does not"))
        })?;
        shard.owner = Some(owner);
    }
    Ok(shards)
}

fn named_urls(reader: &Reader, setting: s::Setting) -> Result<BTreeMap<String, SecretString>> {
    let mut urls = BTreeMap::new();
    let Some(text) = reader.secret(setting)? else { return Ok(urls) };
    for entry in exposed(&text).split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, url) = entry
            .split_once('=')
            .filter(|(name, _)| is_shard_name(name.trim()))
            .ok_or_else(|| wrong(setting, "", "name=postgres://…;name=postgres://…, names of a-z, 0-9 and hyphens"))?;
        check_postgres_url(setting, url.trim())?;
        if urls.insert(name.trim().to_owned(), url.trim().to_owned().into()).is_some() {
            return Err(ConfigError(format!("{} names the shard `{}` twice", setting.name, name.trim())));
        }
    }
    Ok(urls)
}

fn is_shard_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn redis_url(reader: &Reader) -> Result<Option<SecretString>> {
    let Some(url) = reader.secret(s::REDIS_URL)? else { return Ok(None) };
    if redis::Client::open(exposed(&url)).is_err() {
        return Err(wrong(s::REDIS_URL, "", "redis://:password@host:port or rediss://… for TLS"));
    }
    Ok(Some(url))
}

fn master_key(reader: &Reader, data_dir: &Path) -> Result<MasterKeySource> {
    let Some(text) = reader.secret(s::AES_MASTER_KEY)? else {
        return Ok(MasterKeySource::Kept(data_dir.join("secrets").join("master.key")));
    };
    MasterKeys::parse(exposed(&text))
        .map_err(|error| ConfigError(format!("AES_MASTER_KEY cannot be used: {error}")))?;
    Ok(match reader.secret_file(s::AES_MASTER_KEY) {
        Some(path) => MasterKeySource::Mounted(path),
        None => MasterKeySource::Given(text),
    })
}

fn public_url(reader: &Reader) -> Result<Option<Url>> {
    reader.with(s::SOCIALAI_PUBLIC_URL, "an address such as https://hub.example.com, without a path", |text| {
        let url = Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.domain().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty();
        plain.then_some(url)
    })
}

fn cors_origins(reader: &Reader) -> Result<Vec<String>> {
    let expected = "addresses such as https://app.example.com without a path, parted by commas";
    let origins = reader.with(s::SOCIALAI_CORS_ORIGINS, expected, |text| {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| (Url::parse(entry).ok()?.origin().ascii_serialization() == entry).then(|| entry.to_owned()))
            .collect()
    })?;
    Ok(origins.unwrap_or_default())
}

pub(super) fn at_least_one(reader: &Reader, setting: s::Setting, most: u32) -> Result<u32> {
    let expected = format!("a number from 1 to {most}");
    let number =
        reader.with(setting, &expected, |text| text.parse().ok().filter(|number| (1..=most).contains(number)))?;
    number.ok_or_else(|| wrong(setting, "", &expected))
}

fn kafka(reader: &Reader) -> Result<Option<Kafka>> {
    let prefix = reader.string(s::SOCIALAI_KAFKA_PREFIX)?.unwrap_or_default();
    let number = |setting, most| -> Result<i32> {
        at_least_one(reader, setting, most).map(|number| i32::try_from(number).unwrap_or(i32::MAX))
    };
    let (partitions, replication) =
        (number(s::SOCIALAI_KAFKA_PARTITIONS, 10_000)?, number(s::SOCIALAI_KAFKA_REPLICATION, 10)?);
    let credentials = match (reader.string(s::SOCIALAI_KAFKA_USERNAME)?, reader.secret(s::SOCIALAI_KAFKA_PASSWORD)?) {
        (None, None) => None,
        (Some(username), Some(password)) => Some((username, password)),
        _ => {
            return Err(ConfigError(
                "SOCIALAI_KAFKA_USERNAME and SOCIALAI_KAFKA_PASSWORD go together; set both or neither".to_owned(),
            ));
        }
    };
    let brokers = reader.string(s::KAFKA_BROKERS)?;
    Ok(brokers.map(|brokers| Kafka { brokers, prefix, partitions, replication, credentials }))
}

fn bucket(reader: &Reader) -> Result<Option<BucketSettings>> {
    let expected = "the name of a bucket: 3 to 63 of a-z, 0-9, dots and hyphens";
    let bucket = reader.with(s::S3_BUCKET, expected, |text| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        ((3..=63).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.to_owned())
    })?;
    let expected = "an address such as https://minio.example.com:9000, without a path";
    let endpoint = reader.with(s::S3_ENDPOINT, expected, |text| {
        let url = Url::parse(text).ok()?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty();
        is_plain.then_some(url)
    })?;
    let region = reader.string(s::S3_REGION)?.unwrap_or_default();
    let keys = (reader.string(s::S3_ACCESS_KEY_ID)?, reader.secret(s::S3_SECRET_ACCESS_KEY)?);
    match (bucket, keys) {
        (None, (None, None)) if endpoint.is_none() => Ok(None),
        (Some(bucket), (Some(access_key_id), Some(secret_access_key))) => {
            Ok(Some(BucketSettings { endpoint, bucket, region, access_key_id, secret_access_key }))
        }
        _ => Err(ConfigError(
            "S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together, and S3_ENDPOINT is nothing without them; set all of them or none"
                .to_owned(),
        )),
    }
}

fn tls(reader: &Reader) -> Result<Option<TlsFiles>> {
    match (reader.path(s::SOCIALAI_TLS_CERT)?, reader.path(s::SOCIALAI_TLS_KEY)?) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        _ => Err(ConfigError("SOCIALAI_TLS_CERT and SOCIALAI_TLS_KEY belong together; set both or neither".to_owned())),
    }
}

fn log_format(reader: &Reader) -> Result<LogFormat> {
    let format = reader.with(s::SOCIALAI_LOG_FORMAT, "text, json or auto", |text| match text {
        "auto" => Some(LogFormat::Suitable),
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    })?;
    Ok(format.unwrap_or_default())
}

fn audit_stream(reader: &Reader) -> Result<Option<AuditTarget>> {
    let expected = "file:/path, syslog+udp://host:port or syslog+tcp://host:port";
    reader.with(s::SOCIALAI_AUDIT_STREAM, expected, |text| {
        if let Some(path) = text.strip_prefix("file:") {
            let path = Path::new(path.strip_prefix("//").unwrap_or(path));
            return path.is_absolute().then(|| AuditTarget::File(path.to_path_buf()));
        }
        let url = Url::parse(text).ok()?;
        let address = format!("{}:{}", url.host_str().filter(|host| !host.is_empty())?, url.port()?);
        match url.scheme() {
            "syslog+udp" => Some(AuditTarget::SyslogUdp(address)),
            "syslog+tcp" => Some(AuditTarget::SyslogTcp(address)),
            _ => None,
        }
    })
}

fn check_mail(config: &Config) -> Result<()> {
    let Some(url) = &config.smtp_url else { return Ok(()) };
    let tried = socialai_connect::mail::Smtp::from_url(url, &config.mail_from);
    tried
        .map(drop)
        .map_err(|error| ConfigError(format!("SOCIALAI_SMTP_URL or SOCIALAI_MAIL_FROM cannot be used: {error}")))
}

fn unknown(environment: &Environment) -> Vec<String> {
    let is_ours = |name: &str| {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        s::ALL.iter().any(|setting| setting.name == name || (setting.secret && setting.name == plain))
    };
    let mut names: Vec<_> = environment
        .names()
        .filter(|name| name.starts_with("SOCIALAI_") && !name.starts_with("SOCIALAI_TEST_") && !is_ours(name))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names
}
