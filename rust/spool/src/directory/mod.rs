//! All system calls on directory entries. Unix: relative to an open directory, without following links, without
//! blocking. Other systems: the same functions on the standard library.

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

/// Identity of a file: differs between files, and after a write to the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Device; 0 on systems without device numbers.
    pub device: u64,
    /// Inode; the creation time on systems without inodes.
    pub inode: u64,
    /// In bytes.
    pub size: u64,
    /// In nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Whether it is a regular file; links are not followed.
    pub is_file: bool,
}

impl Stat {
    /// In microseconds since the epoch.
    #[must_use]
    pub const fn mtime_us(&self) -> i64 {
        self.mtime_ns.div_euclid(1_000)
    }
}

/// State of a directory at one time; see [`Self::is_settled`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Device; 0 on systems without device numbers.
    pub device: u64,
    /// Inode; the creation time on systems without inodes.
    pub inode: u64,
    /// When an entry was last added or removed, in nanoseconds since the epoch.
    pub changed_ns: i64,
}

/// Upper bound of the time resolution of file systems (FAT: 2 s).
const COARSEST_NS: i64 = 3_000_000_000;

impl Stamp {
    /// Whether any change from `now_us` on gives another stamp: the last change is older than the coarsest time
    /// resolution.
    #[must_use]
    pub const fn is_settled(&self, now_us: i64) -> bool {
        self.changed_ns < now_us.saturating_mul(1_000).saturating_sub(COARSEST_NS)
    }
}

/// Type of an entry, as far as the listing reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory, link, pipe, device or socket.
    Other,
    /// Not reported by the file system; call `stat` before opening.
    Unknown,
}

/// Result of reading a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The buffer holds all of it.
    Whole(Stat),
    /// It is too large; nothing was read.
    TooLarge(Stat),
    /// It changed while it was read; try again.
    Changing(Stat),
    /// It does not exist, or is not a regular file.
    Nothing,
}

impl Directory {
    /// Read a file of at most `most` bytes into the buffer, from an offset on; the buffer grows as needed.
    ///
    /// # Errors
    ///
    /// The file system refuses, for example for lack of permission.
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
        // One byte more than expected: if it stays unused, the end is known without another call.
        grow_to(buffer, from + size + 1);
        let buffer = &mut buffer[from..=from + size];
        let mut filled = 0;
        loop {
            match read_some(&file, &mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The path is built for errors only: this runs once per file.
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

/// Create a directory and its parents with mode 0700, unless it exists.
///
/// # Errors
///
/// It cannot be created, or something else has its name.
pub fn create_private_dir(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_path(path)
}

/// Options to write a file that only its owner can read.
#[must_use]
pub fn private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Reason not to clean a path that is a link or a file.
const NO_DIRECTORY: &str = "is a link or a file, not a directory; it is not cleaned";

/// Grow a buffer to at least `size` bytes.
pub(crate) fn grow_to(buffer: &mut Vec<u8>, size: usize) {
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
