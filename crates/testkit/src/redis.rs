//! A Redis of a test's own, which keeps nothing and ends with its owner, whatever ends that.
//!
//! A destructor does not run after `kill -9`, so the server is the child of a small shell that reads from a pipe which
//! only the owner holds open. When the pipe closes the shell kills the server.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::lab::secret;

/// `$1` is the port, `$2` the password.
const KEEPER: &str = r#"
redis-server --bind 127.0.0.1 --port "$1" --requirepass "$2" --save '' --appendonly no >/dev/null 2>&1 &
cat >/dev/null
kill -KILL "$!" 2>/dev/null
wait
"#;
const PATIENCE: Duration = Duration::from_mins(1);
/// A free port may be taken by somebody else before Redis has it; then another one is tried.
const MOST_PORTS: usize = 5;

pub struct Redis {
    port: u16,
    password: String,
    keeper: Option<Child>,
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
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().expect("the keeper of a Redis");
        }
    }

    /// Starts again, empty, at the same address.
    pub async fn start_again(&mut self) {
        assert!(self.keeper.is_none(), "this Redis runs");
        assert!(self.rises().await, "Redis does not start again on port {}", self.port);
    }

    async fn rises(&mut self) -> bool {
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "sh", &self.port.to_string(), &self.password])
            // Ctrl-C must not end the keeper before its work.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.keeper = Some(keeper.expect("a shell"));
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.answers() {
                Some(is_ours) => return is_ours,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        false
    }

    /// `None` while nothing answers; false when somebody else's server does, which does not know the password.
    fn answers(&self) -> Option<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        write!(stream, "AUTH {}\r\n", self.password).ok()?;
        let mut reply = [0; 5];
        stream.read_exact(&mut reply).ok()?;
        Some(&reply == b"+OK\r\n")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
