"""Alert rules as rules of Prometheus, and recording rules of what is asked for often.

The bridge does not import it. The rules are those of alert_rules.py with the limits in force, so that
Prometheus and the phone report the same; two more find what a bridge that is down cannot report.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.monitor import catalogue, promql
from cctelegram.monitor.window import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cctelegram.monitor.alert_rules import Rule

INTERVAL: Final = "15s"
# How the value reads in a message of Prometheus, by unit.
_VALUE: Final = {
    "": '{{ printf "%.4g" $value }}',
    "seconds": '{{ printf "%.4g" $value }} s',
    "bytes": "{{ $value | humanize }}B",
    "ratio": "{{ $value | humanizePercentage }}",
}


class Alert(NamedTuple):
    """An alerting rule of Prometheus.

    Attributes:
        name: the alert's name.
        rule: the name of the rule in `[alerts]`, or of one that Prometheus alone can evaluate.
        expression: PromQL; the alert holds while it has a value.
        wait: how long it must hold, in seconds.
        severity: `critical` when nothing reaches the phone, else `warning`.
        summary: what is wrong.
        description: the value, the limit, and what to do.
    """

    name: str
    rule: str
    expression: str
    wait: float
    severity: str
    summary: str
    description: str


class Record(NamedTuple):
    """A recording rule: the name of the series, and its expression."""

    name: str
    expression: str


DOWN: Final = Alert(
    "CCTelegramDown",
    "down",
    f"absent({catalogue.INFO.name})",
    60,
    "critical",
    "No bridge is scraped",
    "Nothing reaches the phone. See `cctelegram status`, and the target in Prometheus.",
)
FAILING: Final = Alert(
    "CCTelegramFailing",
    "failing",
    f"{promql.selector(catalogue.HEALTH, state='failing')} == 1",
    60,
    "critical",
    "The bridge's health is failing",
    "See the reasons in `cctelegram status`.",
)
RECORDS: Final = (
    *(
        Record(
            f"instance:{catalogue.DELIVERED.name}:p{share * 100:g}",
            promql.quantile(catalogue.DELIVERED, share, promql.duration(WINDOW)),
        )
        for share in (0.5, 0.95, 0.99)
    ),
    Record(
        f"instance:{catalogue.SENT.name.removesuffix('_total')}:rate5m",
        f"sum by (job, instance) (rate({catalogue.SENT.name}[{promql.duration(WINDOW)}]))",
    ),
)


def alert(rule: Rule) -> Alert:
    """Return a rule of the bridge as one of Prometheus; it holds under the same condition."""
    sign = ">" if rule.above else "<"
    limit = promql.number(rule.limit)
    unit = {"seconds": " s", "bytes": " bytes"}.get(rule.metric.unit, "")
    return Alert(
        "CCTelegram" + "".join(part.capitalize() for part in _letters(rule.name).split()),
        rule.name,
        f"{_value(rule)} {sign} {limit}",
        rule.seconds,
        "warning",
        _literal(rule.title),
        f"{rule.metric.help}: {_VALUE[rule.metric.unit]}, limit {limit}{unit}. {_literal(rule.action)}",
    )


def alerts(rules: Iterable[Rule]) -> list[Alert]:
    """Return the rules, and those of Prometheus alone."""
    return [DOWN, FAILING, *map(alert, rules)]


def as_yaml(rules: Iterable[Rule]) -> str:
    """Return a rule file of Prometheus: the recording rules, then the alerting rules."""
    lines = ["# Made by `cctelegram metrics --rules`; docs/prometheus.md", "groups:"]
    lines += ["  - name: cctelegram.records", f"    interval: {INTERVAL}", "    rules:"]
    for record in RECORDS:
        lines += [f"      - record: {_text(record.name)}", f"        expr: {_text(record.expression)}"]
    lines += ["  - name: cctelegram.alerts", f"    interval: {INTERVAL}", "    rules:"]
    for each in alerts(rules):
        lines += [
            f"      - alert: {_text(each.name)}",
            f"        expr: {_text(each.expression)}",
            f"        for: {promql.duration(each.wait)}",
            "        labels:",
            f"          severity: {each.severity}",
            f"          rule: {_text(_literal(each.rule))}",
            "        annotations:",
            f"          summary: {_text(each.summary)}",
            f"          description: {_text(each.description)}",
        ]
    return "\n".join(lines) + "\n"


def _value(rule: Rule) -> str:
    labels = {label.name: value for label, value in zip(rule.metric.labels, rule.labels, strict=False)}
    window = promql.duration(WINDOW)
    if rule.metric.kind == "histogram":
        return promql.quantile(rule.metric, rule.quantile or 0.95, window, promql.TARGET, **labels)
    if rule.metric.kind == "counter":
        return promql.growth(rule.metric, window, **labels)
    return promql.worst(rule.metric, above=rule.above, **labels)


def _letters(name: str) -> str:
    """Return a name with spaces for all but ASCII letters and digits."""
    return "".join(each if each.isascii() and each.isalnum() else " " for each in name)


def _literal(text: str) -> str:
    """Return a template of Prometheus that yields this text: the name of a rule may contain braces."""
    return text.replace("{{", '{{ "{{" }}')


def _text(text: str) -> str:
    """Return a string of YAML; every string of JSON is one."""
    return json.dumps(text)
