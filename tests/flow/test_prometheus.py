"""A real Prometheus scrapes a real bridge, evaluates its rules and every plot of its dashboard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.monitor import rules
from cli.commands import run
from flow.phone import see
from monitor import scraped
from prometheus import needs_prometheus, prometheus, promtool
from running import QUICK, bridge, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

# Polls end each second, and the alerts of this test are quick. That of disks holds as soon as it is measured.
CONFIG = """
[telegram]
poll_seconds = 1
[alerts.telegram]
above = 4.0
for_seconds = 3.0
[alerts.dead_letters]
for_seconds = 0.0
"""
pytestmark = [needs_prometheus, pytest.mark.slow]


def made(home: Path, *words: str) -> str:
    done = run("metrics", *words, home=home)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def configure(home: Path, beside: Path) -> Path:
    """Write the configuration as a user does, with short intervals; return its path."""
    scrape = made(home, "--scrape-config")
    assert scrape.count("scrape_interval: 15s") == 1
    given = made(home, "--rules")
    assert given.count(f"interval: {rules.INTERVAL}") == 2
    (beside / "rules.yml").write_text(given.replace(f"interval: {rules.INTERVAL}", "interval: 250ms"))
    config = beside / "prometheus.yml"
    short = scrape.replace("scrape_interval: 15s", "scrape_interval: 250ms\n    scrape_timeout: 250ms")
    config.write_text("rule_files: [rules.yml]\n" + short)
    return config


def test_prometheus_sees_what_is_wrong_and_that_it_ended(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + CONFIG)
    with bridge(home) as running:
        config = configure(home, tmp_path)
        promtool("check", "config", str(config))
        with prometheus(config) as server:
            wait_for(lambda: server.query("cctelegram_info"), "scraped")
            (target,) = server.get("targets")["activeTargets"]
            assert (target["health"], target["lastError"]) == ("up", "")
            wait_for(lambda: server.query("cctelegram_telegram_connected == 1"), "connected")
            assert server.state("telegram") is None

            fast_sandbox.control.fail("sendMessage", kind="unknown-refusal", times=0)
            running.put("dead.json", {"type": "task_failed", "title": "Refused"})
            server.wait_alert("dead_letters", "firing")
            fast_sandbox.control.faults([])
            done = run("outbox", "drop", *dead(running), home=home)
            assert done.returncode == 0, done.stderr
            server.wait_alert("dead_letters", None)

            fast_sandbox.control.faults([{"kind": "reset-before", "times": 0}])
            server.wait_alert("telegram", "pending")
            server.wait_alert("telegram", "firing")
            assert server.query("cctelegram_telegram_connected")[0][1] == 0
            fast_sandbox.control.faults([])
            server.wait_alert("telegram", None)

            evaluated = [each for group in server.get("rules")["groups"] for each in group["rules"]]
            assert {each["health"] for each in evaluated} == {"ok"}
            assert [each["name"] for each in evaluated if each.get("lastError")] == []


def dead(running: RunningBridge) -> list[str]:
    found = json.loads(run("outbox", "list", "--state", "dead", "--json", home=running.home).stdout)
    listed = found if isinstance(found, list) else found["deliveries"]
    return [str(each["delivery"]) for each in listed]


def test_every_plot_of_the_dashboard_can_be_evaluated(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    with bridge(home) as running:
        running.put("one.json", {"type": "task_failed", "title": "First"})
        see(fast_sandbox, "First")
        with prometheus(configure(home, tmp_path)) as server:
            wait_for(lambda: server.query("rate(cctelegram_info[1m]) == 0"), "scraped twice")
            running.put("two.json", {"type": "task_failed", "title": "Second"})
            see(fast_sandbox, "Second")
            wait_for(
                lambda: server.query('cctelegram_outbox_sent_total{lane="alerts"} == 2'),
                "counted and scraped",
            )
            shown = {}
            exported = {each.name for family in scraped.scrape(running).families for each in family.samples}
            for panel in panels(json.loads(made(home, "--grafana"))):
                for target in panel["targets"]:
                    asked = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".+")
                    shown[panel["description"]] = server.query(asked)
            for name, series in shown.items():
                # A panel has series exactly when its metric was measured.
                assert bool(series) == (name in exported or f"{name}_count" in exported), name
            (grown,) = [
                value for labels, value in shown["cctelegram_outbox_sent_total"] if labels["lane"] == "alerts"
            ]
            assert grown > 0


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    nested = [each for panel in dashboard["panels"] for each in (panel, *panel.get("panels", []))]
    return [panel for panel in nested if panel["type"] != "row"]


def test_promtool_finds_no_fault_in_the_names_of_a_scrape(running: RunningBridge) -> None:
    content, _ = scraped.text(running)
    promtool("check", "metrics", given=content)
