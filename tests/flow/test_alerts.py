"""Alerts through a real bridge: a metric crosses its limit, the phone shows it, and the end of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cctelegram.monitor import catalogue
from driven import drives
from flow.phone import see, texts
from running import QUICK, RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

# Questions that wait: the test sets how many there are.
RULE = QUICK + '[alerts.questions]\nmetric = "cctelegram_decisions_open"\nabove = {}\nfor_seconds = 0.0\n'
FIRES = "Decisions that wait for a person: 1, above 0"
OVER = 'Over: Your rule "questions"'


def ask(running: RunningBridge, name: str) -> None:
    running.put(f"{name}.json", {"type": "approval_request", "title": f"Question {name}", "event_id": name})


def rules(running: RunningBridge) -> list[str]:
    return [alert["rule"] for alert in running.status()["alerts"]]


def answer(sandbox: Sandbox, title: str) -> None:
    card = see(sandbox, title)
    sandbox.control.tap(card["message_id"], "Approve")


@pytest.mark.slow
@drives(catalogue.ALERTS)
def test_a_metric_crosses_and_comes_back_and_the_phone_shows_both(home: Path, fast_sandbox: Sandbox) -> None:
    (home / "config.toml").write_text(RULE.format(0))
    with bridge(home) as running:
        ask(running, "one")
        message = see(fast_sandbox, 'Your rule "questions"', FIRES)["text"]
        assert "your rule alerts.questions" in message
        (alert,) = running.status()["alerts"]
        assert (alert["rule"], alert["value"], alert["limit"]) == ("questions", 1, 0)
        assert alert["says"] == FIRES
        assert "cctelegram_alerts_firing 1.0" in running.get("/metrics")[1].decode()
    # Killed: what was reported is not reported again, and its end is.
    with bridge(home) as running:
        wait_for(lambda: rules(running) == ["questions"], "known from the store")
        answer(fast_sandbox, "Question one")
        ended = see(fast_sandbox, OVER)["text"]
        assert "From " in ended
        assert rules(running) == []
        assert "cctelegram_alerts_firing 0.0" in running.get("/metrics")[1].decode()
        # Within the cool-down it fires again: in the log and the status, not on the phone.
        ask(running, "two")
        wait_for(lambda: rules(running) == ["questions"], "fires again")
        answer(fast_sandbox, "Question two")
        wait_for(lambda: rules(running) == [], "ends again")
        told = [text for text in texts(fast_sandbox) if 'Your rule "questions"' in text]
        assert len(told) == 2
        events = [line["event"] for line in running.log() if line["event"].startswith("alert.")]
        assert events == ["alert.fired", "alert.ended"] * 2


def test_a_changed_rule_is_in_force_at_once(home: Path, fast_sandbox: Sandbox) -> None:
    (home / "config.toml").write_text(RULE.format(5))
    with bridge(home) as running:
        ask(running, "one")
        metric = b"cctelegram_decisions_open 1.0"
        wait_for(lambda: metric in running.get("/metrics")[1], "measured")
        assert rules(running) == []
        (home / "config.toml").write_text(RULE.format(0))
        see(fast_sandbox, 'Your rule "questions"', FIRES)
        (home / "config.toml").write_text(RULE.format(0) + "enabled = false\n")
        wait_for(lambda: rules(running) == [], "not evaluated any more")


def test_an_alert_that_fires_and_ends_while_muted_is_one_held_message(
    home: Path, fast_sandbox: Sandbox
) -> None:
    (home / "config.toml").write_text(RULE.format(5))
    with bridge(home) as running:
        ask(running, "one")
        see(fast_sandbox, "Question one")
        wait_for(lambda: b"cctelegram_decisions_open 1.0" in running.get("/metrics")[1], "measured")
        fast_sandbox.control.say("/mute")
        running.wait_status(lambda now: now["mode"] == "muted", "muted")
        (home / "config.toml").write_text(RULE.format(0))
        running.wait_status(lambda now: now["deliveries"].get("held") == 1, "held")
        (home / "config.toml").write_text(RULE.format(5))
        wait_for(lambda: rules(running) == [], "ended")
        assert running.status()["deliveries"].get("held") == 1, "the same message"
        assert not any('Your rule "questions"' in text for text in texts(fast_sandbox))
        fast_sandbox.control.say("/nomad")
        see(fast_sandbox, OVER)


@pytest.mark.slow
def test_that_telegram_is_unreachable_is_in_status_and_log_at_once_and_on_the_phone_afterwards(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    config = QUICK + "[alerts.telegram]\nabove = 3.0\nfor_seconds = 0.0\n"
    home = make_home(tmp_path / "home", fast_sandbox, config, CC_TELEGRAM_API_BASE="http://127.0.0.1:1")
    with bridge(home) as running:
        wait_for(lambda: rules(running) == ["telegram"], "told on this machine")
        fired = [line for line in running.log() if line["event"] == "alert.fired"]
        assert [line["rule"] for line in fired] == ["telegram"]
        code, body = running.get("/health")
        assert (code, json.loads(body)["health"]) == (200, "degraded")
        make_home(home, fast_sandbox, config)
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        # A poll waits for longer than the limit of this test: one that is answered makes it short.
        fast_sandbox.control.say("/mode")
        (home / "config.toml").write_text(QUICK + "[alerts.telegram]\nabove = 100.0\nfor_seconds = 0.0\n")
        message = see(fast_sandbox, "Over: Telegram cannot be reached")["text"]
        assert "From " in message
        assert len([text for text in texts(fast_sandbox) if "cannot be reached" in text]) == 1
