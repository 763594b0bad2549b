//! Answers requests about tools from their definitions.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
    CustomRequest, CustomResult, ErrorCode, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ResultType, ServerCapabilities, ServerConfig, ServerNotification, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::mpsc::unbounded_channel;

use super::call::{Call, CallGuard, Calls};
use super::schema;
use super::suggestion::suggestion;

const INSTRUCTIONS: &str = include_str!("definitions/instructions.txt");

/// One JSON array per subject; `tools/list` returns them in this order.
const DEFINITIONS: [&str; 7] = [
    include_str!("definitions/events.json"),
    include_str!("definitions/ask.json"),
    include_str!("definitions/responses.json"),
    include_str!("definitions/status.json"),
    include_str!("definitions/life.json"),
    include_str!("definitions/cleanup.json"),
    include_str!("definitions/profile.json"),
];

/// How long a client may cache the list of tools: it changes only with a new version.
const LIST_TTL_MS: u64 = 3_600_000;

/// Grace period of running calls after the input has ended, so that requests piped into the server are answered.
/// Calls that wait for a person notice the end and return by themselves.
const CALL_GRACE: Duration = Duration::from_secs(2);

/// Parse the definitions.
pub fn definitions() -> serde_json::Result<Vec<Tool>> {
    let mut tools = Vec::new();
    for text in DEFINITIONS {
        tools.extend(serde_json::from_str::<Vec<Tool>>(text)?);
    }
    Ok(tools)
}

/// The tools and the Python function that runs them.
pub struct Tools {
    list: Vec<Tool>,
    call: Arc<Py<PyAny>>,
    calls: Arc<Calls>,
}

impl Tools {
    /// `call` takes a [`Call`] and returns the result as bytes.
    pub fn new(call: Py<PyAny>) -> serde_json::Result<Self> {
        Ok(Self {
            list: definitions()?,
            call: Arc::new(call),
            calls: Arc::default(),
        })
    }

    /// The running calls.
    pub fn calls(&self) -> Arc<Calls> {
        Arc::clone(&self.calls)
    }

    fn find(&self, name: &str) -> Result<&Tool, ErrorData> {
        self.list
            .iter()
            .find(|tool| tool.name == name)
            .ok_or_else(|| {
                let suggestion = suggestion(name, self.list.iter().map(|tool| tool.name.as_ref()));
                ErrorData::invalid_params(format!("unknown tool {name:?}{suggestion}"), None)
            })
    }
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let name =
            Implementation::new("cctelegram", env!("CARGO_PKG_VERSION")).with_title("CCTelegram");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(name)
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut result = ListToolsResult::with_all_items(self.list.clone());
        result.ttl_ms = Some(LIST_TTL_MS);
        result.cache_scope = Some(CacheScope::Public);
        Ok(result)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.list.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = self.find(&request.name)?;
        let mut arguments = request.arguments.unwrap_or_default();
        if let Err(problem) = schema::check_arguments(&mut arguments, &tool.input_schema) {
            return Ok(failed(problem).into());
        }
        let arguments = serde_json::to_vec(&arguments)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;

        let (outbox, mut notifications) = unbounded_channel::<ServerNotification>();
        let peer = context.peer.clone();
        let cancelled = context.ct.clone();
        let guard = CallGuard::new(&self.calls);
        let call = Call::new(
            tool.name.to_string(),
            arguments,
            context,
            Arc::clone(&self.calls),
            outbox,
        );
        let function = Arc::clone(&self.call);
        let mut running = tokio::task::spawn_blocking(move || {
            let result = answer(&function, call);
            drop(guard);
            result
        });
        let gone = async {
            self.calls.wait_for_end().await;
            tokio::time::sleep(CALL_GRACE).await;
        };
        tokio::pin!(gone);
        loop {
            tokio::select! {
                // In this order, so that the last progress report precedes the result.
                biased;
                () = cancelled.cancelled() => {
                    return Err(ErrorData::new(ErrorCode(-32800), "cancelled by the client", None));
                }
                Some(notification) = notifications.recv() => {
                    // A lost client is detected by the reader.
                    let _ = peer.send_notification(notification).await;
                }
                result = &mut running => {
                    return Ok(result.unwrap_or_else(|error| failed(error.to_string())).into());
                }
                () = &mut gone => {
                    return Err(ErrorData::internal_error("the client has disconnected", None));
                }
            }
        }
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        // A known method with malformed parameters also arrives here.
        if request.method == "tools/call" {
            let message = "tools/call takes an object with `name`, a string, and optionally \
                           `arguments`, an object";
            return Err(ErrorData::invalid_params(message, None));
        }
        let message = format!("unknown method {:?}", request.method);
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
    }
}

/// Call the function and parse its result.
fn answer(function: &Py<PyAny>, call: Call) -> CallToolResult {
    let returned = Python::attach(|py| -> PyResult<Vec<u8>> {
        let result = function.bind(py).call1((call,))?;
        Ok(result.cast::<PyBytes>()?.as_bytes().to_vec())
    });
    let result = match returned {
        Ok(bytes) => serde_json::from_slice::<CallToolResult>(&bytes)
            .map_err(|error| format!("the result of the tool is not valid: {error}")),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(mut result) => {
            result.result_type = Some(ResultType::COMPLETE);
            result
        }
        Err(problem) => failed(problem),
    }
}

fn failed(problem: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(problem)])
}
