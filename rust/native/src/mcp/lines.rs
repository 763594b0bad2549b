//! Lines between the standard streams and rmcp.
//!
//! Two threads read and write with blocking calls, so that pipes, sockets (as Node makes them)
//! and files all work, on every system. rmcp's own transport drops a line that is not JSON
//! without a word; here it is answered, as JSON-RPC 2.0 section 5 says.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{mpsc, oneshot};

use super::call::Calls;

/// Longest line that is read; the longest good one (a message of 16,000 characters, each escaped
/// as a pair of surrogates, and data beside it) is far below.
const MAX_LINE_BYTES: u64 = 4 << 20;

/// Lines read ahead of rmcp; then the pipe fills and the client waits.
const LINES_AHEAD: usize = 32;

/// Stack of the two threads: they hold nothing but a buffer's address.
const STACK_BYTES: usize = 128 << 10;

/// Own copies of the descriptors of the protocol, so that those of the process can be turned away.
pub struct Streams {
    input: File,
    output: File,
}

impl Streams {
    /// Copy what is standard input and output now.
    pub fn take() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use std::os::fd::AsFd;
            let input = io::stdin().as_fd().try_clone_to_owned()?;
            let output = io::stdout().as_fd().try_clone_to_owned()?;
            Ok(Self {
                input: input.into(),
                output: output.into(),
            })
        }
        #[cfg(windows)]
        {
            use std::os::windows::io::AsHandle;
            let input = io::stdin().as_handle().try_clone_to_owned()?;
            let output = io::stdout().as_handle().try_clone_to_owned()?;
            Ok(Self {
                input: input.into(),
                output: output.into(),
            })
        }
    }
}

enum Incoming {
    Line(Vec<u8>),
    TooLong,
}

type Written = oneshot::Sender<io::Result<()>>;

/// The transport rmcp is given.
pub struct Lines {
    incoming: mpsc::Receiver<Incoming>,
    outgoing: Option<std::sync::mpsc::Sender<(Vec<u8>, Option<Written>)>>,
    opened: bool,
}

impl Lines {
    /// Start both threads; `calls` is told when the input ends.
    pub fn start(streams: Streams, calls: Arc<Calls>) -> io::Result<Self> {
        let (line, incoming) = mpsc::channel(LINES_AHEAD);
        let (outgoing, frames) = std::sync::mpsc::channel();
        let thread = |name: &str| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .stack_size(STACK_BYTES)
        };
        thread("mcp-input").spawn(move || {
            // An input that cannot be read any more has ended.
            let _ = read_lines(streams.input, &line);
            calls.end();
        })?;
        thread("mcp-output").spawn(move || write_frames(streams.output, &frames))?;
        Ok(Self {
            incoming,
            outgoing: Some(outgoing),
            opened: false,
        })
    }

    fn refuse(&self, id: Option<RequestId>, error: ErrorData) {
        let Ok(frame) = frame(&TxJsonRpcMessage::<RoleServer>::error(error, id)) else {
            return;
        };
        if let Some(outgoing) = &self.outgoing {
            let _ = outgoing.send((frame, None));
        }
    }

    /// Make a message of a line; what is none is answered here.
    fn parse(&self, line: &[u8]) -> Option<RxJsonRpcMessage<RoleServer>> {
        let error = match serde_json::from_slice(line) {
            Ok(message) => return Some(message),
            Err(error) => error,
        };
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(line) else {
            let message = format!("this line is not JSON: {error}");
            self.refuse(None, ErrorData::parse_error(message, None));
            return None;
        };
        // A notification gets no answer, whatever is wrong with it; neither does an answer.
        let id = value
            .get("id")
            .cloned()
            .and_then(|id| serde_json::from_value(id).ok());
        if id.is_some() || value.get("method").is_none() && value.get("error").is_none() {
            let message = "this is no request of JSON-RPC 2.0: jsonrpc, id, method and params are \
                           what one has";
            self.refuse(id, ErrorData::invalid_request(message, None));
        }
        None
    }
}

impl Transport<RoleServer> for Lines {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (written, done) = oneshot::channel();
        let handed = frame(&message).and_then(|frame| match &self.outgoing {
            Some(outgoing) => outgoing.send((frame, Some(written))).map_err(|_| closed()),
            None => Err(closed()),
        });
        async move {
            handed?;
            done.await.map_err(|_| closed())?
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let line = match self.incoming.recv().await? {
                Incoming::Line(line) => line,
                Incoming::TooLong => {
                    let message = format!("a line has at most {MAX_LINE_BYTES} bytes");
                    self.refuse(None, ErrorData::new(ErrorCode::PARSE_ERROR, message, None));
                    continue;
                }
            };
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let Some(message) = self.parse(line) else {
                continue;
            };
            // rmcp ends when a session does not open with a request; a stray cancellation of a
            // request to the server before this one is no reason to.
            self.opened |= matches!(message, JsonRpcMessage::Request(_));
            if self.opened {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.outgoing = None;
        Ok(())
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "standard output is closed")
}

fn frame(message: &TxJsonRpcMessage<RoleServer>) -> io::Result<Vec<u8>> {
    let mut frame = serde_json::to_vec(message)?;
    frame.push(b'\n');
    Ok(frame)
}

/// Read until the input ends; a last line without a line break counts.
fn read_lines(input: File, lines: &mpsc::Sender<Incoming>) -> io::Result<()> {
    let mut input = BufReader::new(input);
    loop {
        let mut line = Vec::new();
        if (&mut input)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(());
        }
        let incoming = if line.len() as u64 == MAX_LINE_BYTES && line.last() != Some(&b'\n') {
            drop(line);
            input.skip_until(b'\n')?;
            Incoming::TooLong
        } else {
            Incoming::Line(line)
        };
        if lines.blocking_send(incoming).is_err() {
            return Ok(());
        }
    }
}

/// Write until the other end of `frames` is dropped; after a failure, all that come fail too.
fn write_frames(mut output: File, frames: &std::sync::mpsc::Receiver<(Vec<u8>, Option<Written>)>) {
    for (frame, written) in frames {
        let result = output.write_all(&frame);
        if let Some(written) = written {
            let _ = written.send(result);
        }
    }
}
