//! The Python binding: a page of spool and markup, and the MCP stdio server.
//!
//! Layout: `spool.rs` and `markup.rs` convert (owned values in, one release of the
//! interpreter lock, frozen objects out); `mcp/` is the server, its tools Python functions; `memory.rs`
//! speaks to the allocator;
//! `error.rs` is the one place that turns Rust errors into Python ones.

use pyo3::prelude::*;

mod allocator;
mod error;
mod markup;
mod mcp;
mod spool;

/// Compiled parts of `CCTelegram`; `_native.pyi` is the manual.
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
