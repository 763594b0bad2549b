//! The MCP stdio server: rmcp speaks the protocol, Python functions are the tools.
//!
//! Layout: `definitions/` holds what clients read of the tools, as text in the binary;
//! `schema.rs` checks arguments against it (`pattern.rs`, `nearest.rs`); `tools.rs` answers the protocol's requests from
//! these; `call.rs` is what a tool's function gets; `lines.rs` moves lines between the
//! standard streams and rmcp, and `frames.rs` reads and writes one of them.

use std::sync::Arc;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;

mod call;
mod frames;
mod pattern;
mod schema;
mod stdio;
mod suggestion;
mod tools;

/// Stack of a thread that runs a tool; most of them wait in Rust with a few frames of Python.
const TOOL_STACK_BYTES: usize = 512 << 10;

/// Tools running at once; each open `ask` is one. More of them wait for a free thread.
const TOOL_THREADS: usize = 128;

/// Add this folder's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<call::Call>()?;
    module.add_function(wrap_pyfunction!(serve_stdio, module)?)?;
    module.add_function(wrap_pyfunction!(tool_definitions, module)?)
}

/// Return the definitions of all tools as the text of a JSON list, as `tools/list` gives them.
#[pyfunction]
fn tool_definitions() -> PyResult<String> {
    let tools = tools::definitions().map_err(|error| PyValueError::new_err(error.to_string()))?;
    serde_json::to_string(&tools).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Serve MCP on the standard streams until the input ends; return the number of tools still running.
#[pyfunction]
fn serve_stdio(py: Python<'_>, call: Py<PyAny>) -> PyResult<usize> {
    let tools =
        tools::Tools::new(call).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let calls = tools.calls();
    let streams = stdio::Streams::take().map_err(PyOSError::new_err)?;
    redirect_stdio(py)?;
    py.detach(|| run(tools, streams, &calls))?;
    Ok(calls.running())
}

/// Let what any code prints go to standard error, and what any code reads be empty.
fn redirect_stdio(py: Python<'_>) -> PyResult<()> {
    let os = py.import("os")?;
    let nothing = os.call_method1("open", (os.getattr("devnull")?, os.getattr("O_RDWR")?))?;
    os.call_method1("dup2", (&nothing, 0))?;
    // Standard error may be closed.
    os.call_method1("dup2", (2, 1))
        .or_else(|_| os.call_method1("dup2", (&nothing, 1)))?;
    os.call_method1("close", (nothing,))?;
    Ok(())
}

fn run(tools: tools::Tools, streams: stdio::Streams, calls: &Arc<call::Calls>) -> PyResult<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(TOOL_THREADS)
        .thread_stack_size(TOOL_STACK_BYTES)
        .thread_name("mcp-tool")
        .build()?;
    let served = runtime.block_on(async {
        let transport = stdio::StdioTransport::start(streams, Arc::clone(calls))?;
        match tools.serve(transport).await {
            Ok(running) => running
                .waiting()
                .await
                .map(|_reason| ())
                .map_err(|error| PyRuntimeError::new_err(error.to_string())),
            // The client went away, or was answered why it cannot be served.
            Err(
                ServerInitializeError::ConnectionClosed(_)
                | ServerInitializeError::InitializeFailed(_),
            ) => Ok(()),
            Err(error) => Err(PyRuntimeError::new_err(error.to_string())),
        }
    });
    // A tool that still waits must not hold up the exit.
    runtime.shutdown_background();
    served
}
