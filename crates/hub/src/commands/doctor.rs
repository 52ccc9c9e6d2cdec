//! `socialai doctor`: is everything that is configured there, and what to do when not.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt, time::Duration};

use anyhow::Result;
use clap::Args;
use secrecy::ExposeSecret;
use serde::Serialize;
use socialai_cluster::{Installation, OLDEST_MAJOR};
use socialai_connect::{
    call::CallError,
    objects::{BucketSettings, ObjectError},
};
use socialai_domain::database;
use tokio::{net::TcpStream, time::timeout};
use url::Url;

use super::{CONNECTIONS, Outcome};
use crate::{
    channels,
    config::{AuditTarget, Config},
    console,
    data_folder::DataFolder,
    kafka, ports,
    storage::Storage,
};

/// Check everything that is configured and say what to do about each failure
///
/// Shows the settings that hold (secrets masked) and tries each part: data folder, databases and their roles, migrations,
/// master key, port, certificate, Redis, Kafka, bucket, mail server, collectors. Exit code 1 when something fails. Changes
/// nothing, but that it puts a probe into the bucket and removes it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  socialai doctor
  socialai doctor --json")]
pub struct Doctor {}

const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    works: bool,
    detail: String,
}

/// Collects what was found.
#[derive(Default)]
struct Findings(Vec<Check>);

impl Findings {
    fn good(&mut self, name: &str, detail: impl Into<String>) {
        self.0.push(Check { name: name.to_owned(), works: true, detail: detail.into() });
    }

    fn bad(&mut self, name: &str, detail: impl Into<String>) {
        self.0.push(Check { name: name.to_owned(), works: false, detail: detail.into() });
    }

    fn note(&mut self, name: &str, outcome: Result<String>) {
        match outcome {
            Ok(detail) => self.good(name, detail),
            Err(error) => self.bad(name, super::sentence(&error)),
        }
    }
}

impl Doctor {
    pub async fn run(self, config: &Config, json: bool) -> Result<Outcome> {
        let mut findings = Findings::default();
        for name in &config.unknown {
            findings.bad("settings", format!("{name} is not a setting: correct its name or remove it"));
        }
        data_folder(config, &mut findings);
        databases(config, &mut findings).await;
        port(config, &mut findings).await;
        if let Some(tls) = &config.tls {
            findings.note("certificate", tls.check().map(|()| "certificate and key fit".to_owned()));
        }
        remotes(config, &mut findings).await;
        let healthy = findings.0.iter().all(|check| check.works);
        if json {
            let report = serde_json::json!({ "healthy": healthy, "checks": findings.0, "settings": config.effective });
            console::say_json(&report)?;
        } else {
            show(config, &findings.0);
        }
        Ok(if healthy { Outcome::Done } else { Outcome::Failed })
    }
}

fn show(config: &Config, checks: &[Check]) {
    console::say("Settings");
    let rows: Vec<_> = config
        .effective
        .iter()
        .map(|one| vec![format!("  {}", one.name), one.origin.describe().to_owned(), one.value.clone()])
        .collect();
    console::table(&rows);
    console::say("\nChecks");
    for check in checks {
        console::say(&format!("  {}  {}: {}", if check.works { "ok  " } else { "FAIL" }, check.name, check.detail));
    }
}

fn data_folder(config: &Config, findings: &mut Findings) {
    let folder = DataFolder::at(&config.data_dir);
    let path = folder.path().display();
    let Ok(metadata) = std::fs::metadata(folder.path()) else {
        findings.good("data folder", format!("{path} is not there yet; the first start makes it"));
        return;
    };
    if !metadata.is_dir() {
        findings.bad("data folder", format!("{path} is not a folder: choose another one (--data-dir)"));
        return;
    }
    let secrets = std::fs::read_dir(folder.secrets()).into_iter().flatten().flatten();
    let open: Vec<_> = secrets
        .filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0))
        .map(|entry| entry.path().display().to_string())
        .collect();
    if open.is_empty() {
        findings.good("data folder", format!("{path}"));
    } else {
        findings.bad("data folder", format!("others can read {}: run `chmod 600` on it", open.join(", ")));
    }
}

