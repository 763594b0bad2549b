"""Events in, as async batches: one worker thread waits and takes, others remove what is durable.

async for batch in inbox.batches():
    ...                        # one transaction: rows, positions, finished
    await inbox.done(batch)    # only then the files go
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from cctelegram import _native
from cctelegram.spool.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from cctelegram.config.settings import Spool

TROUBLE_RETRY_SECONDS = 1.0
"""Between two attempts at an events directory that can be neither made nor listed."""

READ_AHEAD_BYTES = 512 << 10
"""No batch is read ahead of one that holds more: two large events should not stand in memory at once."""


class Inbox:
    """The events directory.

    Args:
        events_dir: Made when missing, 0700; made anew when it is removed.
        rejected_dir: For what cannot be used.
        max_event_bytes: Of one event.
        batch_events: At most so many a batch.
        batch_bytes: About so many a batch.
        quiet_seconds: A file that cannot be used is rejected after so long without change.
        unfinished_seconds: A file whose text ends in the middle, after so long if that is later.
        rescan_seconds: The longest between two looks; 1 s where changes are not told.
        positions: Of .jsonl files, as the batches' `positions` were stored.
        looked: Called after each look, before what was found is given: at least every `rescan_seconds`.
    """

    def __init__(
        self,
        events_dir: str,
        rejected_dir: str,
        *,
        max_event_bytes: int = 1 << 20,
        batch_events: int = 512,
        batch_bytes: int = 256 << 10,
        quiet_seconds: float = 2.0,
        unfinished_seconds: float = 30.0,
        rescan_seconds: float = 30.0,
        positions: Sequence[tuple[bytes, int, int, int, int]] = (),
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        self._events_dir = events_dir
        # The watch is set here, before the first take.
        self._native = _native.Inbox(
            events_dir,
            rejected_dir,
            max_event_bytes=max_event_bytes,
            batch_events=batch_events,
            batch_bytes=batch_bytes,
            quiet_seconds=quiet_seconds,
            unfinished_seconds=unfinished_seconds,
            positions=positions,
        )
        self._waiter = ThreadPoolExecutor(1, "spool-inbox")
        self._looked = looked
        self._rescan_seconds = rescan_seconds
        self.tally = Tally()
        self._stopped = False
        self._more = False
        self._held = False
        self._ahead: asyncio.Future[_native.Batch | None] | None = None
        self._failure: OSError | None = None

    @property
    def trouble(self) -> str | None:
        """Why events come late or not at all; None when all is well."""
        return str(self._failure) if self._failure else self._native.trouble

    async def batches(self) -> AsyncIterator[_native.Batch]:
        """Yield what there is, as soon as it is there, until `stop`; never an empty batch.

        Batches come as fast as they are asked for, and one is read ahead while there are more, except of a
        large one: who asks slowly leaves the files where they are.
        An events directory that is in trouble is told in `trouble` and tried again each second.
        """
        while not self._stopped:
            ahead, self._ahead = self._ahead or self._start(), None
            try:
                batch = await ahead
            except OSError as failure:
                self._failure, self._more = failure, False
                self._looked()
                continue
            self._failure = None
            self._looked()
            if batch is not None:
                self._held = False
                if self._more and batch.held <= READ_AHEAD_BYTES:
                    self._ahead = self._start()  # read while this one is stored; never more than one
                yield batch
            del batch  # it may hold a megabyte, and the next one may come tomorrow
        if self._ahead is not None:
            await asyncio.gather(self._ahead, return_exceptions=True)  # nobody stores it: its files stay

    def _start(self) -> asyncio.Future[_native.Batch | None]:
        return asyncio.get_running_loop().run_in_executor(self._waiter, self._next)

    async def done(self, batch: _native.Batch) -> _native.Settled:
        """Remove the files of a batch whose rows are durable, each only if it still is what was read.

        Raises OSError when the events directory cannot be opened.
        """
        # Not in the waiter's thread, so beside the next take, and after `stop` as well.
        return await asyncio.to_thread(self._native.settle, batch, time.monotonic())

    async def reject(self, batch: _native.Batch, failed: dict[bytes, str]) -> list[_native.Rejected]:
        """Move the events of a batch that cannot be stored, by intake key, to rejected/ with their reasons.

        Of a .jsonl file the line alone. Call it before `done`. Raises OSError.
        """
        rejected = await asyncio.to_thread(self._native.reject, batch, failed)
        self.tally.failed(rejected)
        return rejected

    def set_bounds(
        self,
        *,
        max_event_bytes: int,
        batch_events: int,
        batch_bytes: int,
        quiet_seconds: float,
        unfinished_seconds: float,
        rescan_seconds: float,
    ) -> None:
        """Use other bounds from the next take on; a wait that is under way ends, and knows of them."""
        self._native.set_bounds(
            max_event_bytes=max_event_bytes,
            batch_events=batch_events,
            batch_bytes=batch_bytes,
            quiet_seconds=quiet_seconds,
            unfinished_seconds=unfinished_seconds,
        )
        self._rescan_seconds = rescan_seconds
        self._native.wake()

    def waiting(self) -> bool:
        """Whether there is something to take, or taken and not yielded. Lists: not for hot paths."""
        return self._more or self._held or has_events(self._events_dir)

    def release(self, batch: _native.Batch) -> None:
        """Give back a batch whose files could not be removed: all of it comes again."""
        self._native.release(batch)

    async def rewind(self, batch: _native.Batch) -> None:
        """Give back a batch whose rows are not durable, and the one that was read ahead: both come again.

        The lines of the one ahead stand behind those of this one: their position would pass them.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            for read in await asyncio.gather(ahead, return_exceptions=True):
                if isinstance(read, _native.Batch):
                    self._native.release(read)
        self._native.release(batch)

    def wake(self) -> None:
        """Look now, whatever the watch says."""
        self._native.wake()

    async def stop(self) -> None:
        """End `batches` and the worker thread. What was yielded before may still be told `done`."""
        self._stopped = True
        self._native.close()
        # Off the loop: shutdown blocks until the thread has ended.
        await asyncio.to_thread(self._waiter.shutdown)

    def _next(self) -> _native.Batch | None:
        """Wait and take, in the worker thread; None when there was nothing in it."""
        native = self._native
        if not self._more:
            due = native.due(time.monotonic())
            patience = TROUBLE_RETRY_SECONDS if self._failure else min(native.patience, self._rescan_seconds)
            if native.wait(patience if due is None else min(due, patience)) == "closed":
                return None
        batch = native.take(time.monotonic())
        self.tally.took(batch)
        self._held = not batch.is_empty
        self._more = batch.more
        return None if batch.is_empty else batch


def has_events(events_dir: str) -> bool:
    """Whether an events directory holds a file that may be an event; one that is missing holds none."""
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


def bounds(spool: Spool) -> dict[str, Any]:
    """Give what an inbox works by, as the settings say, under the names that it has for it."""
    return {
        "max_event_bytes": spool.max_event_bytes,
        "batch_events": spool.batch_events,
        "batch_bytes": spool.batch_bytes,
        "quiet_seconds": spool.quiet_seconds,
        "unfinished_seconds": spool.unfinished_seconds,
        "rescan_seconds": spool.rescan_seconds,
    }
