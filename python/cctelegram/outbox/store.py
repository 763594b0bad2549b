"""The one writing connection, on a thread of its own.

Work is a function of the connection. Those that wait at the same moment share one transaction, and so one
sync of the disk; each stands behind a savepoint, so that a failing one undoes only itself. A result is
given back only after the commit: what the caller was told is durable (`synchronous=FULL`).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cctelegram.outbox import schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

# One transaction takes no more than this many pieces of work, so that the first is not held up by a flood.
SHARED_COMMIT: Final = 64
# Pages of WAL after which SQLite copies them into the store: 4 MB, so that the log stays small.
CHECKPOINT_PAGES: Final = 1000


class Store:
    """SQLite in WAL mode at `path`; made, with mode 0600, when it is not there.

    Raises:
        schema.NewerStore: the store belongs to a newer program.
        sqlite3.Error: it cannot be opened or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch(mode=0o600, exist_ok=True)
        self._connection = connect(path)
        try:
            schema.migrate(self._connection, path)
        except BaseException:
            self._connection.close()
            raise
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
        self._connection.close()

    def _commit(self, batch: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]]) -> None:
        batch = [item for item in batch if item[1].set_running_or_notify_cancel()]
        if batch:
            self._together(batch)

    def _together(self, batch: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for work, future in batch:
                self._connection.execute("SAVEPOINT work")
                try:
                    done.append((future, work(self._connection)))
                except Exception as error:
                    if not self._connection.in_transaction:
                        raise  # a full disk rolls the whole transaction back
                    self._connection.execute("ROLLBACK TO work")
                    future.set_exception(error)
                self._connection.execute("RELEASE work")
            self._connection.execute("COMMIT")
            self.commits += 1
        except Exception as error:  # noqa: BLE001 - nothing of this transaction is durable; all are told
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            waiting = [item for item in batch if not item[1].done()]
            if len(batch) == 1:
                for _, future in waiting:
                    future.set_exception(error)
            else:
                # One that cannot be written (a full disk) must not take along those that only read.
                for item in waiting:
                    self._together([item])
            return
        for future, result in done:
            future.set_result(result)


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


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the store with this program's pragmas; transactions are begun by hand."""
    target = f"{path.absolute().as_uri()}?mode=ro" if read_only else str(path)
    connection = sqlite3.connect(
        target, isolation_level=None, check_same_thread=False, timeout=10, uri=read_only
    )
    connection.execute("PRAGMA busy_timeout = 10000")
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -512")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection
