"""The session of one agent: its file under `state/sessions/`, locked while the session lives.

The file shows other sessions and the bridge that this session still waits for its answers, and which tools
it has called. A session that ends, or is killed, leaves an unlocked file; the bridge adds up its counts and
removes it.

Start-cheap.
"""

# ruff: noqa: PTH108, PTH118, SIM105  # pathlib and contextlib are too slow to import at a start

from __future__ import annotations

import os
import sys
import time
from _thread import allocate_lock

from cctelegram import _native
from cctelegram.config import paths
from cctelegram.config.errors import SettingsError
from cctelegram.monitor import memory
from cctelegram.monitor.buckets import CALL_SECONDS
from cctelegram.server import ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call, FileLock


class Session:
    """One session and its call counts. Thread-safe.

    Attributes:
        id: Unique; events that wait for an answer have it as `data.awaited_by`.
        waiting: Ids of the events for whose answers a call of this session is waiting.
    """

    def __init__(self) -> None:
        self.id = os.urandom(8).hex()
        self.waiting: set[str] = set()
        self._guard = allocate_lock()
        self._lock: FileLock | None = None
        self._path = ""
        self._calls: dict[str, dict[str, int]] = {}
        self._seconds: dict[str, dict[str, Any]] = {}
        self._facts: dict[str, object] = {
            "id": self.id,
            "pid": os.getpid(),
            # Not by times.instant, which would be loaded at every start for this line.
            "started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "client": None,
            "protocol": None,
        }
        try:
            self.home()
        except ToolError:
            # The server starts all the same; the tools report the error when they are called.
            pass

    def home(self) -> str:
        """Return the home, after creating its directories and this session's locked file in it.

        Raises ToolError with the reason if that fails.
        """
        with self._guard:
            try:
                home = paths.home()
                if self._lock is None:
                    paths.make(home)
                    self._open(home)
            except (SettingsError, OSError) as error:
                raise ToolError(
                    f"CCTelegram cannot use its home: {error}. Fix that, or set CC_TELEGRAM_HOME to a "
                    "directory that this user can write."
                ) from error
            return home

    def count(self, call: Call, result: str, seconds: float) -> None:
        """Add a call to the counts, with `result` ok or error, and write them to the file."""
        with self._guard:
            counts = self._calls.setdefault(call.name, {"ok": 0, "error": 0})
            counts[result] += 1
            times = self._seconds.setdefault(call.name, {"counts": [0] * (len(CALL_SECONDS) + 1), "sum": 0.0})
            times["counts"][sum(bound < seconds for bound in CALL_SECONDS)] += 1
            times["sum"] += seconds
            self._facts["client"] = call.client
            self._facts["protocol"] = call.protocol
            if self._lock is not None:
                try:
                    self._lock.write(self._file())
                except OSError:
                    # A full disk loses the counts, not the counted call.
                    pass

    def close(self) -> None:
        """Release the lock; the bridge adds the counts in the file to its totals, and removes it.

        Without counts, remove the file first, so that no process sees it unlocked.
        """
        with self._guard:
            if self._lock is not None:
                try:
                    if not self._calls:
                        os.unlink(self._path)
                except OSError:
                    pass
                self._lock.unlock()
                self._lock = None

    def _open(self, home: str) -> None:
        path = os.path.join(paths.sessions_dir(home), f"{self.id}.json")
        lock = _native.FileLock(path)
        lock.try_lock()  # the name is unique to this session
        lock.write(self._file())
        self._lock, self._path = lock, path

    def _file(self) -> bytes:
        content = {
            **self._facts,
            "calls": self._calls,
            "seconds": self._seconds,
            "pools": _pools(),
            "rss_bytes": memory.resident(),
            "open_fds": memory.descriptors(),
        }
        return _native.dumps(content)


def _pools() -> dict[str, object]:
    """Return the counters of the connections to the bridge; empty until a tool has imported them."""
    bridge = sys.modules.get("cctelegram.client.bridge")
    return {} if bridge is None else bridge.counters()
