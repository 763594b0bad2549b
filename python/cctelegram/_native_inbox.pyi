# ruff: noqa: PYI021  the stub is the manual, so it has docstrings
"""The part of `_native` that takes events in; it is imported from there."""

from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias, final

StrPath: TypeAlias = str | PathLike[str]

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
    ) -> list[tuple[bytes, str, str, str, str, str, str | None, int, str, int, bytes, str | None]]:
        """One row an event, in the order of EVENT_COLUMNS, by event time, file time, name, line.

        Given once, since the batch lets go of its texts with them; RuntimeError when asked again.

        intake_key (16 bytes, the same when the same event is read again), event_id, type, title, source,
        task_id, correlation_id, lane (0 decisions, 1 alerts, 2 ordinary, 3 progress), severity, occurred_at
        (microseconds since the epoch), body (the JSON object, in UTF-8), warnings (JSON list of sentences, or
        None).
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
        """One word to count by: empty, encoding, json, depth, cut, object, title, size, failed."""

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
        unfinished_seconds: float = 30.0,
        finish_seconds: float = 10.0,
        positions: Sequence[tuple[bytes, int, int, int, int]] = [],
    ) -> None: ...
    def set_bounds(
        self,
        *,
        max_event_bytes: int,
        batch_events: int,
        batch_bytes: int,
        quiet_seconds: float,
        unfinished_seconds: float,
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

    def reject(self, batch: Batch, failed: dict[bytes, str]) -> list[Rejected]:
        """Move what the store failed on to rejected/: intake keys of the batch, each with its reason.

        The line alone of a .jsonl file. To be called before `settle`; OSError when the disk refuses.
        """

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
