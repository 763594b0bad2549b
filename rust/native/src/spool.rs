//! Binding of the spool crate.

use pyo3::prelude::*;

/// Add this file's names to the module.
pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
