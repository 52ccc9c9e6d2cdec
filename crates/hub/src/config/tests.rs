//! Sentences about wrong values, and that secrets stay out of them.

use super::*;

fn read<const N: usize>(pairs: [(&str, &str); N]) -> Result<Config> {
    Config::read(&Environment::of(pairs), &[])
}

fn refusal<const N: usize>(pairs: [(&str, &str); N]) -> String {
    read(pairs).unwrap_err().to_string()
}

#[test]
fn nothing_set_means_loopback_and_a_private_database() {
    let config = read([]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url().unwrap().as_str(), "http://localhost:8080/");
    assert!(config.database_url.is_none());
    assert!(matches!(config.master_key, MasterKeySource::Kept(path) if path.ends_with("secrets/master.key")));
}

#[test]
fn every_setting_is_read_and_told_once() {
    let config = read([]).unwrap();
    let told: Vec<_> = config.effective.iter().map(|effective| effective.name).collect();
    let declared: Vec<_> = settings::ALL.iter().map(|setting| setting.name).collect();
    assert_eq!(told, declared);
}

#[test]
fn command_line_wins_over_environment() {
    let environment = Environment::of([("SOCIALAI_LISTEN", "127.0.0.1:1")]);
    let config = Config::read(&environment, &[("SOCIALAI_LISTEN", "127.0.0.1:2".into())]).unwrap();
    assert_eq!(config.listen.port(), 2);
}

#[test]
fn wrong_values_are_named_with_what_was_expected() {
    for (name, value) in [
        ("SOCIALAI_LISTEN", "8080"),
        ("SOCIALAI_PUBLIC_URL", "hub.example.com"),
        ("SOCIALAI_PUBLIC_URL", "https://hub.example.com/app"),
        ("SOCIALAI_PUBLIC_URL", "http://127.0.0.1:8080"),
        ("SOCIALAI_CORS_ORIGINS", "https://a.example.com, nonsense"),
        ("SOCIALAI_TRUSTED_PROXIES", "-1"),
        ("SOCIALAI_RATE_LIMIT_FACTOR", "0"),
        ("SOCIALAI_DB_CONNECTIONS", "many"),
        ("SOCIALAI_LOG_FORMAT", "xml"),
        ("SOCIALAI_DRAIN_SECONDS", "soon"),
        ("SOCIALAI_ALLOW_PRIVATE_NETWORKS", "perhaps"),
        ("SOCIALAI_AUDIT_STREAM", "syslog://host:514"),
        ("SOCIALAI_AUDIT_STREAM", "file:relative"),
        ("SOCIALAI_AUDIT_STREAM", "syslog+udp://host"),
        ("SOCIALAI_FACEBOOK_URL", "ftp://127.0.0.1/facebook"),
        ("SOCIALAI_X_URL", "x.com"),
        ("SOCIALAI_INBOUND_DAYS", "0"),
    ] {
        let sentence = refusal([(name, value)]);
        assert!(sentence.starts_with(&format!("{name} is `{value}`; expected ")), "{sentence}");
    }
}

#[test]
fn wrong_secrets_are_not_repeated() {
    for (name, value) in [
        ("DATABASE_URL", "mysql://u:hidden0@h/d"),
        ("DATABASE_URL", "postgres://u:hidden0@h"),
        ("SOCIALAI_SHARDS", "eu1:postgres://u:hidden0@h/d"),
        ("SOCIALAI_SHARDS", "EU=postgres://u:hidden0@h/d"),
        ("REDIS_URL", "http://:hidden0@h"),
        ("AES_MASTER_KEY", "hidden0"),
    ] {
        let sentence = refusal([(name, value)]);
        assert!(sentence.contains(name) && !sentence.contains("hidden0"), "{sentence}");
    }
}

#[test]
fn settings_that_belong_together_are_refused_alone() {
    assert!(refusal([("SOCIALAI_TLS_CERT", "/x")]).contains("SOCIALAI_TLS_KEY"));
    assert!(refusal([("SOCIALAI_OWNER_DATABASE_URL", "postgres://o:p@h/d")]).contains("without DATABASE_URL"));
    assert!(refusal([("SOCIALAI_OWNER_SHARDS", "eu1=postgres://o:p@h/d")]).contains("`eu1`"));
    let twice = refusal([("SOCIALAI_SHARDS", "eu1=postgres://o:p@h/d;eu1=postgres://o:p@h/d")]);
    assert!(twice.contains("twice"), "{twice}");
}

