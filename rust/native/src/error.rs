//! The one place where Rust errors become Python ones, built-in exceptions first.

use cctelegram_spool::error::Error;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use std::io::ErrorKind;

/// An `OSError` with errno and file name, so that Python picks `FileNotFoundError` and the like by
/// itself; `ValueError` for what was asked wrongly.
pub fn raise(error: Error) -> PyErr {
    match error {
        Error::File { path, source } => {
            let errno = source.raw_os_error().unwrap_or(match source.kind() {
                ErrorKind::NotFound => 2,          // ENOENT
                ErrorKind::PermissionDenied => 13, // EACCES
                ErrorKind::AlreadyExists => 17,    // EEXIST
                _ => 5,                            // EIO
            });
            let said = source.to_string();
            let said = said.split(" (os error").next().unwrap_or(&said).to_owned();
            PyOSError::new_err((errno, said, path.into_os_string()))
        }
        Error::InvalidArgument(sentence) => PyValueError::new_err(sentence),
    }
}
