//! The MCP stdio server: rmcp implements the protocol, Python functions are the tools.
//!
//! - `definitions/`: the tool definitions that clients read, embedded in the binary
//! - `schema`: validates arguments against them; `pattern`, `suggestion`: its parts
//! - `tools`: answers the requests of the protocol; `call`: what the function of a tool receives
//! - `stdio`: the transport between the standard streams and rmcp; `frames`: reads and writes one message

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

/// Stack size of a tool thread; most of them wait in Rust below a few frames of Python.
const TOOL_STACK_BYTES: usize = 512 << 10;

/// Maximum number of running tools; each open `ask` is one. Further calls wait for a free thread.
const TOOL_THREADS: usize = 128;

/// Add this folder's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<call::Call>()?;
    module.add_function(wrap_pyfunction!(serve_stdio, module)?)?;
    module.add_function(wrap_pyfunction!(tool_definitions, module)?)
}

/// Return the definitions of all tools as a JSON array, as in `tools/list`.
#[pyfunction]
fn tool_definitions() -> PyResult<String> {
    let tools = tools::definitions().map_err(|error| PyValueError::new_err(error.to_string()))?;
    serde_json::to_string(&tools).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Serve MCP on the standard streams until the input ends; returns the number of tools still running.
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

/// Redirect the standard streams of the process: output of any code goes to standard error, and its input is
/// empty.
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
            // The client disconnected, or was told why it cannot be served.
            Err(
                ServerInitializeError::ConnectionClosed(_)
                | ServerInitializeError::InitializeFailed(_),
            ) => Ok(()),
            Err(error) => Err(PyRuntimeError::new_err(error.to_string())),
        }
    });
    // A waiting tool must not delay the exit.
    runtime.shutdown_background();
    served
}
