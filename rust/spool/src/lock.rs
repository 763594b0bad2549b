//! A lock of the operating system on a file. It is released when its process ends, however that happens.

use crate::directory::create_private_dir;
use crate::error::{PathContext, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// [`is_locked`] holds the lock for microseconds; try again before taking it for an owner.
const ATTEMPTS: u32 = 5;
const ATTEMPT_DELAY: Duration = Duration::from_millis(2);

/// A lock file; its owner can write to it.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: Option<File>,
}

impl FileLock {
    /// Set the path; the file is neither created nor opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            file: None,
        }
    }

    /// Take the lock unless another process holds it. True when we hold it, also when we held it before.
    ///
    /// # Errors
    ///
    /// The file can be neither created nor locked.
    pub fn try_lock(&mut self) -> Result<bool> {
        if self.file.is_some() {
            return Ok(true);
        }
        if let Some(parent) = self.path.parent() {
            create_private_dir(parent)?;
        }
        let mut file = private().open(&self.path).with_path(&self.path)?;
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            match file.try_lock() {
                Ok(()) if is_at(&file, &self.path).with_path(&self.path)? => {
                    self.file = Some(file);
                    return Ok(true);
                }
                // The owner removed or replaced the file after we opened it: lock the new one. Try that at least
                // once, since a file created here and left behind would have no owner.
                Ok(()) => file = private().open(&self.path).with_path(&self.path)?,
                Err(TryLockError::WouldBlock) => {
                    attempts += 1;
                    std::thread::sleep(ATTEMPT_DELAY);
                }
                Err(TryLockError::Error(error)) => return Err(error).with_path(&self.path),
            }
        }
        Ok(false)
    }

    /// Release the lock; the file stays.
    pub fn unlock(&mut self) {
        self.file = None; // closing releases the lock
    }

    /// Remove the file and release the lock; does nothing without the lock.
    ///
    /// The file is removed while it is locked, and a process that opened it before notices that in
    /// [`Self::try_lock`]: two processes never hold two files of one name. On systems other than Unix an open
    /// file cannot be told from one put in its place, so it stays.
    ///
    /// # Errors
    ///
    /// The file cannot be removed; the lock is released all the same.
    pub fn remove(&mut self) -> Result<()> {
        let Some(held) = self.file.take() else {
            return Ok(());
        };
        if cfg!(unix) && is_at(&held, &self.path).with_path(&self.path)? {
            std::fs::remove_file(&self.path).with_path(&self.path)?;
        }
        Ok(())
    }

    /// Replace the contents of the file while holding the lock.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` without the lock; an I/O error.
    pub fn write(&mut self, data: &[u8]) -> Result<()> {
        let Some(file) = &mut self.file else {
            return Err(std::io::Error::new(
                ErrorKind::PermissionDenied,
                "the lock is not held",
            ))
            .with_path(&self.path);
        };
        let mut replace = || {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(data)?;
            file.set_len(data.len() as u64)
        };
        replace().with_path(&self.path)
    }
}

/// Whether `path` still names the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // that of Unix asks the file system
fn is_at(_file: &File, _path: &Path) -> std::io::Result<bool> {
    Ok(true)
}

fn private() -> OpenOptions {
    let mut options = crate::directory::private_file();
    options.read(true).create(true).truncate(false);
    options
}

/// Whether a process holds the lock of this file; a missing file is not locked.
///
/// # Errors
///
/// The file can be neither opened nor locked.
pub fn is_locked(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened.with_path(path)?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error).with_path(path),
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

    #[test]
    #[cfg(unix)]
    fn owners_that_remove_their_file_are_still_one_at_a_time() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("bot.lock");
        let (owners, turns) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while turns.load(Ordering::Relaxed) < 500 {
                        let mut lock = FileLock::new(&path);
                        if lock.try_lock().unwrap() {
                            assert_eq!(owners.fetch_add(1, Ordering::SeqCst), 0);
                            turns.fetch_add(1, Ordering::Relaxed);
                            assert_eq!(owners.fetch_sub(1, Ordering::SeqCst), 1);
                            lock.remove().unwrap();
                        }
                    }
                });
            }
        });
        assert!(!path.exists());
    }
}
