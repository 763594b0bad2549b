"""Opening the store: an exchange that was cut short is finished, a damaged store is recovered.

What is looked at costs the same for a store of any size: the schema, whether the file is as long as it
says, whether the log was read to its end. A damaged page elsewhere shows when it is read, or in the check
that follows an unclean end (`check`), and leads here again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.outbox import schema
from cctelegram.outbox.image import FRAME_HEADER, LOG_HEADER, LOG_MAGIC, checksum

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from cctelegram.outbox.recovery import Losses

# Pages of WAL after which SQLite copies them into the store: 4 MB, so that the log stays small.
CHECKPOINT_PAGES: Final = 1000
# A burst may make the log longer; it is cut to this many bytes when it is begun anew.
LOG_BYTES: Final = 4 << 20
CORRUPT: Final = 11
NOT_A_DATABASE: Final = 26


class Damaged(sqlite3.DatabaseError):
    """The store is damaged, as we found ourselves."""


class Opened(NamedTuple):
    """A connection, which file it is of, and what was lost if the store had to be recovered."""

    connection: sqlite3.Connection
    identity: tuple[int, int] | None
    losses: Losses | None


def is_damage(error: BaseException) -> bool:
    """Whether an error says that what is stored is damaged, and not that it cannot be reached now."""
    if isinstance(error, Damaged):
        return True
    code = getattr(error, "sqlite_errorcode", 0) or 0
    # A text that is none has no code: Python's own module finds it.
    return code & 0xFF in (CORRUPT, NOT_A_DATABASE) or "Could not decode to UTF-8" in str(error)


def open_store(path: Path) -> Opened:
    """Open the store, made with mode 0600 when it is not there, and recovered when it is damaged.

    Raises:
        schema.NewerStore: it belongs to a newer program.
        OSError, sqlite3.Error: it cannot be opened or recovered now.
    """
    if any(path.parent.glob(f"{path.name}.recovered-*")):
        _recovery().finish(path)
    try:
        return _open(path, None)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
    return _open(path, _recovery().recover(path))


def recover(path: Path) -> Opened:
    """Recover a store that was found damaged while it was used; nobody has it open.

    Raises:
        OSError, sqlite3.Error: it cannot be done now.
    """
    recovery = _recovery()
    return _open(path, None if recovery.finish(path) else recovery.recover(path))


def _open(path: Path, losses: Losses | None) -> Opened:
    path.touch(mode=0o600, exist_ok=True)
    ends = _transactions(path)
    log = path.with_name(f"{path.name}-wal")
    # Whoever closes a store last removes its log: a damaged one is kept by another name until it was read.
    kept = log.with_name(f"{log.name}.look")
    kept.unlink(missing_ok=True)
    if ends[1]:
        with contextlib.suppress(OSError):  # a file system without hard links does without
            kept.hardlink_to(log)
    try:
        connection = connect(path)
        try:
            _look(connection, path, ends)
            schema.migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error:
        if kept.exists():
            kept.replace(log)
        raise
    kept.unlink(missing_ok=True)
    return Opened(connection, identity(path), losses)


def _look(connection: sqlite3.Connection, path: Path, ends: tuple[int, int]) -> None:
    """Look whether the file and the log are whole.

    Raises:
        Damaged: they are not.
    """
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    # How far SQLite has read the log stands in its index too. That file must not be opened here: closing it
    # would give back the locks of the connection, and the next process to open the store would truncate it.
    read = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1] if ends[1] else 0
    if ends[1] > ends[0] > read:
        # A transaction is synced before the next one begins; one that is cut short at the end never counted.
        raise Damaged(f"the log {path.name}-wal is damaged behind {read} of its {ends[1]} pages")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    there = path.stat().st_size
    if not read and there < pages * size:
        raise Damaged(f"{path.name} has {there} bytes of {pages * size}")


def _transactions(path: Path) -> tuple[int, int]:
    """Give where the last transaction but the unfinished one ends in the log, and the last page of it."""
    log = path.with_name(f"{path.name}-wal")
    if not log.exists():
        return 0, 0
    end = last = 0
    commits: list[int] = []
    with log.open("rb") as file:
        header = file.read(LOG_HEADER)
        if len(header) < LOG_HEADER:
            return 0, 0
        magic, _, size, _, *salts, _, _ = struct.unpack(">8I", header)
        order = ">" if magic & 1 else "<"
        if magic & ~1 != LOG_MAGIC or checksum(header[:24], order, (0, 0)) != struct.unpack(
            ">2I", header[24:]
        ):
            raise Damaged(f"the head of the log {log.name} is damaged")
        for number in range(1, 1 << 31):
            frame = file.read(FRAME_HEADER)
            if len(frame) < FRAME_HEADER:
                break
            _, commit, *own = struct.unpack_from(">4I", frame)
            if own == salts:
                last = number
                if commit:
                    commits.append(number)
            file.seek(size, os.SEEK_CUR)
    end = next((commit for commit in reversed(commits) if commit < last), 0)
    return end, last


def remake(opened: Opened, path: Path) -> Opened:
    """Write the store, whose file was removed under its connection, into a new file with its name.

    Raises:
        OSError, sqlite3.Error: it cannot be written now; the connection goes on.
    """
    recovery = _recovery()
    stamp = recovery.stamp(time.time_ns() // 1000)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = recovery.fresh(path)
    into = sqlite3.connect(making, isolation_level=None)
    try:
        into.execute("PRAGMA synchronous = OFF")
        opened.connection.backup(into)
    finally:
        into.close()
    recovery.complete(making, path, stamp)
    opened.connection.close()
    # Another file in its place was not ours; the log beside it, if any, was.
    if path.exists():
        path.rename(path.with_name(f"{path.name}.found-{stamp}"))
    for end in recovery.LOG_FILES:
        path.with_name(path.name + end).unlink(missing_ok=True)
    recovery.finish(path)
    return _open(path, None)


def check(path: Path) -> str | None:
    """Read all of the store, beside who writes it; give what is wrong with it, or None.

    Indexes that do not tell of all rows are found too. It takes about 6 s for a gigabyte.
    """
    try:
        connection = connect(path, read_only=True)
        try:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            return None if found == "ok" else str(found)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return str(error)


def identity(path: Path) -> tuple[int, int] | None:
    """Give what tells a file from another one that takes its name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_gone(path: Path, held: tuple[int, int] | None) -> bool:
    """Whether the file that was held under a name is there no more, or another one is."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # it may not be looked at now; what is open is still good
    return (found.st_dev, found.st_ino) != held


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the store with this program's pragmas; transactions are begun by hand."""
    target = f"{path.absolute().as_uri()}?mode=ro" if read_only else str(path)
    connection = sqlite3.connect(
        target, isolation_level=None, check_same_thread=False, timeout=10, uri=read_only
    )
    try:
        connection.execute("PRAGMA busy_timeout = 10000")
        if not read_only:
            if _is_new(path):
                # Before anything is written: later it would take a VACUUM. It lets what cleaning frees go
                # back to the file system. Where it is set already, it would write: over a damaged log.
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA cache_size = -512")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_new(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return not any(file.exists() and file.stat().st_size for file in (path, log))


def _recovery() -> ModuleType:
    """Load what a sound store needs none of."""
    from cctelegram.outbox import recovery  # noqa: PLC0415 - see above

    return recovery
