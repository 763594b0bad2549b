"""The one writing connection, on a thread of its own.

Work is a function of the connection. Those that wait at the same moment share one transaction, and so one
sync of the disk; each stands behind a savepoint, so that a failing one undoes only itself. A result is
given back only after the commit: what the caller was told is durable (`synchronous=FULL`).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cctelegram.outbox import schema
from cctelegram.outbox.opened import Damaged, connect, is_damage, is_gone, open_store, recover, remake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.outbox.opened import Opened
    from cctelegram.outbox.recovery import Losses

__all__ = ["Store", "connect"]

T = TypeVar("T")

# One transaction takes no more than this many pieces of work, so that the first is not held up by a flood.
SHARED_COMMIT: Final = 64


class Store:
    """SQLite in WAL mode at `path`; made, with mode 0600, when it is not there.

    A store that is damaged is recovered, when it is opened and while it is used, and one whose file is
    removed is written anew: see `recovery` and `opened`. The rows keep their numbers.

    Args:
        changed: told from the writing thread, after that: what was lost, or None when nothing was.

    Raises:
        schema.NewerStore: the store belongs to a newer program.
        OSError, sqlite3.Error: it cannot be opened, or is damaged and cannot be recovered now.
    """

    def __init__(self, path: Path, changed: Callable[[Losses | None], None] = lambda _: None) -> None:
        self.path = path
        self._changed = changed
        self._opened: Opened | None = open_store(path)
        self.losses = self._opened.losses
        self._work: queue.SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], Future[Any]] | None]
        self._work = queue.SimpleQueue()
        self.commits = 0
        self._thread = threading.Thread(target=self._write, name="store", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in a transaction; return its result once it is durable."""
        return await asyncio.wrap_future(self.submit(work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work`, which only reads, on a connection and a thread of its own: it holds nobody up."""
        return await asyncio.to_thread(reading, self.path, work)

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue `work`; the future is done once it is durable."""
        future: Future[T] = Future()
        self._work.put((work, future))
        return future

    def look(self) -> None:
        """Write the store anew if its file was removed; costs one look at the name when it was not."""
        if self._opened is not None and is_gone(self.path, self._opened.identity):
            self.submit(lambda _: None)

    def distrust(self, reason: str) -> Future[None]:
        """Recover the store: somebody found it damaged."""

        def damaged(_: sqlite3.Connection) -> None:
            if self._opened is first:
                raise Damaged(reason)

        first = self._opened
        return self.submit(damaged)

    def close(self) -> None:
        """Finish what was submitted, then close the connection."""
        self._work.put(None)
        self._thread.join()

    def _write(self) -> None:
        closing = False
        while not closing:
            batch = [self._work.get()]
            while len(batch) < SHARED_COMMIT:
                try:
                    batch.append(self._work.get_nowait())
                except queue.Empty:
                    break
            closing = None in batch
            self._commit([item for item in batch if item is not None])
            del batch  # its work may hold a megabyte, and the next may come tomorrow
        if self._opened is not None:
            self._opened.connection.close()

    def _commit(self, batch: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]]) -> None:
        batch = [item for item in batch if item[1].set_running_or_notify_cancel()]
        if batch:
            self._together(batch)

    def _together(
        self, batch: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]], *, again: bool = False
    ) -> None:
        done: list[tuple[Future[Any], Any]] = []
        opened: Opened | None = None
        try:
            opened = self._sound()
            connection = opened.connection
            connection.execute("BEGIN IMMEDIATE")
            for work, future in batch:
                connection.execute("SAVEPOINT work")
                try:
                    done.append((future, work(connection)))
                except Exception as error:
                    if not connection.in_transaction or (is_damage(error) and not again):
                        raise  # a full disk rolls the whole transaction back
                    connection.execute("ROLLBACK TO work")
                    future.set_exception(error)
                connection.execute("RELEASE work")
            connection.execute("COMMIT")
            self.commits += 1
        except Exception as error:  # noqa: BLE001 - nothing of this transaction is durable; all are told
            if opened is not None and is_damage(error) and not again:
                # What is open is closed, and the store recovered, before the same work is done once more.
                with contextlib.suppress(sqlite3.Error):
                    opened.connection.close()
                self._opened = None
                self._together([item for item in batch if not item[1].done()], again=True)
            else:
                self._undo(opened, batch, error)
            return
        for future, result in done:
            future.set_result(result)

    def _undo(
        self,
        opened: Opened | None,
        batch: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]],
        error: Exception,
    ) -> None:
        waiting = [item for item in batch if not item[1].done()]
        if is_damage(error):
            error = sqlite3.OperationalError(f"the store was recovered, and is damaged again: {error}")
        if opened is not None and opened.connection.in_transaction:
            opened.connection.execute("ROLLBACK")
        if len(batch) == 1 or opened is None:
            for _, future in waiting:
                future.set_exception(error)
        else:
            # One that cannot be written (a full disk) must not take along those that only read.
            for item in waiting:
                self._together([item])

    def _sound(self) -> Opened:
        """Give the connection, over the file that has the store's name.

        Raises:
            sqlite3.OperationalError: it is damaged or gone, and cannot be made whole now.
        """
        try:
            if self._opened is None:
                self._opened = recover(self.path)
                self._changed(self._opened.losses)
            elif is_gone(self.path, self._opened.identity):
                self._opened = remake(self._opened, self.path)
                self._changed(None)
        except (OSError, sqlite3.Error) as error:
            what = "recovered" if self._opened is None else "written anew"
            raise sqlite3.OperationalError(f"the store cannot be {what}: {error}") from error
        return self._opened


def reading(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do `work` on the store as it is at one moment, whether a bridge runs or not; nothing is changed.

    Raises:
        schema.NewerStore, schema.OlderStore: the store has another version than this program's.
        sqlite3.Error: there is no store, or it is damaged.
    """
    connection = connect(path, read_only=True)
    try:
        connection.execute("PRAGMA cache_size = -512")
        connection.execute("BEGIN")
        schema.check(connection, path)
        return work(connection)
    finally:
        connection.close()
