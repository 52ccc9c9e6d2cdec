//! Taking a port, and saying who has it when it is taken.

use std::{fs, io::ErrorKind, net::SocketAddr, path::Path};

use anyhow::{Result, anyhow};
use tokio::net::TcpListener;

/// Takes the port before anything slow is started.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            let holder = holder(address.port()).map(|holder| format!(" by {holder}")).unwrap_or_default();
            anyhow!(
                "{address} is in use{holder}: stop that program or choose another port, for example --listen {}",
                SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(8080))
            )
        }
        ErrorKind::PermissionDenied => anyhow!(
            "{address} may be used by root only: choose a port from 1024 on (--listen) and put a proxy in front"
        ),
        ErrorKind::AddrNotAvailable => {
            anyhow!("{address} is not an address of this machine: use 127.0.0.1, 0.0.0.0 or one of its own (--listen)")
        }
        _ => anyhow!("cannot listen on {address} ({error}): choose another address (--listen)"),
    })
}

/// `name (process 7)`, where the system tells (Linux, for processes that we may look at).
fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .find_map(|table| fs::read_to_string(table).ok()?.lines().find_map(|line| listening_inode(line, port)))?;
    let socket = format!("socket:[{inode}]");
    let is_process = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok());
    let mut processes = fs::read_dir("/proc").ok()?.flatten().filter(is_process);
    let found = processes.find(|process| holds(&process.path(), &socket))?;
    let name = fs::read_to_string(found.path().join("comm")).ok()?;
    Some(format!("{} (process {})", name.trim(), found.file_name().to_str()?))
}

/// The socket of a line of `/proc/net/tcp` that listens (state 0A) on the port.
fn listening_inode(line: &str, port: u16) -> Option<String> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
    let listens = *fields.get(3)? == "0A" && u16::from_str_radix(local_port, 16).ok()? == port;
    listens.then(|| fields.get(9).map(|inode| (*inode).to_owned())).flatten()
}

fn holds(process: &Path, socket: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listening_socket_of_the_port_counts() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1";
        assert_eq!(listening_inode(line, 8080).as_deref(), Some("4711"));
        assert_eq!(listening_inode(line, 8081), None);
        assert_eq!(listening_inode(&line.replace(" 0A ", " 01 "), 8080), None);
        assert_eq!(listening_inode("  sl  local_address rem_address", 8080), None);
    }

    #[tokio::test]
    async fn busy_port_is_refused_with_the_way_out() {
        let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let sentence = bind(first.local_addr().unwrap()).await.unwrap_err().to_string();
        assert!(sentence.contains("is in use") && sentence.contains("--listen"), "{sentence}");
        #[cfg(target_os = "linux")]
        assert!(sentence.contains(&format!("(process {})", std::process::id())), "{sentence}");
    }
}
