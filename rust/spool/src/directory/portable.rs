//! The same calls on the standard library, for systems other than Unix.
//!
//! Names that are not Unicode are skipped: they cannot be carried safely as bytes here.

use super::{Kind, Stamp, Stat};
use crate::error::{PathContext, Result};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

mod cleanup;

/// A directory, by its path.
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Open a directory; it is created when missing.
    ///
    /// # Errors
    ///
    /// It can be neither opened nor created.
    pub fn open(path: &Path) -> Result<Self> {
        super::create_private_dir(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Open the directory again, for another thread.
    ///
    /// # Errors
    ///
    /// None here.
    pub fn reopen(&self) -> Result<Self> {
        Ok(Self {
            path: self.path.clone(),
        })
    }

    /// Identity of the directory.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn identity(&self) -> Result<(u64, u64)> {
        let stamp = self.stamp()?;
        Ok((stamp.device, stamp.inode))
    }

    /// Return the identity of the directory and the time of its last change.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn stamp(&self) -> Result<Stamp> {
        let stat = stat_of(&std::fs::metadata(&self.path).with_path(&self.path)?);
        Ok(Stamp {
            device: stat.device,
            inode: stat.inode,
            changed_ns: stat.mtime_ns,
        })
    }

    /// Identity of what the path names now; `None` when it names nothing.
    #[must_use]
    pub fn identity_at(path: &Path) -> Option<(u64, u64)> {
        let stat = stat_of(&std::fs::metadata(path).ok()?);
        Some((stat.device, stat.inode))
    }

    /// Call `each` for every entry until it returns false.
    ///
    /// # Errors
    ///
    /// The listing fails midway; names passed before are valid.
    pub fn for_each_entry(&self, mut each: impl FnMut(&[u8], Kind) -> bool) -> Result<()> {
        let mut goes_on = true;
        let mut names = self.listing()?;
        while goes_on && names.next_chunk(|name, kind| goes_on = goes_on && each(name, kind))? {}
        Ok(())
    }

    /// Start a listing that is read in chunks.
    ///
    /// # Errors
    ///
    /// The directory no longer exists, or the file system refuses.
    pub fn listing(&self) -> Result<Names> {
        Ok(Names {
            listing: std::fs::read_dir(&self.path).with_path(&self.path)?,
            path: self.path.clone(),
        })
    }

    /// Return the metadata of an entry without following links; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn stat(&self, name: &[u8]) -> Result<Option<Stat>> {
        let path = self.path_of(name);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) => Ok(Some(stat_of(&metadata))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_path(path),
        }
    }

    /// Open a regular file for reading; `None` when it does not exist or is not a regular file.
    ///
    /// # Errors
    ///
    /// The file system refuses, for example for lack of permission.
    pub fn open_file(&self, name: &[u8]) -> Result<Option<(File, Stat)>> {
        if !self.stat(name)?.is_some_and(|stat| stat.is_file) {
            return Ok(None);
        }
        let path = self.path_of(name);
        let file = File::open(&path).with_path(&path)?;
        let stat = stat_of(&file.metadata().with_path(&path)?);
        Ok(Some((file, stat)))
    }

    /// Read the first bytes of a regular file; returns how much of the buffer is filled, 0 if the file cannot be
    /// read.
    #[must_use]
    pub fn read_prefix(&self, name: &[u8], buffer: &mut [u8]) -> usize {
        let opened = self.open_file(name).ok().flatten();
        opened.map_or(0, |(mut file, _)| file.read(buffer).unwrap_or(0))
    }

    /// Remove a file; false when it did not exist.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn remove(&self, name: &[u8]) -> Result<bool> {
        let path = self.path_of(name);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_path(path),
        }
    }

    /// The path of an entry.
    #[must_use]
    pub fn path_of(&self, name: &[u8]) -> PathBuf {
        self.path.join(String::from_utf8_lossy(name).as_ref())
    }

    /// Does nothing: directories cannot be synced here.
    ///
    /// # Errors
    ///
    /// None.
    pub fn sync(&self) -> Result<()> {
        Ok(())
    }
}

/// Read once.
pub(super) fn read_some(mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    file.read(buffer)
}

/// Does nothing: only Linux can give a thread its own table of open files.
pub fn unshare_file_table() {}

/// A listing in progress.
pub struct Names {
    listing: std::fs::ReadDir,
    path: PathBuf,
}

impl Names {
    /// Pass the next few hundred names to `each`; false at the end.
    ///
    /// # Errors
    ///
    /// The listing fails; names passed before are valid.
    pub fn next_chunk(&mut self, mut each: impl FnMut(&[u8], Kind)) -> Result<bool> {
        for _ in 0..512 {
            let Some(entry) = self.listing.next() else {
                return Ok(false);
            };
            let entry = entry.with_path(&self.path)?;
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_file() => Kind::File,
                Ok(_) => Kind::Other,
                Err(_) => Kind::Unknown,
            };
            if let Some(name) = entry.file_name().to_str() {
                each(name.as_bytes(), kind);
            }
        }
        Ok(true)
    }
}

fn stat_of(metadata: &Metadata) -> Stat {
    let nanoseconds = |time: std::io::Result<SystemTime>| {
        let since = time
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since.map_or(0, |since| {
            i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
        })
    };
    Stat {
        device: 0,
        inode: nanoseconds(metadata.created()).unsigned_abs(),
        size: metadata.len(),
        mtime_ns: nanoseconds(metadata.modified()),
        is_file: metadata.is_file(),
    }
}

/// Never: the caller scans each second.
#[must_use]
pub fn is_local(_: &Path) -> bool {
    false
}
