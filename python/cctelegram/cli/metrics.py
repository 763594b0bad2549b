"""Print the metrics of the running bridge, or what Prometheus and Grafana need to show them.

    cctelegram metrics --scrape-config   part of prometheus.yml: the bridge's address, and the file of its key
    cctelegram metrics --rules           recording and alerting rules of Prometheus, with the limits in force
    cctelegram metrics --grafana         a dashboard to import

Rules and dashboard are made without a bridge. A metric that was never measured is absent. Quantiles are
estimated from a histogram's buckets, over all observations since the start.
Exit codes: 0 printed, 1 no bridge runs, or the settings are not valid.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, home_of
from cctelegram.cli.printed import json_line
from cctelegram.cli.table import rows
from cctelegram.client import BridgeError, bridge
from cctelegram.client.loopback import HOST
from cctelegram.config import environment, paths
from cctelegram.config.load import load
from cctelegram.monitor import catalogue
from cctelegram.monitor.alert_rules import in_force
from cctelegram.monitor.quantile import quantile

if TYPE_CHECKING:
    import argparse

    from cctelegram.monitor.alert_rules import Rule
    from cctelegram.monitor.metric import Metric

# As daemon/state_file.py writes it.
KEY_FILE: Final = "http.key"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON for programs")
    form.add_argument("--grafana", action="store_true", help="print a dashboard for Grafana (JSON)")
    form.add_argument("--rules", action="store_true", help="print rules for Prometheus (YAML)")
    form.add_argument(
        "--scrape-config", action="store_true", help="print the scrape_configs of prometheus.yml"
    )
    add_home(parser)


def run(parsed: argparse.Namespace) -> int:
    """Print what was asked for."""
    home = home_of(parsed)
    if parsed.grafana:
        from cctelegram.monitor import grafana  # noqa: PLC0415 - as the next two

        sys.stdout.write(json.dumps(grafana.dashboard(_rules(home)), indent=2) + "\n")
    elif parsed.rules:
        from cctelegram.monitor import rules  # noqa: PLC0415

        sys.stdout.write(rules.as_yaml(_rules(home)))
    elif parsed.scrape_config:
        sys.stdout.write(_scrape_config(home))
    else:
        found = read(home)
        if parsed.json:
            json_line(found)
        else:
            sys.stdout.write(rows(("METRIC", "LABELS", "VALUE", "UNIT"), [_cells(each) for each in found]))
    return 0


def read(home: str) -> list[dict[str, Any]]:
    """Return the metrics of the running bridge in the order of the catalogue. Raises Failed.

    Each has `name`, `kind`, `unit`, `help`, `labels`, and `value`; a histogram has `count`, `sum` and
    `buckets` (upper bound to observations up to it) instead of a value.
    """
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415

    try:
        text = bridge.metrics(home)
    except BridgeError as error:
        raise Failed(str(error)) from None
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    found: list[dict[str, Any]] = []
    for metric in catalogue.METRICS:
        if metric.kind == "histogram":
            found += _histograms(metric, samples)
        else:
            found += [
                {**_about(metric), "labels": each.labels, "value": each.value}
                for each in samples
                if each.name == metric.name
            ]
    return found


def _about(metric: Metric) -> dict[str, Any]:
    return {"name": metric.name, "kind": metric.kind, "unit": metric.unit, "help": metric.help}


def _histograms(metric: Metric, samples: list[Any]) -> list[dict[str, Any]]:
    by_labels: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for each in samples:
        labels = {name: value for name, value in each.labels.items() if name != "le"}
        empty = {**_about(metric), "labels": labels, "count": 0, "sum": 0.0, "buckets": {}}
        if each.name == f"{metric.name}_bucket":
            one = by_labels.setdefault(tuple(labels.items()), empty)
            one["buckets"][each.labels["le"]] = int(each.value)
        elif each.name == f"{metric.name}_sum":
            by_labels.setdefault(tuple(labels.items()), empty)["sum"] = each.value
        elif each.name == f"{metric.name}_count":
            by_labels.setdefault(tuple(labels.items()), empty)["count"] = int(each.value)
    return list(by_labels.values())


def _cells(each: dict[str, Any]) -> tuple[str, str, str, str]:
    labels = " ".join(f"{name}={value}" for name, value in each["labels"].items())
    return each["name"], labels, _shown(each), each["unit"]


def _shown(each: dict[str, Any]) -> str:
    """Return a value without noise, or count and quantiles of a histogram since the start."""
    if "value" in each:
        value = float(each["value"])
        if value.is_integer():
            return f"{value:.0f}"
        return f"{value:.6g}" if abs(value) < 1000 else f"{value:.3f}"
    bounds = [float(bound) for bound in each["buckets"] if bound != "+Inf"]
    totals = list(each["buckets"].values())
    counts = [total - before for total, before in zip(totals, [0, *totals], strict=False)]
    shares = [(share, quantile(bounds, counts, share)) for share in (0.5, 0.95, 0.99)]
    known = [f"p{share * 100:g} {value:.4g}" for share, value in shares if value is not None]
    return ", ".join([f"count {each['count']}", *known])


def _rules(home: str) -> list[Rule]:
    settings = load(home, environment.snapshot()).settings
    return in_force(settings.budgets, settings.alerts)


def _scrape_config(home: str) -> str:
    """Return the part of prometheus.yml; of a bridge that is down, with the port of its settings."""
    from cctelegram.monitor import scrape_config  # noqa: PLC0415

    if bridge.is_up(home):
        try:
            file = bridge.read_state_file(home)
            host, port = str(file.get("host", HOST)), int(file["port"])
        except (BridgeError, KeyError, ValueError, TypeError) as error:
            raise Failed(f"the address of the bridge is not known: {error}") from None
    else:
        http = load(home, environment.snapshot()).settings.http
        host, port = http.host, http.port
    return scrape_config.as_yaml(host, port, os.path.join(paths.state_dir(home), KEY_FILE))  # noqa: PTH118
