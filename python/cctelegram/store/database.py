"""The one writing connection, on a thread of its own.

Work is a function of the connection. Work that waits at the same moment shares one transaction, and so one
sync of the disk; each piece has a savepoint, so that a failing one undoes only itself. A result is returned
only after the commit: what the caller receives is durable (`synchronous=FULL`).

No caller waits for ever. When a transaction fails and cannot even be rolled back, its work fails, and the
connection is opened again for the next; when the thread itself ends, all waiting and all later work fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cctelegram.monitor.buckets import SECONDS
from cctelegram.monitor.values import Distribution
from cctelegram.retry import STORE
from cctelegram.store import recovery, schema, snapshots
from cctelegram.store.connection import (
    NAME,
    Damaged,
    connect_reader,
    connect_writer,
    identity,
    is_damage,
    is_gone,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.store.connection import Owner
    from cctelegram.store.recovery import Losses

T = TypeVar("T")
Work = tuple["Callable[[sqlite3.Connection], Any]", "Future[Any]"]

# Maximum pieces of work in one transaction, so that a flood does not delay the first.
SHARED_COMMIT: Final = 64
# A store that is damaged again this soon (seconds) after a recovery is on a disk that cannot be trusted: each
# recovery keeps a damaged file, and they must not fill it.
BETWEEN_RECOVERIES: Final = 60.0
# Seconds after which a running transaction is reported, and after which it counts as stuck: SQLite itself
# waits 10 s for another process, and the recovery of a large store takes a while.
SLOW: Final = 15.0
STUCK: Final = 120.0


class Ended(sqlite3.OperationalError):
    """The store was closed, or its thread ended."""


# Reader threads. They are the store's own: searches must not take the threads that remove files.
READERS: Final = 2


class Store:
    """SQLite in WAL mode in the state directory of `owner`; created, with mode 0600, when missing.

    A damaged store is recovered, when it is opened and while it is used (`recovery`); a store whose file is
    removed is written again from the open connection. The rows keep their numbers.

    Args:
        owner: the held lock of the home. It stays held at least until `close`.
        changed: called in the writing thread with the losses of a recovery, or with None when the store's
            file was removed and written again.
        report: called with sentences for the log, in the writing thread too.
        factory: of connections; a seam for tests.

    Raises:
        connection.NotOwner: the lock is not held.
        schema.NewerStore: the store belongs to a newer program.
        OSError, sqlite3.Error: it cannot be opened, or is damaged and cannot be recovered now.
    """

    def __init__(
        self,
        owner: Owner,
        changed: Callable[[Losses | None], None] = lambda _: None,
        *,
        report: Callable[[str], None] = lambda _: None,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        self.path = owner.directory / NAME
        self._owner: Owner | None = owner
        self._changed = changed
        self._report = report
        self._factory = factory
        self.losses: Losses | None = None
        self._identity: tuple[int, int] | None = None
        self._damage = False
        self._recovered_at: float | None = None
        self._connection: sqlite3.Connection | None = None
        try:
            self._open()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._damage = True
            self._open()
        self.commits = 0
        self.times = Distribution(len(SECONDS))
        self._fault: str | None = None
        self._failures = 0  # since the last commit
        self._again_at = 0.0
        self._busy_since: float | None = None
        self._ended = False
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store reads")
        self._thread = threading.Thread(target=self._write, name="store", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in a transaction; return its result once it is durable."""
        return await asyncio.wrap_future(self.submit(work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work`, which only reads, on a connection and a thread of its own: it blocks no other work.

        If the store cannot be read, do `work` on the writer, which recovers the store.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._readers, reading, self.path, work)
        except sqlite3.DatabaseError:
            return await self.run(work)

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue `work`; the future is done once it is durable, and fails at once when the store has ended."""
        future: Future[T] = Future()
        self._work.put((work, future))
        if self._ended:
            self._fail_pending()
        return future

    @property
    def problem(self) -> str | None:
        """Why nothing can be stored now, in a sentence, or None. Does not block."""
        if self.stuck is not None or self._fault is not None:
            return self.stuck or self._fault
        busy = self._busy()
        return f"one transaction of the store has been running for {busy:.0f} s" if busy > SLOW else None

    @property
    def stuck(self) -> str | None:
        """Why nothing can be stored until the bridge is restarted, in a sentence, or None."""
        if self._ended or not self._thread.is_alive():
            return self._fault or "the store's thread has ended; restart the bridge"
        busy = self._busy()
        if busy > STUCK:
            return f"one transaction of the store has been running for {busy:.0f} s; restart the bridge"
        return None

    def check_file(self) -> bool:
        """Write the store again if its file was removed; return whether it was. Costs one stat."""
        gone = self._connection is not None and is_gone(self.path, self._identity)
        if gone:
            self.submit(lambda _: None)
        return gone

    def report_damage(self, reason: str) -> Future[None]:
        """Recover the store after a caller found it damaged."""

        def damaged(_: sqlite3.Connection) -> None:
            if self._connection is first:
                raise Damaged(reason)

        first = self._connection
        return self.submit(damaged)

    def close(self) -> None:
        """Finish the submitted work, then close the connection."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._work.put(None)
        self._thread.join()
        self._owner = None

    def _busy(self) -> float:
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def _write(self) -> None:
        batch: list[Work | None] = []
        try:
            closing = False
            while not closing:
                batch = [self._work.get()]
                while len(batch) < SHARED_COMMIT:
                    try:
                        batch.append(self._work.get_nowait())
                    except queue.Empty:
                        break
                closing = None in batch
                self._busy_since = time.monotonic()
                self._commit([item for item in batch if item is not None])
                self._busy_since = None
                batch = []  # its work may hold a megabyte, and the next may come tomorrow
        except BaseException as error:  # noqa: BLE001 - whatever ends this thread, no caller may wait for it
            self._fault = f"the store's thread has ended, restart the bridge: {_text(error)}"
            self._report(self._fault)
        finally:
            self._ended = True  # before the queue is emptied for the last time: later callers see it
            for item in batch:
                self._work.put(item)
            self._fail_pending()
            self._disconnect()

    def _fail_pending(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._work.get_nowait()
                if item is not None and not item[1].done():
                    item[1].set_exception(Ended(self._fault or "the store is closed"))

    def _commit(self, batch: list[Work]) -> None:
        batch = [item for item in batch if item[1].set_running_or_notify_cancel()]
        if not batch:
            return
        try:
            self._together(batch)
        except BaseException as error:  # noqa: BLE001 - the rollback failed too, or a bug in this program
            # The open connection is no longer trusted: the next work opens it again.
            self._disconnect()
            self._failed(f"the store failed and is opened again: {_text(error)}")
            for _, future in batch:
                if not future.done():
                    future.set_exception(sqlite3.OperationalError(self._fault))

    def _together(self, batch: list[Work], *, again: bool = False) -> None:
        done: list[tuple[Future[Any], Any]] = []
        began = time.monotonic()
        connection: sqlite3.Connection | None = None
        try:
            connection = self._sound()
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
            self.times.observe(SECONDS, time.monotonic() - began)
            self._fault, self._failures = None, 0
        except Exception as error:  # noqa: BLE001 - nothing of it is durable; all callers get an error
            if connection is not None and is_damage(error) and not again:
                # Close the connection and recover the store, then do the same work once more.
                self._disconnect()
                self._damage = True
                self._together([item for item in batch if not item[1].done()], again=True)
            else:
                self._undo(connection, batch, error)
            return
        for future, result in done:
            future.set_result(result)

    def _undo(self, connection: sqlite3.Connection | None, batch: list[Work], error: Exception) -> None:
        waiting = [item for item in batch if not item[1].done()]
        if is_damage(error):
            error = sqlite3.OperationalError(f"the store was recovered, and is damaged again: {error}")
        if connection is not None and connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(batch) == 1 or connection is None:
            for _, future in waiting:
                future.set_exception(error)
        else:
            # Work that cannot be written (a full disk) must not fail work that only reads.
            for item in waiting:
                self._together([item])

    def _sound(self) -> sqlite3.Connection:
        """Return the connection to the file that has the store's name.

        Raises:
            sqlite3.OperationalError: the store is damaged, gone or closed, and cannot be opened now.
        """
        if self._connection is not None and not is_gone(self.path, self._identity):
            return self._connection
        if time.monotonic() < self._again_at:
            raise sqlite3.OperationalError(self._fault)
        what = "recovered" if self._damage else "opened" if self._connection is None else "written again"
        try:
            if self._connection is not None:
                self._write_again(self._connection)
            damage = self._damage
            connection = self._open()
        except Exception as error:
            self._failed(f"the store cannot be {what}: {_text(error)}")
            raise sqlite3.OperationalError(self._fault) from error
        if damage or what == "written again":
            self._changed(self.losses if damage else None)
        return connection

    def _open(self) -> sqlite3.Connection:
        """Open the store, recovered if it is known to be damaged, and migrated to this program's version."""
        assert self._owner is not None  # noqa: S101 - until `close`
        if not recovery.finish(self.path) and self._damage:
            before, now = self._recovered_at, time.monotonic()
            if before is not None and now - before < BETWEEN_RECOVERIES:
                raise sqlite3.OperationalError("it was recovered just now, and is damaged again")
            self.losses = recovery.recover(self.path)
            self._recovered_at = now
        connection = connect_writer(self._owner, self._factory)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if 0 < version < schema.VERSION:
                self._before_migration()
            schema.migrate(connection, self.path)
        except BaseException:
            connection.close()
            raise
        self._connection, self._identity, self._damage = connection, identity(self.path), False
        return connection

    def _before_migration(self) -> None:
        try:
            snapshots.take(self.path, time.time_ns() // 1000)
        except (OSError, sqlite3.OperationalError) as error:
            self._report(f"the store is migrated without a snapshot: {error}")

    def _write_again(self, connection: sqlite3.Connection) -> None:
        """Write the store, whose file was removed under its connection, into a new file of its name.

        Another file that has its name now is kept as `store.db.found-<time>`. When the home was created again
        and another process owns it, the store becomes `store.db.left-<time>` there, for `cctelegram store
        restore`.
        """
        assert self._owner is not None  # noqa: S101 - until `close`
        now = time.time_ns() // 1000
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._owner.hold()
        except Exception:
            prefix = f"{self.path.name}.left-"
            if not any(self.path.parent.glob(f"{prefix}*")):
                snapshots.copy(connection, self.path.with_name(prefix + snapshots.stamp(now)))
            self._changed(None)  # the bridge ends: it finds the other one
            raise
        making = recovery.fresh(self.path)
        snapshots.copy(connection, making)
        if not self.path.exists():
            for end in recovery.LOG_FILES:  # logs of the removed file: the copy has all of their content
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        recovery.replace(self.path, making, "found", now)
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _failed(self, sentence: str) -> None:
        self._fault = sentence
        self._again_at = time.monotonic() + STORE.seconds(self._failures)
        self._failures += 1
        self._report(sentence)


def reading(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do `work` on the store as it is at one moment, whether a bridge runs or not; change nothing.

    Raises:
        schema.NewerStore, schema.OlderStore: the store's version is not this program's.
        sqlite3.Error: there is no store, or it is damaged.
    """
    connection = connect_reader(path)
    try:
        connection.execute("BEGIN")
        schema.check(connection, path)
        return work(connection)
    finally:
        connection.close()


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