async fn databases(config: &Config, findings: &mut Findings) {
    let folder = DataFolder::at(&config.data_dir);
    if config.database_url.is_none() {
        let found = Installation::find(None).map_err(anyhow::Error::from);
        findings.note("postgresql", found.map(|one| format!("version {} in {}", one.major, one.bin.display())));
        if std::fs::symlink_metadata(folder.postgres()).is_err() {
            findings.good("database", "none yet; the first start makes one".to_owned());
            return;
        }
    }
    let storage = match Storage::join(config, &mut |_| {}).await {
        Ok(storage) => storage,
        Err(error) => {
            findings.bad("database", super::sentence(&error));
            return;
        }
    };
    if inspect(&storage, findings).await {
        master_key(&storage, config, findings).await;
    }
    if let Err(error) = storage.close().await {
        findings.bad("database", super::sentence(&error));
    }
}

/// True when all databases can be used as they are.
async fn inspect(storage: &Storage, findings: &mut Findings) -> bool {
    let mut usable = true;
    for endpoint in &storage.endpoints {
        let name = endpoint.shard.as_ref().map_or_else(|| "database".to_owned(), |name| format!("shard {name}"));
        let fault = match database::inspect(endpoint).await {
            Err(error) => Some(super::sentence(&error.into())),
            Ok(found) => {
                let major: u32 = found.server_version.split('.').next().and_then(|text| text.parse().ok()).unwrap_or(0);
                if major < OLDEST_MAJOR {
                    Some(format!("PostgreSQL {} is too old: {OLDEST_MAJOR} or newer is needed", found.server_version))
                } else if let Some(fault) = found.role_fault {
                    Some(format!("{fault}: run the set-up step (`socialai setup-database --help`)"))
                } else {
                    findings
                        .good(&name, format!("PostgreSQL {}; the roles are as they should be", found.server_version));
                    None
                }
            }
        };
        if let Some(fault) = fault {
            usable = false;
            findings.bad(&name, fault);
        }
    }
    if usable {
        match storage.require_current().await {
            Ok(()) => findings.good("migrations", "everything is up to date"),
            Err(error) => {
                usable = false;
                findings.bad("migrations", super::sentence(&error));
            }
        }
    }
    usable
}

async fn master_key(storage: &Storage, config: &Config, findings: &mut Findings) {
    let opened = match storage.open(CONNECTIONS, &mut |_| {}).await {
        Ok(databases) => {
            let version = databases.vault().newest_version();
            databases.close().await;
            Ok(format!("{} fits; its newest version is {version}", config.master_key.describe()))
        }
        Err(error) => Err(error),
    };
    findings.note("master key", opened);
}

async fn port(config: &Config, findings: &mut Findings) {
    let address = config.listen;
    match ports::bind(address).await {
        Ok(listener) => {
            drop(listener);
            findings.good("port", format!("{address} is free"));
        }
        Err(_) if answers_as_us(address).await => findings.good("port", format!("a server answers on {address}")),
        Err(error) => findings.bad("port", error.to_string()),
    }
    if config.lacks_public_url() {
        findings.bad(
            "public address",
            "SOCIALAI_PUBLIC_URL is not set, so links and passkeys would name this machine only: set it to the address that people use",
        );
    }
}

/// True when `/health` says ok there.
async fn answers_as_us(address: SocketAddr) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.ok()?;
        let mut answer = String::new();
        stream.take(4_096).read_to_string(&mut answer).await.ok()?;
        Some(answer.starts_with("HTTP/1.1 200") && answer.trim_end().ends_with("ok"))
    };
    timeout(PATIENCE, asked).await.ok().flatten().unwrap_or(false)
}

