"""The values of a scrape of `/metrics`, found by the metrics of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric

Labels = frozenset[tuple[str, str]]


class Samples:
    """One scrape. A value that the bridge has not measured is None, never zero.

    Args:
        text: in Prometheus' text format. Raises ValueError when it is not.
    """

    def __init__(self, text: str) -> None:
        self._values: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                values = self._values.setdefault(sample.name, {})
                values[frozenset(sample.labels.items())] = sample.value

    def value(self, metric: Metric, *labels: str) -> float | None:
        """Return the value of a counter or gauge with these label values."""
        names = (label.name for label in metric.labels)
        return self._values.get(metric.name, {}).get(frozenset(zip(names, labels, strict=True)))

    def total(self, metric: Metric) -> float | None:
        """Return the sum over all label values; None when none is known."""
        values = self._values.get(metric.name)
        return sum(values.values()) if values else None

    def largest(self, metric: Metric) -> float | None:
        """Return the largest value over all label values; None when none is known."""
        return max(self._values.get(metric.name, {}).values(), default=None)

    def counts(self, metric: Metric) -> list[int] | None:
        """Return the observations of a histogram by bucket, of all label values; None when there is none."""
        bounds = [*metric.buckets, float("inf")]
        found = [0.0] * len(bounds)
        values = self._values.get(f"{metric.name}_bucket")
        if not values:
            return None
        for labels, cumulative in values.items():
            bound = float(dict(labels)["le"])
            if bound not in bounds:
                return None  # of a bridge with other buckets
            found[bounds.index(bound)] += cumulative
        return [round(now - before) for before, now in zip([0.0, *found], found, strict=False)]
