//! The table of all settings. One line here is all that a setting needs besides its use.

/// One variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    /// As it would be written; empty when there is none.
    pub default: &'static str,
    pub secret: bool,
    pub example: &'static str,
    pub meaning: &'static str,
}

macro_rules! settings {
    ($($name:ident $(= $default:literal)?, $kind:ident, $example:literal, $meaning:literal;)*) => {
        $(pub const $name: Setting = Setting {
            name: stringify!($name),
            default: concat!($($default)?),
            secret: settings!(@secret $kind),
            example: $example,
            meaning: $meaning,
        };)*

        /// In the order of the documentation.
        pub const ALL: &[Setting] = &[$($name),*];
    };
    (@secret secret) => { true };
    (@secret plain) => { false };
}

settings! {
    DATABASE_URL, secret, "postgres://socialai_runtime:…@db:5432/socialai",
        "The control database, as the application role. Without it a private PostgreSQL runs in the data folder. Without SOCIALAI_OWNER_DATABASE_URL this role must be the owner and may make the application role beside it.";
    SOCIALAI_OWNER_DATABASE_URL, secret, "postgres://socialai_owner:…@db:5432/socialai",
        "The same database as its owner, for migrations, moves and backups.";
    SOCIALAI_SHARDS, secret, "eu1=postgres://…;us1=postgres://…",
        "Further databases by name, as the application role, parted by semicolons.";
    SOCIALAI_OWNER_SHARDS, secret, "eu1=postgres://…;us1=postgres://…",
        "The same databases as their owners.";
    SOCIALAI_DB_CONNECTIONS = "20", plain, "50",
        "Connections that this process may open to each database.";
    REDIS_URL, secret, "redis://:…@cache:6379",
        "Keeps rate limits for all processes together. Without it each process keeps its own.";
    S3_BUCKET, plain, "socialai-objects",
        "Bucket for attachments and other files, on S3 or a server that speaks it. Without it they are in the data folder. It is not made, and not part of `socialai backup`.";
    S3_ENDPOINT, plain, "https://minio.example.com:9000",
        "Server that has the bucket. Default: AWS in that region.";
    S3_REGION = "us-east-1", plain, "eu-central-1",
        "Region of the bucket. Most servers other than AWS take any.";
    S3_ACCESS_KEY_ID, plain, "AKIA…",
        "Key that may put, get and delete objects of that bucket.";
    S3_SECRET_ACCESS_KEY, secret, "…",
        "Secret of that key.";
    AES_MASTER_KEY, secret, "2:<32 bytes in base64>,1:<32 bytes in base64>",
        "Master key of all sealed fields, one or more versions; the highest seals. Without it a key file is made in the data folder: back it up.";
    JWT_PRIVATE_KEY, secret, "-----BEGIN PRIVATE KEY-----…",
        "RSA key (PEM) that signs access tokens. Without it keys are made, kept sealed in the database and can be rotated.";
    SOCIALAI_LISTEN = "127.0.0.1:8080", plain, "0.0.0.0:8080",
        "Address and port of the HTTP server.";
    SOCIALAI_PUBLIC_URL, plain, "https://hub.example.com",
        "The address that people use: issuer of tokens, base of links, origin of passkeys. Default: http://localhost with the port.";
    SOCIALAI_TLS_CERT, plain, "/etc/socialai/tls.pem",
        "Certificate chain (PEM) for TLS without a proxy in front; read again on SIGHUP.";
    SOCIALAI_TLS_KEY, plain, "/etc/socialai/tls.key",
        "Private key (PEM) of that certificate.";
    SOCIALAI_DATA_DIR = "./data", plain, "/var/lib/socialai",
        "Folder of everything that has no other place: the private PostgreSQL and generated secrets.";
    SOCIALAI_DEMO_PASSWORD, secret, "…",
        "Password of the demo's people. Without it one is made once and printed.";
    SOCIALAI_SMTP_URL, secret, "smtps://user:…@mail.example.com",
        "Mail server for invitations, password links and alerts. Without it links are shown to the administrator who made them, and nobody is alerted by e-mail.";
    SOCIALAI_MAIL_FROM = "SocialAI Hub <hub@localhost>", plain, "SocialAI Hub <hub@example.com>",
        "Sender of those mails.";
    SOCIALAI_CORS_ORIGINS, plain, "https://app.example.com",
        "Other sites whose pages may call the API, parted by commas.";
    SOCIALAI_TRUSTED_PROXIES = "0", plain, "1",
        "How many proxies in front append to X-Forwarded-For; that many entries from the right are believed.";
    SOCIALAI_ALLOW_PRIVATE_NETWORKS, plain, "true",
        "Allow identity providers and other remote systems on private addresses. Default: false, in the demo true.";
    SOCIALAI_RATE_LIMIT_FACTOR = "1", plain, "10",
        "Multiplies every rate limit.";
    SOCIALAI_METRICS_TOKEN, secret, "…",
        "Bearer token with which other machines may read /metrics; this machine always may.";
    SOCIALAI_AUDIT_STREAM, plain, "syslog+tcp://siem.example.com:601",
        "Where audit entries are sent: file:/path (JSON lines), syslog+udp://host:port or syslog+tcp://host:port (RFC 5424).";
    KAFKA_BROKERS, plain, "kafka-1:9092,kafka-2:9092",
        "Kafka carries domain events to their readers, and takes in what platforms deliver before the database does. Without it PostgreSQL does both. Jobs stay in PostgreSQL.";
    SOCIALAI_KAFKA_PREFIX = "socialai", plain, "hub-eu",
        "Begins the names of topics and consumer groups, so that installations can share a cluster.";
    SOCIALAI_KAFKA_PARTITIONS = "12", plain, "48",
        "Partitions of each topic that is made; topics that are there are left alone.";
    SOCIALAI_KAFKA_REPLICATION = "3", plain, "1",
        "Copies of each topic that is made; records are acknowledged by all but one of them.";
    SOCIALAI_KAFKA_USERNAME, plain, "socialai",
        "User for SASL/PLAIN; none without it.";
    SOCIALAI_KAFKA_PASSWORD, secret, "…",
        "Password of that user.";
    SOCIALAI_JOB_SLOTS = "16", plain, "64",
        "Jobs of each queue that this process does at once, for each database.";
    SOCIALAI_FACTS_RETENTION_DAYS = "30", plain, "90",
        "How long domain events are kept for live updates and replay.";
    SOCIALAI_WEBHOOK_LOG_DAYS = "30", plain, "90",
        "How long deliveries to webhook endpoints stay in their log.";
    SOCIALAI_WEBHOOK_FAILING_DAYS = "3", plain, "5",
        "A webhook endpoint that gave nothing but failures for so long is switched off.";
    FACEBOOK_APP_ID, plain, "1234567890",
        "Id of the app at Meta, for Facebook and Instagram. A workspace may set its own instead.";
    FACEBOOK_APP_SECRET, secret, "…",
        "Secret of that app; it also signs what Meta delivers.";
    SOCIALAI_FACEBOOK_VERIFY_TOKEN, secret, "…",
        "Word that is entered at Meta together with the address of the webhook, and compared when Meta asks for it.";
    TWITTER_CLIENT_ID, plain, "…",
        "OAuth 2.0 client id of the app at X. A workspace may set its own instead.";
    TWITTER_CLIENT_SECRET, secret, "…",
        "OAuth 2.0 client secret of that app.";
    TWITTER_API_SECRET, secret, "…",
        "API secret (consumer secret) of that app, which signs what X delivers.";
    LINKEDIN_CLIENT_ID, plain, "…",
        "Client id of the app at LinkedIn. A workspace may set its own instead.";
    LINKEDIN_CLIENT_SECRET, secret, "…",
        "Client secret of that app; it also signs what LinkedIn delivers.";
    SOCIALAI_LINKEDIN_APPLICATION_ID, plain, "12345678",
        "LinkedIn's number of that app, which is named when an organisation is subscribed to.";
    SOCIALAI_FACEBOOK_URL, plain, "http://127.0.0.1:9900/facebook",
        "Where Facebook is, for staging areas with a simulator. Default: Facebook itself.";
    SOCIALAI_INSTAGRAM_URL, plain, "http://127.0.0.1:9900/instagram",
        "The same for Instagram.";
    SOCIALAI_X_URL, plain, "http://127.0.0.1:9900/x",
        "The same for X.";
    SOCIALAI_LINKEDIN_URL, plain, "http://127.0.0.1:9900/linkedin",
        "The same for LinkedIn.";
    SOCIALAI_META_VERSION, plain, "v26.0",
        "Version of Meta's Graph API. Default: the one that this release was made with.";
    SOCIALAI_LINKEDIN_VERSION, plain, "202611",
        "Version of LinkedIn's API. Default: the one that this release was made with.";
    SOCIALAI_FACEBOOK_SCOPES, plain, "pages_show_list,pages_messaging",
        "Permissions to ask for when a Facebook page is connected, parted by commas. Default: all that are used.";
    SOCIALAI_INSTAGRAM_SCOPES, plain, "instagram_basic,instagram_manage_messages",
        "The same for Instagram accounts.";
    SOCIALAI_X_SCOPES, plain, "tweet.read,dm.read,dm.write",
        "The same for accounts at X.";
    SOCIALAI_LINKEDIN_SCOPES, plain, "r_organization_social,w_organization_social",
        "The same for organisations at LinkedIn.";
    SOCIALAI_INBOUND_DAYS = "7", plain, "30",
        "How long deliveries of platforms are kept as they came.";
    SOCIALAI_LOG, plain, "info,socialai_domain=debug",
        "Level of the log. Default: info for serve, warn for everything else.";
    SOCIALAI_LOG_FORMAT = "auto", plain, "json",
        "text, json, or auto: text on a terminal and JSON lines elsewhere.";
    OTEL_EXPORTER_OTLP_ENDPOINT, plain, "http://collector:4318",
        "Collector of traces (OTLP over HTTP). No traces without it.";
    SOCIALAI_DRAIN_SECONDS = "20", plain, "60",
        "How long requests under way may go on after the order to stop.";
}
