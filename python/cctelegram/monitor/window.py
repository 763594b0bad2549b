"""What was observed lately: quantiles of histograms and growth of counters over the last five minutes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.monitor.quantile import quantile
from cctelegram.monitor.values import Distribution

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Labels, Metrics

# How far back observations count, in seconds.
WINDOW: Final = 300.0
# Totals are kept this far apart, in seconds: the window is longer than WINDOW by at most this.
STEP: Final = 5.0


class Kept(NamedTuple):
    """The totals of a metric at one time: by bucket for a histogram, one for a counter."""

    at: float
    totals: list[float]


class Windows:
    """Keeps earlier totals of each metric that was asked for; the first answer covers nothing yet.

    All times are seconds since the epoch.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._kept: dict[tuple[str, Labels], deque[Kept]] = {}

    def counts(self, metric: Metric, now: float, labels: Labels = ()) -> list[int]:
        """Return the observations of a histogram since the window began, by bucket.

        Args:
            labels: of one set of label values; by default of all together.
        """
        return [round(count) for count in self._since(metric, now, labels)]

    def quantile(
        self, metric: Metric, share: float, now: float, labels: Labels = (), *, least: int = 1
    ) -> float | None:
        """Return a quantile of a histogram; None with fewer observations than `least`: it is unknown."""
        counts = self.counts(metric, now, labels)
        return quantile(metric.buckets, counts, share) if sum(counts) >= least else None

    def increase(self, metric: Metric, now: float, labels: Labels = ()) -> float:
        """Return by how much a counter grew since the window began."""
        return self._since(metric, now, labels)[0]

    def _since(self, metric: Metric, now: float, labels: Labels) -> list[float]:
        totals = self._totals(metric, labels)
        kept = self._kept.setdefault((metric.name, labels), deque())
        if kept and now < kept[-1].at:  # the clock was set back
            kept.clear()
        while len(kept) > 1 and kept[1].at <= now - WINDOW:
            kept.popleft()
        if not kept or now - kept[-1].at >= STEP:
            kept.append(Kept(now, totals))
        grown = [late - early for late, early in zip(totals, kept[0].totals, strict=True)]
        # A total that is counted elsewhere may begin again, such as that of a store that was lost.
        return totals if min(grown) < 0 else grown

    def _totals(self, metric: Metric, labels: Labels) -> list[float]:
        totals = [0.0] * (len(metric.buckets) + 1)
        for each in self.metrics.of(metric):
            if labels and each.labels != labels:
                continue
            values = each.value.counts if isinstance(each.value, Distribution) else [each.value]
            totals = [mine + theirs for mine, theirs in zip(totals, values, strict=True)]
        return totals
