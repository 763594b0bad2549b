"""The budgets of `[budgets]`: what each limits, and how much of it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from cctelegram.monitor import catalogue

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Labels
    from cctelegram.monitor.window import Windows


class Limits(Protocol):
    """The budgets as the settings hold them."""

    @property
    def file_ms(self) -> float:
        """Milliseconds."""

    @property
    def delivery_s(self) -> float:
        """Seconds."""

    @property
    def health_s(self) -> float:
        """Seconds."""

    @property
    def memory_mb(self) -> float:
        """Millions of bytes."""

    @property
    def monitoring_ms(self) -> float:
        """Milliseconds."""


class Budget(NamedTuple):
    """One budget.

    Attributes:
        name: its key in `[budgets]`, and its label value of `catalogue.BUDGET`.
        about: what it limits, in words.
        unit: of the setting.
        scale: the setting's unit in the unit of the metric.
        metric: what is compared with it.
        quantile: of a histogram, over the last five minutes; None for a gauge, as it is now.
        labels: the label values that are compared; all by default.
    """

    name: str
    about: str
    unit: str
    scale: float
    metric: Metric
    quantile: float | None = None
    labels: Labels = ()

    def limit(self, limits: Limits) -> float:
        """Return the limit in force, in the setting's unit."""
        by_name = {
            "file_ms": limits.file_ms,
            "delivery_s": limits.delivery_s,
            "health_s": limits.health_s,
            "memory_mb": limits.memory_mb,
            "monitoring_ms": limits.monitoring_ms,
        }
        return by_name[self.name]

    def value(self, windows: Windows, now: float) -> float | None:
        """Return what is used, in the setting's unit; None when nothing was observed."""
        if self.quantile is None:
            value = windows.metrics.value(self.metric, *self.labels)
        else:
            value = windows.quantile(self.metric, self.quantile, now, self.labels)
        return None if value is None else value / self.scale


FILE: Final = Budget(
    "file_ms", "Storing a batch of events, p95", "ms", 0.001, catalogue.STORE_EVENTS, quantile=0.95
)
DELIVERY: Final = Budget("delivery_s", "Event to phone, p95", "s", 1.0, catalogue.DELIVERED, quantile=0.95)
HEALTH: Final = Budget(
    "health_s", "Answering /health, p95", "s", 1.0, catalogue.HTTP_TIME, quantile=0.95, labels=("health",)
)
MEMORY: Final = Budget("memory_mb", "Resident memory", "MB", 1_000_000, catalogue.RESIDENT)
MONITORING: Final = Budget("monitoring_ms", "Measuring all metrics", "ms", 0.001, catalogue.SCRAPE)
BUDGETS: Final = (FILE, DELIVERY, HEALTH, MEMORY, MONITORING)


def measure(windows: Windows, limits: Limits, now: float) -> None:
    """Set the use of each budget; one of which nothing was observed is unknown."""
    for budget in BUDGETS:
        value = budget.value(windows, now)
        ratio = None if value is None else value / budget.limit(limits)
        windows.metrics.set(catalogue.BUDGET, ratio, budget.name)


def report(windows: Windows, limits: Limits, now: float) -> dict[str, dict[str, Any]]:
    """Return each budget by name: `about`, `unit`, `limit`, `value` and `ratio`, both null when unknown."""
    found = {}
    for budget in BUDGETS:
        value, limit = budget.value(windows, now), budget.limit(limits)
        found[budget.name] = {
            "about": budget.about,
            "unit": budget.unit,
            "limit": limit,
            "value": None if value is None else round(value, 3),
            "ratio": None if value is None else round(value / limit, 4),
        }
    return found
