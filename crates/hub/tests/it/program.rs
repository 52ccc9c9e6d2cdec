//! Starts the program, waits for it, stops it, and looks at all that it printed.

use std::{
    fs::{self, File},
    io::Write,
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use socialai_cluster::Installation;
use socialai_testkit::lab::note_secret;
use sqlx::postgres::PgConnectOptions;

const PROGRAM: &str = env!("CARGO_BIN_EXE_socialai");
const PATIENCE: Duration = Duration::from_mins(3);

/// A folder that PostgreSQL's account can reach; gone with its owner.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("socialai-hub-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The data folder inside.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// One of the generated secrets.
    pub fn secret(&self, name: &str) -> String {
        secret(&self.data(), name)
    }

    /// Everything below `secrets`, one entry a line.
    pub fn secrets(&self) -> Vec<String> {
        let files = fs::read_dir(self.data().join("secrets")).into_iter().flatten().flatten();
        let text: Vec<_> = files.map(|file| fs::read_to_string(file.path()).unwrap()).collect();
        let lines = text.iter().flat_map(|text| text.lines());
        lines.map(|line| line.split_once(':').map_or(line, |(_, key)| key).to_owned()).collect()
    }
}

fn secret(data: &Path, name: &str) -> String {
    let secret = fs::read_to_string(data.join("secrets").join(name)).unwrap().trim().to_owned();
    note_secret(&secret);
    secret
}

/// Looks again and again, for a while.
#[track_caller]
pub fn wait_until(is_so: impl FnMut() -> bool) {
    assert!(comes_within(PATIENCE, is_so), "it does not come");
}

/// The same, and whether it came.
pub fn comes_within(patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + patience;
    while !is_so() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A command without the settings of whoever runs the tests.
fn command(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().args(arguments).stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.envs(settings.iter().copied());
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Ended with this code and a sentence that holds these words.
    #[track_caller]
    pub fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked") && !self.stderr.contains("stack backtrace"), "{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stderr))
    }
}

/// Runs a command to its end.
pub fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Ended {
    Ended::of(command(arguments, settings).output().unwrap())
}

/// The same with something on its standard input.
pub fn run_with_input(arguments: &[&str], input: &str) -> Ended {
    let mut child =
        command(arguments, &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Ended::of(child.wait_with_output().unwrap())
}

/// Starts a command and leaves it running.
pub fn spawn(arguments: &[&str]) -> Child {
    command(arguments, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Ends the server when the test process ends, however that ends; removes the folder too when one is given.
const WATCHMAN: &str = r#"
cat >/dev/null
kill -TERM "$1" 2>/dev/null
rounds=0
while kill -0 "$1" 2>/dev/null && [ "$rounds" -lt 150 ]; do sleep 0.1; rounds=$((rounds + 1)); done
kill -KILL "$1" 2>/dev/null
[ -z "$2" ] || rm -rf "$2"
"#;

/// A running server with everything that it printed.
pub struct Server {
    child: Child,
    watchman: Child,
    pub port: u16,
    data: PathBuf,
    logs: tempfile::TempDir,
}

impl Server {
    /// `demo` or `serve`, with these options and settings, on a free port; returns when it is ready.
    pub fn start(kind: &str, data: &Path, options: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::start_watched(kind, data, options, settings, Path::new(""))
    }

    /// For a server that nobody drops (one that tests share).
    pub fn start_shared(folder: Folder) -> Self {
        let data = folder.data();
        Self::start_watched("demo", &data, &[], &[], &folder.0.keep())
    }

    fn start_watched(kind: &str, data: &Path, options: &[&str], settings: &[(&str, &str)], remove: &Path) -> Self {
        let port = free_port();
        let (address, logs) = (format!("127.0.0.1:{port}"), tempfile::tempdir().unwrap());
        let arguments = [&[kind, "--listen", &address, "--data-dir", data.to_str().unwrap()], options].concat();
        let log = |name: &str| File::create(logs.path().join(name)).unwrap();
        let child = command(&arguments, settings).stdout(log("out")).stderr(log("err")).spawn().unwrap();
        let watchman = Command::new("/bin/sh")
            .args(["-c", WATCHMAN, "sh", &child.id().to_string()])
            .arg(remove)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut server = Self { child, watchman, port, data: data.to_path_buf(), logs };
        server.wait_until_ready();
        server
    }

    #[track_caller]
    fn wait_until_ready(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            if super::http::ask(self.port, "GET", "/ready", None, None).is_some_and(|answer| answer.status == 200) {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "it ended too early: {}", self.stderr());
            assert!(Instant::now() < until, "it does not become ready: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn stdout(&self) -> String {
        fs::read_to_string(self.logs.path().join("out")).unwrap()
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.logs.path().join("err")).unwrap()
    }

    pub fn data_dir(&self) -> &str {
        self.data.to_str().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command on the same data folder.
    pub fn cli(&self, arguments: &[&str]) -> Ended {
        self.cli_with(arguments, &[])
    }

    pub fn cli_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Ended {
        run(&[arguments, &["--data-dir", self.data_dir()]].concat(), settings)
    }

    /// SQL as the owner of the private database, past the program; the answer without decoration.
    pub fn sql(&self, statement: &str) -> String {
        psql(&self.owner_url(), &secret(&self.data, "owner.password"), statement)
    }

    /// For a connection of one's own, that stays.
    pub fn owner(&self) -> PgConnectOptions {
        self.owner_url().parse::<PgConnectOptions>().unwrap().password(&secret(&self.data, "owner.password"))
    }

    fn owner_url(&self) -> String {
        let note: Value = serde_json::from_str(&fs::read_to_string(self.data.join("running.json")).unwrap()).unwrap();
        format!("postgres://socialai_owner@127.0.0.1:{}/socialai", note["postgres_port"])
    }

    /// Ctrl-C, and its end: the exit code and all that it printed.
    pub fn stop(mut self) -> Ended {
        self.signal("-INT");
        wait_until(|| self.child.try_wait().unwrap().is_some());
        Ended { code: self.child.wait().unwrap().code(), stdout: self.stdout(), stderr: self.stderr() }
    }

    /// Dies at once, without a chance to tidy up.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Waited for before the watchman is told: until then the process counts as alive.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal("-TERM");
            let _ = self.child.wait();
        }
        drop(self.watchman.stdin.take());
        let _ = self.watchman.wait();
    }
}

/// One statement, past the program.
pub fn psql(url: &str, password: &str, statement: &str) -> String {
    let program = Installation::find(None).unwrap().program("psql");
    let output = Command::new(program)
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--dbname", url])
        .args(["--command", statement])
        .env("PGPASSWORD", password)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Processes of the PostgreSQL on a data folder.
pub fn postgres_runs(data: &Path) -> bool {
    let Ok(text) = fs::read_to_string(data.join("postgres").join("postmaster.pid")) else { return false };
    let pid = text.lines().next().unwrap_or_default().to_owned();
    Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().unwrap().success()
}
