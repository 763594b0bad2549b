//! Conversion of Rust errors into Python exceptions, built-in ones first.

use cctelegram_spool::error::Error;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use std::io::ErrorKind;

/// Return an `OSError` with errno and file name, from which Python picks `FileNotFoundError` and the like by
/// itself; a `ValueError` for an invalid argument.
pub fn raise(error: Error) -> PyErr {
    match error {
        Error::File { path, source } => {
            let errno = source.raw_os_error().unwrap_or(match source.kind() {
                ErrorKind::NotFound => 2,          // ENOENT
                ErrorKind::PermissionDenied => 13, // EACCES
                ErrorKind::AlreadyExists => 17,    // EEXIST
                _ => 5,                            // EIO
            });
            let message = source.to_string();
            let message = message
                .split(" (os error")
                .next()
                .unwrap_or(&message)
                .to_owned();
            PyOSError::new_err((errno, message, path.into_os_string()))
        }
        Error::InvalidArgument(message) => PyValueError::new_err(message),
    }
}
