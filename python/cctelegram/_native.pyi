# ruff: noqa: PYI021  the stub is the manual, so it has docstrings
"""The compiled parts of CCTelegram. This file is the manual; a test checks it against the binary.

Every call that works on files or waits releases the interpreter lock once around all of it. What comes
back is frozen: owned by the caller, safe in any thread. Errors are built-in exceptions: OSError (with errno
and file name) for the file system, ValueError for what was asked wrongly.
"""

from collections.abc import Callable

__version__: str
BUILD_PROFILE: str  # "release" or "debug"; figures measured on a debug build mean nothing

# --- spool

# --- markup

# --- mcp

class Call:
    """One call of an MCP tool; made by `serve_stdio`, safe in any thread."""

    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> bytes:
        """The arguments as a JSON object: checked, with the defaults of those not given."""
    @property
    def client(self) -> str | None:
        """Name and version of the client as it gave them, such as `claude-code 2.1.330`."""
    @property
    def protocol(self) -> str | None:
        """Revision of the protocol this call speaks, such as `2026-07-28`."""
    def cancelled(self) -> bool:
        """Return whether the client has cancelled the call or closed the input; look about once a second."""
    def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Tell the client how far the call is, without waiting; silent where it gave no progress token."""
    def notify(self, method: str, params: bytes) -> None:
        """Send a notification of any method, without waiting. Raises ValueError if `params` is not JSON."""

def tool_definitions() -> str:
    """Return the definitions of all tools: the text of a JSON list, as `tools/list` gives it."""

def serve_stdio(call: Callable[[Call], bytes]) -> int:
    """Serve MCP on standard input and output until the input ends; the lock is released meanwhile.

    `call` runs a tool, in a thread of its own, and returns the JSON of its result (`content`,
    `structuredContent`, `isError`). An exception becomes a tool error with its text. Arguments that do not
    fit the input schema never get there. From the start on, file descriptor 1 is standard error: what code
    prints cannot get into the protocol.

    Returns the number of calls that had not returned: with any left, end the process without waiting for
    them. Raises OSError if there is no standard input or output, ValueError for a broken definition.
    """
