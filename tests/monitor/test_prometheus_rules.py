"""The rules for Prometheus: over metrics that exist, accepted by promtool, each tried by a unit test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cctelegram.config.alerts import AlertRule
from cctelegram.config.load import load
from cctelegram.monitor import rules
from cctelegram.monitor.alert_rules import DEFAULTS, in_force
from monitor.expressions import check
from monitor.rule_tests import unit_tests
from prometheus import needs_prometheus, promtool

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.monitor.alert_rules import Rule

OWN = {
    "many messages": AlertRule(metric="cctelegram_outbox_queued", above=500.0, for_seconds=0.5),
    'few {{ braces }} "quoted"': AlertRule(metric="cctelegram_disk_free_bytes", below=5000.0),
    "waits": AlertRule(metric="cctelegram_telegram_request_seconds", above=2.0, quantile=0.5),
    "restarts": AlertRule(metric="python_gc_collections_total", above=10.0),
    "cpu": AlertRule(metric="cctelegram_process_cpu_usage_ratio", above=0.5, for_seconds=90.0),
}


@pytest.fixture
def given(tmp_path: Path) -> list[Rule]:
    """The default set and rules of a user, of every kind and unit."""
    return in_force(load(str(tmp_path), {}).settings.budgets, OWN)


def test_every_default_rule_is_a_rule_of_prometheus_with_the_limit_in_force(given: list[Rule]) -> None:
    made = {each.rule: each for each in rules.alerts(given)}
    assert {rule.name for rule in DEFAULTS} <= set(made)
    assert made["memory"].expression.endswith("> 50000000")
    assert made["disk"].expression.endswith("< 1000000000")
    assert "limit 5 s" in made["delivery"].description


def test_a_rule_that_is_turned_off_is_no_rule_of_prometheus(tmp_path: Path) -> None:
    changed = in_force(load(str(tmp_path), {}).settings.budgets, {"disk": AlertRule(enabled=False)})
    assert "disk" not in {each.rule for each in rules.alerts(changed)}


def test_every_expression_names_metrics_of_the_catalogue_with_their_labels(given: list[Rule]) -> None:
    for expression in [
        *(each.expression for each in rules.alerts(given)),
        *(each.expression for each in rules.RECORDS),
    ]:
        check(expression)


@needs_prometheus
def test_promtool_accepts_the_rules(given: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(rules.as_yaml(given), encoding="utf-8")
    found = len(rules.alerts(given)) + len(rules.RECORDS)
    assert f"SUCCESS: {found} rules found" in promtool("check", "rules", str(tmp_path / "rules.yml"))


@needs_prometheus
def test_each_rule_fires_when_its_limit_is_broken_for_long_enough_and_ends(
    given: list[Rule], tmp_path: Path
) -> None:
    (tmp_path / "rules.yml").write_text(rules.as_yaml(given), encoding="utf-8")
    tests = unit_tests("rules.yml", given)
    assert {each["name"] for each in tests["tests"]} == {each.name for each in rules.alerts(given)}
    (tmp_path / "tests.yml").write_text(json.dumps(tests), encoding="utf-8")
    assert "SUCCESS" in promtool("test", "rules", str(tmp_path / "tests.yml"))
