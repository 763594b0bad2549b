"""Events in, as async batches: one worker thread waits and takes, others remove the files of stored batches.

async for batch in inbox.batches():
    ...                        # one transaction: rows, positions, finished
    await inbox.done(batch)    # only then remove the files
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from cctelegram import _native
from cctelegram.retry import DISK
from cctelegram.spool.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from cctelegram.config.settings import Spool

READ_AHEAD_BYTES = 512 << 10
"""No batch is read ahead of a larger one: two large events should not be in memory at once."""


class _Taken(NamedTuple):
    """What a take returned, and when it began, in us since the epoch."""

    batch: _native.Batch | None
    at: int


class Inbox:
    """The events directory.

    Args:
        spool: The settings. The directory is created when missing, 0700, and again when it is removed.
        rejected_dir: For files and lines that hold no usable event.
        positions: Of .jsonl files, as stored from the batches' `positions`.
        on_scan: Called after each scan, before its batch is yielded: at least every `rescan_seconds`.

    Attributes:
        read_at: When reading of the batch that was yielded last began, in us since the epoch; else None.
    """

    def __init__(
        self,
        spool: Spool,
        rejected_dir: str,
        *,
        positions: Sequence[tuple[bytes, int, int, int, int]] = (),
        on_scan: Callable[[], None] = lambda: None,
    ) -> None:
        self._events_dir = spool.events_dir
        # The watch is set here, before the first take.
        self._native = _native.Inbox(spool.events_dir, rejected_dir, positions=positions, **_bounds(spool))
        self._waiter = ThreadPoolExecutor(1, "spool-inbox")
        self._on_scan = on_scan
        self._rescan_seconds = spool.rescan_seconds
        self.tally = Tally()
        self._stopped = False
        self._more = False
        self._held = False
        self._ahead: asyncio.Future[_Taken] | None = None
        self.read_at: int | None = None
        self._failure: OSError | None = None

    @property
    def trouble(self) -> str | None:
        """Why events arrive late or not at all, or None."""
        return str(self._failure) if self._failure else self._native.trouble

    async def batches(self) -> AsyncIterator[_native.Batch]:
        """Yield batches as soon as there are events, until `stop`; never an empty batch.

        Batches come as fast as the caller asks for them. While there are more, one is read ahead, except of
        a large batch: with a slow caller, the files stay in the events directory.
        A fault of the events directory is reported in `trouble` and retried (`retry.DISK`).
        """
        while not self._stopped:
            ahead, self._ahead = self._ahead or self._start(), None
            try:
                batch, read_at = await ahead
            except OSError as failure:
                self._failure, self._more = failure, False
                self._on_scan()
                continue
            self._failure = None
            self._on_scan()
            if batch is not None:
                self._held = False
                if self._more and batch.held <= READ_AHEAD_BYTES:
                    self._ahead = self._start()  # read while this batch is stored; never more than one
                self.read_at = read_at
                yield batch
            del batch  # it may hold a megabyte, and the next batch may come tomorrow
        if self._ahead is not None:
            await asyncio.gather(self._ahead, return_exceptions=True)  # not stored: its files stay

    def _start(self) -> asyncio.Future[_Taken]:
        return asyncio.get_running_loop().run_in_executor(self._waiter, self._next)

    async def done(self, batch: _native.Batch) -> _native.Settled:
        """Remove the files of a batch whose rows are durable, each only if unchanged since it was read.

        Raises OSError when the events directory cannot be opened.
        """
        # Not in the waiter's thread: it runs in parallel with the next take, and after `stop` as well.
        return await asyncio.to_thread(self._native.settle, batch, time.monotonic())

    async def reject(self, batch: _native.Batch, failed: dict[bytes, str]) -> list[_native.Rejected]:
        """Move the events of a batch that cannot be stored, by intake key, to rejected/ with their reasons.

        Of a .jsonl file, only the line is moved. Call it before `done`. Raises OSError.
        """
        rejected = await asyncio.to_thread(self._native.reject, batch, failed)
        self.tally.failed(rejected)
        return rejected

    def change(self, spool: Spool) -> None:
        """Use other bounds from the next take on; end a wait that is under way, so that it applies them."""
        self._native.set_bounds(**_bounds(spool))
        self._rescan_seconds = spool.rescan_seconds
        self._native.wake()

    def waiting(self) -> bool:
        """Whether events are left to take or to yield. Lists the directory: not for hot paths."""
        return self._more or self._held or has_events(self._events_dir)

    def release(self, batch: _native.Batch) -> None:
        """Release a batch whose files could not be removed: all of it is taken again."""
        self._native.release(batch)

    async def rewind(self, batch: _native.Batch) -> None:
        """Release a batch whose rows are not durable, and the one that was read ahead: both are taken again.

        The lines of the batch ahead follow those of this one: storing their position would skip these.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            for read in await asyncio.gather(ahead, return_exceptions=True):
                if isinstance(read, _Taken) and read.batch is not None:
                    self._native.release(read.batch)
        self._native.release(batch)

    def wake(self) -> None:
        """Scan now, whatever the watch reports."""
        self._native.wake()

    async def stop(self) -> None:
        """End `batches` and the worker thread. `done` still works for batches yielded before."""
        self._stopped = True
        self._native.close()
        # Off the loop: shutdown blocks until the thread has ended.
        await asyncio.to_thread(self._waiter.shutdown)

    def _next(self) -> _Taken:
        """Wait and take, in the worker thread; return the batch, None when it is empty, and the time."""
        native = self._native
        if not self._more:
            due = native.due(time.monotonic())
            patience = DISK.first if self._failure else min(native.patience, self._rescan_seconds)
            if native.wait(patience if due is None else min(due, patience)) == "closed":
                return _Taken(None, 0)
        at = time.time_ns() // 1000
        batch = native.take(time.monotonic())
        self.tally.took(batch)
        self._held = not batch.is_empty
        self._more = batch.more
        return _Taken(None if batch.is_empty else batch, at)


def has_events(events_dir: str) -> bool:
    """Whether an events directory holds a file that may be an event; a missing directory holds none."""
    suffixes = (".json", ".jsonl")
    try:
        with os.scandir(events_dir) as entries:
            return any(
                entry.name.lower().endswith(suffixes)
                and not entry.name.startswith(".")
                and entry.is_file(follow_symlinks=False)
                for entry in entries
            )
    except FileNotFoundError:
        return False


def _bounds(spool: Spool) -> dict[str, Any]:
    return {
        "max_event_bytes": spool.max_event_bytes,
        "batch_events": spool.batch_events,
        "batch_bytes": spool.batch_bytes,
        "quiet_seconds": spool.quiet_seconds,
        "unfinished_seconds": spool.unfinished_seconds,
    }
