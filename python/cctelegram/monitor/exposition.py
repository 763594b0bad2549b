"""The values of all metrics as Prometheus text or OpenMetrics, made by prometheus_client.

prometheus_client is imported with the first scrape: it holds memory that a bridge without Prometheus saves.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import orjson

from cctelegram import version
from cctelegram.absent import importing
from cctelegram.monitor import catalogue
from cctelegram.monitor.values import Distribution, Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Sample

OPEN_METRICS: Final = "application/openmetrics-text"
JSON: Final = "application/json"


def scrape(metrics: Metrics, accept: str) -> tuple[bytes, str]:
    """Return all values, and their media type.

    Args:
        accept: the Accept header of the request: OpenMetrics or JSON when it names one, else Prometheus text.
    """
    if JSON in accept:
        return as_json(metrics), JSON
    with importing("prometheus_client"):
        import prometheus_client.exposition  # noqa: PLC0415  see above
        import prometheus_client.openmetrics.exposition as open_metrics  # noqa: PLC0415

    registry = prometheus_client.CollectorRegistry()
    registry.register(_Collector(metrics))
    if OPEN_METRICS in accept:
        content: bytes = open_metrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return content, open_metrics.CONTENT_TYPE_LATEST
    return prometheus_client.exposition.generate_latest(
        registry
    ), prometheus_client.exposition.CONTENT_TYPE_LATEST


def as_json(metrics: Metrics) -> bytes:
    """Return all values by name: `labels`, and `value`, or `counts` and `sum` of a histogram.

    It needs no prometheus_client, and buckets are as they are counted: not cumulative.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for metric, labels, value in metrics:
        entry: dict[str, Any] = {"labels": labels}
        if isinstance(value, Distribution):
            entry |= {"counts": value.counts, "sum": value.sum}
        else:
            entry["value"] = value
        found.setdefault(metric.name, []).append(entry)
    return orjson.dumps(found)


class _Collector:
    """A prometheus_client collector over the values of one process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Any]:
        """Yield a family for each metric that has a value."""
        from prometheus_client.metrics_core import InfoMetricFamily  # noqa: PLC0415  as above

        info = InfoMetricFamily(catalogue.INFO.name.removesuffix("_info"), catalogue.INFO.help)
        info.add_metric([], {"version": version(), "python": ".".join(map(str, sys.version_info[:3]))})
        yield info
        for metric in catalogue.METRICS:
            samples = self._metrics.of(metric)
            if samples:
                yield _family(metric, samples)


def _family(metric: Metric, samples: list[Sample]) -> Any:
    from prometheus_client import metrics_core  # noqa: PLC0415  as above

    names = [label.name for label in metric.labels]
    if metric.kind == "histogram":
        family = metrics_core.HistogramMetricFamily(metric.name, metric.help, labels=names)
        for _, labels, value in samples:
            assert isinstance(value, Distribution)  # noqa: S101 - `observe` and `merge` make it
            family.add_metric(labels, buckets=list(_cumulative(metric, value)), sum_value=value.sum)
        return family
    kinds = {"counter": metrics_core.CounterMetricFamily, "gauge": metrics_core.GaugeMetricFamily}
    family = kinds[metric.kind](metric.name, metric.help, labels=names)
    for _, labels, value in samples:
        family.add_metric(labels, value)
    return family


def _cumulative(metric: Metric, distribution: Distribution) -> Iterator[tuple[str, float]]:
    from prometheus_client.utils import floatToGoString  # noqa: PLC0415  as above; OpenMetrics wants this form

    total = 0
    for bound, count in zip((*metric.buckets, float("inf")), distribution.counts, strict=True):
        total += count
        yield floatToGoString(bound), total  # type: ignore[no-untyped-call]
