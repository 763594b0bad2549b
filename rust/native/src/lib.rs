//! The Python binding of spool and markup, and the MCP stdio server.
//!
//! `spool/` and `markup.rs` convert: owned values in, one release of the interpreter lock, frozen objects out.
//! `mcp/` is the server; its tools are Python functions. `allocator.rs` configures the system allocator.
//! `error.rs` converts Rust errors into Python exceptions.

use pyo3::prelude::*;

mod allocator;
mod error;
mod markup;
mod mcp;
mod spool;

/// Compiled parts of `CCTelegram`; documented in `_native.pyi`.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add(
        "BUILD_PROFILE",
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    )?;
    spool::register(module)?;
    markup::register(module)?;
    allocator::register(module)?;
    mcp::register(module)
}
