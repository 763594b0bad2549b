"""The dashboard for Grafana: every metric of the catalogue, captioned by its help, and nothing else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.config.load import load
from cctelegram.monitor import grafana
from cctelegram.monitor.alert_rules import in_force
from cctelegram.monitor.catalogue import METRICS
from monitor.expressions import check

if TYPE_CHECKING:
    from pathlib import Path

BY_NAME = {metric.name: metric for metric in METRICS}


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Any]:
    content = grafana.dashboard(in_force(load(str(tmp_path), {}).settings.budgets, {}))
    parsed: dict[str, Any] = json.loads(json.dumps(content, allow_nan=False))
    return parsed


def plots(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in grafana._all(made["panels"]) if panel["type"] != "row"]


def test_the_first_rows_ask_what_is_slow_or_silent_and_are_open(made: dict[str, Any]) -> None:
    rows = [panel for panel in made["panels"] if panel["type"] == "row"]
    titles = [row["title"] for row in rows if not row["collapsed"]]
    assert titles[:5] == [
        "Is it Telegram?",
        "Is it the disk?",
        "Is it the network?",
        "Is it my rules?",
        "Is it the bridge?",
    ]
    assert {row["title"] for row in rows if row["collapsed"]} == set(grafana.GROUPS.values())


def test_every_group_of_the_catalogue_has_a_row_of_its_own() -> None:
    assert {metric.group for metric in METRICS} == set(grafana.GROUPS)


def test_every_metric_has_a_panel_with_its_help_and_unit(made: dict[str, Any]) -> None:
    for panel in plots(made):
        metric = BY_NAME[panel["description"]]
        assert panel["title"] == metric.help
        expected = {"seconds": "s", "bytes": "bytes", "ratio": "percentunit"}.get(metric.unit, "short")
        shown = panel["fieldConfig"]["defaults"]["unit"]
        if metric.kind == "counter":
            assert shown == {"seconds": "percentunit", "bytes": "Bps"}.get(metric.unit, "cps")
        elif metric in grafana.INSTANTS:
            assert shown == "dateTimeAsIso"
        else:
            assert shown == expected
    assert {panel["description"] for panel in plots(made)} == set(BY_NAME)


def test_every_expression_names_metrics_of_the_catalogue_with_their_labels(made: dict[str, Any]) -> None:
    for panel in plots(made):
        assert panel["targets"]
        for target in panel["targets"]:
            check(target["expr"])
            metric = BY_NAME[panel["description"]]
            said = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            # What a legend names is what the expression leaves.
            labels = {label.name for label in metric.labels}
            version = {"version"} if metric.name == "cctelegram_info" else set()
            assert said == labels | {"instance"} | version


def test_ids_are_unique_and_no_panel_covers_another(made: dict[str, Any]) -> None:
    numbers = [panel["id"] for panel in grafana._all(made["panels"])]
    assert len(set(numbers)) == len(numbers)
    for panels in (made["panels"], *(panel["panels"] for panel in made["panels"] if panel["type"] == "row")):
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            at = panel["gridPos"]
            assert at["x"] + at["w"] <= 24
            cells = {
                (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken, panel["title"]
            taken |= cells


def test_the_limit_of_a_rule_is_a_line_in_its_plot(made: dict[str, Any]) -> None:
    panel = next(
        each for each in plots(made) if each["description"] == "cctelegram_telegram_poll_age_seconds"
    )
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["thresholds"]["steps"][-1] == {"color": "red", "value": 180}
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "line"}


def test_the_limit_of_one_label_value_is_no_line_among_the_others(made: dict[str, Any]) -> None:
    panel = next(each for each in plots(made) if each["description"] == "cctelegram_http_request_seconds")
    assert panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "off"}


def test_a_quantile_mixes_no_label_values(made: dict[str, Any]) -> None:
    found = {
        panel["description"]: [target["expr"] for target in panel["targets"]]
        for panel in plots(made)
        if BY_NAME[panel["description"]].kind == "histogram"
    }
    assert len(found["cctelegram_outbox_event_to_delivered_seconds"]) == 3
    assert all(
        "by (lane, instance, le)" in each for each in found["cctelegram_outbox_event_to_delivered_seconds"]
    )
    (request,) = found["cctelegram_telegram_request_seconds"]
    assert request.startswith("histogram_quantile(0.95, sum by (method, instance, le) ")
    assert len(found["cctelegram_spool_store_seconds"]) == 3
