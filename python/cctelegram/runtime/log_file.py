"""The file of the log: begun anew each day and when it is large; the full ones are left to cleaning."""

from __future__ import annotations

import contextlib
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cctelegram.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME: Final = "bridge.jsonl"
# A file is full at this many bytes.
FULL: Final = 5_000_000
DAY: Final = 86_400_000_000


class LogFile:
    """What structlog writes lines to, from any thread.

    A log that cannot be written stops nothing: the line is lost.

    Args:
        directory: made when missing.
        now: gives the time, in us since the epoch.
    """

    def __init__(self, directory: Path, now: Callable[[], int] = clock.wall) -> None:
        self._path = directory / NAME
        self._now = now
        # The loop, the store's thread and cleanup's write: a descriptor that one closes while another still
        # writes to its number would be the next file that is opened, the store's among them.
        self._lock = threading.Lock()
        self._descriptor = -1
        self._day = 0
        self._open()

    def msg(self, line: str) -> None:
        """Write a line."""
        with self._lock, contextlib.suppress(OSError):
            self._write(line.encode() + b"\n")

    debug = info = warning = error = critical = msg

    def _write(self, data: bytes) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            found = None
        here = os.fstat(self._descriptor) if self._descriptor >= 0 else None
        if found is None or here is None or (found.st_dev, found.st_ino) != (here.st_dev, here.st_ino):
            self._open()  # somebody moved the file or the directory away
        elif found.st_size and (self._now() // DAY != self._day or found.st_size + len(data) > FULL):
            self._path.rename(self._free_name())
            self._open()
        os.write(self._descriptor, data)

    def _open(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        found = os.fstat(self._descriptor)
        last = found.st_mtime_ns // 1000 if found.st_size else self._now()
        self._day = last // DAY

    def _free_name(self) -> Path:
        """Name a full file by when it was full, as `bridge-20261123T174112Z.jsonl`."""
        stem = f"bridge-{datetime.fromtimestamp(self._now() / 1_000_000, UTC):%Y%m%dT%H%M%SZ}"
        name = self._path.with_name(f"{stem}.jsonl")
        count = 1
        while name.exists():
            count += 1
            name = self._path.with_name(f"{stem}-{count}.jsonl")
        return name
