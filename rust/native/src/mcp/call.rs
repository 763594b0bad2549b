//! The argument of a tool function, and the number of running calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rmcp::RoleServer;
use rmcp::model::{
    CustomNotification, ProgressNotification, ProgressNotificationParam, ProgressToken,
    ServerNotification,
};
use rmcp::service::RequestContext;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

/// The calls of this process: how many run, and whether the client has disconnected.
#[derive(Default)]
pub struct Calls {
    running: AtomicUsize,
    ended: watch::Sender<bool>,
}

impl Calls {
    /// Number of tool functions that have not returned.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Mark the end of the input: every call counts as cancelled from now on.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Whether the input has ended.
    pub fn ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Wait for the input to end.
    pub async fn wait_for_end(&self) {
        // The wait cannot fail: `self` owns the sender.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

/// Counts one call during its lifetime.
pub struct CallGuard(Arc<Calls>);

impl CallGuard {
    /// Count one more call.
    pub fn new(calls: &Arc<Calls>) -> Self {
        calls.running.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(calls))
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One call of a tool.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct Call {
    /// Name of the tool.
    #[pyo3(get)]
    name: String,
    arguments: Vec<u8>,
    /// Name and version of the client, as it reported them.
    #[pyo3(get)]
    client: Option<String>,
    /// Protocol revision of this call.
    #[pyo3(get)]
    protocol: Option<String>,
    /// W3C trace context of the caller, from `_meta` (SEP-414), as it was sent.
    #[pyo3(get)]
    traceparent: Option<String>,
    token: Option<ProgressToken>,
    context: RequestContext<RoleServer>,
    calls: Arc<Calls>,
    outbox: UnboundedSender<ServerNotification>,
}

impl Call {
    /// Build the argument for the function of tool `name`.
    pub fn new(
        name: String,
        arguments: Vec<u8>,
        context: RequestContext<RoleServer>,
        calls: Arc<Calls>,
        outbox: UnboundedSender<ServerNotification>,
    ) -> Self {
        Self {
            name,
            arguments,
            client: context
                .client_info()
                .map(|client| format!("{} {}", client.name, client.version)),
            protocol: context
                .protocol_version()
                .map(|version| version.to_string()),
            traceparent: context.meta.get_traceparent().map(str::to_owned),
            token: context.meta.get_progress_token(),
            context,
            calls,
            outbox,
        }
    }
}

#[pymethods]
impl Call {
    /// The arguments as a JSON object: validated, with defaults filled in.
    #[getter]
    fn arguments(&self) -> &[u8] {
        &self.arguments
    }

    /// Whether the client has cancelled the call or disconnected.
    fn cancelled(&self) -> bool {
        self.context.ct.is_cancelled() || self.calls.ended()
    }

    /// Report progress to the client; does nothing if the client did not request it.
    #[pyo3(signature = (done, total=None, message=None))]
    fn progress(&self, done: f64, total: Option<f64>, message: Option<String>) {
        let Some(token) = self.token.clone() else {
            return;
        };
        let mut params = ProgressNotificationParam::new(token, done);
        params.total = total;
        params.message = message;
        // The receiver is gone once the call was cancelled; then no report is needed.
        let _ = self.outbox.send(ServerNotification::ProgressNotification(
            ProgressNotification::new(params),
        ));
    }

    /// Send a notification of any method; `params` is a JSON object.
    fn notify(&self, method: String, params: &[u8]) -> PyResult<()> {
        let params = serde_json::from_slice(params)
            .map_err(|error| PyValueError::new_err(format!("params are not JSON: {error}")))?;
        let _ = self.outbox.send(ServerNotification::CustomNotification(
            CustomNotification::new(method, Some(params)),
        ));
        Ok(())
    }
}
