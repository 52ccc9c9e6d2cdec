//! A Kafka broker of a test's own: Tansu on a SQLite file, so that what was acknowledged is there again after `kill -9`.

use std::path::{Path, PathBuf};

use crate::keeper::{Keeper, MOST_PORTS, PATIENCE, connection, free_port, until};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/tansu/bin/tansu");
/// `$1` is the program, `$2` its address, `$3` the folder of its data.
const SERVER: &str = r#"cd "$3" || exit 1
"$1" broker --silent --listener-url "$2" --advertised-listener-url "$2" --storage-engine sqlite://broker.db >log 2>&1"#;

pub struct Broker {
    port: u16,
    folder: PathBuf,
    keeper: Option<Keeper>,
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
        self.keeper = None;
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
        let address = format!("tcp://127.0.0.1:{}", self.port);
        self.keeper = Some(Keeper::start(SERVER, [PROGRAM, &address, &self.folder.to_string_lossy()]));
        until(|| connection(self.port)).await.is_some()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
