//! A Kafka broker of a test's own: Tansu on a SQLite file, so that what was acknowledged is there again after `kill -9`.
//!
//! Like the test's Redis it is the child of a small shell that ends it when its owner is gone, whatever ended that.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/tansu/bin/tansu");
/// `$1` is the program, `$2` its address, `$3` the folder of its data.
const KEEPER: &str = r#"
cd "$3" || exit 1
"$1" broker --silent --listener-url "$2" --advertised-listener-url "$2" --storage-engine sqlite://broker.db >log 2>&1 &
cat >/dev/null
kill -KILL "$!" 2>/dev/null
wait
"#;
const PATIENCE: Duration = Duration::from_mins(1);
/// A free port may be taken by somebody else before the broker has it; then another one is tried.
const MOST_PORTS: usize = 5;

pub struct Broker {
    port: u16,
    folder: PathBuf,
    keeper: Option<Child>,
}

impl Broker {
    pub async fn start() -> Self {
        let mut broker = Self::absent();
        for _ in 0..MOST_PORTS {
            if broker.rises().await {
                return broker;
            }
            broker.kill();
            broker.port = free_port();
        }
        panic!("no Kafka broker started on {MOST_PORTS} free ports within {PATIENCE:?} each");
    }

    /// An address where nothing listens until [`Self::start_again`].
    pub fn absent() -> Self {
        assert!(Path::new(PROGRAM).exists(), "the Kafka broker is not installed; run make tools");
        let folder = std::env::temp_dir().join(format!("socialai-kafka-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).expect("a folder for the broker");
        Self { port: free_port(), folder, keeper: None }
    }

    /// For the clients' list of brokers.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Gone at once, as after a power cut.
    pub fn kill(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().expect("the keeper of a broker");
        }
    }

    /// Starts again at the same address, with its data.
    pub async fn start_again(&mut self) {
        assert!(self.keeper.is_none(), "this broker runs");
        assert!(self.rises().await, "the broker does not start again on port {}", self.port);
    }

    /// Starts again at the same address, without anything that was ever written.
    pub async fn start_empty(&mut self) {
        std::fs::remove_dir_all(&self.folder).expect("the broker's data");
        std::fs::create_dir(&self.folder).expect("a folder for the broker");
        self.start_again().await;
    }

    async fn rises(&mut self) -> bool {
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "sh", PROGRAM, &format!("tcp://127.0.0.1:{}", self.port)])
            .arg(&self.folder)
            // Ctrl-C must not end the keeper before its work.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.keeper = Some(keeper.expect("a shell"));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
