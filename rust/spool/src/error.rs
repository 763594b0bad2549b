//! What can fail: the file system, at a path.

use std::io;
use std::path::PathBuf;

/// An error of the spool.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused something at this path.
    #[error("{path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Something was asked that cannot be: a name that is no file name.
    #[error("{0}")]
    InvalidArgument(String),
}

/// Result of the spool.
pub type Result<T> = std::result::Result<T, Error>;

/// Adds the path to an error of the file system.
pub trait PathContext<T> {
    /// Say where it happened.
    ///
    /// # Errors
    ///
    /// The error that was there, with its path.
    fn with_path(self, path: impl Into<PathBuf>) -> Result<T>;
}

impl<T, E: Into<io::Error>> PathContext<T> for std::result::Result<T, E> {
    fn with_path(self, path: impl Into<PathBuf>) -> Result<T> {
        self.map_err(|source| Error::File {
            path: path.into(),
            source: source.into(),
        })
    }
}