#[test]
fn bucket_is_set_as_a_whole_or_not_at_all() {
    let (bucket, id, secret) =
        (("S3_BUCKET", "hub-files"), ("S3_ACCESS_KEY_ID", "AK1"), ("S3_SECRET_ACCESS_KEY", "hidden000"));
    assert!(read([]).unwrap().bucket.is_none());
    assert!(read([("S3_REGION", "eu-central-1")]).unwrap().bucket.is_none());
    let whole = read([bucket, id, secret, ("S3_ENDPOINT", "http://minio:9000")]).unwrap().bucket.unwrap();
    assert_eq!((whole.bucket.as_str(), whole.region.as_str()), ("hub-files", "us-east-1"));
    assert!(!format!("{whole:?}").contains("hidden000"));
    for sentence in [refusal([bucket, id]), refusal([id, secret]), refusal([("S3_ENDPOINT", "http://minio:9000")])] {
        assert!(sentence.contains("S3_SECRET_ACCESS_KEY go together") && !sentence.contains("hidden000"), "{sentence}");
    }
    assert!(refusal([("S3_BUCKET", "Two Words"), id, secret]).contains("S3_BUCKET"));
    assert!(refusal([bucket, id, secret, ("S3_ENDPOINT", "minio:9000/x")]).contains("S3_ENDPOINT"));
}

#[test]
fn secret_may_come_from_a_file_and_is_masked_when_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a-token-of-mine\n").unwrap();
    let config = read([("SOCIALAI_METRICS_TOKEN_FILE", file.path().to_str().unwrap())]).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&config.metrics_token.clone().unwrap()), "a-token-of-mine");
    let shown = config.effective.iter().find(|effective| effective.name == "SOCIALAI_METRICS_TOKEN").unwrap();
    assert_eq!((shown.value.as_str(), shown.origin), ("(secret)", Origin::File));
    assert!(!format!("{config:?}").contains("a-token-of-mine"));
}

#[test]
fn file_that_is_missing_or_empty_is_named() {
    let sentence = refusal([("DATABASE_URL_FILE", "/nonexistent/url")]);
    assert!(sentence.contains("DATABASE_URL_FILE") && sentence.contains("/nonexistent/url"), "{sentence}");
    let both = refusal([("REDIS_URL", "redis://h"), ("REDIS_URL_FILE", "/x")]);
    assert!(both.contains("both set"), "{both}");
}

#[test]
fn slips_of_the_pen_are_noticed() {
    let config = read([("SOCIALAI_LISTNE", "x"), ("SOCIALAI_LISTEN_FILE", "x"), ("SOCIALAI_TEST_ANY", "x")]).unwrap();
    assert_eq!(config.unknown, ["SOCIALAI_LISTEN_FILE", "SOCIALAI_LISTNE"]);
}

#[test]
fn audit_targets_are_understood() {
    let target = |text| read([("SOCIALAI_AUDIT_STREAM", text)]).unwrap().audit_stream.unwrap();
    assert_eq!(target("file:/var/log/audit.jsonl"), AuditTarget::File("/var/log/audit.jsonl".into()));
    assert_eq!(target("file:///var/log/audit.jsonl"), AuditTarget::File("/var/log/audit.jsonl".into()));
    assert_eq!(target("syslog+udp://siem:514"), AuditTarget::SyslogUdp("siem:514".to_owned()));
    assert_eq!(target("syslog+tcp://[::1]:601"), AuditTarget::SyslogTcp("[::1]:601".to_owned()));
}

#[test]
fn app_of_a_platform_needs_its_id_and_its_secret() {
    let sentence = refusal([("TWITTER_CLIENT_ID", "me")]);
    assert_eq!(sentence, "TWITTER_CLIENT_ID and TWITTER_CLIENT_SECRET go together; set both or neither");
    let config = read([("FACEBOOK_APP_ID", "1"), ("FACEBOOK_APP_SECRET", "hidden000")]).unwrap();
    let platforms: Vec<_> = config.channels.apps.keys().map(|platform| platform.name()).collect();
    assert_eq!(platforms, ["facebook", "instagram"], "both are reached through one app");
    assert!(!format!("{:?}", config.channels).contains("hidden000"));
}

#[test]
fn platform_can_be_somewhere_else() {
    let config =
        read([("SOCIALAI_LINKEDIN_URL", "http://127.0.0.1:9900/linkedin"), ("SOCIALAI_X_SCOPES", "a, b")]).unwrap();
    let linkedin = config.channels.setup("linkedin").endpoints.unwrap();
    assert_eq!(linkedin.api.as_str(), "http://127.0.0.1:9900/linkedin");
    assert!(config.channels.setup("facebook").endpoints.is_none());
    assert_eq!(config.channels.setup("x").scopes.unwrap(), ["a", "b"]);
}
