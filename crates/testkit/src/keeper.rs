//! How servers of tests are kept: each ends with its owner, whatever ends that.
//!
//! A destructor does not run after `kill -9`, so a server is the child of a small shell that reads from a pipe which only
//! the owner holds open. When the pipe closes the shell kills the server.

use std::{
    ffi::OsStr,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// A free port may be taken by somebody else before the server has it; then another one is tried.
pub(crate) const MOST_PORTS: usize = 5;

/// Dropping it ends the server at once, as a power cut would.
pub(crate) struct Keeper(Child);

impl Keeper {
    /// `server` is the shell's command, in which `$1` and so on are the arguments.
    pub(crate) fn start<A: AsRef<OsStr>>(server: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        let script = format!("{server} &\ncat >/dev/null\nkill -KILL \"$!\" 2>/dev/null\nwait\n");
        let keeper = Command::new("/bin/sh")
            .args(["-c", &script, "sh"])
            .args(arguments)
            // Ctrl-C must not end the keeper before its work.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(keeper.expect("a shell"))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Asks again and again until there is an answer; `None` when there is none for long.
pub(crate) async fn until<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}

/// `None` while nobody listens there.
pub(crate) fn connection(port: u16) -> Option<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
