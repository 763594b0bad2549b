# ruff: noqa: PYI021  the stub is the documentation, so it has docstrings
"""The compiled parts of CCTelegram. This file documents them; a test compares it with the binary.

The inbox and cleanup have stub files of their own (`_native_*.pyi`); at run time all names are in `_native`.

Every call that works on files or waits releases the interpreter lock once around all of it. Results are
frozen: owned by the caller, safe in any thread. Errors are built-in exceptions: OSError (with errno and file
name) for the file system, ValueError for invalid arguments.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, TypeAlias, final

from cctelegram._native_cleanup import CleanupPlan as CleanupPlan
from cctelegram._native_cleanup import CleanupRemoved as CleanupRemoved
from cctelegram._native_cleanup import plan_cleanup as plan_cleanup
from cctelegram._native_inbox import Batch as Batch
from cctelegram._native_inbox import Inbox as Inbox
from cctelegram._native_inbox import Rejected as Rejected
from cctelegram._native_inbox import Settled as Settled
from cctelegram._native_inbox import Trouble as Trouble

__version__: str
BUILD_PROFILE: str  # "release" or "debug"; measurements of a debug build are meaningless

StrPath: TypeAlias = str | PathLike[str]

def keep_memory_small() -> bool:
    """Make the system allocator return freed memory, for a long-running process; return whether it can.

    With glibc, blocks from 128 KiB on become separate mappings, and threads share one heap. No effect
    elsewhere.
    """

# --- spool

def loads(data: bytes | str) -> Any:
    """Parse JSON. Needs no import, for commands that must start fast.

    Integers beyond 64 bits become float. Raises ValueError with line and column.
    """

def dumps(value: Any) -> bytes:
    """Serialize to compact JSON in UTF-8; keys keep their order.

    Raises TypeError for types that JSON does not have; ValueError for NaN, Infinity, more than 127 levels of
    nesting, a str with a lone surrogate.
    """

@final
class EventType:
    """A row of the table of event types."""

    @property
    def type(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def icon(self) -> str:
        """One emoji."""
    @property
    def severity(self) -> str:
        """Severity of an event that sets none."""
    @property
    def lane(self) -> int:
        """Lane of an event that sets neither severity nor priority, as in Batch.rows."""
    @property
    def description(self) -> str:
        """One line."""
    @property
    def example(self) -> str:
        """A complete event as JSON; passes validate_event."""

def event_types() -> list[EventType]:
    """Return all types, grouped by category."""

@final
class Problem:
    """One violated rule of an event."""

    @property
    def field(self) -> str:
        """Path of the field, such as data.severity; "" for the event as a whole."""
    @property
    def message(self) -> str:
        """A sentence: the value, and what is allowed."""

def validate_event(data: bytes) -> list[Problem]:
    """Validate an event against every rule of the protocol; empty when it violates none.

    For callers that can correct the event (MCP tools, `send`); event files are parsed leniently instead.
    """

def deliver(events_dir: StrPath, data: bytes, name: str | None = None) -> str:
    """Write a file that readers see complete or not at all; it is durable on return. Return its name.

    The directory is created when missing (0700); the file has mode 0600. Without a name it gets one that
    sorts by time. Raises FileExistsError when the name exists, ValueError when the inbox would not read it.
    """

def is_locked(path: StrPath) -> bool:
    """Return whether a process holds the lock of this file; a missing file is not locked."""

@final
class FileLock:
    """A lock of the operating system on a file; it is released when its process ends, however it ends."""

    def __init__(self, path: StrPath) -> None: ...
    def try_lock(self) -> bool:
        """Take the lock unless another process holds it; return whether we hold it. The file is created."""

    def unlock(self) -> None:
        """Release the lock; the file stays."""

    def remove(self) -> None:
        """Remove the file and release the lock; no effect without the lock. On Windows the file stays."""

    def write(self, data: bytes) -> None:
        """Replace the contents of the file. Raises PermissionError without the lock."""

@final
class Changes:
    """A watch on directories, without those below them.

    Args:
        directories: one that may not be read is left out.
        on_change: called in a thread of the watch, with the name of a file that was made, written, removed or
            renamed, or whose mode was changed; with None when notifications were lost.

    Raises:
        OSError: a directory is missing, or the system has no watch left.
    """

    def __init__(
        self, directories: Sequence[str | PathLike[str]], on_change: Callable[[str | None], object]
    ) -> None: ...
    def close(self) -> None:
        """End the watch; a call of `on_change` that has begun may still end."""

@final
class AnswerFile:
    """An answer file as listed."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...

def answer_name(event_id: str | None, at_us: int, token: int) -> str:
    """Return the name of an answer: time, slug of the event id, low 32 bits of the token in hex.

    Names sort by time.
    """

def deliver_answer(responses_dir: StrPath, name: str, data: bytes) -> None:
    """Write an answer; it is durable on return. Raises FileExistsError when the name exists."""

def list_answers(
    responses_dir: StrPath, limit: int | None = None, newest_first: bool = True
) -> list[AnswerFile]:
    """List the answers that were not taken: regular files with a name that `answer_name` returns."""

def read_answers(responses_dir: StrPath, names: Sequence[str]) -> list[tuple[str, bytes]]:
    """Read answers without taking them; missing ones are skipped."""

