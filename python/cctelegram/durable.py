"""Files that survive a crash of the machine, and are never seen half written."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Yield a new file beside `target`, mode 0600, which replaces it at the end of the block: synced, atomic.

    If the block raises, the new file is removed, and `target` stays.
    """
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(beside, "xb", opener=_private) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(target.parent)


def sync(path: Path) -> None:
    """Make a file's content, or a directory's names, durable.

    Not for a file that SQLite has open in this process: closing it would release SQLite's locks.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return  # a directory on Windows, where names are durable anyway
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
