"""From a file to the phone."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.sandbox.child import UNLIMITED
from cctelegram.sandbox.child import running as sandbox_running
from flow.phone import labels, see, see_where, sends, texts
from running import COMMAND, RunningBridge, bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def test_r1_what_a_shell_echoes_into_the_directory_is_on_the_phone(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    line = """echo '{"type":"build_failed","title":"Build #42 failed"}' > events/b.json"""
    subprocess.run(["sh", "-c", line], cwd=running.home, check=True)
    message = see(fast_sandbox, "Build #42 failed")
    assert message["chat"]["id"] == fast_sandbox.user_id
    wait_for(lambda: not list(running.events.iterdir()), "the file is gone")
    subprocess.run(["sh", "-c", line.replace("42", "43")], cwd=running.home, check=True)
    see(fast_sandbox, "Build #43 failed")


def test_r20_what_was_written_while_the_bridge_was_down_is_delivered(
    home: Path, fast_sandbox: Sandbox
) -> None:
    (home / "events").mkdir()
    for number in range(20):
        (home / "events" / f"{number}.json").write_text(
            json.dumps({"type": "task_completion", "title": f"Task {number} is done"})
        )
    with bridge(home):
        wait_for(lambda: len(texts(fast_sandbox)) == 20, "all twenty")
    assert {f"Task {number} is done" in " ".join(texts(fast_sandbox)) for number in range(20)} == {True}


def test_r2_nothing_is_lost_while_telegram_fails(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    fast_sandbox.control.fail("sendMessage", times=2, error_code=500, description="Internal Server Error")
    running.put("a.json", {"type": "task_failed", "title": "It broke"})
    see(fast_sandbox, "It broke")
    assert len(sends(fast_sandbox)) == 3


def test_r9_a_pause_blocks_the_chat_while_it_lasts_and_ends_by_itself(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail(
        "sendMessage",
        error_code=429,
        description="Too Many Requests: retry after 1",
        parameters={"retry_after": 1},
    )
    running.put("a.json", {"type": "task_failed", "title": "It broke"})
    see(fast_sandbox, "It broke")
    refused, sent = sends(fast_sandbox)
    assert sent["monotonic"] - refused["monotonic"] >= 1
    running.put("b.json", {"type": "task_failed", "title": "The next"})
    see(fast_sandbox, "The next")
    running.wait_status(lambda now: now["health"] == "ok", "well again")


def test_r8_a_429_pauses_the_chat_for_the_whole_retry_after_also_across_a_restart(
    home: Path, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail(
        "sendMessage",
        error_code=429,
        description="Too Many Requests: retry after 6775",
        parameters={"retry_after": 6775},
    )
    with bridge(home) as first:
        first.put("a.json", {"type": "task_failed", "title": "It broke"})
        told = first.wait_status(lambda now: "asks to wait" in str(now["reasons"]), "the pause is told")
        assert told["queue"]["alerts"] == 1
        first.kill()
    with bridge(home) as second:
        told = second.wait_status(lambda now: now["telegram_connected"], "connected")
        (reason,) = [reason for reason in told["reasons"] if "asks to wait" in reason]
        assert 6700 < int(reason.split()[5]) <= 6775
        assert told["queue"]["alerts"] == 1
    assert len(sends(fast_sandbox)) == 1


def test_r14_a_message_that_telegram_refuses_does_not_block_the_next(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", error_code=406, description="Not Acceptable")
    running.put("a.json", {"type": "task_failed", "title": "Refused"})
    running.put("b.json", {"type": "task_failed", "title": "Taken"})
    see(fast_sandbox, "Taken")
    assert running.status()["deliveries"]["dead"] == 1


def test_r10_a_message_with_unknown_delivery_status_is_repeated_once_with_a_mark(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", drop="after")
    running.put("a.json", {"type": "task_failed", "title": "Once or twice"})
    see(fast_sandbox, "Once or twice", "repeat")
    found = [text for text in texts(fast_sandbox) if "Once or twice" in text]
    assert len(found) == 2
    assert sum("repeat" in text for text in found) == 1


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_after_a_gateway_error_the_message_may_have_arrived(
    running: RunningBridge, fast_sandbox: Sandbox, code: int
) -> None:
    fast_sandbox.control.fail("sendMessage", error_code=code, times=2)
    running.put("a.json", {"type": "task_failed", "title": "Once or twice"})
    see(fast_sandbox, "Once or twice", "repeat")
    assert len(sends(fast_sandbox)) == 3
    told = running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
    assert told["deliveries"] == {"queued": 0}


def test_a_message_that_was_never_accepted_is_sent_again_without_a_mark(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    faults: list[dict[str, Any]] = [
        {"error_code": 429, "parameters": {"retry_after": 1}},
        {"error_code": 409},
    ]
    for fault in faults:
        fast_sandbox.control.fail("sendMessage", **fault)
    running.put("a.json", {"type": "task_failed", "title": "Once"})
    assert "repeat" not in see(fast_sandbox, "Once")["text"]
    assert len(sends(fast_sandbox)) == 3


def test_a_send_that_was_in_flight_at_a_crash_is_repeated_with_a_mark(
    home: Path, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", delay_seconds=3)
    with bridge(home) as first:
        first.put("a.json", {"type": "task_failed", "title": "Cut short"})
        first.wait_status(lambda now: now["deliveries"].get("sending"), "in flight")
        first.kill()
    with bridge(home):
        see(fast_sandbox, "Cut short", "repeat")


def test_r11_long_text_in_any_script_arrives_complete_and_in_order(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    words = [f"слово{number}👩‍👩‍👧" for number in range(1000)]
    running.put("a.json", {"type": "task_completion", "title": "Long", "description": " ".join(words)})
    see(fast_sandbox, words[-1])
    on_the_phone = "".join(texts(fast_sandbox))
    positions = [on_the_phone.find(word) for word in words]
    assert -1 not in positions
    assert positions == sorted(positions)


def test_actions_with_a_link_become_buttons(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    actions = [{"text": "Open", "url": "https://example.org/run/1"}]
    running.put("a.json", {"type": "build_failed", "title": "Red", "data": {"actions": actions}})
    assert labels(see(fast_sandbox, "Red")) == ["Open"]


def test_an_event_that_needs_no_person_makes_no_sound(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("a.json", {"type": "info_notification", "title": "By the way"})
    running.put("b.json", {"type": "task_failed", "title": "Look at this"})
    assert see(fast_sandbox, "By the way")["sandbox"]["silent"] is True
    assert see(fast_sandbox, "Look at this")["sandbox"]["silent"] is False


def test_the_owner_is_notified_once_of_rejected_files(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put("bad.json", "[1, 2]")
    running.put("worse.json", '{"type": "x"}')
    see(fast_sandbox, "could not be used", "worse.json")
    wait_for(lambda: len(list((running.home / "rejected").glob("*.reason.json"))) == 2, "both with reasons")
    running.put("good.json", {"type": "task_failed", "title": "Still here"})
    see(fast_sandbox, "Still here")


def test_without_a_token_events_are_kept_and_sent_when_it_appears(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", None)
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "Early"})
        told = running.wait_status(lambda now: now["delivery"]["accepted"] == 1, "stored")
        assert told["health"] == "degraded"
        assert any("TELEGRAM_BOT_TOKEN" in reason for reason in told["reasons"])
        assert any("TELEGRAM_ALLOWED_USERS" in reason for reason in told["reasons"])
        assert told["deliveries"] == {"held": 1, "queued": 0}
        make_home(home, fast_sandbox)
        see(fast_sandbox, "Early")
        assert running.wait_status(lambda now: now["health"] == "ok", "well")["reasons"] == []


def test_with_a_rejected_token_events_are_kept_and_a_new_one_sends_them(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    wrong = fast_sandbox.token[:-4] + "AAAA"
    home = make_home(tmp_path / "home", fast_sandbox, TELEGRAM_BOT_TOKEN=wrong)
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "Kept"})
        told = running.wait_status(lambda now: "refuses the token" in str(now["reasons"]), "it is told")
        assert told["telegram_connected"] is False
        assert wrong not in json.dumps(told)
        make_home(home, fast_sandbox)
        see(fast_sandbox, "Kept")


def test_a_message_in_flight_when_the_token_changes_is_repeated_with_a_mark(
    home: Path, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", delay_seconds=30)
    with sandbox_running(*UNLIMITED) as other, bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "In between"})
        fast_sandbox.control.wait_for(lambda control: control.calls("sendMessage"))
        make_home(home, other)
        see(other, "In between", "repeat")
        running.put("b.json", {"type": "task_failed", "title": "And on"})
        see(other, "And on")


def test_without_network_at_start_the_bridge_waits_and_continues(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox, CC_TELEGRAM_API_BASE="http://127.0.0.1:1")
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "Offline"})
        running.wait_status(lambda now: "cannot be reached" in str(now["reasons"]), "it is told")
        make_home(home, fast_sandbox)
        see(fast_sandbox, "Offline")


def test_r19_a_second_bridge_on_a_home_or_a_token_is_refused(
    running: RunningBridge, tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    same_token = make_home(tmp_path / "other", fast_sandbox)
    for home, why in ((running.home, "already serves"), (same_token, "same bot token")):
        second = subprocess.run(
            [COMMAND, "bridge", "--home", str(home), "--port", "0"],
            capture_output=True,
            text=True,
            timeout=30,
            env=environment(),
            check=False,
        )
        assert second.returncode == 1
        assert why in second.stderr
        assert "Traceback" not in second.stderr
    running.put("a.json", {"type": "task_failed", "title": "The first goes on"})
    see(fast_sandbox, "The first goes on")


def test_r49_the_token_is_in_no_log_argument_or_error(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    fast_sandbox.control.fail("sendMessage", error_code=500)
    fast_sandbox.control.fail("getUpdates", drop="before")
    running.put("a.json", {"type": "task_failed", "title": "With faults"})
    see(fast_sandbox, "With faults")
    running.stop()
    secret = fast_sandbox.token.split(":")[1]
    for file in running.home.rglob("*"):
        if file.is_file() and file.name != ".env":
            assert secret.encode() not in file.read_bytes(), file
    assert secret not in running.errors.read_text(encoding="utf-8")


def test_a_stopped_bridge_leaves_nothing_behind(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    assert running.stop() == 0
    assert not (running.home / "state" / "bridge.json").exists()
    with bridge(running.home) as again:
        again.put("a.json", {"type": "task_failed", "title": "Again"})
        see(fast_sandbox, "Again")


def test_r43_status_shows_measured_values(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    assert "seconds" not in running.status()["delivery"]
    running.put("a.json", {"type": "task_failed", "title": "One"})
    told = running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
    assert told["delivery"]["seconds"]["count"] == 1
    assert told["pid"] == running.process.pid
    with open(f"/proc/{running.process.pid}/statm") as statm:  # noqa: PTH123 - from the kernel
        rss = int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert abs(told["memory"]["rss_bytes"] - rss) < 8_000_000
    assert told["last_event"]["title"] == "One"


def test_r40_the_status_is_only_for_this_machine_and_for_clients_with_the_key(running: RunningBridge) -> None:
    assert running.get("/live")[0] == 200
    assert running.get("/ready")[0] == 200
    assert running.get("/health")[0] == 200
    assert running.get("/status", key="wrong")[0] == 401
    assert running.get("/nothing")[0] == 404
    import http.client

    where = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        connection = http.client.HTTPConnection("127.0.0.1", where["port"], timeout=5)
        connection.request("GET", "/health", headers=headers)
        assert connection.getresponse().status == 403
        connection.close()
    assert (running.home / "state" / "bridge.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["config.toml", ".env"])
def test_an_invalid_change_is_rejected_and_the_last_valid_settings_stay(
    running: RunningBridge, fast_sandbox: Sandbox, name: str
) -> None:
    file = running.home / name
    good = file.read_text(encoding="utf-8")
    file.write_text("[pacing]\nchat_per_second = 'fast'\n" if name == "config.toml" else "NONSENSE_KEY=1\n")
    running.wait_status(lambda now: "rejected" in str(now["reasons"]), "it is told")
    running.put("a.json", {"type": "task_failed", "title": "All the same"})
    see(fast_sandbox, "All the same")
    file.write_text(good)
    running.wait_status(lambda now: now["health"] == "ok", "well again")


def test_a_home_that_cannot_be_created_ends_the_start_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = subprocess.run(
        [COMMAND, "bridge", "--home", str(tmp_path / "file" / "home"), "--port", "0"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=30,
        check=False,
    )
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert str(tmp_path / "file") in refused.stderr


def test_commands_are_answered_with_measured_values(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    fast_sandbox.control.say("/status")
    status = see(fast_sandbox, "Bridge: ok")
    assert "MB" in status["text"]
    fast_sandbox.control.say("/help")
    see(fast_sandbox, "Commands", "/status")
    fast_sandbox.control.say("/start")
    see(fast_sandbox, "CCTelegram is connected")


def test_entities_reach_the_phone(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    running.put(
        "a.json",
        {"type": "task_completion", "title": "*Not* bold", "description": "**bold** and `Option<String>`"},
    )
    message = see_where(fast_sandbox, lambda m: "*Not* bold" in m["text"], "the message")
    kinds = {entity["type"] for entity in message["entities"]}
    assert {"bold", "code"} <= kinds
    assert "Option<String>" in message["text"]
