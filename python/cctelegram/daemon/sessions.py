"""The MCP sessions of a home: what each counts in its file under `state/sessions/`, added up.

A session that ended leaves its file unlocked. Its counts are added to the totals in the store, and then the
file is removed. The transaction notes which files it added, so that a crash before the removal counts none
twice.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.config import paths
from cctelegram.monitor import catalogue
from cctelegram.monitor.metric import OTHER
from cctelegram.runtime.component import Component
from cctelegram.spool.file_lock import is_locked
from cctelegram.store import facts

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.context import Context

# Seconds between two readings of the files.
EVERY: Final = 10.0
# A file without content that is younger, in seconds, belongs to a session that is about to lock it.
YOUNG: Final = 60.0
FACT: Final = "mcp_totals"
BUCKETS: Final = len(catalogue.CALL_TIME.buckets) + 1


class Tool(msgspec.Struct):
    """The calls of one tool: how many, and how long they took, by bucket of `catalogue.CALL_TIME`."""

    ok: int = 0
    error: int = 0
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * BUCKETS)
    sum: float = 0.0

    def add(self, other: Tool) -> None:
        """Add the calls of another session; times in other buckets, of another version, are left out."""
        self.ok += other.ok
        self.error += other.error
        if len(other.counts) == BUCKETS:
            self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
            self.sum += other.sum


class Totals(msgspec.Struct):
    """The calls of ended sessions by tool, and the files that are added and may still be there."""

    tools: dict[str, Tool] = {}
    added: list[str] = []


class Times(msgspec.Struct):
    """How long the calls of one tool took, as in `Tool`."""

    counts: list[int] = []
    sum: float = 0.0


class Session(msgspec.Struct):
    """The file of a session."""

    calls: dict[str, dict[str, int]] = {}
    seconds: dict[str, Times] = {}
    rss_bytes: int | None = None
    open_fds: int | None = None
    id: str = ""
    pid: int | None = None
    started_at: str | None = None
    client: str | None = None

    def tools(self) -> dict[str, Tool]:
        """Return its calls by tool."""
        found = {}
        for name, counted in self.calls.items():
            times = self.seconds.get(name, Times())
            found[name] = Tool(counted.get("ok", 0), counted.get("error", 0), times.counts, times.sum)
        return found


class Sessions(Component):
    """Reads the files of running sessions, and adds up those that ended."""

    name = "counting MCP sessions"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._directory = Path(paths.sessions_dir(str(context.home)))
        self._totals = Totals()
        self.running: list[Session] = []

    async def _work(self) -> None:
        while True:
            await self.read()
            await self._wake.wait(EVERY)

    async def read(self) -> None:
        """Read all files now."""
        running, ended = await asyncio.to_thread(read, self._directory)
        totals = await self._store.run(lambda c: add(c, ended))
        # Together: a session that has just ended must not be missing from both, and the totals go down.
        self.running, self._totals = running, totals
        if ended:
            await asyncio.to_thread(remove, self._directory, list(ended))

    def status(self) -> dict[str, Any]:
        """Return the running sessions with their calls, and the calls of all sessions ever."""
        return {
            "mcp": {
                "sessions": [
                    {
                        "id": each.id,
                        "pid": each.pid,
                        "started_at": each.started_at,
                        "client": each.client,
                        "calls": each.calls,
                        "rss_bytes": each.rss_bytes,
                    }
                    for each in self.running
                ],
                "calls": {name: {"ok": tool.ok, "error": tool.error} for name, tool in self._all().items()},
            }
        }

    def measure(self, metrics: Metrics) -> None:
        """Set the totals of all sessions ever, and the largest running one."""
        metrics.set(catalogue.SESSIONS, len(self.running))
        tools: dict[str, Tool] = {}
        for name, tool in self._all().items():
            # Tools of other versions are one: they have one label.
            tools.setdefault(name if name in catalogue.TOOL.values else OTHER, Tool()).add(tool)
        for name, tool in tools.items():
            metrics.set(catalogue.CALLS, tool.ok, name, "ok")
            metrics.set(catalogue.CALLS, tool.error, name, "error")
            metrics.merge(catalogue.CALL_TIME, tool.counts, tool.sum, name)
        memory = [each.rss_bytes for each in self.running if each.rss_bytes is not None]
        metrics.set(catalogue.SESSION_MEMORY, max(memory, default=None))
        descriptors = [each.open_fds for each in self.running if each.open_fds is not None]
        metrics.set(catalogue.SESSION_DESCRIPTORS, max(descriptors, default=None))

    def _all(self) -> dict[str, Tool]:
        totals: dict[str, Tool] = {}
        for each in (self._totals.tools, *(session.tools() for session in self.running)):
            for name, tool in each.items():
                totals.setdefault(name, Tool()).add(tool)
        return totals


def read(directory: Path) -> tuple[list[Session], dict[str, Session]]:
    """Return the sessions that run, and those that ended by file name. Blocks.

    A file that is being written is read again next time; an ended one that is damaged counts nothing.
    """
    running: list[Session] = []
    ended: dict[str, Session] = {}
    for file in sorted(directory.glob("*.json")):
        alive = is_locked(str(file))
        try:
            session = msgspec.json.decode(file.read_bytes(), type=Session)
        except FileNotFoundError:
            continue
        except (OSError, msgspec.DecodeError):
            session = None
        if alive and session is not None and session.id:
            running.append(session)
        elif not alive and (session is not None or _is_old(file)):
            ended[file.name] = session or Session()
    return running, ended


def _is_old(file: Path) -> bool:
    """Return whether a file without content was left behind: a new one is unlocked for a moment."""
    try:
        return time.time() - file.stat().st_mtime > YOUNG
    except FileNotFoundError:
        return False


def add(connection: sqlite3.Connection, ended: dict[str, Session]) -> Totals:
    """Add the calls of ended sessions to the totals in the store, each file once; return the totals."""
    stored = facts.get(connection, FACT)
    totals = Totals() if stored is None else msgspec.json.decode(stored, type=Totals)
    new = {name: session for name, session in ended.items() if name not in totals.added}
    if not new and totals.added == list(ended):
        return totals
    for session in new.values():
        for name, tool in session.tools().items():
            totals.tools.setdefault(name, Tool()).add(tool)
    totals.added = list(ended)
    facts.put(connection, FACT, msgspec.json.encode(totals))
    return totals


def remove(directory: Path, names: list[str]) -> None:
    """Remove the files of ended sessions."""
    for name in names:
        (directory / name).unlink(missing_ok=True)
