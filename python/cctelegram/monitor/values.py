"""The values of the metrics of one process.

Use it in the event loop's thread. A value that was never measured is absent, not zero.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cctelegram.monitor.metric import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cctelegram.monitor.metric import Metric

Labels = tuple[str, ...]


class Distribution:
    """The observations of a histogram with one set of label values.

    Attributes:
        counts: observations by bucket (not cumulative); the last one is above the highest bound.
        sum: of all observations, in the metric's unit.
    """

    __slots__ = ("counts", "sum")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * (buckets + 1)
        self.sum = 0.0

    def observe(self, bounds: tuple[float, ...], value: float) -> None:
        """Add an observation; `bounds` are the metric's buckets."""
        self.counts[bisect_left(bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many observations there were."""
        return sum(self.counts)


class Sample(NamedTuple):
    """The value of a metric for one set of label values."""

    metric: Metric
    labels: Labels
    value: float | Distribution


class Metrics:
    """Counts, gauges and distributions, by metric and label values."""

    def __init__(self) -> None:
        # By name: hashing a whole row of the catalogue costs more than the addition.
        self._metrics: dict[str, Metric] = {}
        self._values: dict[str, dict[Labels, float | Distribution]] = {}

    def add(self, metric: Metric, amount: float = 1, /, *labels: str) -> None:
        """Add to a counter. `add(metric, 0)` shows a counter that counts and has counted nothing."""
        values, key = self._find(metric, labels)
        values[key] = values.get(key, 0) + amount  # type: ignore[operator]  # a counter holds numbers

    def begin(self, *metrics: Metric) -> None:
        """Show counters as 0, for each label value, before they count: Prometheus sees the first step then.

        Call it where they are counted, and only for few label values.
        """
        for metric in metrics:
            for labels in product(*(label.values for label in metric.labels)):
                self.add(metric, 0, *labels)

    def set(self, metric: Metric, value: float | None, /, *labels: str) -> None:
        """Set a gauge, or a counter whose total is counted elsewhere; None removes it: it is unknown now."""
        values, key = self._find(metric, labels)
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value

    def replace(self, metric: Metric, values: Mapping[Labels, float]) -> None:
        """Set a labelled gauge for these label values, and remove all others."""
        known, _ = self._find(metric, None)
        known.clear()
        for labels, value in values.items():
            known[_bounded(metric, labels)] = value

    def observe(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Add an observation to a histogram."""
        self._distribution(metric, labels).observe(metric.buckets, value)

    def merge(self, metric: Metric, counts: Sequence[int], total: float, /, *labels: str) -> None:
        """Set a histogram whose observations are counted elsewhere, in the buckets of the metric."""
        distribution = self._distribution(metric, labels)
        distribution.counts[:] = counts
        distribution.sum = total

    def value(self, metric: Metric, /, *labels: str) -> float | None:
        """Return the value of a counter or gauge, None when it is unknown."""
        values, key = self._find(metric, labels)
        found = values.get(key)
        return None if isinstance(found, Distribution) else found

    def total(self, metric: Metric) -> float | None:
        """Return the sum over all label values of a counter or gauge, None when none is known."""
        numbers = [one.value for one in self.of(metric) if not isinstance(one.value, Distribution)]
        return sum(numbers) if numbers else None

    def distribution(self, metric: Metric, /, *labels: str) -> Distribution | None:
        """Return the observations of a histogram, None when there were none."""
        values, key = self._find(metric, labels)
        found = values.get(key)
        return found if isinstance(found, Distribution) else None

    def of(self, metric: Metric) -> list[Sample]:
        """Return all samples of a metric, in the order in which their label values were first seen."""
        return [Sample(metric, labels, value) for labels, value in self._values.get(metric.name, {}).items()]

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples of all metrics."""
        for metric in list(self._metrics.values()):
            yield from self.of(metric)

    def _distribution(self, metric: Metric, labels: Labels) -> Distribution:
        values, key = self._find(metric, labels)
        found = values.get(key)
        if not isinstance(found, Distribution):
            found = values[key] = Distribution(len(metric.buckets))
        return found

    def _find(
        self, metric: Metric, labels: Labels | None
    ) -> tuple[dict[Labels, float | Distribution], Labels]:
        """Return the values of a metric, and the key of these label values."""
        values = self._values.get(metric.name)
        if values is None:
            self._metrics[metric.name] = metric
            values = self._values[metric.name] = {}
        if labels is None or labels in values:
            return values, labels or ()
        return values, _bounded(metric, labels)


def _bounded(metric: Metric, labels: Labels) -> Labels:
    if len(labels) != len(metric.labels):
        raise ValueError(
            f"{metric.name} has the labels {[each.name for each in metric.labels]}, not {labels}"
        )
    return tuple(
        value if value in label.values else OTHER for value, label in zip(labels, metric.labels, strict=True)
    )
