//! Binding of the spool crate: `json` (for commands that must start fast), `catalogue`, `files` (atomic writes,
//! locks), `answers`, `batch`, `inbox`, `cleanup` and `changes` (of the files of the settings).

#![allow(clippy::needless_pass_by_value)] // arguments of Python functions arrive owned

use pyo3::prelude::*;

mod answers;
mod batch;
mod catalogue;
mod changes;
mod cleanup;
mod files;
mod inbox;
mod json;

/// Add this folder's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    json::register(module)?;
    catalogue::register(module)?;
    files::register(module)?;
    answers::register(module)?;
    batch::register(module)?;
    inbox::register(module)?;
    cleanup::register(module)?;
    changes::register(module)
}
