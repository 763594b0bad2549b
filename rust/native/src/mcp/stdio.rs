//! The transport between the standard streams and rmcp.
//!
//! Two threads read and write with blocking calls, so that pipes, sockets (as Node creates them) and files all
//! work, on every system. The transport of rmcp silently drops a line that is not JSON; here it is answered (see
//! `frames.rs`).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::JsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{mpsc, oneshot};

use super::call::Calls;
use super::frames::{self, Frame, MAX_BYTES, Scan};

/// Some programs write it first.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// Lines read ahead of rmcp; beyond that the pipe fills and the client waits.
const LINES_AHEAD: usize = 32;

/// Stack size of the two threads: the buffers are on the heap.
const STACK_BYTES: usize = 128 << 10;

/// Copies of the protocol descriptors, so that those of the process can be redirected.
pub struct Streams {
    input: File,
    output: File,
}

impl Streams {
    /// Duplicate the current standard input and output.
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
    /// The response to a line of more than `MAX_BYTES`.
    TooLong(Vec<u8>),
}

type Written = oneshot::Sender<io::Result<()>>;

/// The transport that rmcp uses.
pub struct StdioTransport {
    incoming: mpsc::Receiver<Incoming>,
    outgoing: Option<std::sync::mpsc::Sender<(Vec<u8>, Option<Written>)>>,
    opened: bool,
}

impl StdioTransport {
    /// Start both threads; the end of the input is reported to `calls`.
    pub fn start(streams: Streams, calls: Arc<Calls>) -> io::Result<Self> {
        let (line, incoming) = mpsc::channel(LINES_AHEAD);
        let (outgoing, frames) = std::sync::mpsc::channel();
        let thread = |name: &str| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .stack_size(STACK_BYTES)
        };
        thread("mcp-input").spawn(move || {
            // A read error counts as the end of the input.
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

    fn refuse(&self, answer: Vec<u8>) {
        if let Some(outgoing) = &self.outgoing {
            let _ = outgoing.send((answer, None));
        }
    }
}

impl Transport<RoleServer> for StdioTransport {
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
            let frame = match self.incoming.recv().await? {
                Incoming::Line(line) => frames::read(&line),
                Incoming::TooLong(answer) => Frame::Refused(answer),
            };
            let message = match frame {
                Frame::Message(message) => *message,
                Frame::Refused(answer) => {
                    self.refuse(answer);
                    continue;
                }
                Frame::Ignored => continue,
            };
            // rmcp ends a session that does not start with a request; a stray cancellation of a request to the
            // previous server must not cause that.
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
    Ok(frames::one_line(serde_json::to_vec(message)?))
}

/// Read until the input ends; an incomplete last line counts.
fn read_lines(input: impl Read, lines: &mpsc::Sender<Incoming>) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        if (&mut input)
            .take(MAX_BYTES as u64)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(());
        }
        let incoming = if line.len() == MAX_BYTES && line.last() != Some(&b'\n') {
            Incoming::TooLong(skip_line(&mut input, line)?)
        } else {
            if is_first && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            Incoming::Line(line)
        };
        is_first = false;
        if lines.blocking_send(incoming).is_err() {
            return Ok(());
        }
    }
}

/// Skip the rest of a line that started with `begun`, without keeping it; returns its response.
fn skip_line(input: &mut impl BufRead, begun: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut scan = Scan::default();
    scan.feed(&begun);
    drop(begun);
    loop {
        let piece = input.fill_buf()?;
        let end = piece.iter().position(|byte| *byte == b'\n');
        let piece = &piece[..end.unwrap_or(piece.len())];
        scan.feed(piece);
        let used = piece.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() || used == 0 {
            return Ok(frames::too_long(&scan));
        }
    }
}

/// Write until the sender is dropped; after a failure, all further writes fail too.
fn write_frames(mut output: File, frames: &std::sync::mpsc::Receiver<(Vec<u8>, Option<Written>)>) {
    for (frame, written) in frames {
        let result = output.write_all(&frame);
        if let Some(written) = written {
            let _ = written.send(result);
        }
    }
}
