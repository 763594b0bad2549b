"""The store for tests and benches, opened as its owner opens it: with the lock of its directory held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.daemon.bridge_lock import HomeLock
from cctelegram.store import connection
from cctelegram.store import database as store

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


class Store(store.Store):
    """The store at `path`, a `store.db`; the lock is held until it is closed."""

    def __init__(self, path: Path, *args: Any, **more: Any) -> None:
        super().__init__(HomeLock(_directory(path)), *args, **more)


def connect(path: Path) -> sqlite3.Connection:
    """Open the store at `path` for writing, without a thread of its own."""
    return connection.connect_writer(HomeLock(_directory(path)))


def _directory(path: Path) -> Path:
    assert path.name == connection.NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent
