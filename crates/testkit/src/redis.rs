//! A Redis of a test's own, which keeps nothing.

use std::{
    io::{Read, Write},
    process::Command,
    time::Duration,
};

use crate::{
    keeper::{Keeper, MOST_PORTS, PATIENCE, connection, free_port, until},
    lab::secret,
};

/// `$1` is the port, `$2` the password.
const SERVER: &str =
    r#"redis-server --bind 127.0.0.1 --port "$1" --requirepass "$2" --save '' --appendonly no >/dev/null 2>&1"#;

pub struct Redis {
    port: u16,
    password: String,
    keeper: Option<Keeper>,
}

impl Redis {
    pub async fn start() -> Self {
        assert!(
            Command::new("redis-server").arg("--version").output().is_ok(),
            "redis-server is not installed; run make tools"
        );
        for _ in 0..MOST_PORTS {
            let mut redis = Self { port: free_port(), password: secret(), keeper: None };
            if redis.rises().await {
                return redis;
            }
        }
        panic!("no Redis started on {MOST_PORTS} free ports within {PATIENCE:?} each");
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    /// Gone at once, as after a power cut.
    pub fn kill(&mut self) {
        self.keeper = None;
    }

    /// Starts again, empty, at the same address.
    pub async fn start_again(&mut self) {
        assert!(self.keeper.is_none(), "this Redis runs");
        assert!(self.rises().await, "Redis does not start again on port {}", self.port);
    }

    async fn rises(&mut self) -> bool {
        self.keeper = Some(Keeper::start(SERVER, [&self.port.to_string(), &self.password]));
        until(|| self.answers()).await.unwrap_or_default()
    }

    /// `None` while nothing answers; false when somebody else's server does, which does not know the password.
    fn answers(&self) -> Option<bool> {
        let mut stream = connection(self.port)?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        write!(stream, "AUTH {}\r\n", self.password).ok()?;
        let mut reply = [0; 5];
        stream.read_exact(&mut reply).ok()?;
        Some(&reply == b"+OK\r\n")
    }
}
