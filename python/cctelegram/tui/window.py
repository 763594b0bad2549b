"""Figures over the last minutes: rates and latencies, from scrapes of one bridge."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.monitor import catalogue
from cctelegram.monitor.quantile import quantile

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric
    from cctelegram.tui.samples import Samples

# Seconds that the figures go back.
LENGTH: Final = 300.0
# A rate over less time, in seconds, says little.
LEAST: Final = 5.0


class Latency(NamedTuple):
    """Seconds from an event to its arrival at Telegram; `recent`: of the window, else since the start."""

    p50: float
    p95: float
    p99: float
    deliveries: int
    recent: bool


class Window:
    """The scrapes of the last minutes; begins again with another bridge, whose counters begin at zero."""

    def __init__(self) -> None:
        self._scrapes: deque[tuple[float, Samples]] = deque()
        self._bridge: float | None = None

    @property
    def seconds(self) -> float:
        """The time between the oldest and the newest scrape."""
        return self._scrapes[-1][0] - self._scrapes[0][0] if self._scrapes else 0.0

    def add(self, samples: Samples, now: float) -> None:
        """Add a scrape; `now` in seconds of a clock that is never set."""
        started = samples.value(catalogue.STARTED)
        if started != self._bridge:
            self._scrapes.clear()
            self._bridge = started
        self._scrapes.append((now, samples))
        while len(self._scrapes) > 2 and self._scrapes[1][0] <= now - LENGTH:
            self._scrapes.popleft()

    def rate(self, counter: Metric) -> float | None:
        """Return how much a counter grew a minute, over all label values; None when that is unknown."""
        if self.seconds < LEAST:
            return None
        before, now = (scrape.total(counter) for _, scrape in (self._scrapes[0], self._scrapes[-1]))
        return None if now is None else (now - (before or 0.0)) / self.seconds * 60

    def latency(self) -> Latency | None:
        """Return the latency of the window, or of all deliveries when it has none; None before the first."""
        if not self._scrapes:
            return None
        metric = catalogue.DELIVERED
        now = self._scrapes[-1][1].counts(metric)
        if now is None:
            return None
        before = self._scrapes[0][1].counts(metric) or [0] * len(now)
        recent = [late - early for late, early in zip(now, before, strict=True)]
        counts = recent if any(recent) else now
        p50, p95, p99 = (quantile(metric.buckets, counts, share) for share in (0.5, 0.95, 0.99))
        if p50 is None or p95 is None or p99 is None:
            return None
        return Latency(p50, p95, p99, sum(counts), recent=any(recent))