async fn remotes(config: &Config, findings: &mut Findings) {
    if let Some(url) = &config.redis_url {
        findings.note("redis", redis(url.expose_secret()).await);
    }
    if let Some(kafka) = &config.kafka {
        findings.note("kafka", kafka::reach(kafka).await);
    }
    if let Some(settings) = &config.bucket {
        findings.note("bucket", bucket(config, settings).await);
    }
    if let Some(url) = config.smtp_url.as_ref().and_then(|url| Url::parse(url.expose_secret()).ok()) {
        let usual = if url.scheme() == "smtps" { 465 } else { 587 };
        findings.note("mail server", reach(&url, usual, "SOCIALAI_SMTP_URL").await);
    } else {
        findings.good("mail server", "none; links are shown to administrators");
    }
    if let Some(effective) = config.effective.iter().find(|one| one.name == "OTEL_EXPORTER_OTLP_ENDPOINT")
        && let Ok(url) = Url::parse(&effective.value)
    {
        findings.note("trace collector", reach(&url, 4318, "OTEL_EXPORTER_OTLP_ENDPOINT").await);
    }
    match &config.audit_stream {
        None => {}
        Some(AuditTarget::File(path)) => {
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
            let outcome = opened.map(|_| format!("{} can be written", path.display()));
            findings.note(
                "audit stream",
                outcome.map_err(|error| {
                    anyhow::anyhow!(
                        "{} cannot be written ({error}): correct SOCIALAI_AUDIT_STREAM or the permissions",
                        path.display()
                    )
                }),
            );
        }
        Some(AuditTarget::SyslogUdp(address)) => {
            findings.good("audit stream", format!("{address}, by UDP, which does not tell whether anybody listens"));
        }
        Some(AuditTarget::SyslogTcp(address)) => {
            findings.note("audit stream", connect(address, "SOCIALAI_AUDIT_STREAM").await);
        }
    }
}

async fn redis(url: &str) -> Result<String> {
    let wrong = "does not answer: check REDIS_URL, that Redis runs, and its password";
    let asked = async {
        let client = redis::Client::open(url)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<String>(&mut connection).await
    };
    match timeout(PATIENCE, asked).await {
        Ok(Ok(_)) => Ok("answers".to_owned()),
        Ok(Err(error)) => Err(anyhow::anyhow!("{wrong} ({error})")),
        Err(_) => Err(anyhow::anyhow!("{wrong} (no answer in {} s)", PATIENCE.as_secs())),
    }
}

async fn bucket(config: &Config, settings: &BucketSettings) -> Result<String> {
    let place = settings.endpoint.as_ref().map_or("AWS", |endpoint| endpoint.as_str().trim_end_matches('/'));
    let name = &settings.bucket;
    let to_do = match channels::objects(config)?.try_out().await {
        Ok(()) => return Ok(format!("{name} at {place} can be written, read and cleared")),
        Err(ObjectError::Bucket(error)) => match error {
            CallError::Reauth => "check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, and that the key may put, get and delete objects there".to_owned(),
            CallError::Refused { code, .. } if code == "NoSuchBucket" => "there is no such bucket: make it, or correct S3_BUCKET".to_owned(),
            CallError::Refused { code, message } => format!("it refuses ({code}: {message}): check S3_REGION and S3_ENDPOINT"),
            _ => "it does not answer: check S3_ENDPOINT, the network and that it runs".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    Err(anyhow::anyhow!("{name} at {place} cannot be used: {to_do}"))
}

async fn reach(url: &Url, usual_port: u16, setting: &str) -> Result<String> {
    let host = url.host_str().unwrap_or_default();
    connect(&format!("{host}:{}", url.port_or_known_default().unwrap_or(usual_port)), setting).await
}

async fn connect(address: &str, setting: &str) -> Result<String> {
    match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(format!("{address} answers")),
        Ok(Err(error)) => Err(anyhow::anyhow!("{address} does not answer ({error}): check {setting} and that it runs")),
        Err(_) => Err(anyhow::anyhow!("{address} does not answer: check {setting}, the network and that it runs")),
    }
}
