# ruff: noqa: PYI021  the stub is the manual, so it has docstrings
"""The compiled parts of CCTelegram. This file is the manual; a test checks it against the binary.

What it takes from a file `_native_*.pyi` stands there because a file has its wall: all of it is in `_native`.

Every call that works on files or waits releases the interpreter lock once around all of it. What comes
back is frozen: owned by the caller, safe in any thread. Errors are built-in exceptions: OSError (with errno
and file name) for the file system, ValueError for what was asked wrongly.
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
BUILD_PROFILE: str  # "release" or "debug"; figures measured on a debug build mean nothing

StrPath: TypeAlias = str | PathLike[str]

def keep_memory_small() -> bool:
    """Make the system's allocator give freed memory back, for a process that stays; returns whether it can.

    With glibc: blocks from 128 KiB on are mappings of their own, and threads share one heap. Else nothing.
    """

# --- spool

def loads(data: bytes | str) -> Any:
    """Read JSON. Costs no import, for commands that must start fast.

    Integers beyond 64 bits become float. ValueError names line and column.
    """

def dumps(value: Any) -> bytes:
    """Write compact JSON, UTF-8, keys in their order.

    TypeError for what JSON does not have; ValueError for NaN, Infinity, deeper than 127 levels, a str
    with half a surrogate pair.
    """

@final
class EventType:
    """A row of the one table of event types."""

    @property
    def type(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def icon(self) -> str:
        """One emoji."""
    @property
    def severity(self) -> str:
        """Of an event that says none."""
    @property
    def lane(self) -> int:
        """Of an event that says nothing about urgency, as in Batch.rows."""
    @property
    def description(self) -> str:
        """One line."""
    @property
    def example(self) -> str:
        """A whole event as JSON; passes validate_event."""

def event_types() -> list[EventType]:
    """Return all types, grouped by category."""

@final
class Problem:
    """One thing that is wrong with an event."""

    @property
    def field(self) -> str:
        """Dotted, as in data.severity; "" for the whole."""
    @property
    def message(self) -> str:
        """A sentence: what was read, what is allowed."""

def validate_event(data: bytes) -> list[Problem]:
    """Check an event against every rule of the protocol's table; empty when it keeps them all.

    For those who can still be told (MCP tools, `send`); events from files are mended instead.
    """

def deliver(events_dir: StrPath, data: bytes, name: str | None = None) -> str:
    """Write a file that readers see whole or not at all, durable on return; returns its name.

    Directory 0700, made when missing; file 0600. Without a name it gets one that sorts by time.
    FileExistsError when the name is taken, ValueError when it is none the inbox reads.
    """

def is_locked(path: StrPath) -> bool:
    """Tell whether a process holds the lock of this file; a missing file is not locked."""

@final
class FileLock:
    """A lock of the operating system on a file; it goes with its process, however that ends."""

    def __init__(self, path: StrPath) -> None: ...
    def try_lock(self) -> bool:
        """Take the lock unless somebody has it; True when we have it. Makes the file, 0600."""

    def unlock(self) -> None:
        """Give the lock back; the file stays."""

    def remove(self) -> None:
        """Remove the file and give the lock back; nothing when the lock is not ours. It stays on Windows."""

    def write(self, data: bytes) -> None:
        """Replace what the file says; PermissionError when the lock is not ours."""

@final
class AnswerFile:
    """An answer's file, as a listing shows it."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...

def answer_name(event_id: str | None, at_us: int, token: int) -> str:
    """Name an answer: time, slug of the event id, the low 32 bits of the token in hex. Sorts by time."""

def deliver_answer(responses_dir: StrPath, name: str, data: bytes) -> None:
    """Write an answer, durable on return; FileExistsError when the name is taken."""

def list_answers(
    responses_dir: StrPath, limit: int | None = None, newest_first: bool = True
) -> list[AnswerFile]:
    """List what nobody took: regular files whose name `answer_name` could have made, nothing else."""

def read_answers(responses_dir: StrPath, names: Sequence[str]) -> list[tuple[str, bytes]]:
    """Read answers without taking them; those that are gone are left out."""

def take_answers(responses_dir: StrPath, names: Sequence[str]) -> list[tuple[str, bytes]]:
    """Move answers to taken/ and return those that were ours: no two readers ever get the same."""

@final
class AnswerWaiter:
    """Waits for the answer to one event; the watch is set when it is made."""

    def __init__(self, responses_dir: StrPath) -> None: ...
    def wait(self, event_id: str, timeout: float) -> tuple[str, bytes] | None:
        """Wait at most `timeout` seconds for the first answer to this event; it is not taken.

        Any thread; signals are served each second. None when it did not come, or after `close`.
        """

    def close(self) -> None:
        """End this wait and all later ones, from any thread."""

EVENT_COLUMNS: tuple[str, ...]
"""The columns of a row of `Batch.rows`, in their order."""

def markdown(text: str, /) -> tuple[str, list[tuple[str, int, int, str | None]]]:
    """Turn Markdown (CommonMark, ~~struck~~ text, tables) into text and entities.

    Nothing that is not markup is lost: every letter and digit of `text` is in the result, in order, when each
    link's address is read after its text and each block's language before its text. Raw HTML, character
    references (`&amp;`), reference definitions, bullets and unbalanced marks stay as written. Only http and
    https become links (see `is_link`); the address of any other is shown after its text.
    """

def split(
    text: str,
    entities: list[tuple[str, int, int, str | None]],
    limit: int = 4096,
    max_entities: int = 100,
) -> list[tuple[str, list[tuple[str, int, int, str | None]]]]:
    """Cut a text into parts of at most `limit` units and `max_entities` entities, none of them blank.

    Prefers to cut between paragraphs, lines, words; keeps an entity whole where it fits a part, else it
    goes on in the next. The parts joined are the text, but for blanks that would be a part of their own: a
    blank text has no parts. Raises ValueError for an entity type this product does not write, a limit
    under 2, max_entities under 1.
    """

def utf16_len(text: str, /) -> int:
    """Length in UTF-16 units."""

def visible(text: str, /) -> str:
    """Show characters that hide or turn what is written by their code, as U+202E, in single angle quotes.

    The same object when there are none.

    Shown: control characters but line break and tab, direction marks and overrides, blanks without width,
    variation selectors and tags out of place. Kept: joiners within emoji and in scripts that need them.
    """

def one_line(text: str, /) -> str:
    """Show a text from outside in one line: as `visible`, a line break as U+23CE, a tab as a blank.

    Wide runs of blanks as `shorten_blanks` does; blanks at both ends are left out. The same object when
    nothing changes.
    """

def shorten_blanks(text: str, /) -> str:
    """Put `80 blanks`, in single angle quotes, for a run of blanks wider than 32 columns.

    For more than 6 line breaks in a row likewise, on a line of its own. The same object when there are none.
    For what is approved: nothing is pushed out of sight.
    """

def skeleton(text: str, /) -> str:
    """Return what texts that look the same have in common; not for reading.

    Look-alike characters (Unicode Technical Standard 39) are one; case, blanks and invisible characters do
    not count.
    """

def is_link(address: str, /) -> bool:
    """Say whether an address may become a link: http(s) to a host with a dot, no name before the host."""

# --- mcp

@final
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
