"""Unit tests of promtool for the rules of Prometheus: for each, a world is well, breaks the limit, is well.

Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cctelegram.monitor import catalogue, rules
from cctelegram.monitor.quantile import quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cctelegram.monitor.alert_rules import Rule

TARGET = {"job": "cctelegram", "instance": "127.0.0.1:8787"}
# In minutes: when the limit is broken, when it is kept again, and the end; how far back a rate looks.
BROKEN, MENDED, END = 10, 40, 60
WINDOW = 5


class Series(NamedTuple):
    """A series, one value a minute."""

    name: str
    labels: dict[str, str]
    values: Sequence[float | None]


def unit_tests(file: str, given: Iterable[Rule]) -> dict[str, Any]:
    """Return the content of a test file for `promtool test rules`; JSON is YAML."""
    return {
        "rule_files": [file],
        "evaluation_interval": "15s",
        "tests": [_down(), _failing(), *map(_of, given)],
    }


def _down() -> dict[str, Any]:
    up = Series(catalogue.INFO.name, TARGET, _course(1.0, None))
    # The last sample counts for five minutes more.
    return _test(rules.DOWN, [up], lag=WINDOW, labels={}, value=1.0)


def _failing() -> dict[str, Any]:
    state = {**TARGET, "state": "failing"}
    return _test(rules.FAILING, [Series(catalogue.HEALTH.name, state, _course(0.0, 1.0))], 0, state, 1.0)


def _of(rule: Rule) -> dict[str, Any]:
    metric = rule.metric
    values = rule.labels or tuple(label.values[0] for label in metric.labels)
    labels = TARGET | {label.name: value for label, value in zip(metric.labels, values, strict=True)}
    up = Series(catalogue.INFO.name, TARGET, [1.0] * END)
    if metric.kind == "histogram":
        series, value = _histogram(rule, labels)
        return _test(rules.alert(rule), [up, *series], WINDOW, TARGET, value, rule)
    if metric.kind == "counter":
        a_minute = rule.limit  # five times the limit in five minutes
        grown = [min(max(0, minute - BROKEN), MENDED - BROKEN) for minute in range(END)]
        series = [Series(metric.name, labels, [minutes * a_minute for minutes in grown])]
        return _test(rules.alert(rule), [up, *series], WINDOW, TARGET, a_minute * WINDOW, rule)
    # At the limit is within it.
    value = rule.limit * 2 + 1 if rule.above else rule.limit / 2
    gauge = Series(metric.name, labels, _course(rule.limit, value))
    return _test(rules.alert(rule), [up, gauge], 0, TARGET, value, rule)


def _course(well: float, broken: float | None) -> list[float | None]:
    return [broken if BROKEN <= minute < MENDED else well for minute in range(END)]


def _histogram(rule: Rule, labels: dict[str, str]) -> tuple[list[Series], float]:
    """Return the buckets: ten observations a minute, in the lowest, while broken in one above the limit."""
    bounds = rule.metric.buckets
    slow = next(number for number, low in enumerate(bounds) if low >= rule.limit) + 1
    series = []
    for number, bound in enumerate((*bounds, float("inf"))):
        grows = [10 if not BROKEN < minute <= MENDED or number >= slow else 0 for minute in range(END)]
        totals: list[float | None] = [float(sum(grows[: minute + 1])) for minute in range(END)]
        name = "+Inf" if bound == float("inf") else str(bound)
        series.append(Series(f"{rule.metric.name}_bucket", labels | {"le": name}, totals))
    counts = [0] * (len(bounds) + 1)
    counts[slow] = 1000
    value = quantile(bounds, counts, rule.quantile or 0.95)
    assert value is not None
    assert value > rule.limit
    return series, value


def _test(
    alert: rules.Alert,
    series: list[Series],
    lag: int,
    labels: dict[str, str],
    value: float,
    rule: Rule | None = None,
) -> dict[str, Any]:
    wait = alert.wait / 60
    held = [BROKEN + wait / 2] if lag == 0 and wait else []  # long enough to see, not to alert
    description = alert.description
    if rule is not None:
        shown = rules._VALUE[rule.metric.unit]
        assert shown in description
        description = description.replace(shown, _written(value, rule.metric.unit))
    # Prometheus evaluates the templates.
    summary, description = (text.replace('{{ "{{" }}', "{{") for text in (alert.summary, description))
    fires = {
        "exp_labels": {**labels, "severity": alert.severity, "rule": alert.rule},
        "exp_annotations": {"summary": summary, "description": description},
    }
    silent = [BROKEN - 1, *held, MENDED + lag + 1]
    fired = BROKEN + lag + wait + 2
    assert fired < MENDED
    return {
        "name": alert.name,
        "interval": "1m",
        "input_series": [_input(each) for each in series],
        "alert_rule_test": [
            *({"eval_time": _at(minutes), "alertname": alert.name, "exp_alerts": []} for minutes in silent),
            {"eval_time": _at(fired), "alertname": alert.name, "exp_alerts": [fires]},
        ],
    }


def _at(minutes: float) -> str:
    return f"{round(minutes * 60)}s"


def _input(series: Series) -> dict[str, str]:
    labels = ", ".join(f'{name}="{value}"' for name, value in series.labels.items())
    values = " ".join("_" if value is None else repr(float(value)) for value in series.values)
    return {"series": f"{series.name}{{{labels}}}", "values": values}


def _written(value: float, unit: str) -> str:
    """Write a value as Prometheus' templates do."""
    if unit == "bytes":
        prefix = 0
        while value >= 1000:
            value, prefix = value / 1000, prefix + 1
        return f"{value:.4g}{('', 'k', 'M', 'G', 'T')[prefix]}B"
    if unit == "ratio":
        return f"{value * 100:.4g}%"
    return f"{value:.4g}" + (" s" if unit == "seconds" else "")
