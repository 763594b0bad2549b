"""`cctelegram metrics`: the figures of the running bridge, as a table and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cctelegram.cli.metrics import KEY_FILE
from cctelegram.daemon import state_file
from cctelegram.events.lane import LANES
from cctelegram.monitor.catalogue import METRICS
from cli.commands import run
from flow.phone import see

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge


def read(home: Path) -> list[dict[str, Any]]:
    done = run("metrics", "--json", home=home)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_figures_are_those_of_the_bridge(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    def sent() -> float:
        return sum(
            float(each["value"])
            for each in read(running.home)
            if each["name"] == "cctelegram_outbox_sent_total"
        )

    before = sent()
    running.put("one.json", {"type": "task_failed", "title": "First"})
    see(fast_sandbox, "First")
    assert sent() == before + 1
    (time,) = [each for each in read(running.home) if each["name"] == "cctelegram_spool_store_seconds"]
    assert time["kind"] == "histogram"
    assert time["count"] == time["buckets"]["+Inf"] >= 1
    assert 0 < time["sum"] < 30


def test_the_table_has_a_line_for_each_series(running: RunningBridge) -> None:
    before = [each["name"] for each in read(running.home)]
    done = run("metrics", home=running.home)
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["METRIC", "LABELS", "VALUE", "UNIT"]
    listed = [line.split()[0] for line in lines]
    assert set(before) <= set(listed) <= {each.name for each in METRICS}
    assert listed.count("cctelegram_outbox_queued") == len(LANES)
    (memory,) = [line.split() for line in lines if line.startswith("process_resident_memory_bytes")]
    assert memory[2] == "bytes"
    assert int(memory[1]) > 1_000_000


def test_without_a_bridge_it_fails_with_a_sentence_and_still_makes_the_files(home: Path) -> None:
    done = run("metrics", home=home)
    assert done.returncode == 1
    assert done.stderr.startswith("cctelegram metrics: The bridge is not running")
    assert run("metrics", "--rules", home=home).returncode == 0
    assert json.loads(run("metrics", "--grafana", home=home).stdout)["title"] == "CCTelegram"
    assert '["127.0.0.1:8787"]' in run("metrics", "--scrape-config", home=home).stdout


def test_the_scrape_config_names_the_address_and_the_file_of_the_key(running: RunningBridge) -> None:
    text = run("metrics", "--scrape-config", home=running.home).stdout
    where = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    assert f'["127.0.0.1:{where["port"]}"]' in text
    file = running.home / "state" / KEY_FILE
    assert json.dumps(str(file)) in text
    assert file.read_text(encoding="utf-8") == where["key"]
    assert file.stat().st_mode & 0o077 == 0
    assert state_file.KEY_NAME == KEY_FILE


def test_the_limits_of_the_settings_are_those_of_the_rules(home: Path) -> None:
    with (home / "config.toml").open("a") as config:
        config.write(
            "[budgets]\nmemory_mb = 77\n[alerts.disk]\nbelow = 5.0\n[alerts.files]\nenabled = false\n"
        )
    text = run("metrics", "--rules", home=home).stdout
    assert "> 77000000" in text
    assert "< 5" in text
    assert "CCTelegramFiles" not in text
