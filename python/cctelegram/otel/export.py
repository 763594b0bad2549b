"""One round of export: what is new in store, log and metrics, in bounded batches."""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections import Counter, deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import httpx

from cctelegram.config import paths
from cctelegram.otel import journeys, log_lines, metrics, spans
from cctelegram.otel.checkpoint import Mark
from cctelegram.otel.encode import resource
from cctelegram.otel.post import Collector, Refused
from cctelegram.store import connection, database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from cctelegram.otel.checkpoint import Checkpoint

T = TypeVar("T")

# Events of one request, and batches of one round: the other signals have their turn, too.
BATCH: Final = 200
BATCHES: Final = 20
# Batches whose commit times are kept until their events are exported.
COMMITS: Final = 10_000


class Commit(NamedTuple):
    """When a batch was durable, in us: the first and the last row of its events."""

    first: int
    last: int
    at: int


class Export:
    """Exports what one home's bridge stored, logged and measured since `since`.

    Args:
        since: us since the epoch; counts before the first export, and after the store was replaced.
    """

    def __init__(self, home: str, checkpoint: Checkpoint, collector: Collector, since: int) -> None:
        self._home = home
        self._store = Path(paths.state_dir(home)) / connection.NAME
        self._logs = Path(paths.logs_dir(home))
        self._checkpoint = checkpoint
        self._collector = collector
        self._since = since
        self._sender = resource(home)
        self._commits: deque[Commit] = deque(maxlen=COMMITS)
        self._after = 0
        self._scrape = httpx.Client(timeout=5.0, trust_env=False)
        self.exported: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def committed(self, commit: Commit) -> None:
        """Take note of when a batch was durable. Safe in any thread."""
        self._commits.append(commit)

    def waiting(self) -> int:
        """Return how many stored events are not exported yet, as far as they are known."""
        return self._checkpoint.count()

    def round(self, *, measured: bool = True) -> bool:
        """Export what is new; return whether there is more.

        Args:
            measured: whether the bridge can be asked for its metrics.

        Raises:
            post.Unreachable: the collector cannot be reached; nothing is lost, the rest is exported later.
            OSError, sqlite3.Error: store, log or checkpoint cannot be read now.
        """
        if measured:
            self._metrics()
        more = self._events()
        return self._log() or more

    def _events(self) -> bool:
        more = self._discover()
        for _ in range(BATCHES):
            events = self._checkpoint.pending(self._after, BATCH)
            found = self._read(partial(journeys.read, events=events))
            there = {each.event for each in found}
            finished = [each for each in found if each.finished]
            self._send("traces", finished, self._traces)
            self._checkpoint.done(
                [*(each.event for each in finished), *(event for event in events if event not in there)]
            )
            # From the first again once all were looked at: what waits for a person must not hold up others.
            self._after = events[-1] if len(events) == BATCH else 0
            if not self._after:
                return more
        return True

    def _discover(self) -> bool:
        """Note the events that are new in the store; return whether there are more."""
        mark = self._checkpoint.mark("events")

        reached = self._checkpoint.mark("reached") or Mark(self._since, None)

        def new(store: sqlite3.Connection) -> list[tuple[int, bytes, int]]:
            last = None
            if mark is not None:
                row = store.execute("SELECT intake_key FROM events WHERE id = ?", (mark.number,)).fetchone()
                last = mark.number if row is not None and row[0] == mark.content else None
            # The first time, or rows were removed and their numbers may be in use again: by time.
            where, value = ("id > ?", last) if last is not None else ("taken_at > ?", reached.number)
            return store.execute(
                f"SELECT id, intake_key, taken_at FROM events WHERE {where} ORDER BY id LIMIT ?",  # noqa: S608
                (value, BATCH * BATCHES),
            ).fetchall()

        found = self._read(new)
        if not found:
            return False
        number, key, _ = found[-1]
        newest = max(reached.number, *(taken_at for _, _, taken_at in found))
        self._checkpoint.move(
            {"events": Mark(number, key), "reached": Mark(newest, None)}, (event for event, _, _ in found)
        )
        return len(found) == BATCH * BATCHES

    def _traces(self, finished: Sequence[journeys.Journey]) -> tuple[bytes, int]:
        return spans.request(finished, self._durable(finished), self._sender)

    def _durable(self, finished: Sequence[journeys.Journey]) -> dict[int, int]:
        commits = sorted(self._commits)
        known = {}
        for each in finished:
            at = bisect_right(commits, each.event, key=lambda commit: commit.first) - 1
            if at >= 0 and each.event <= commits[at].last and commits[at].at >= each.taken_at:
                known[each.event] = commits[at].at
        return known

    def _log(self) -> bool:
        for _ in range(BATCHES):
            lines = log_lines.read(self._logs, self._checkpoint.mark("log"))
            if lines is None:
                return False
            found = log_lines.entries(lines.lines, self._since_log())
            self._send("logs", found, self._records)
            if lines.lines or lines.more:
                self._checkpoint.move({"log": lines.mark})
            if not lines.more:
                return False
        return True

    def _since_log(self) -> int:
        """Return from when on the log is exported: the first start."""
        mark = self._checkpoint.mark("first")
        if mark is None:
            mark = Mark(self._since, None)
            self._checkpoint.move({"first": mark})
        return mark.number

    def _records(self, found: Sequence[log_lines.Entry]) -> tuple[bytes, int]:
        return self._read(lambda store: log_lines.request(store, found, self._sender)), len(found)

    def _metrics(self) -> None:
        samples = self._sample()
        if samples:
            content, points = metrics.request(samples, time.time_ns(), self._sender)
            self._send("metrics", [points], lambda _: (content, points))

    def _sample(self) -> dict[str, Any] | None:
        """Return the bridge's metrics, None while it does not answer."""
        try:
            where = json.loads(
                (Path(paths.state_dir(self._home)) / "bridge.json").read_text(encoding="utf-8")
            )
            host = f"[{where['host']}]" if ":" in where["host"] else where["host"]
            answer = self._scrape.get(
                f"http://{host}:{where['port']}/metrics",
                headers={"authorization": f"Bearer {where['key']}", "accept": "application/json"},
            )
            found: dict[str, Any] = answer.raise_for_status().json()
        except (OSError, ValueError, KeyError, httpx.HTTPError):
            return None
        return found

    def _send(
        self, signal: str, items: Sequence[T], encode: Callable[[Sequence[T]], tuple[bytes, int]]
    ) -> None:
        """Send items in one request; when it is refused, in halves, so that only the culprit is lost."""
        if not items:
            return
        content, count = encode(items)
        if not count:
            return
        try:
            rejected = self._collector.post(signal, content)
        except Refused:
            if len(items) == 1:
                self.refused[signal] += count
                return
            middle = len(items) // 2
            self._send(signal, items[:middle], encode)
            self._send(signal, items[middle:], encode)
        else:
            self.exported[signal] += count - rejected
            self.refused[signal] += rejected

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return database.reading(self._store, work)
