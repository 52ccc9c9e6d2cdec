//! The server's settings: private, small, quiet, and safe with data unless it is a throw-away.

use std::fs;

/// Inside the data folder.
pub(crate) const LOG_FOLDER: &str = "log";
pub(crate) const LOG_PREFIX: &str = "postgresql-";

const MB: u64 = 1024 * 1024;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) durable: bool,
    pub(crate) max_connections: u32,
}

/// The command line of `postgres`, after the folder. It holds no secret: anyone may read it in `ps`.
pub(crate) fn arguments(settings: &Settings, port: u16) -> Vec<String> {
    let shared_buffers_mb = if settings.durable { shared_buffers_mb(memory_bytes()) } else { 64 };
    let mut list = vec![
        format!("port={port}"),
        format!("max_connections={}", settings.max_connections),
        format!("shared_buffers={shared_buffers_mb}MB"),
        format!("log_directory={LOG_FOLDER}"),
        format!("log_filename={LOG_PREFIX}%Y-%m-%dT%H%M%S.log"),
    ];
    list.extend(ALWAYS.iter().map(|&setting| setting.to_owned()));
    let by_purpose: &[&str] = if settings.durable { &DURABLE } else { &THROW_AWAY };
    list.extend(by_purpose.iter().map(|&setting| setting.to_owned()));
    list.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

const ALWAYS: [&str; 25] = [
    // Reached by us alone.
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "password_encryption=scram-sha-256",
    "ssl=off",
    // A log of bounded size without statements or row contents, which may be customers' data.
    "log_destination=stderr",
    "logging_collector=on",
    "log_rotation_size=10MB",
    "log_rotation_age=1d",
    "log_timezone=UTC",
    "log_statement=none",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_checkpoints=off",
    "log_autovacuum_min_duration=-1",
    // Compiling short statements costs more than it saves.
    "jit=off",
    // One forgotten transaction would keep dead rows for the whole database.
    "idle_in_transaction_session_timeout=60s",
    "timezone=UTC",
    // A small machine with a solid-state disk, shared with the rest of the product.
    "work_mem=8MB",
    "maintenance_work_mem=64MB",
    "effective_cache_size=1GB",
    "random_page_cost=1.1",
    "wal_buffers=16MB",
    "checkpoint_timeout=15min",
    "checkpoint_completion_target=0.9",
    "max_parallel_workers_per_gather=1",
];

const DURABLE: [&str; 5] = [
    "fsync=on",
    "full_page_writes=on",
    "wal_compression=on",
    "max_wal_size=2GB",
    // Jobs come and go by the thousand; what they leave behind slows the next ones down.
    "autovacuum_naptime=10s",
];

const THROW_AWAY: [&str; 5] =
    ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_wal_size=512MB", "autovacuum_naptime=10min"];

/// An eighth of the memory, because PostgreSQL is not alone here.
fn shared_buffers_mb(memory: Option<u64>) -> u64 {
    memory.map_or(128, |bytes| (bytes / MB / 8).clamp(64, 512))
}

/// Linux tells; elsewhere a middling machine is assumed.
fn memory_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_for_buffers_stays_within_bounds() {
        assert_eq!(shared_buffers_mb(Some(256 * MB)), 64);
        assert_eq!(shared_buffers_mb(Some(2048 * MB)), 256);
        assert_eq!(shared_buffers_mb(Some(64 * 1024 * MB)), 512);
        assert_eq!(shared_buffers_mb(None), 128);
    }

    #[test]
    fn durable_cluster_syncs_and_throw_away_does_not() {
        let arguments_of = |durable| arguments(&Settings { durable, max_connections: 20 }, 5555);
        assert!(arguments_of(true).contains(&"fsync=on".to_owned()));
        assert!(arguments_of(false).contains(&"fsync=off".to_owned()));
    }

    #[test]
    fn server_listens_on_loopback_only() {
        let list = arguments(&Settings { durable: true, max_connections: 20 }, 5555);
        assert!(list.contains(&"listen_addresses=127.0.0.1".to_owned()));
        assert!(list.contains(&"unix_socket_directories=".to_owned()));
        assert!(list.contains(&"port=5555".to_owned()));
    }
}
