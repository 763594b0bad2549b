"""Quiet hours, rules and equal events, from a file to the phone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from flow import zones
from flow.phone import labels, see, sends, texts
from flow.test_modes import mode, put, stored
from running import QUICK, RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

LANES = "[lanes]\ndigest_seconds = 1.0\n"
NIGHT = """
[[mode.quiet_hours]]
from = "22:00"
to = "07:00"
"""
OWN_ZONE = f'[display]\ntimezone = "{zones.NAME}"\n'


def settings(running: RunningBridge, text: str) -> None:
    """Change the settings of a running bridge."""
    before = sum(line["event"] == "settings.reloaded" for line in running.log())
    (running.home / "config.toml").write_text(text)
    wait_for(
        lambda: sum(line["event"] == "settings.reloaded" for line in running.log()) > before, "read again"
    )


def delivery(running: RunningBridge, event_id: str) -> tuple[str, str | None]:
    code, body = running.get(f"/deliveries/{event_id}")
    assert code == 200
    found: dict[str, Any] = json.loads(body)
    return found["state"], found["deliveries"][0]["reason"]


def put_all(running: RunningBridge) -> None:
    put(running, "info_notification", "Small talk", event_id="small")
    put(running, "build_failed", "It broke", event_id="broke")
    put(running, "approval_request", "Needs you")
    put(running, "security_alert", "Grave", data={"severity": "critical"})


def test_in_quiet_hours_what_needs_you_rings_and_the_rest_is_in_a_digest_when_the_window_is_removed(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + LANES + OWN_ZONE + NIGHT)
    with bridge(home, PYTHONTZPATH=zones.make(tmp_path / "zones", "23:30:00")) as running:
        put_all(running)
        assert see(fast_sandbox, "Needs you")["sandbox"]["silent"] is False
        assert see(fast_sandbox, "Grave")["sandbox"]["silent"] is False
        running.wait_status(lambda now: now["deliveries"].get("held") == 2, "two are held")
        assert delivery(running, "small") == ("held", "quiet hours")
        assert delivery(running, "broke") == ("held", "quiet hours")
        settings(running, QUICK + LANES + OWN_ZONE)
        digest = see(fast_sandbox, "2 events during quiet hours", "Small talk", "It broke")
        assert digest["sandbox"]["silent"] is True
    assert len(texts(fast_sandbox)) == 3


@pytest.mark.slow
def test_one_digest_has_the_held_events_when_the_window_ends_by_the_clock(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + LANES + OWN_ZONE + NIGHT)
    with bridge(home, PYTHONTZPATH=zones.make(tmp_path / "zones", "06:59:54")) as running:
        put(running, "info_notification", "Small talk")
        put(running, "build_failed", "It broke")
        running.wait_status(lambda now: now["deliveries"].get("held") == 2, "they are held")
        assert sends(fast_sandbox) == []
        see(fast_sandbox, "2 events during quiet hours", "Small talk", "It broke")
        put(running, "build_failed", "By day")
        see(fast_sandbox, "By day")


def test_the_digest_of_a_window_that_ended_while_the_bridge_was_down_is_sent_at_its_start(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + LANES + OWN_ZONE + NIGHT)
    folder = tmp_path / "zones"
    with bridge(home, PYTHONTZPATH=zones.make(folder, "03:00:00")) as running:
        put(running, "build_failed", "It broke")
        running.wait_status(lambda now: now["deliveries"].get("held") == 1, "it is held")
        running.kill()
    with bridge(home, PYTHONTZPATH=zones.make(folder, "09:00:00")):
        see(fast_sandbox, "1 event during quiet hours", "It broke")


def test_a_message_that_waited_for_telegram_into_quiet_hours_makes_no_sound(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, QUICK + LANES)
    fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 2})
    with bridge(home) as running:
        put(running, "build_failed", "It broke")
        running.wait_status(lambda now: "asks to wait" in str(now["reasons"]), "it waits")
        settings(running, QUICK + LANES + '[[mode.quiet_hours]]\nfrom = "00:00"\nto = "00:00"\n')
        running.wait_status(lambda now: now["deliveries"].get("held") == 1, "it is held")
        settings(running, QUICK + LANES)
        see(fast_sandbox, "1 event during quiet hours", "It broke")


@pytest.fixture
def home(tmp_path: Path, fast_sandbox: Sandbox) -> Path:
    return make_home(tmp_path / "home", fast_sandbox, QUICK + LANES)


def test_rules_change_without_a_restart_and_a_dropped_event_has_a_reason(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    rules = """
        [rules.git_push]
        drop = true
        [rules.build_failed]
        digest = true
        [rules."source:deploy"]
        lane = "alerts"
    """
    settings(running, QUICK + LANES + rules)
    put(running, "git_push", "Not of interest", event_id="push")
    put(running, "build_failed", "Told later", event_id="failed")
    put(running, "info_notification", "Loud", source="deploy")
    stored(running, 3)
    assert delivery(running, "push") == ("dead", "dropped by [rules.git_push]")
    assert see(fast_sandbox, "Loud")["sandbox"]["silent"] is False
    see(fast_sandbox, "1 event held by your rules", "Told later")
    assert delivery(running, "failed")[0] == "digested"
    assert running.status()["deliveries"].get("dropped") == 1
    assert not any("Not of interest" in text for text in texts(fast_sandbox))


def test_equal_events_are_one_message_with_a_count_and_later_ones_edit_it(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    same = {"type": "build_failed", "title": "It broke", "data": {"error_message": "why"}}
    lines = "".join(json.dumps(same | {"event_id": f"e{number}"}) + "\n" for number in range(3))
    running.put("three.jsonl", lines)
    message = see(fast_sandbox, "3x It broke")
    running.put("a.json", same | {"event_id": "e3"})
    edited = see(fast_sandbox, "4x It broke")
    assert edited["message_id"] == message["message_id"]
    assert len(sends(fast_sandbox)) == 1
    told = json.loads(running.get("/deliveries/e1")[1])["deliveries"][0]
    assert (told["state"], told["digest"]["message_ids"]) == ("digested", [message["message_id"]])
    wait_for(lambda: delivery(running, "e3")[0] == "sent", "the edit is sent")
    running.put("q1.json", {"type": "approval_request", "title": "Again?"})
    running.put("q2.json", {"type": "approval_request", "title": "Again?"})
    wait_for(lambda: sum("Again?" in text for text in texts(fast_sandbox)) == 2, "both are asked")


def test_a_count_whose_message_was_deleted_is_a_message_of_its_own(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("a.json", {"type": "build_failed", "title": "It broke"})
    see(fast_sandbox, "It broke")
    fast_sandbox.control.fail(
        "editMessageText", error_code=400, description="Bad Request: message to edit not found"
    )
    running.put("b.json", {"type": "build_failed", "title": "It broke"})
    see(fast_sandbox, "2x It broke")
    assert len(sends(fast_sandbox)) == 2


def test_held_events_are_counted_when_equal(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    mode(running, "muted")
    for name in ("a", "b", "c"):
        running.put(f"{name}.json", {"type": "build_failed", "title": "It broke"})
    stored(running, 3)
    mode(running, "nomad")
    see(fast_sandbox, "3 events while muted", "3x It broke")
    assert labels(fast_sandbox.control.messages()[0]) == []
