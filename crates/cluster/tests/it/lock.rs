//! Two starts on one data folder.

use socialai_cluster::{ClusterError, FolderLock};

use crate::owner_process::Owner;
use crate::support::Scratch;

#[test]
fn second_process_is_told_who_holds_the_folder() {
    let scratch = Scratch::new();
    let mut owner = Owner::spawn("lock", scratch.path(), None);
    assert_eq!(owner.report(), "locked");
    let error = FolderLock::take(scratch.path()).unwrap_err();
    assert!(matches!(&error, ClusterError::InUse { pid, .. } if *pid == Some(owner.pid())), "{error:?}");
    let sentence = error.to_string();
    assert!(sentence.contains(&format!("(process {})", owner.pid())), "{sentence}");
    assert!(sentence.contains("stop that one first"), "{sentence}");
}

#[test]
fn lock_ends_with_its_value_and_makes_the_folder() {
    let scratch = Scratch::new();
    let folder = scratch.path().join("new/data");
    let lock = FolderLock::take(&folder).unwrap();
    assert!(matches!(FolderLock::take(&folder), Err(ClusterError::InUse { .. })));
    drop(lock);
    assert!(FolderLock::take(&folder).is_ok());
}
