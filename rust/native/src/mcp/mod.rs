//! The MCP stdio server on rmcp.

use pyo3::prelude::*;

/// Add this folder's names to the module.
pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
