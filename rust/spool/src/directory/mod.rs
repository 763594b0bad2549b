//! The only system calls on the entries of a directory. Unix: relative to an open directory, nothing
//! followed, nothing that blocks. Elsewhere: the standard library behind the same functions.

use crate::error::{PathContext, Result};
use std::io::ErrorKind;
use std::path::Path;

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
use portable::read_some;
#[cfg(not(unix))]
pub use portable::{Directory, Names, is_local, unshare_file_table};
#[cfg(unix)]
use unix::read_some;
#[cfg(unix)]
pub use unix::{Directory, Names, is_local, unshare_file_table};

/// What tells one file from another, and from itself after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Device; 0 where there is none.
    pub device: u64,
    /// Inode; the creation time where there is none.
    pub inode: u64,
    /// In bytes.
    pub size: u64,
    /// In nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// A regular file, and not a link to one.
    pub is_file: bool,
}

impl Stat {
    /// In microseconds since the epoch.
    #[must_use]
    pub const fn mtime_us(&self) -> i64 {
        self.mtime_ns.div_euclid(1_000)
    }
}

/// A directory at one time; see [`Self::is_settled`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Device; 0 where there is none.
    pub device: u64,
    /// Inode; the creation time where there is none.
    pub inode: u64,
    /// When an entry last came or went, in nanoseconds since the epoch.
    pub changed_ns: i64,
}

/// No file system's clock is coarser than this (FAT: 2 s).
const COARSEST_NS: i64 = 3_000_000_000;

impl Stamp {
    /// Whether whatever changes from `now_us` on gives another stamp: the last change is so long ago that
    /// the coarsest clock shows a later one.
    #[must_use]
    pub const fn is_settled(&self, now_us: i64) -> bool {
        self.changed_ns < now_us.saturating_mul(1_000).saturating_sub(COARSEST_NS)
    }
}

/// What an entry of a listing is, as far as the listing tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory, link, pipe, device or socket.
    Other,
    /// The file system does not say; look before opening.
    Unknown,
}

/// What came of reading a file whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The buffer holds all of it.
    Whole(Stat),
    /// It is larger than allowed; nothing was read.
    TooLarge(Stat),
    /// It changed while it was read; look again.
    Changing(Stat),
    /// It is no regular file, or gone.
    Nothing,
}

impl Directory {
    /// Read a file of at most so many bytes into the buffer from a place on; the buffer grows as it needs to.
    ///
    /// # Errors
    ///
    /// The file system refuses, such as for want of permission.
    pub fn read(
        &self,
        name: &[u8],
        most: u64,
        buffer: &mut Vec<u8>,
        from: usize,
    ) -> Result<Contents> {
        let Some((file, stat)) = self.open_file(name)? else {
            return Ok(Contents::Nothing);
        };
        if stat.size > most {
            return Ok(Contents::TooLarge(stat));
        }
        let size = usize::try_from(stat.size).unwrap_or(usize::MAX - 1);
        // One byte more than expected: that it stays free shows the end without another call.
        grow_to(buffer, from + size + 1);
        let buffer = &mut buffer[from..=from + size];
        let mut filled = 0;
        loop {
            match read_some(&file, &mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The path is made for an error only: this runs once a file.
                Err(error) => return Err(error).with_path(self.path_of(name)),
            }
            if filled >= size {
                break;
            }
        }
        Ok(if filled == size {
            Contents::Whole(stat)
        } else {
            Contents::Changing(stat)
        })
    }
}

/// Make a directory and those above it, for the owner alone, unless it is there.
///
/// # Errors
///
/// It cannot be made, or something else has its name.
pub fn create_private_dir(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_path(path)
}

/// Options to write a file that only the owner may read.
#[must_use]
pub fn private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// What is said of a link or a file that has the name of a directory that is to be cleaned.
const NO_DIRECTORY: &str = "is a link or a file, not a directory of its own: it is not cleaned";

/// Let a buffer have at least so many bytes.
pub(crate) fn grow_to(buffer: &mut Vec<u8>, size: usize) {
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
