"""Alert rules as the settings hold them; monitor/alert_rules.py has the default set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec

from cctelegram.config.kinds import NotAllowed

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric

ALLOWED: Final = (
    "tables by name (`[alerts.memory]`) with `metric` (see docs/metrics.md), `above` or `below` (a number in "
    "the unit of the metric), `quantile` (between 0 and 1, of a histogram), `for_seconds` and "
    "`cool_down_seconds` (0 to 604800), `enabled` (true or false)"
)
SAMPLE: Final = """\
[alerts.disk]                      # a rule of the default set: only what differs
below = 5_000_000_000.0
[alerts.many_messages]             # a rule of your own
metric = "cctelegram_outbox_queued"
above = 500.0
for_seconds = 300.0
"""
# The longest duration and cool-down, in seconds: a week.
LONGEST: Final = 604_800


class AlertRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule; a field that is None keeps the value of the default rule of this name.

    Attributes:
        metric: a name of the catalogue. Of a gauge, the worst of the label values counts; of a counter, its
            growth over the last five minutes; of a histogram, its quantile over the last five minutes.
        above: the rule holds while the value is larger.
        below: the rule holds while the value is smaller.
        quantile: of a histogram, 0.95 by default.
        for_seconds: how long it must hold before the alert fires.
        cool_down_seconds: the shortest time between two notifications of this rule.
        enabled: whether it is evaluated.
    """

    metric: str | None = None
    above: float | None = None
    below: float | None = None
    quantile: float | None = None
    for_seconds: float | None = None
    cool_down_seconds: float | None = None
    enabled: bool = True

    def __post_init__(self) -> None:
        """Refuse what no metric allows."""
        if self.above is not None and self.below is not None:
            raise ValueError("above and below cannot both be set: make two rules")
        for name in ("above", "below"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name} is a number, not {value}")
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise ValueError("quantile is a number between 0 and 1, such as 0.95")
        for name in ("for_seconds", "cool_down_seconds"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= LONGEST:
                raise ValueError(f"{name} is a number of seconds from 0 to {LONGEST} (a week)")


def check(name: str, rule: AlertRule) -> None:
    """Raise NotAllowed for a rule that cannot be evaluated: its metric, its limit or its quantile."""
    # Only settings with rules pay for the catalogue.
    from cctelegram.monitor.alert_rules import BY_NAME, METRICS  # noqa: PLC0415

    default = BY_NAME.get(name)
    metric = METRICS.get(rule.metric or "") if default is None or rule.metric else default.metric
    if rule.metric is not None and metric is None:
        raise NotAllowed(_unknown(rule.metric, METRICS), below=("metric",))
    if default is not None and metric is not default.metric:
        raise NotAllowed(
            f"the rule {name} of the default set is about {default.metric.name}; give a rule of another "
            "metric another name",
            below=("metric",),
        )
    if metric is None:
        raise NotAllowed(
            f"a rule of your own needs a metric; the rules of the default set are {', '.join(BY_NAME)}"
        )
    if default is None and rule.above is None and rule.below is None:
        raise NotAllowed("a rule of your own needs above or below")
    if rule.quantile is not None and metric.kind != "histogram":
        raise NotAllowed(
            f"a quantile is of a histogram, and {metric.name} is a {metric.kind}", below=("quantile",)
        )


def _unknown(name: str, metrics: dict[str, Metric]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - needed only for a mistake

    near = get_close_matches(name, metrics, n=1)
    return f"there is no metric {name}" + (f"; the nearest is {near[0]}" if near else "")
