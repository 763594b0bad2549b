"""Mute, also timed, by command and by button: nothing reaches the phone, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.decisions import codes
from flow.phone import labels, see, sends, texts
from flow.test_modes import put, stored
from running import COMMAND, QUICK, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

STRANGER = 6666


@pytest.fixture
def home(tmp_path: Path, fast_sandbox: Sandbox) -> Path:
    return make_home(tmp_path / "home", fast_sandbox, QUICK + "[lanes]\ndigest_seconds = 1.0\n")


def mute(running: RunningBridge, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "mode", *words, "--home", str(running.home)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_r41_while_muted_only_the_reply_to_the_unmuting_command_reaches_the_phone(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    # What waits when the mute begins, rendered and tried, is held as well.
    fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 2})
    put(running, "task_failed", "Tried before")
    running.wait_status(lambda now: "asks to wait" in str(now["reasons"]), "it waits")
    put(running, "progress_update", "Queued before", data={"percentage": 5})
    stored(running, 2)
    assert mute(running, "muted").returncode == 0
    tried = len(sends(fast_sandbox))
    kinds = ("task_failed", "info_notification", "task_completion", "progress_update", "security_alert")
    for number, kind in enumerate(kinds):
        put(running, kind, f"Piece {number} ends", data={"severity": "critical"} if number == 4 else {})
    running.put("bad.json", "[]")
    stored(running, 7)
    running.wait_status(lambda now: not now["reasons"] and now["deliveries"].get("held") == 8, "all is held")
    assert len(sends(fast_sandbox)) == tried
    fast_sandbox.control.say("/nomad")
    see(fast_sandbox, "Mode nomad:")
    digest = see(fast_sandbox, "7 events while muted")
    for title in ("Tried before", "Queued before", *(f"Piece {number} ends" for number in range(5))):
        assert title in digest["text"]
    see(fast_sandbox, "could not be used", "bad.json")
    said = [m for m in fast_sandbox.control.messages() if m["from"]["is_bot"]]
    assert len(said) == 3


def test_a_timed_mute_ends_by_itself_and_restores_the_previous_mode(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.say("/local")
    see(fast_sandbox, "Mode local:")
    assert "Mode muted until" in mute(running, "muted", "--for", "3s").stdout
    put(running, "task_failed", "It broke")
    stored(running, 1)
    told = running.status()
    assert (told["mode"], told["deliveries"]["held"]) == ("muted", 1)
    assert told["mode_until"] > 0
    see(fast_sandbox, "1 event while muted", "It broke")
    told = running.status()
    assert (told["mode"], told["mode_until"]) == ("local", None)


def test_a_timed_mute_survives_restarts_and_ends_while_the_bridge_is_down(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as first:
        mute(first, "muted", "--for", "1d")
        put(first, "task_failed", "It broke")
        stored(first, 1)
        first.kill()
    with bridge(home) as second:
        assert second.status()["mode"] == "muted"
        until = second.status()["mode_until"]
        mute(second, "muted", "--for", "0.2s")
        assert second.status()["mode_until"] != until
        second.kill()
    with bridge(home) as third:
        see(fast_sandbox, "1 event while muted", "It broke")
        assert third.status()["mode"] == "nomad"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["muted", "--for", "soon"], "a time such as 90s, 10m, 2h or 1d is wanted, not 'soon'"),
        (["muted", "--for", "0s"], "more than 0 s"),
        (["muted", "--for", "9999d"], "at most 366 days"),
        (["local", "--for", "1h"], "only muted takes a duration"),
        (["--for", "1h"], "--for needs a mode"),
    ],
)
def test_an_invalid_duration_is_refused_and_changes_nothing(
    running: RunningBridge, words: list[str], said: str
) -> None:
    done = mute(running, *words)
    assert (done.returncode, running.status()["mode"]) == (1, "nomad")
    assert said in done.stderr


@pytest.mark.parametrize(
    "words", ["/mute 1h", "/mute 1 h", "/cct:mute 60m", "/mode muted 1h", "/mode mute 1H"]
)
def test_mute_accepts_a_duration_in_the_chat(
    running: RunningBridge, fast_sandbox: Sandbox, words: str
) -> None:
    fast_sandbox.control.say(words)
    message = see(fast_sandbox, "Mode muted until")
    assert labels(message) == ["Mute 1 h", "Nomad", "Local"]
    left = running.status()["mode_until"] / 1e6 - message["date"]
    assert 3590 < left <= 3610


def test_a_button_changes_the_mode_and_the_change_is_confirmed(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    control.say("/mode")
    message = see(fast_sandbox, "Mode: nomad")
    assert labels(message) == ["Mute 1 h", "Local"]
    query = control.tap(message["message_id"], "Mute 1 h")
    assert "Mode muted until" in control.wait_answer(query["id"])["text"]
    confirmed = see(fast_sandbox, "Mode muted until")
    assert running.status()["mode"] == "muted"
    query = control.tap(confirmed["message_id"], "Nomad")
    assert "Mode nomad" in control.wait_answer(query["id"])["text"]
    see(fast_sandbox, "Mode nomad:")
    assert running.status()["mode"] == "nomad"
    # The message that was tapped stays as it is, with its buttons.
    assert labels(see(fast_sandbox, "Mode: nomad")) == ["Mute 1 h", "Local"]
    assert control.calls("editMessageText") == []
    assert running.responses() == []


def test_r28_a_tap_of_a_stranger_or_in_another_chat_or_on_a_forged_button_is_ignored(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control, group = fast_sandbox.control, -1001
    control.say("/mode")
    message = see(fast_sandbox, "Mode: nomad")
    control.chat(group, type="supergroup", title="Others")
    own = message["chat"]["id"]
    control.tap(message["message_id"], "Mute 1 h", user_id=STRANGER, chat_id=own)
    wait_for(lambda: running.status()["delivery"]["strangers"] == 1, "the stranger is counted")
    data = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    assert len(data.encode()) <= 64
    forged = [
        data[:-1] + ("A" if data[-1] != "A" else "B"),
        data.replace("mute-1h", "local"),
        codes.mode_data(codes.new_key(), "local", own),
        "m.",
        "m.local",
        "m..",
    ]
    for each in forged:
        query = control.tap(message["message_id"], data=each)
        assert "does not belong" in control.wait_answer(query["id"])["text"]
    elsewhere = json.loads(json.dumps(message))
    elsewhere["chat"] = {"id": group, "type": "supergroup", "title": "Others"}
    control.update(_tap(elsewhere, data, fast_sandbox.user_id))
    control.say("/status")
    see(fast_sandbox, "Bridge: ")
    assert running.status()["mode"] == "nomad"
    assert len([text for text in texts(fast_sandbox) if text.startswith("Mode")]) == 1


def _tap(message: dict[str, Any], data: str, user_id: int) -> dict[str, Any]:
    return {
        "callback_query": {
            "id": "77",
            "from": {"id": user_id, "is_bot": False, "first_name": "A"},
            "message": {key: value for key, value in message.items() if key != "sandbox"},
            "chat_instance": "1",
            "data": data,
        }
    }


def old(sandbox: Sandbox, text: str, seconds: int) -> None:
    """Write a message with a time so many seconds ago, which arrives only now."""
    person = {"id": sandbox.user_id, "is_bot": False, "first_name": "Ada"}
    chat = {"id": sandbox.user_id, "type": "private", "first_name": "Ada"}
    message = {"message_id": 90_000, "date": int(time.time()) - seconds, "chat": chat, "from": person}
    sandbox.control.update({"message": {**message, "text": text}})


def test_a_timed_mute_counts_from_the_time_it_was_written(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    old(fast_sandbox, "/mute 1h", 20 * 3600)
    see(fast_sandbox, "The mode was not changed", "the mute already ended at", "send it again")
    assert running.status()["mode"] == "nomad"
    old(fast_sandbox, "/mute 1h", 1200)
    see(fast_sandbox, "Mode muted until")
    until = running.status()["mode_until"]
    assert abs(until / 1_000_000 - time.time() - 2400) < 60
    old(fast_sandbox, "/local", 20 * 3600)
    see(fast_sandbox, "Mode local")
    assert running.status()["mode"] == "local"
