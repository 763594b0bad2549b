//! UrgentScan at a directory in order to clean it: it is never made, and a link in its place is not followed.

use super::{Directory, stat_of};
use crate::directory::Stat;
use crate::error::{Error, PathContext, Result};
use std::io::{self, ErrorKind};
use std::path::Path;

impl Directory {
    /// Open a directory that is there; `None` when nothing is.
    ///
    /// # Errors
    ///
    /// It cannot be looked at, or a link or a file has its name.
    pub fn open_existing(path: &Path) -> Result<Option<Self>> {
        match std::fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => Ok(Some(Self {
                path: path.to_owned(),
            })),
            Ok(_) => Err(Error::File {
                path: path.to_owned(),
                source: io::Error::new(ErrorKind::NotADirectory, super::super::NO_DIRECTORY),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_path(path),
        }
    }

    /// Look at an entry without following it, and give when it last changed, in nanoseconds since the epoch:
    /// here, when its content did. `None` when it is gone.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn stat_with_change_time(&self, name: &[u8]) -> Result<Option<(Stat, i64)>> {
        let path = self.path_of(name);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) => {
                let stat = stat_of(&metadata);
                Ok(Some((stat, stat.mtime_ns)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_path(path),
        }
    }
}