def take_answers(responses_dir: StrPath, names: Sequence[str]) -> list[tuple[str, bytes]]:
    """Move answers to taken/ and return those moved by this call: no two readers get the same answer."""

@final
class AnswerWaiter:
    """Waits for the answer to one event; the watch is set in the constructor."""

    def __init__(self, responses_dir: StrPath) -> None: ...
    def wait(self, event_id: str, timeout: float) -> tuple[str, bytes] | None:
        """Wait at most `timeout` seconds for the first answer to this event; it is not taken.

        Callable from any thread; signals are handled each second. Returns None after the timeout or `close`.
        """

    def close(self) -> None:
        """End this wait and all later ones, from any thread."""

EVENT_COLUMNS: tuple[str, ...]
"""The columns of a row of `Batch.rows`, in order."""

# --- markup
#
# Pure functions, each in time linear in its text. Offsets and lengths are UTF-16 units, as Telegram counts.
# An entity is (type, offset, length, the address of a text_link or the language of a pre, else None). A lone
# surrogate in a text (JSON can contain one) is read as U+FFFD; no function fails on a text.

def markdown(text: str, /) -> tuple[str, list[tuple[str, int, int, str | None]]]:
    """Convert Markdown (CommonMark, ~~strikethrough~~, tables) into text and entities.

    Only markup is removed: every letter and digit of `text` is in the result, in order, when the address of
    each link is read after its text and the language of each block before its text. Raw HTML, character
    references (`&amp;`), reference definitions, bullets and unbalanced markup stay as written. Only http and
    https become links (see `is_link`); any other address is shown after its text.
    """

def split(
    text: str,
    entities: list[tuple[str, int, int, str | None]],
    limit: int = 4096,
    max_entities: int = 100,
) -> list[tuple[str, list[tuple[str, int, int, str | None]]]]:
    """Split a text into parts of at most `limit` units and `max_entities` entities, none of them blank.

    Prefers cuts between paragraphs, lines, words; keeps an entity whole if it fits into a part, otherwise it
    continues in the next. The joined parts equal the text, except for blanks that would be a part of their
    own: a blank text has no parts. Raises ValueError for an unknown entity type, a limit below 2,
    max_entities below 1.
    """

def utf16_len(text: str, /) -> int:
    """Return the length in UTF-16 units."""

def visible(text: str, /) -> str:
    """Replace characters that hide or reorder text by their code, such as U+202E, in single angle quotes.

    Returns the same object when there are none.

    Replaced: control characters except line feed and tab, direction marks and overrides, zero-width blanks,
    misplaced variation selectors and tags. Kept: joiners within emoji and in scripts that need them.
    """

def one_line(text: str, /) -> str:
    """Show an untrusted text on one line: as `visible` does, a line break as U+23CE, a tab as a space.

    Wide gaps are shortened as by `shorten_blanks`; blanks at both ends are removed. Returns the same object
    when nothing changes.
    """

def shorten_blanks(text: str, /) -> str:
    """Replace a gap wider than 32 columns by its size, such as `80 blanks`, in single angle quotes.

    Likewise more than 6 consecutive line breaks, on a line of their own. Returns the same object when there
    are none. For texts to approve: nothing can be pushed out of sight.
    """

def skeleton(text: str, /) -> str:
    """Return a form of a text, not for display, that is equal for texts that look the same.

    Look-alike characters (Unicode Technical Standard 39) are unified; case, blanks and invisible characters
    are ignored.
    """

def is_link(address: str, /) -> bool:
    """Return whether an address may become a link: http(s), a host with a dot, no user name."""

# --- mcp

@final
class Call:
    """One call of an MCP tool; made by `serve_stdio`, safe in any thread."""

    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> bytes:
        """The arguments as a JSON object: validated, with defaults filled in."""
    @property
    def client(self) -> str | None:
        """Name and version of the client as it reported them, such as `claude-code 2.1.330`."""
    @property
    def protocol(self) -> str | None:
        """Protocol revision of this call, such as `2026-07-28`."""
    @property
    def traceparent(self) -> str | None:
        """W3C trace context of the caller, from `_meta`, as it was sent: not checked."""
    def cancelled(self) -> bool:
        """Return whether the client has cancelled the call or closed the input; poll about once a second."""
    def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Report progress to the client without waiting; no effect if it sent no progress token."""
    def notify(self, method: str, params: bytes) -> None:
        """Send a notification of any method, without waiting. Raises ValueError if `params` is not JSON."""

def tool_definitions() -> str:
    """Return the definitions of all tools as a JSON array, as in `tools/list`."""

def serve_stdio(call: Callable[[Call], bytes]) -> int:
    """Serve MCP on standard input and output until the input ends; the lock is released meanwhile.

    `call` runs a tool on its own thread and returns the JSON of its result (`content`, `structuredContent`,
    `isError`). An exception becomes a tool error with its text. Arguments that violate the input schema are
    refused before. From the start on, file descriptor 1 is standard error: printed output cannot corrupt the
    protocol.

    Returns the number of calls that have not returned: if any, end the process without waiting for them.
    Raises OSError if there is no standard input or output, ValueError for an invalid definition.
    """
