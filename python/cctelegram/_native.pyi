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
        """A whole event as JSON; passes check_event."""

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

def check_event(data: bytes) -> list[Problem]:
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

@final
class Batch:
    """What one take brings; its length is the number of events."""

    def __len__(self) -> int: ...
    @property
    def is_empty(self) -> bool:
        """Nothing to store, to tell or to settle."""

    @property
    def more(self) -> bool:
        """The directory holds more; take again at once."""

    def rows(
        self,
    ) -> list[tuple[bytes, str, str, str, str, str, str | None, int, str, int, str, str | None]]:
        """One row an event, in the order of EVENT_COLUMNS, by event time, file time, name, line.

        Given once, since the batch lets go of its texts with them; RuntimeError when asked again.

        intake_key (16 bytes, the same when the same event is read again), event_id, type, title, source,
        task_id, correlation_id, lane (0 decisions, 1 alerts, 2 ordinary, 3 progress), severity, occurred_at
        (microseconds since the epoch), body (the JSON object), warnings (JSON list of sentences, or None).
        """

    @property
    def positions(self) -> list[tuple[bytes, int, int, int, int]]:
        """Of .jsonl files, to store with the rows: name, device, inode, offset, head_hash.

        The numbers fit into 63 bits, so that SQLite takes them.
        """

    @property
    def finished(self) -> list[bytes]:
        """Names whose stored position is to be forgotten, with the rows."""

    @property
    def rejected(self) -> list[Rejected]:
        """Already moved to rejected/, each beside its .reason.json."""

    @property
    def troubles(self) -> list[Trouble]:
        """Files the system does not let us use: they stay, are told once, and tried again each 30 s."""

    @property
    def counters(self) -> dict[str, int]:
        """Figures of this take.

        looked (names), opened (files), bytes (of events), mended, unknown_types, not_files, waiting, parse_ns
        (of all threads), take_ns, listings, listings_kept (not made, since the directory is unchanged),
        calls_saved (system calls on the directory that takes of one file each would have made beyond this).
        """

    @property
    def held(self) -> int:
        """Bytes of memory that the events and the names of their files hold."""

@final
class Rejected:
    """A file or line that could not be used."""

    @property
    def name(self) -> str:
        """Of the file in rejected/."""

    @property
    def origin(self) -> str:
        """Of the file in the events directory."""

    @property
    def code(self) -> str:
        """One word to count by: empty, encoding, json, depth, cut, object, title, size."""

    @property
    def reason(self) -> str:
        """What is wrong and what to do about it."""

    @property
    def field(self) -> str | None: ...
    @property
    def line(self) -> int | None: ...
    @property
    def column(self) -> int | None:
        """In bytes, from 1."""

@final
class Trouble:
    """A file that the system does not let us read, move or remove."""

    @property
    def name(self) -> str: ...
    @property
    def reason(self) -> str: ...

@final
class Settled:
    """What a settling did."""

    @property
    def removed(self) -> int: ...
    @property
    def changed(self) -> int:
        """Files that are not what was read any more: new events."""

    @property
    def gone(self) -> int: ...
    @property
    def troubles(self) -> list[Trouble]:
        """Files that could not be removed; they are tried again, and not read again."""

@final
class Inbox:
    """The events directory. Any method may be called from any thread.

    `now` is in seconds, of a clock that only goes forward (`time.monotonic`).
    """

    def __init__(
        self,
        events_dir: StrPath,
        rejected_dir: StrPath,
        *,
        max_event_bytes: int = ...,
        batch_events: int = 512,
        batch_bytes: int = ...,
        threads: int = 2,
        quiet_seconds: float = 2.0,
        finish_seconds: float = 10.0,
        positions: Sequence[tuple[bytes, int, int, int, int]] = [],
    ) -> None: ...
    def set_bounds(
        self, *, max_event_bytes: int, batch_events: int, batch_bytes: int, quiet_seconds: float
    ) -> None:
        """Use other bounds from the next take on. ValueError, as the constructor's, changes nothing."""

    def wait(self, timeout: float) -> str:
        """Wait at most `timeout` seconds, and never longer than `patience`, for a change.

        "changed", "overflow" (changes were lost; a take sees to it), "timeout" (take anyway), "closed". A
        change told before the call counts; the first call returns at once. Signals are served each second.
        """

    def wake(self) -> None:
        """End the current wait, or the next, as if something had changed."""

    def close(self) -> None:
        """End all waits."""

    def due(self, now: float) -> float | None:
        """Seconds until a file wants a look though nothing changes; None when none does."""

    def take(self, now: float) -> Batch:
        """List, open, read, parse, mend, derive ids, bounded by events and bytes.

        OSError only when the directory itself can be neither made, opened nor listed.
        """

    def settle(self, batch: Batch, now: float) -> Settled:
        """Remove what still is what was read, once the rows are durable. May run beside the next take."""

    def release(self, batch: Batch) -> None:
        """Give a batch back whose rows did not become durable: all of it comes again."""

    @property
    def watching(self) -> bool:
        """Changes are told; otherwise they are found by looking each second."""

    @property
    def trouble(self) -> str | None:
        """Why changes are not told."""

    @property
    def patience(self) -> float:
        """The longest to go without a take, in seconds: 30, or 1 where changes are not told."""

# --- markup
#
# Pure functions, each in time linear in its text. Offsets and lengths are UTF-16 units, as Telegram counts.
# An entity is (type, offset, length, the address of a text_link or the language of a pre, else None). Half a
# surrogate pair in a text (JSON can hold one) is read as U+FFFD; nothing here fails on a text.

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
