"""Connections to the store: only the owner opens one for writing, any process opens one for reading.

The owner is the process that holds the home's lock. No other can open the store for writing:
`connect_writer` takes the held lock itself, and from it the path of the store. A reading connection changes
nothing, whatever it finds.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME: Final = "store.db"
# Pages of WAL after which SQLite copies them into the store: 4 MB, so that the log stays small.
CHECKPOINT_PAGES: Final = 1000
# A burst may make the log longer; it is truncated to this many bytes when SQLite restarts it.
LOG_BYTES: Final = 4 << 20
CORRUPT: Final = 11
NOT_A_DATABASE: Final = 26
# Steps of SQLite's virtual machine between two calls of a check's `stop`: some milliseconds.
STEPS: Final = 100_000


class Owner(Protocol):
    """The lock of a home's state directory."""

    @property
    def directory(self) -> Path:
        """Return the state directory."""

    @property
    def is_held(self) -> bool:
        """Whether this process holds the lock, on the file that has its name now."""

    def hold(self) -> None:
        """Take the lock again after its file was removed. Raises when another process holds it."""


class NotOwner(RuntimeError):
    """A writing connection was requested without the home's lock: a bug in this program."""


class Damaged(sqlite3.DatabaseError):
    """A check found the store damaged."""


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a store or a snapshot for reading; do not change, recover or migrate it.

    Raises:
        sqlite3.Error: there is none, or it cannot be opened.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", isolation_level=None, check_same_thread=False, uri=True
    )
    try:
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA cache_size = -64")  # reads the file: one that is not a store fails here
    except BaseException:
        connection.close()
        raise
    return connection


def connect_writer(
    owner: Owner, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """Open the owner's store for writing; create it with mode 0600 when it does not exist.

    Transactions begin explicitly.

    Args:
        owner: the held lock of the home.
        factory: a seam for tests.

    Raises:
        NotOwner: the lock is not held.
        OSError, sqlite3.Error: the store cannot be opened, or is damaged.
    """
    if not owner.is_held:
        raise NotOwner(f"{owner.directory / NAME} is opened for writing without the lock of its home")
    path = owner.directory / NAME
    path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=10, factory=factory
    )
    try:
        connection.execute("PRAGMA busy_timeout = 10000")
        if _is_new(path):
            # Before the first write: later it would take a VACUUM. It lets cleanup return free pages to the
            # file system.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -512")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def check(path: Path, *, quick: bool = False, stop: Callable[[], bool] = lambda: False) -> str | None:
    """Read all of a store, in parallel with its writer; return its damage, or None.

    A quick check leaves out whether each index has every row.

    Args:
        stop: called every few milliseconds; True ends the check, which then returns None.

    Raises:
        sqlite3.Error: the store cannot be read now.
    """
    connection = None
    try:
        connection = connect_reader(path)
        connection.set_progress_handler(stop, STEPS)
        found = connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        if stop():
            return None
        raise
    finally:
        if connection is not None:
            connection.close()
    return None if found == "ok" else str(found)


def is_damage(error: BaseException) -> bool:
    """Whether an error means that the stored data is damaged, not that it is unreachable now."""
    if isinstance(error, Damaged):
        return True
    code = getattr(error, "sqlite_errorcode", 0) or 0
    # Invalid UTF-8 in a text has no code: Python's own module detects it.
    return code & 0xFF in (CORRUPT, NOT_A_DATABASE) or "Could not decode to UTF-8" in str(error)


def identity(path: Path) -> tuple[int, int] | None:
    """Return (device, inode), which distinguish files of the same name; None when there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_gone(path: Path, held: tuple[int, int] | None) -> bool:
    """Whether the file that was held under a name is gone, or replaced by another."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # it cannot be checked now; the open connection is still good
    return (found.st_dev, found.st_ino) != held


def _is_new(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return not any(file.exists() and file.stat().st_size for file in (path, log))
