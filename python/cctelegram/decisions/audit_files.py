"""The audit log on the disk: entries move from the store to files in `state/audit/`, in order, each once.

A file is named after its first entry, so that the names sort in the order of the chain whatever the clock
did. An entry leaves the store only after the file is synced; a crash in between leaves it in both, and a line
that a crash truncated is removed and written again.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from cctelegram import durable
from cctelegram.config import paths
from cctelegram.decisions import audit
from cctelegram.retry import DISK
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.problem import WRITABLE, Problem
from cctelegram.runtime.signals import ClockJumped, DecisionClosed, DecisionOpened, StoreReplaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.runtime.context import Context


# A file is full at this many bytes; the next entry starts another.
FILE_BYTES: Final = 1 << 20
DAY: Final = 86_400


class AuditLog(Component):
    """Writes entries to files in `state/audit/`, which is created with mode 0700 when missing."""

    name = "writing the audit log"
    wakes_on = (DecisionOpened, DecisionClosed, ClockJumped, StoreReplaced)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._directory = Path(paths.audit_dir(str(context.home)))
        self._problem: str | None = None

    def problems(self) -> list[Problem]:
        """Return why no entry can be written now."""
        return [] if self._problem is None else [Problem(self._problem, WRITABLE)]

    async def _work(self) -> None:
        """Write stored entries, in order."""
        while True:
            entries = await self._store.run(audit.waiting)
            if not entries:
                await self._wake.wait()
                continue
            try:
                await asyncio.to_thread(append, self._directory, entries)
                await asyncio.to_thread(
                    remove_old, self._directory, self._context.settings.audit.keep_days * DAY, clock.wall()
                )
            except OSError as error:
                self._problem = f"cannot write {self._directory}: {error.strerror or error}"
                self._log.error("audit.write_failed", reason=self._problem)
                await self._wake.wait(DISK.longest)
                continue
            self._problem = None
            await self._store.run(partial(audit.written, number=entries[-1].number))


def files(directory: Path) -> list[Path]:
    """Return the files of the log, oldest first."""
    return sorted(directory.glob("audit-*.jsonl"))


def append(directory: Path, entries: Sequence[audit.Waiting]) -> None:
    """Append the entries that are not in the files yet, and sync. Raises OSError."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = files(directory)
    file, last = (found[-1], _truncate_partial_line(found[-1])) if found else (None, 0)
    for entry in entries:
        if entry.number <= last:
            continue
        if file is None or file.stat().st_size >= FILE_BYTES:
            file = directory / f"audit-{entry.number:010}.jsonl"
            file.touch(mode=0o600)
            durable.sync(directory)
        with file.open("ab") as opened:
            opened.write(f"{entry.line}\n".encode())
            opened.flush()
            os.fsync(opened.fileno())


def remove_old(directory: Path, seconds: int, now: int) -> list[Path]:
    """Remove files whose last entry is older than `seconds`, except the one in use; `now` in us."""
    old = [file for file in files(directory)[:-1] if file.stat().st_mtime < now / 1_000_000 - seconds]
    for file in old:
        file.unlink()
    return old


def _truncate_partial_line(file: Path) -> int:
    """Remove a truncated last line; return the number of the last complete entry, 0 for none."""
    data = file.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        os.truncate(file, end)
    lines = data[:end].split(b"\n")
    for line in reversed(lines):
        try:
            return int(msgspec.json.decode(line)["number"])
        except (ValueError, KeyError, TypeError):  # blank, or changed: `verify` reports it
            continue
    return 0
