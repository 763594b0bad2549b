"""The series of the history: which figures are kept over time, and how each is read from the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from cctelegram.events.lane import LANES
from cctelegram.monitor import catalogue

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Labels, Metrics

# How a value is read: a gauge as it is, the sum or the largest over its labels, a counter per second, or a
# quantile of what was observed in the step.
Reading = Literal["value", "sum", "largest", "rate", "quantile"]


class Series(NamedTuple):
    """One figure over time.

    Attributes:
        name: names it in `/api/history` and in the file.
        unit: `seconds`, `bytes`, `ratio`, `per second`, or empty for a count of things.
        metric: where it comes from.
        labels: the sets of label values that are added up; empty for all there are.
        quantile: of the observations, 0 to 1, for the reading `quantile`.
    """

    name: str
    unit: str
    metric: Metric
    reading: Reading
    labels: tuple[Labels, ...] = ()
    quantile: float = 0.0

    @property
    def help(self) -> str:
        """The metric's own help, and for a quantile which one."""
        return (
            f"{self.metric.help}, p{self.quantile * 100:g}"
            if self.reading == "quantile"
            else self.metric.help
        )

    def read(self, metrics: Metrics) -> float | None:
        """Return the value now; of a counter its total, of observations None. None when it is unknown."""
        if self.reading == "quantile":
            return None
        if self.labels:
            found = [metrics.value(self.metric, *labels) for labels in self.labels]
        else:
            found = [value for _, _, value in metrics.of(self.metric) if isinstance(value, int | float)]
        known = [value for value in found if value is not None]
        if not known:
            # A counter that counted other label values has counted nothing of these.
            return 0.0 if self.reading == "rate" and metrics.of(self.metric) else None
        return max(known) if self.reading == "largest" else sum(known)


def _requests(*results: str) -> tuple[Labels, ...]:
    return tuple((method, result) for method in catalogue.METHOD.values for result in results)


def _quantiles(name: str, metric: Metric, *quantiles: float) -> tuple[Series, ...]:
    return tuple(
        Series(f"{name}_p{quantile * 100:g}", "seconds", metric, "quantile", quantile=quantile)
        for quantile in quantiles
    )


# Results of a request that Telegram did not answer, and of one that it answered with an error of its own.
NO_ANSWER: Final = ("NotSent", "Doubtful")
FAULT: Final = ("ServerFault", "RetryAfter", "Unclear")

SERIES: Final[tuple[Series, ...]] = (
    *(Series(f"queued_{lane}", "", catalogue.QUEUED, "value", ((lane,),)) for lane in LANES),
    Series("oldest_queued", "seconds", catalogue.OLDEST_QUEUED, "largest"),
    Series("files_waiting", "", catalogue.FILES_WAITING, "value"),
    Series("held", "", catalogue.DELIVERIES, "value", (("held",),)),
    Series("dead", "", catalogue.DELIVERIES, "value", (("dead",),)),
    Series("stored", "per second", catalogue.EVENTS, "rate"),
    Series("sent", "per second", catalogue.SENT, "rate"),
    Series("failures", "per second", catalogue.FAILURES, "rate"),
    *_quantiles("latency", catalogue.DELIVERED, 0.5, 0.95, 0.99),
    Series("requests", "per second", catalogue.REQUESTS, "rate"),
    Series("no_answer", "per second", catalogue.REQUESTS, "rate", _requests(*NO_ANSWER)),
    Series("faults", "per second", catalogue.REQUESTS, "rate", _requests(*FAULT)),
    Series("poll_age", "seconds", catalogue.POLL_AGE, "value"),
    Series("pause", "seconds", catalogue.PAUSE_LEFT, "value"),
    Series("decisions_open", "", catalogue.OPEN, "value"),
    Series("memory", "bytes", catalogue.RESIDENT, "value"),
    Series("cpu", "ratio", catalogue.CPU_SHARE, "value"),
    *_quantiles("lag", catalogue.LOOP_LAG, 0.95),
    Series("descriptors", "", catalogue.DESCRIPTORS, "value"),
    Series("store", "bytes", catalogue.DATABASE_BYTES, "value"),
    Series("disk_free", "bytes", catalogue.FREE, "value"),
    Series("calls", "per second", catalogue.CALLS, "rate"),
)
BY_NAME: Final = {series.name: series for series in SERIES}
