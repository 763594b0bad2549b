"""A Grafana dashboard over the catalogue: first the questions of a person, then every metric by group.

The bridge does not import it. A panel's title is the metric's help, its description the name.
Source: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from cctelegram.monitor import catalogue, promql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cctelegram.monitor.alert_rules import Rule
    from cctelegram.monitor.metric import Metric

# The version of the dashboard's JSON that Grafana 11 writes; later versions migrate it.
SCHEMA_VERSION: Final = 39
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WINDOW: Final = "$__rate_interval"
CHOSEN: Final = "~$instance"
# Columns and rows of Grafana's grid: four panels in each row.
WIDTH, HEIGHT, COLUMNS = 6, 7, 4
# The most label values of which three quantiles each are shown.
MOST: Final = 5
# Grafana's names of units: of a value, and of how fast it grows.
UNITS: Final = {"": "short", "seconds": "s", "bytes": "bytes", "ratio": "percentunit"}
RATES: Final = {"": "cps", "seconds": "percentunit", "bytes": "Bps"}
# Instants are shown as dates; Grafana counts milliseconds.
INSTANTS: Final = (catalogue.STARTED, catalogue.CLEANUP_AT)
QUESTIONS: Final[tuple[tuple[str, tuple[Metric, ...]], ...]] = (
    (
        "Is it Telegram?",
        (catalogue.CONNECTED, catalogue.POLL_AGE, catalogue.PAUSE_LEFT, catalogue.FAILURES),
    ),
    (
        "Is it the disk?",
        (catalogue.FREE, catalogue.STORE_EVENTS, catalogue.TRANSACTION_TIME, catalogue.DATABASE_BYTES),
    ),
    (
        "Is it the network?",
        (catalogue.POOL_ERRORS, catalogue.POOL_WAITED, catalogue.REQUEST_TIME, catalogue.POLL_FAILURES),
    ),
    ("Is it my rules?", (catalogue.HELD, catalogue.DELIVERIES, catalogue.DEAD, catalogue.INVALID)),
    (
        "Is it the bridge?",
        (catalogue.HEALTH, catalogue.BUDGET, catalogue.FAILING, catalogue.LOOP_LAG),
    ),
    (
        "What waits, what arrives",
        (catalogue.QUEUED, catalogue.OLDEST_QUEUED, catalogue.SENT, catalogue.DELIVERED),
    ),
)
GROUPS: Final = {
    "process": "Process",
    "python": "Process",
    "uptime": "Process",
    "components": "Process",
    "spool": "Spool",
    "outbox": "Outbox",
    "telegram": "Telegram",
    "pool": "HTTP pools",
    "decisions": "Decisions",
    "mcp": "MCP sessions",
    "config": "Settings",
    "cleanup": "Cleanup",
    "store": "Store",
    "directory": "Directories and the disk",
    "disk": "Directories and the disk",
    "http": "The bridge's HTTP server",
    "health": "Health, budgets, alerts",
    "budget": "Health, budgets, alerts",
    "alerts": "Health, budgets, alerts",
    "monitoring": "Health, budgets, alerts",
    "info": "Health, budgets, alerts",
}


def dashboard(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return the dashboard, to be dumped as JSON; the limits of rules are lines in the plots."""
    # The limit of one label value would be a line among those of the others.
    limits = {rule.metric.name: rule for rule in rules if not rule.labels}
    panels: list[dict[str, Any]] = []
    top = 0
    for title, metrics in QUESTIONS:
        panels += [_row(title, top), *_grid(metrics, limits, top + 1)]
        top = _bottom(panels)
    for name, group in groupby(catalogue.METRICS, key=_title):
        # The panels of a collapsed row are inside of it.
        panels.append({**_row(name, top), "collapsed": True, "panels": _grid([*group], limits, top + 1)})
        top += 1
    for number, panel in enumerate(_all(panels), 1):
        panel["id"] = number
    return {
        "uid": "cctelegram",
        "title": "CCTelegram",
        "tags": ["cctelegram"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,  # a common crosshair
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_datasource(), _instance()]},
        "panels": panels,
    }


