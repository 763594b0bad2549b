//! A lock of the operating system on a file: it goes with its process, however that ends.

use crate::directory::make;
use crate::error::{At, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Somebody who only looks ([`is_locked`]) holds the lock for microseconds; do not take him for an owner.
const LOOKS: u32 = 5;
const LOOK_TIME: Duration = Duration::from_millis(2);

/// A file that is locked by whom it belongs to, and tells about him.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: Option<File>,
}

impl FileLock {
    /// Name the file; it is neither made nor opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            file: None,
        }
    }

    /// Take the lock, unless somebody has it. True when we have it, also when we had it before.
    ///
    /// # Errors
    ///
    /// The file can be neither made nor locked.
    pub fn try_lock(&mut self) -> Result<bool> {
        if self.file.is_some() {
            return Ok(true);
        }
        if let Some(parent) = self.path.parent() {
            make(parent)?;
        }
        let file = private().open(&self.path).at(&self.path)?;
        for _ in 0..LOOKS {
            match file.try_lock() {
                Ok(()) => {
                    self.file = Some(file);
                    return Ok(true);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK_TIME),
                Err(TryLockError::Error(error)) => return Err(error).at(&self.path),
            }
        }
        Ok(false)
    }

    /// Give the lock back. The file stays: removing it would let two owners lock two files of one name.
    pub fn unlock(&mut self) {
        self.file = None; // closing gives the lock back
    }

    /// Replace what the file says, while we hold the lock.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` when the lock is not ours; the disk.
    pub fn write(&mut self, data: &[u8]) -> Result<()> {
        let Some(file) = &mut self.file else {
            return Err(std::io::Error::new(
                ErrorKind::PermissionDenied,
                "the lock is not ours",
            ))
            .at(&self.path);
        };
        let mut replace = || {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(data)?;
            file.set_len(data.len() as u64)
        };
        replace().at(&self.path)
    }
}

fn private() -> OpenOptions {
    let mut options = crate::directory::private_file();
    options.read(true).create(true).truncate(false);
    options
}

/// Whether somebody holds the lock of this file; a file that is not there is not locked.
///
/// # Errors
///
/// The file can be neither opened nor asked.
pub fn is_locked(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened.at(path)?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error).at(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time_and_what_he_wrote_stays_readable() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state/bridge.lock");
        assert!(!is_locked(&path).unwrap());
        let (mut ours, mut theirs) = (FileLock::new(&path), FileLock::new(&path));
        assert!(ours.try_lock().unwrap());
        assert!(ours.try_lock().unwrap());
        assert!(!theirs.try_lock().unwrap());
        assert!(theirs.write(b"me").is_err());
        ours.write(b"a long sentence").unwrap();
        ours.write(b"short").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
        assert!(is_locked(&path).unwrap());
        ours.unlock();
        assert!(!is_locked(&path).unwrap());
        assert!(theirs.try_lock().unwrap());
    }
}
