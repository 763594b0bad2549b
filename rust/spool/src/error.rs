//! Errors: file system calls, each with its path, and invalid arguments.

use std::io;
use std::path::PathBuf;

/// An error of the spool.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file system call failed.
    #[error("{path}: {source}")]
    File {
        /// Path of the call.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// An argument is invalid, such as a name that is not a file name.
    #[error("{0}")]
    InvalidArgument(String),
}

/// Result of the spool.
pub type Result<T> = std::result::Result<T, Error>;

/// Adds the path to an error of the file system.
pub trait PathContext<T> {
    /// Add a path to the error.
    ///
    /// # Errors
    ///
    /// The original error, with the path.
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
