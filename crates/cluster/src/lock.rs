//! One process per data folder.
//!
//! The lock is the operating system's (it ends with the process, however that ends); the pid in the
//! file is only for the sentence that the second start prints.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::ClusterError;
use crate::place;

const FILE_NAME: &str = "socialai.lock";

/// Held as long as this value lives.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Claims the data folder, which is made when it is not there.
    pub fn take(data_dir: &Path) -> Result<Self, ClusterError> {
        place::create_private_folder(data_dir)?;
        let path = data_dir.join(FILE_NAME);
        let cannot = |source| ClusterError::file("write the lock file", &path, source);
        let mut options = OpenOptions::new();
        // Not truncated on opening: the pid of the present holder has to stay readable.
        options.read(true).write(true).create(true).truncate(false).mode(0o644);
        let mut file = options.open(&path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ClusterError::InUse { folder: data_dir.to_path_buf(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(cannot(source)),
        }
        file.set_len(0)
            .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()))
            .and_then(|()| file.flush())
            .map_err(cannot)?;
        Ok(Self { _file: file })
    }
}

/// The pid in the file. The holder writes it a moment after locking, hence the short patience.
fn holder(file: &mut File) -> Option<u32> {
    let until = Instant::now() + Duration::from_millis(300);
    loop {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_to_string(&mut text).ok()?;
        if let Some(pid) = text.strip_suffix('\n').and_then(|pid| pid.parse().ok()) {
            return Some(pid);
        }
        if Instant::now() > until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
