"""/pending, /history and /digest, in the chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flow.phone import see, texts
from running import QUICK, RunningBridge, bridge, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def put(running: RunningBridge, name: str, title: str, kind: str = "info_notification") -> None:
    running.put(f"{name}.json", {"type": kind, "title": title, "event_id": name})


def test_pending_lists_open_questions_by_title_and_counts_what_waits(
    home: Path, fast_sandbox: Sandbox
) -> None:
    (home / "config.toml").write_text(QUICK + "[lanes]\ndigest_seconds = 86000.0\n")
    with bridge(home, CC_TELEGRAM_MODE="local") as running:
        wait_for(lambda: running.status()["telegram_connected"], "connected")
        fast_sandbox.control.say("/pending")
        see(fast_sandbox, "Nothing is pending")
        put(running, "q", "Really *sure*?", "approval_request")
        see(fast_sandbox, "Really *sure*?")
        put(running, "a", "Small")
        put(running, "b", "Smaller")
        running.wait_status(lambda now: now["deliveries"].get("held") == 2, "held")
        fast_sandbox.control.fail("sendMessage", error_code=406, description="Not Acceptable: odd")
        put(running, "c", "Odd", "task_failed")
        running.wait_status(lambda now: now["deliveries"].get("dead") == 1, "dead")
        fast_sandbox.control.say("/pending")
        told = see(fast_sandbox, "Pending")["text"]
        assert "1 open question, the oldest " in told
        assert "- Really *sure*?" in told
        assert "2 held (local), the oldest " in told
        assert "1 dead, the oldest " in told


def test_history_shows_the_last_events_or_searches(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    wait_for(lambda: running.status()["telegram_connected"], "connected")
    fast_sandbox.control.say("/history")
    see(fast_sandbox, "No messages have been delivered here yet")
    for number in range(7):
        put(running, str(number), f"Deploy {number} ends\u202e")
        see(fast_sandbox, f"Deploy {number} ends")
    running.wait_status(lambda now: now["delivery"]["sent"] >= 7, "sent")
    fast_sandbox.control.say("/history")
    told = see(fast_sandbox, "The last 5 delivered")["text"]
    assert [f"Deploy {n} ends" in told for n in range(7)] == [False, False, *[True] * 5]
    assert "\u202e" not in told
    fast_sandbox.control.say("/history 2")
    assert "Deploy 5 ends" in see(fast_sandbox, "The last 2 delivered")["text"]
    fast_sandbox.control.say("/history deploy 3")
    assert "Deploy 3 ends" in see(fast_sandbox, "1 found: deploy 3")["text"]
    fast_sandbox.control.say("/history nothing AND *")
    see(fast_sandbox, "0 found")


def test_a_long_history_is_one_message(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    for number in range(20):
        put(running, f"long-{number}", f"{number} " + "w" * 190)
        see(fast_sandbox, f"{number} www")
    running.wait_status(lambda now: now["delivery"]["sent"] == 20, "sent")
    before = len(texts(fast_sandbox))
    fast_sandbox.control.say("/history 20")
    see(fast_sandbox, "The last 20 delivered")
    fast_sandbox.control.say("/mode")
    see(fast_sandbox, "Mode: nomad")
    ours = [message for message in texts(fast_sandbox)[before:] if not message.startswith("/")]
    assert len(ours) == 2


def test_digest_only_says_that_the_mode_is_muted_while_muted(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    wait_for(lambda: running.status()["telegram_connected"], "connected")
    fast_sandbox.control.say("/digest")
    see(fast_sandbox, "No messages are held")
    fast_sandbox.control.say("/mute")
    see(fast_sandbox, "Mode muted")
    put(running, "a", "Kept quiet")
    running.wait_status(lambda now: now["deliveries"].get("held") == 1, "held")
    fast_sandbox.control.say("/digest")
    see(fast_sandbox, "Muted: no digest is sent now")
    fast_sandbox.control.say("/pending")
    see(fast_sandbox, "1 held (muted)")
    assert not any("Kept quiet" in text for text in texts(fast_sandbox))
    fast_sandbox.control.say("/nomad")
    see(fast_sandbox, "1 event while muted", "Kept quiet")


def test_the_commands_are_registered_with_telegram(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    (call, *_) = wait_for(lambda: fast_sandbox.control.calls("setMyCommands"), "set")
    assert {"pending", "history", "digest"} <= {one["command"] for one in call["params"]["commands"]}
    fast_sandbox.control.say("/help")
    see(fast_sandbox, "/pending", "/history", "/digest")