def expressions(metric: Metric) -> list[tuple[str, str]]:
    """Return what a metric's panel shows: PromQL, and the legend of its series."""
    names = tuple(label.name for label in metric.labels)
    legend = " ".join(f"{{{{{name}}}}}" for name in (*names, "instance"))
    if metric.kind == "histogram":
        # Never over all label values: a poll waits for updates, a message does not.
        return [
            (
                promql.quantile(metric, share, WINDOW, (*names, "instance"), instance=CHOSEN),
                f"p{share * 100:g} {legend}",
            )
            for share in _shares(metric)
        ]
    chosen = promql.selector(metric, instance=CHOSEN)
    if metric.kind == "counter":
        return [(f"sum by ({', '.join((*names, 'instance'))}) (rate({chosen}[{WINDOW}]))", legend)]
    if metric is catalogue.INFO:
        return [(chosen, "{{version}} {{instance}}")]
    return [(f"1000 * {chosen}" if metric in INSTANTS else chosen, legend)]


def _shares(metric: Metric) -> tuple[float, ...]:
    """Return the quantiles to show: one of a histogram whose label takes many values, to stay readable."""
    many = any(len(label.values) > MOST for label in metric.labels)
    return (0.95,) if many else (0.5, 0.95, 0.99)


def unit(metric: Metric) -> str:
    """Return the unit of a metric's panel, in Grafana's name."""
    if metric in INSTANTS:
        return "dateTimeAsIso"
    return (RATES if metric.kind == "counter" else UNITS)[metric.unit]


def _panel(metric: Metric, limits: dict[str, Rule], x: int, y: int) -> dict[str, Any]:
    rule = limits.get(metric.name)
    if rule is not None and metric.kind == "counter":
        rule = None  # its limit is a growth, the plot a rate
    return {
        "type": "timeseries",
        "title": metric.help,
        "description": metric.name,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "targets": [
            {"refId": "ABC"[number], "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for number, (expression, legend) in enumerate(expressions(metric))
        ],
        "fieldConfig": {
            "defaults": {
                "unit": unit(metric),
                "min": None if metric in INSTANTS else 0,
                "thresholds": {"mode": "absolute", "steps": _steps(rule)},
                "custom": {"thresholdsStyle": {"mode": "off" if rule is None else "line"}},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def _steps(rule: Rule | None) -> list[dict[str, Any]]:
    """Return the thresholds; the first has no value, since it begins below every one."""
    if rule is None:
        return [{"color": "green", "value": None}]
    low, high = ("green", "red") if rule.above else ("red", "green")
    return [{"color": low, "value": None}, {"color": high, "value": rule.limit}]


def _grid(metrics: Sequence[Metric], limits: dict[str, Rule], top: int) -> list[dict[str, Any]]:
    return [
        _panel(metric, limits, number % COLUMNS * WIDTH, top + number // COLUMNS * HEIGHT)
        for number, metric in enumerate(metrics)
    ]


def _title(metric: Metric) -> str:
    return GROUPS.get(metric.group, metric.group)


def _row(title: str, y: int) -> dict[str, Any]:
    where = {"x": 0, "y": y, "w": WIDTH * COLUMNS, "h": 1}
    return {"type": "row", "title": title, "collapsed": False, "gridPos": where, "panels": []}


def _bottom(panels: list[dict[str, Any]]) -> int:
    return max(int(panel["gridPos"]["y"]) + int(panel["gridPos"]["h"]) for panel in panels)


def _all(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for panel in panels for each in (panel, *panel.get("panels", []))]


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
    }


def _instance() -> dict[str, Any]:
    query = f"label_values({catalogue.INFO.name}, instance)"
    return {
        "name": "instance",
        "label": "Bridge",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "instance"},
        "refresh": 2,  # with the time range: bridges come and go
        "includeAll": True,
        "multi": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
        "hide": 0,
    }
