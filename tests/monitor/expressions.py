"""Which metrics a PromQL expression names, with which labels: as far as the project's own expressions go."""

from __future__ import annotations

import re

from cctelegram.monitor import promql
from cctelegram.monitor.catalogue import METRICS

WORDS = {
    "absent",
    "and",
    "by",
    "histogram_quantile",
    "increase",
    "max",
    "min",
    "on",
    "rate",
    "sum",
}
BY_NAME = {metric.name: metric for metric in METRICS} | {
    f"{metric.name}{suffix}": metric
    for metric in METRICS
    if metric.kind == "histogram"
    for suffix in ("_bucket", "_sum", "_count")
}
# `cctelegram_info` has labels that no table lists.
OF_NO_TABLE = {*promql.TARGET, "le"}


def check(expression: str) -> None:
    """Fail unless every name is a metric of the catalogue, and every label one of a metric that is named."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)  # label values
    labels = [name for part in re.findall(r"\{([^}]*)\}", bare) for name in re.findall(r"\w+", part)]
    labels += [
        name for part in re.findall(r"\b(?:by|on) \(([^)]*)\)", bare) for name in re.findall(r"\w+", part)
    ]
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|on) \([^)]*\)", " ", bare)
    names = {name for name in re.findall(r"[A-Za-z_:][\w:]*", bare) if name not in WORDS}
    assert names, expression
    assert names <= set(BY_NAME), expression
    known = {label.name for name in names for label in BY_NAME[name].labels} | OF_NO_TABLE
    assert set(labels) <= known, expression
