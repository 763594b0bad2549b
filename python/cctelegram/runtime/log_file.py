"""The log file, rotated daily and when it is full; cleanup removes the rotated files."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Final

from cctelegram.runtime import clock
from cctelegram.times.instant import compact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME: Final = "bridge.jsonl"
# A file is full at this many bytes.
FULL: Final = 5_000_000
DAY: Final = 86_400_000_000
# Python makes every descriptor close-on-exec. Windows alone has O_BINARY, without which it changes line ends.
APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


class LogFile:
    """The file that structlog writes lines to, from any thread.

    A write that fails stops nothing: the line is lost.

    Args:
        directory: created when missing.
        now: returns the time, in us since the epoch.
    """

    def __init__(self, directory: Path, now: Callable[[], int] = clock.wall) -> None:
        self._path = directory / NAME
        self._now = now
        # The loop, the store's thread and cleanup write. Without the lock, one could write to a descriptor
        # that another closed and whose number now belongs to another file, even the store's.
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
            self._open()  # the file or the directory was moved away
        elif found.st_size and (self._now() // DAY != self._day or found.st_size + len(data) > FULL):
            self._close()  # Windows renames no open file
            self._path.rename(self._free_name())
            self._open()
        os.write(self._descriptor, data)

    def _open(self) -> None:
        self._close()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, APPEND, 0o600)
        found = os.fstat(self._descriptor)
        last = found.st_mtime_ns // 1000 if found.st_size else self._now()
        self._day = last // DAY

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _free_name(self) -> Path:
        """Return an unused name with the time of the rotation, as `bridge-20261123T174112Z.jsonl`."""
        stem = f"bridge-{compact(self._now())}Z"
        name = self._path.with_name(f"{stem}.jsonl")
        count = 1
        while name.exists():
            count += 1
            name = self._path.with_name(f"{stem}-{count}.jsonl")
        return name
