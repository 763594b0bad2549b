"""Which alerts fire, and of which a person is to be notified. Time is an argument; nothing is sent from here.

A person is notified that a rule fires at most once in its cool-down, and of the end of what they were
notified of. While nothing can reach the phone, no notification is spent: it is due once something can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from cctelegram.monitor.alert_rules import UNREACHABLE
from cctelegram.monitor.values import Distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.monitor.alert_rules import Rule
    from cctelegram.monitor.window import Windows

# A quantile of fewer observations in the window says nothing.
LEAST: Final = 5


class Change(NamedTuple):
    """What happened to a rule.

    Attributes:
        what: it fires, still fires when a notification becomes due, or ended.
        value: the last value over the limit, in the metric's unit.
        began: when it began to be wrong, in seconds since the epoch.
        at: when it fired or ended; when the value is not known any more, when it was last known.
        notify: whether a person is to be notified.
    """

    rule: Rule
    what: Literal["fires", "still fires", "ended"]
    value: float
    began: float
    at: float
    notify: bool


class State(NamedTuple):
    """What is remembered of a rule; all times are seconds since the epoch.

    Attributes:
        holds_since: since when the value is over the limit; None while it is not.
        firing: whether the alert fires.
        notified: when a person was last notified; None before the first time.
        open: whether they were notified that it fires, and not yet of the end.
        value: the last value over the limit.
        began: when it began to be wrong.
        unknown_since: since when the value is not known; None while it is.
    """

    holds_since: float | None = None
    firing: bool = False
    notified: float | None = None
    open: bool = False
    value: float = 0.0
    began: float = 0.0
    unknown_since: float | None = None

    @property
    def lasting(self) -> tuple[bool, float | None, bool]:
        """What must survive a restart at once: without it a message would be repeated."""
        return self.firing, self.notified, self.open


class Evaluation:
    """Evaluates rules at each sample.

    Args:
        states: by rule name, as `states` was before a restart.
    """

    def __init__(self, states: dict[str, State] | None = None) -> None:
        self.states: dict[str, State] = dict(states or {})

    def evaluate(
        self, rules: Sequence[Rule], windows: Windows, now: float, *, reachable: bool = True
    ) -> list[Change]:
        """Return what changed; `now` in seconds since the epoch.

        Args:
            reachable: whether there is somebody who can be notified.
        """
        before = self.states.get(UNREACHABLE, State())
        self.states = {rule.name: self.states.get(rule.name, State()) for rule in rules}
        changes = []
        # The connection is judged first: what fires for want of it is not reported while it lasts.
        for rule in sorted(rules, key=lambda each: each.name != UNREACHABLE):
            away = before.firing or self.states.get(UNREACHABLE, State()).firing
            notifiable = reachable and not away and rule.name != UNREACHABLE
            after, change = _next(rule, self.states[rule.name], _value(rule, windows, now), now, notifiable)
            if rule.name == UNREACHABLE and change is not None and change.what == "ended" and reachable:
                after, change = _afterwards(after, change, now)
            self.states[rule.name] = after
            if change is not None:
                changes.append(change)
        return changes

    @property
    def firing(self) -> list[str]:
        """The names of the rules that fire."""
        return [name for name, state in self.states.items() if state.firing]


def _value(rule: Rule, windows: Windows, now: float) -> float | None:
    """Return the value of a rule, None when it is not known."""
    metric = rule.metric
    if metric.kind == "histogram":
        return windows.quantile(metric, rule.quantile or 0.95, now, rule.labels, least=LEAST)
    values = [
        each.value
        for each in windows.metrics.of(metric)
        if not isinstance(each.value, Distribution) and rule.labels in ((), each.labels)
    ]
    if metric.kind == "counter":
        grown = windows.increase(metric, now, rule.labels)  # also while unknown: the window begins then
        return grown if values else None
    return (max if rule.above else min)(values, default=None)


def _next(
    rule: Rule, before: State, value: float | None, now: float, reachable: bool
) -> tuple[State, Change | None]:
    if value is None:
        # A clock that was set back must not prolong it.
        unknown = now if before.unknown_since is None else min(before.unknown_since, now)
        if before.firing and now - unknown < rule.patience:
            return before._replace(unknown_since=unknown), None
        return _ended(rule, before, unknown)
    if not (value > rule.limit if rule.above else value < rule.limit):
        return _ended(rule, before, now)
    since, began = before.holds_since, before.began
    if since is None or since > now:
        since, began = now, now - value if rule.age else now
    state = before._replace(holds_since=since, value=value, began=began, unknown_since=None)
    if not before.firing and now - since < rule.seconds:
        return state, None
    due = reachable and not before.open and _is_cool(rule, before, now)
    if before.firing and not due:
        return state, None
    after = state._replace(firing=True, open=before.open or due, notified=now if due else before.notified)
    what: Literal["fires", "still fires"] = "still fires" if before.firing else "fires"
    return after, Change(rule, what, value, began, now, due)


def _ended(rule: Rule, before: State, at: float) -> tuple[State, Change | None]:
    after = State(notified=before.notified)
    if not before.firing:
        return after, None
    return after, Change(rule, "ended", before.value, before.began, at, before.open)


def _afterwards(after: State, change: Change, now: float) -> tuple[State, Change]:
    """Let a person hear of the lost connection once it works again, once in its cool-down."""
    if not _is_cool(change.rule, after, now):
        return after, change
    return after._replace(notified=now), change._replace(notify=True)


def _is_cool(rule: Rule, state: State, now: float) -> bool:
    """Return whether the cool-down is over; one that began in the future, before the clock was set, is."""
    return state.notified is None or not 0 <= now - state.notified < rule.cool_down
