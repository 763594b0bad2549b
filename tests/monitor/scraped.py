"""What a running bridge says of itself at `/metrics`, read by prometheus_client's own parsers."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import parser
from prometheus_client.openmetrics import parser as open_metrics

from cctelegram.monitor.exposition import OPEN_METRICS
from running import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.monitor.metric import Metric
    from running import RunningBridge


@dataclass(frozen=True)
class Spread:
    """The observations of a histogram."""

    count: int
    sum: float
    buckets: dict[float, int]  # observations up to each bound


class Scraped:
    """The samples of one scrape."""

    def __init__(self, families: list[Any]) -> None:
        self.families = families
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    def get(self, metric: Metric, *labels: str) -> float | None:
        """Return the value of a counter or gauge; None when there is none."""
        return self._values.get((metric.name, _labels(metric, labels)))

    def value(self, metric: Metric, *labels: str) -> float:
        """Return the value of a counter or gauge; 0 of a counter that has counted nothing."""
        found = self.get(metric, *labels)
        assert found is not None or metric.kind == "counter", metric
        return found or 0.0

    def total(self, metric: Metric) -> float:
        """Return the sum over all labels."""
        return sum(value for (name, _), value in self._values.items() if name == metric.name)

    def spread(self, metric: Metric, *labels: str) -> Spread:
        """Return the observations of a histogram."""
        key = _labels(metric, labels)
        found = {
            bound: int(self._values.get((f"{metric.name}_bucket", _with_bound(key, name)), 0))
            for bound, name in _bounds(metric)
        }
        count = int(self._values.get((f"{metric.name}_count", key), 0))
        return Spread(count, self._values.get((f"{metric.name}_sum", key), 0.0), found)


def _labels(metric: Metric, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    assert len(values) == len(metric.labels), metric
    return tuple(sorted((label.name, value) for label, value in zip(metric.labels, values, strict=True)))


def _with_bound(key: tuple[tuple[str, str], ...], bound: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((*key, ("le", bound))))


def _bounds(metric: Metric) -> list[tuple[float, str]]:
    return [*((bound, str(bound)) for bound in metric.buckets), (float("inf"), "+Inf")]


def text(running: RunningBridge, accept: str = "") -> tuple[str, str]:
    """Return the content and the media type of `/metrics`."""
    where = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    connection = http.client.HTTPConnection(where["host"], where["port"], timeout=30)
    try:
        headers = {"Authorization": f"Bearer {where['key']}", **({"Accept": accept} if accept else {})}
        connection.request("GET", "/metrics", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
        return response.read().decode(), response.headers["content-type"]
    finally:
        connection.close()


def scrape(running: RunningBridge, accept: str = "") -> Scraped:
    """Return the metrics of a bridge now, as Prometheus reads them; as OpenMetrics when `accept` asks."""
    content, media_type = text(running, accept)
    read = open_metrics if media_type.startswith(OPEN_METRICS) else parser
    return Scraped(list(read.text_string_to_metric_families(content)))


def scrape_until(running: RunningBridge, look: Callable[[Scraped], Any], what: str) -> Scraped:
    """Scrape until the condition is met."""

    def now() -> Scraped | None:
        found = scrape(running)
        return found if look(found) else None

    found = wait_for(now, what)
    assert found is not None
    return found
