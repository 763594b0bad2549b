"""The rules of alerts: the default set, and the rules in force with those of the settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from cctelegram.monitor import budgets, catalogue
from cctelegram.monitor.window import WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cctelegram.monitor.budgets import Budget, Limits
    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Labels

HOUR: Final = 3600.0
UNREACHABLE: Final = "telegram"
METRICS: Final = {metric.name: metric for metric in catalogue.METRICS}


class Given(Protocol):
    """A rule as the settings hold it; None keeps the value of the default rule of its name."""

    @property
    def metric(self) -> str | None:
        """A name of the catalogue."""

    @property
    def above(self) -> float | None:
        """The limit."""

    @property
    def below(self) -> float | None:
        """The limit from the other side."""

    @property
    def quantile(self) -> float | None:
        """Of a histogram."""

    @property
    def for_seconds(self) -> float | None:
        """How long it must hold."""

    @property
    def cool_down_seconds(self) -> float | None:
        """The shortest time between two alerts."""

    @property
    def enabled(self) -> bool:
        """Whether it is evaluated."""


class Rule(NamedTuple):
    """A rule.

    Attributes:
        name: as in the settings.
        title: what is wrong, in words.
        action: what to do about it.
        metric: of a gauge, the worst of the label values counts; of a counter, its growth over the last five
            minutes; of a histogram, the quantile over the last five minutes.
        limit: in the metric's unit.
        above: whether it holds while the value is above the limit, else below.
        quantile: of a histogram; None for a counter or gauge.
        labels: the label values that count; all by default.
        seconds: how long it must hold.
        cool_down: the shortest time between two alerts, in seconds.
        age: whether the value is the age of what is wrong, which then began that long ago.
        patience: how long, in seconds, an alert lasts whose value is not known any more.
    """

    name: str
    title: str
    action: str
    metric: Metric
    limit: float
    above: bool = True
    quantile: float | None = None
    labels: Labels = ()
    seconds: float = 60.0
    cool_down: float = HOUR
    age: bool = False
    patience: float = 60.0


def _over(budget: Budget, name: str, title: str, action: str) -> Rule:
    """Return the rule of a budget; its limit is filled in by `in_force`."""
    return Rule(
        name,
        title,
        action,
        budget.metric,
        math.inf,
        quantile=budget.quantile,
        labels=budget.labels,
        # Longer than the window of a quantile: one slow moment is no alert.
        seconds=2 * WINDOW if budget.quantile is not None else WINDOW,
        patience=WINDOW,
    )


# Rules whose limit is a budget of the settings.
BUDGETED: Final = {
    "memory": budgets.MEMORY,
    "delivery": budgets.DELIVERY,
    "storing": budgets.FILE,
    "health": budgets.HEALTH,
    "monitoring": budgets.MONITORING,
}
DEFAULTS: Final = (
    _over(
        budgets.MEMORY,
        "memory",
        "The bridge uses more memory than its budget",
        "Restart the bridge, and report it with the figures of /metrics.",
    ),
    _over(
        budgets.DELIVERY,
        "delivery",
        "Messages take long to reach Telegram",
        "See the queue and the pauses in `cctelegram status`, and the network of this machine.",
    ),
    _over(
        budgets.FILE,
        "storing",
        "Events take long to be stored",
        "See whether the disk that holds the home is slow or nearly full.",
    ),
    _over(
        budgets.HEALTH,
        "health",
        "The bridge answers slowly",
        "See whether this machine is overloaded.",
    ),
    _over(
        budgets.MONITORING,
        "monitoring",
        "Measuring takes long",
        "See whether this machine or its disk is overloaded.",
    ),
    Rule(
        "waiting",
        "A message waits to be sent",
        "See `cctelegram status` for the reason, and `cctelegram outbox` for what waits.",
        catalogue.OLDEST_QUEUED,
        600,
        age=True,
    ),
    Rule(
        "files",
        "Event files are not taken",
        "See `cctelegram status` for the reason; the files stay until they are taken.",
        catalogue.OLDEST_FILE,
        120,
        age=True,
        patience=120,  # files are measured each minute
    ),
    Rule(
        "dead_letters",
        "Telegram refuses messages for good",
        "See `cctelegram outbox --state dead`, and retry or drop them.",
        catalogue.DEAD_LETTERS,
        0,
        seconds=0,
    ),
    Rule(
        "disk",
        "The disk that holds the home is nearly full",
        "Make room, or lower the limits of cleanup: `cctelegram cleanup plan`.",
        catalogue.FREE,
        1_000_000_000,
        above=False,
        patience=math.inf,
    ),
    Rule(
        "store",
        "The store is large",
        "Lower cleanup.history.age.",
        catalogue.DATABASE_BYTES,
        1_000_000_000,
        patience=math.inf,
    ),
    Rule(
        UNREACHABLE,
        "Telegram cannot be reached",
        "Check the network and the proxy of this machine, and see `cctelegram status`.",
        catalogue.POLL_AGE,
        180,
        age=True,
    ),
    Rule(
        "pools",
        "Requests wait for a free connection",
        "Raise pools.NAME.connections of the pool that waits: `cctelegram status --json`.",
        catalogue.POOL_WAITED,
        60,
        seconds=WINDOW,
    ),
    # The notice of rejected settings comes at once, with the reason; this one when nobody corrects them.
    Rule(
        "settings",
        "The changed settings are still rejected",
        "See `cctelegram config check`; what was in force stays in force.",
        catalogue.INVALID,
        0,
        seconds=600,
    ),
    Rule(
        "cleanup",
        "Cleanup fails",
        "See `cctelegram status` for the reason, and `cctelegram cleanup plan`.",
        catalogue.CLEANUP_PROBLEMS,
        0,
        patience=math.inf,  # after a restart unknown until the next round
    ),
    Rule(
        "session_memory",
        "An MCP session uses more memory than its budget",
        "Restart the client of the session, and report it: `cctelegram status --json` names the session.",
        catalogue.SESSION_MEMORY,
        40_000_000,
        seconds=WINDOW,
    ),
    Rule(
        "components",
        "A part of the bridge fails and is restarted",
        "See `cctelegram status` for the reason, and logs/bridge.jsonl.",
        catalogue.FAILING,
        0,
    ),
)
BY_NAME: Final = {rule.name: rule for rule in DEFAULTS}


def in_force(limits: Limits, given: Mapping[str, Given]) -> list[Rule]:
    """Return the default set, as changed by the rules of the settings, and these.

    Args:
        limits: the budgets, which are limits of default rules.
        given: by name, as config/alerts.py accepts them.
    """
    found = {rule.name: _limited(rule, limits) for rule in DEFAULTS}
    for name, each in given.items():
        rule = found.pop(name, None)
        if each.enabled:
            found[name] = _own(name, each) if rule is None else _changed(rule, each)
    return list(found.values())


def _limited(rule: Rule, limits: Limits) -> Rule:
    budget = BUDGETED.get(rule.name)
    return rule if budget is None else rule._replace(limit=budget.limit(limits) * budget.scale)


def _own(name: str, given: Given) -> Rule:
    metric = METRICS[given.metric or ""]
    rule = Rule(
        name,
        f'Your rule "{name}"',
        f"It is your rule alerts.{name}; docs/metrics.md describes {metric.name}.",
        metric,
        math.inf,
        quantile=0.95 if metric.kind == "histogram" else None,
    )
    return _changed(rule, given)


def _changed(rule: Rule, given: Given) -> Rule:
    limit = given.below if given.above is None else given.above
    return rule._replace(
        limit=rule.limit if limit is None else limit,
        above=rule.above if limit is None else given.below is None,
        quantile=rule.quantile if given.quantile is None else given.quantile,
        seconds=rule.seconds if given.for_seconds is None else given.for_seconds,
        cool_down=rule.cool_down if given.cool_down_seconds is None else given.cool_down_seconds,
    )
