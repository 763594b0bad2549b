# ruff: noqa: PYI021  the stub is the documentation, so it has docstrings
"""The inbox: the part of `_native` that reads event files."""

from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias, final

StrPath: TypeAlias = str | PathLike[str]

@final
class Batch:
    """The result of one take; its length is the number of events."""

    def __len__(self) -> int: ...
    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store, report or settle."""

    @property
    def more(self) -> bool:
        """Whether the directory holds more: take again at once."""

    def rows(
        self,
    ) -> list[tuple[bytes, str, str, str, str, str, str | None, int, str, int, bytes, str | None]]:
        """Return one row per event, with EVENT_COLUMNS, ordered by event time, file time, name, line.

        Can be called once, since it releases the texts of the batch; raises RuntimeError afterwards.

        intake_key (16 bytes, equal when the same event is read again), event_id, type, title, source,
        task_id, correlation_id, lane (0 decisions, 1 alerts, 2 ordinary, 3 progress), severity, occurred_at
        (microseconds since the epoch), body (the JSON object, in UTF-8), warnings (JSON array of sentences,
        or None).
        """

    @property
    def positions(self) -> list[tuple[bytes, int, int, int, int]]:
        """Positions of .jsonl files, to store with the rows: name, device, inode, offset, head_hash.

        The numbers fit into 63 bits, as SQLite requires.
        """

    @property
    def finished(self) -> list[bytes]:
        """Names whose stored position is to be deleted, in the same transaction as the rows."""

    @property
    def rejected(self) -> list[Rejected]:
        """Files and lines already moved to rejected/, each beside its .reason.json."""

    @property
    def troubles(self) -> list[Trouble]:
        """Files that the system does not let us use: they stay, are reported once, and retried every 30 s."""

    @property
    def counters(self) -> dict[str, int]:
        """Counters of this take.

        looked (names), opened (files), bytes (of events), mended (events with a warning), unknown_types,
        not_files, waiting (files that may be incomplete), parse_ns (on all threads), take_ns, listings,
        listings_kept (reused, since the directory is unchanged), calls_saved (system calls on the directory,
        compared with takes of one file each).
        """

    @property
    def held(self) -> int:
        """Bytes of memory held by the events and the names of their files."""

@final
class Rejected:
    """A rejected file or line."""

    @property
    def name(self) -> str:
        """Name of the file in rejected/."""

    @property
    def origin(self) -> str:
        """Name of the original file in the events directory."""

    @property
    def code(self) -> str:
        """Key for counters: empty, encoding, json, depth, cut, object, title, size, failed."""

    @property
    def reason(self) -> str:
        """What is wrong and what to do about it."""

    @property
    def field(self) -> str | None: ...
    @property
    def line(self) -> int | None: ...
    @property
    def column(self) -> int | None:
        """Column in bytes, from 1."""

@final
class Trouble:
    """A file that the system does not let us read, move or remove."""

    @property
    def name(self) -> str: ...
    @property
    def reason(self) -> str: ...

@final
class Settled:
    """The result of settling a batch."""

    @property
    def removed(self) -> int: ...
    @property
    def changed(self) -> int:
        """Files that changed since they were read: new events."""

    @property
    def gone(self) -> int: ...
    @property
    def troubles(self) -> list[Trouble]:
        """Files that could not be removed; removal is retried, and they are not read again."""

@final
class Inbox:
    """The events directory. Any method may be called from any thread.

    `now` is in seconds, of a monotonic clock (`time.monotonic`).
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
        """Use other bounds from the next take on. Raises ValueError, as the constructor does."""

    def wait(self, timeout: float) -> str:
        """Wait for a change, at most `timeout` seconds and never longer than `patience`.

        Returns "changed", "overflow" (notifications were lost; the next take lists everything), "timeout"
        (take anyway) or "closed". A change reported before the call counts; the first call returns at once.
        Signals are handled each second.
        """

    def wake(self) -> None:
        """End the current wait, or the next one, as if something had changed."""

    def close(self) -> None:
        """End all waits."""

    def due(self, now: float) -> float | None:
        """Return the seconds until a file is due although nothing changes; None when none is."""

    def take(self, now: float) -> Batch:
        """List, read and parse files and derive ids, bounded by events and bytes.

        Raises OSError only when the directory itself can be neither created, opened nor listed.
        """

    def settle(self, batch: Batch, now: float) -> Settled:
        """Remove the files of a batch whose rows are durable, each only if unchanged since it was read.

        May run in parallel with the next take.
        """

    def reject(self, batch: Batch, failed: dict[bytes, str]) -> list[Rejected]:
        """Move events that the store cannot accept to rejected/, by intake key, each with its reason.

        For .jsonl files, only their lines. Call it before `settle`. Raises OSError on an I/O error.
        """

    def release(self, batch: Batch) -> None:
        """Release a batch whose rows are not durable: all of it is taken again."""

    @property
    def watching(self) -> bool:
        """Whether changes are reported; otherwise the directory must be scanned each second."""

    @property
    def trouble(self) -> str | None:
        """Why changes are not reported, or None."""

    @property
    def patience(self) -> float:
        """The longest time between takes, in seconds: 30, or 1 where changes are not reported."""
