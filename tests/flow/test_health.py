"""Health: one definition, the same reasons everywhere, each with what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cctelegram.monitor import catalogue
from cli.commands import run
from driven import drives
from flow.phone import see
from running import QUICK, RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def states(running: RunningBridge) -> dict[str, str]:
    """Return the metric of health by state."""
    lines = running.get("/metrics")[1].decode().splitlines()
    found = [
        line.removeprefix("cctelegram_health{").split("} ") for line in lines if "cctelegram_health{" in line
    ]
    return {label.split('"')[1]: value for label, value in found}


@drives(catalogue.HEALTH)
def test_the_same_health_is_told_everywhere_and_what_to_do(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.wait_status(lambda now: now["health"] == "ok", "well")
    assert states(running) == {"ok": "1.0", "degraded": "0.0", "failing": "0.0"}
    (running.home / "config.toml").write_text(QUICK + "[lanes]\nalert_bound = 0\n")
    told = running.wait_status(lambda now: now["health"] == "degraded", "the change is refused")
    (problem,) = told["problems"]
    assert told["reasons"] == [problem["reason"]]
    assert problem["component"] == "the settings"
    assert "lanes.alert_bound: read 0" in problem["reason"]
    assert problem["action"].startswith("Correct it, and see `cctelegram config check`")
    assert states(running) == {"ok": "0.0", "degraded": "1.0", "failing": "0.0"}
    code, body = running.get("/health")
    expected = {"health": "degraded", "reasons": [problem["reason"]], "problems": [problem]}
    assert (code, json.loads(body)) == (200, expected)
    shown = run("status", "--home", str(running.home))
    assert (shown.returncode, problem["action"] in shown.stdout) == (0, True)
    fast_sandbox.control.say("/health")
    see(fast_sandbox, "Bridge: degraded", problem["action"])
    (running.home / "config.toml").write_text(QUICK)
    running.wait_status(lambda now: now["health"] == "ok" and now["problems"] == [], "well again")


def test_r44_an_error_that_is_over_is_no_problem_however_few_events_there_were(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", error_code=500, description="Internal")
    running.put("a.json", {"type": "task_failed", "title": "After an error"})
    see(fast_sandbox, "After an error")
    told = running.wait_status(lambda now: now["delivery"]["sent"] == 1, "counted")
    assert sum(told["delivery"]["failures"].values()) == 1
    assert (told["health"], told["reasons"]) == ("ok", [])
    running.put("b.json", "{}")
    told = running.wait_status(lambda now: now["delivery"]["rejected"] == 1, "rejected")
    assert (told["health"], told["reasons"]) == ("ok", [])


def test_a_bridge_without_an_event_is_well_and_shows_only_what_it_measured(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    told = running.wait_status(lambda now: now["budgets"]["memory_mb"]["value"] is not None, "a sample")
    assert told["health"] == "ok" or told["reasons"] == ["connecting to Telegram"]
    assert told["budgets"]["delivery_s"]["value"] is None
    assert told["budgets"]["file_ms"]["value"] is None
    assert abs(told["budgets"]["memory_mb"]["value"] - told["memory"]["rss_bytes"] / 1e6) < 10
    shown = run("status", "--home", str(running.home)).stdout
    assert "Event to phone, p95: not measured lately, of 5 s" in shown
    wait_for(lambda: running.status()["telegram_connected"], "connected")
    fast_sandbox.control.say("/health")
    message = see(fast_sandbox, "Bridge: ok", "Nothing is wrong.", "Resident memory: ")["text"]
    assert "Event to phone" not in message
    fast_sandbox.control.say("/status")
    assert "p95" not in see(fast_sandbox, "Bridge: ok", "Mode: nomad")["text"]


def test_every_problem_says_what_to_do(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    """Each row is a problem, and the words that say what to do, in the reason or beside it."""
    home = make_home(tmp_path / "home", None)
    with bridge(home, CC_TELEGRAM_NOTHING="1") as running:
        told = running.status()["problems"]
        words = ("set TELEGRAM_BOT_TOKEN=", "set TELEGRAM_ALLOWED_USERS=", "Correct or remove the variable")
        for word in words:
            assert any(word in each["reason"] + (each["action"] or "") for each in told), word
        assert len(told) == len(words)
        make_home(home, fast_sandbox, CC_TELEGRAM_API_BASE="http://127.0.0.1:1")
        (problem,) = [
            each
            for each in running.wait_status(lambda now: "cannot be reached" in str(now["reasons"]), "told")[
                "problems"
            ]
            if each["component"] == "the connection to Telegram"
        ]
        assert problem["action"].startswith("Check the network")
