//! UrgentScan at a directory in order to clean it: it is never made, and a link in its place is not followed.

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
    /// Open a directory that is there; `None` when nothing is.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a link or a file has its name.
    pub fn open_existing(path: &Path) -> Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Self {
                fd,
                path: path.to_owned(),
            })),
            Err(Errno::NOENT) => Ok(None),
            // Of a link Linux says NOTDIR, since both flags are set; others say LOOP or MLINK.
            Err(Errno::LOOP | Errno::MLINK | Errno::NOTDIR) => Err(Error::File {
                path: path.to_owned(),
                source: io::Error::new(ErrorKind::NotADirectory, super::super::NO_DIRECTORY),
            }),
            Err(error) => Err(error).with_path(path),
        }
    }

    /// Look at an entry without following it, and give when it last changed in any way (content, name,
    /// rights), in nanoseconds since the epoch; `None` when it is gone.
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
