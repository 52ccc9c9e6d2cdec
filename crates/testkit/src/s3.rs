//! An S3 server of a test's own, on a folder: what was put there is there again after `kill -9`. It checks signatures.

use std::path::{Path, PathBuf};

use crate::{
    keeper::{Keeper, MOST_PORTS, PATIENCE, connection, free_port, until},
    lab::secret,
};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/s3s-fs/bin/s3s-fs");
/// `$1` is the program, `$2` the port, `$3` and `$4` the key, `$5` the folder.
const SERVER: &str = r#""$1" --host 127.0.0.1 --port "$2" --access-key "$3" --secret-key "$4" "$5" >/dev/null 2>&1"#;

pub struct S3 {
    port: u16,
    pub access_key_id: String,
    pub secret_access_key: String,
    folder: PathBuf,
    keeper: Option<Keeper>,
}

impl S3 {
    pub const BUCKET: &str = "objects";

    /// With one empty bucket.
    pub async fn start() -> Self {
        assert!(Path::new(PROGRAM).exists(), "the S3 server is not installed; run make tools");
        let folder = std::env::temp_dir().join(format!("socialai-s3-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(folder.join(Self::BUCKET)).expect("a folder for the bucket");
        let access_key_id = format!("AK{}", &secret()[..8]);
        let mut s3 = Self { port: free_port(), access_key_id, secret_access_key: secret(), folder, keeper: None };
        for _ in 0..MOST_PORTS {
            if s3.rises().await {
                return s3;
            }
            s3.kill();
            s3.port = free_port();
        }
        panic!("no S3 server started on {MOST_PORTS} free ports within {PATIENCE:?} each");
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Gone at once, as after a power cut.
    pub fn kill(&mut self) {
        self.keeper = None;
    }

    /// Starts again at the same address, with its data.
    pub async fn start_again(&mut self) {
        assert!(self.keeper.is_none(), "this server runs");
        assert!(self.rises().await, "the S3 server does not start again on port {}", self.port);
    }

    /// The keys of all objects that the server has.
    pub fn keys(&self) -> Vec<String> {
        let bucket = self.folder.join(Self::BUCKET);
        let mut keys: Vec<_> = files(&bucket)
            .iter()
            .filter_map(|file| file.strip_prefix(&bucket).ok()?.to_str().map(str::to_owned))
            .collect();
        keys.sort();
        keys
    }

    async fn rises(&mut self) -> bool {
        let (port, folder) = (self.port.to_string(), self.folder.to_string_lossy());
        let arguments = [PROGRAM, &port, &self.access_key_id, &self.secret_access_key, &folder];
        self.keeper = Some(Keeper::start(SERVER, arguments));
        until(|| connection(self.port)).await.is_some()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
