//! Directory calls for cleanup: the directory is never created, and a link in its place is not followed.

use super::{Directory, stat_of};
use crate::directory::Stat;
use crate::error::{Error, PathContext, Result};
use std::io::{self, ErrorKind};
use std::path::Path;

impl Directory {
    /// Open an existing directory; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or it is a link or a file.
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

    /// Return the metadata of an entry without following links, and the time of its last change in nanoseconds
    /// since the epoch, here that of its content; `None` when it does not exist.
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
