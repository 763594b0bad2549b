//! Directory calls for cleanup: the directory is never created, and a link in its place is not followed.

use super::{Directory, stat_of};
use crate::directory::Stat;
use crate::error::{Error, PathContext, Result};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

impl Directory {
    /// Open an existing directory; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or it is a link or a file.
    pub fn open_existing(path: &Path) -> Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Self {
                fd,
                path: path.to_owned(),
            })),
            Err(Errno::NOENT) => Ok(None),
            // For a link, Linux returns NOTDIR because both flags are set; others return LOOP or MLINK.
            Err(Errno::LOOP | Errno::MLINK | Errno::NOTDIR) => Err(Error::File {
                path: path.to_owned(),
                source: io::Error::new(ErrorKind::NotADirectory, super::super::NO_DIRECTORY),
            }),
            Err(error) => Err(error).with_path(path),
        }
    }

    /// Return the metadata of an entry without following links, and the time of its last change of any kind
    /// (content, name, permissions) in nanoseconds since the epoch; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn stat_with_change_time(&self, name: &[u8]) -> Result<Option<(Stat, i64)>> {
        match rustix::fs::statat(&self.fd, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => {
                // The fields' types differ between systems.
                #[allow(
                    clippy::cast_possible_wrap,
                    clippy::unnecessary_cast,
                    clippy::useless_conversion
                )] // as said
                let changed = i64::from(found.st_ctime)
                    .saturating_mul(1_000_000_000)
                    .saturating_add(found.st_ctime_nsec as i64);
                Ok(Some((stat_of(&found), changed)))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.fault(name, error)),
        }
    }
}
