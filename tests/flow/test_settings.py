"""Live settings take effect in a running bridge without a restart (R39, R42).

The token, the users and the API base are in test_delivery.py and test_off_the_list.py, the time to live in
tests/config/test_live.py, the limits of groups in tests/store/test_pacing.py, quiet hours and rules in
test_quiet_hours.py, routes in test_chats.py, topics in test_topics.py, pools and polls in
tests/bridge/test_pools.py and, figure by figure, in tests/pools/test_change.py.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.config.table import TABLE
from cli.commands import run
from flow.phone import see, texts
from running import QUICK, RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

AT_THE_NEXT_START = {"spool.events_dir", "spool.responses_dir", "mode.initial", "http.host", "http.port"}
# Within this of the write, a change is in force (seconds; half of it is for a busy machine).
SOON = 2.0


def write(running: RunningBridge, config: str) -> None:
    """Replace config.toml, and wait until it is in force."""
    before = running.status()["config"]["reloads"]
    (running.home / "config.toml").write_text(config)
    running.wait_status(lambda now: now["config"]["reloads"] > before, "the change is in force")


def put(running: RunningBridge, title: str, kind: str = "task_failed", **more: Any) -> None:
    running.put(f"{title.replace(' ', '-')}.json", {"type": kind, "title": title, **more})


def test_only_settings_of_location_and_start_are_not_live() -> None:
    # Those of the pools are theirs to make live.
    assert {key.name for key in TABLE if not key.live and not key.name.startswith("pools.")} == (
        AT_THE_NEXT_START
    )


def test_r42_how_messages_are_shown_changes_without_a_restart(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    at = "2026-11-23T12:00:00Z"
    put(running, "First", event_id="id-1", timestamp=at)
    assert "id-1" not in see(fast_sandbox, "First")["text"]
    write(running, QUICK + '\n[display]\nstyle = "detailed"\ntimezone = "Asia/Kathmandu"\n')
    put(running, "Second", event_id="id-2", timestamp=at)
    message = see(fast_sandbox, "Second")["text"]
    assert "id-2" in message
    assert "17:45" in message


@pytest.mark.parametrize(
    "slow", ["chat_per_second = 0.01\nchat_burst = 1", "total_per_second = 0.1\nchat_burst = 100"]
)
def test_r42_messages_that_wait_for_the_old_pace_continue_at_the_new_one(
    tmp_path: Path, fast_sandbox: Sandbox, slow: str
) -> None:
    with bridge(make_home(tmp_path / "home", fast_sandbox, f"[pacing]\n{slow}\n")) as running:
        put(running, "First")
        see(fast_sandbox, "First")
        put(running, "Second")
        running.wait_status(lambda now: now["queue"]["alerts"] == 1, "it waits")
        write(running, QUICK)
        wait_for(lambda: "Second" in str(texts(fast_sandbox)), "the second", SOON)
        for number in range(20):
            put(running, f"More {number}")
        running.wait_status(lambda now: now["delivery"]["sent"] == 22, "none is paced as before")


def test_r42_a_new_bound_of_a_lane_applies_to_what_already_waits(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    slow = "[pacing]\nchat_per_second = 0.01\nchat_burst = 1\n"
    home = make_home(
        tmp_path / "home", fast_sandbox, slow + "[lanes]\nordinary_bound = 100\nalert_bound = 100\n"
    )
    with bridge(home) as running:
        put(running, "First")
        see(fast_sandbox, "First")
        for number in range(4):
            put(running, f"Alert {number}")
            put(running, f"Note {number}", "info_notification")
        running.wait_status(lambda now: now["delivery"]["accepted"] == 9, "they wait")
        write(running, QUICK + "[lanes]\nordinary_bound = 2\nalert_bound = 3\n")
        assert "Alert 3" in see(fast_sandbox, "4 events at once", "Alert 0")["text"]
        assert "Note 3" in see(fast_sandbox, "4 events at once", "Note 0")["text"]


def test_r42_a_digest_due_in_a_day_is_sent_when_digest_seconds_becomes_one(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(
        tmp_path / "home",
        fast_sandbox,
        QUICK + "[lanes]\ndigest_seconds = 86400\n[mode]\ninitial = 'local'\n",
    )
    with bridge(home) as running:
        put(running, "By the way", "info_notification")
        running.wait_status(lambda now: now["deliveries"].get("held") == 1, "held")
        write(running, QUICK + "[lanes]\ndigest_seconds = 1\n[mode]\ninitial = 'local'\n")
        see(fast_sandbox, "1 event", "By the way")


def test_r42_the_bounds_of_the_spool_change_while_it_runs(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    write(running, QUICK + "[spool]\nmax_event_bytes = 1024\nquiet_seconds = 0.1\nbatch_events = 1\n")
    put(running, "Too large", description="x" * 2000)
    see(fast_sandbox, "could not be used", "1024")
    for number in range(5):
        put(running, f"Event {number}")
    running.wait_status(lambda now: now["delivery"]["accepted"] == 5, "taken")
    batches = [line["events"] for line in running.log() if line["event"] == "intake.stored"]
    assert batches == [1] * 5
    write(running, QUICK + "[spool]\nquiet_seconds = 60\nrescan_seconds = 1\nbatch_bytes = 65536\n")
    put(running, "Large enough", description="x" * 2000)
    see(fast_sandbox, "Large enough")
    running.put("half.json", '{"type": "task_failed", "ti')
    write(running, QUICK + "[spool]\nquiet_seconds = 0.1\nunfinished_seconds = 0.1\n")
    see(fast_sandbox, "could not be used", "half.json")


def test_r42_a_new_poll_wait_applies_to_the_next_poll(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    def waits() -> list[int]:
        return [call["params"].get("timeout") for call in fast_sandbox.control.calls("getUpdates")]

    home = make_home(tmp_path / "home", fast_sandbox, "[telegram]\npoll_seconds = 1\n")
    with bridge(home) as running:
        wait_for(lambda: 1 in waits(), "a poll of a second")
        write(running, "[telegram]\npoll_seconds = 49\n")
        wait_for(lambda: 49 in waits(), "a poll of 49 seconds")
        fast_sandbox.control.say("/status")
        see(fast_sandbox, "Bridge: ok")


def test_r42_the_level_of_the_log_changes(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    write(running, QUICK + "[log]\nlevel = 'error'\n")
    put(running, "Unseen")
    see(fast_sandbox, "Unseen")
    running.wait_status(lambda now: now["delivery"]["sent"] == 1, "written down")
    assert not [line for line in running.log() if line["event"] in ("intake.stored", "delivery.sent")]
    write(running, QUICK)
    put(running, "Seen")
    see(fast_sandbox, "Seen")
    wait_for(lambda: [line for line in running.log() if line["event"] == "delivery.sent"], "it is in the log")


def test_r39_the_port_moves_server_and_clients_alike_and_waits_for_a_restart(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as running:  # its flag says: any free port
        port = json.loads((home / "state" / "bridge.json").read_text(encoding="utf-8"))["port"]
        write(running, QUICK + "[display]\nstyle = 'detailed'\n[http]\nhost = '127.0.0.2'\nport = 1\n")
        told = json.loads(run("status", "--json", home=home).stdout)
        assert told["running"] is True, "the client asks where the server is, whatever the file says"
        assert json.loads((home / "state" / "bridge.json").read_text(encoding="utf-8"))["port"] == port
        (waiting,) = told["config"]["restart"]
        assert waiting == {
            "key": "http.host",
            "in_force": "127.0.0.1",
            "written": "127.0.0.2",
            "origin": "config.toml, line 10",
        }, "the port is given by a flag, which wins"
        assert "http.host" in run("status", home=home).stdout
        assert told["health"] == "ok"
        put(running, "Detailed", event_id="id-3")
        assert "id-3" in see(fast_sandbox, "Detailed")["text"], "the rest of the change is in force"


@pytest.mark.parametrize("allowed", [False, True])
def test_an_event_changes_the_mode_only_where_that_is_allowed(
    running: RunningBridge, fast_sandbox: Sandbox, allowed: bool
) -> None:
    write(running, QUICK + f"[spool]\nallow_mode_events = {str(allowed).lower()}\nquiet_seconds = 1\n")
    running.put("m.json", r'{"type":"command_executed","title":"Quiet","data":{"command":"\/cct:local"}}')
    running.wait_status(lambda now: now["delivery"]["accepted"] == 1, "stored")
    if allowed:
        running.wait_status(lambda now: now["mode"] == "local", "the mode is changed")
        for command in ("/cct:loud", "npm test # /cct:mute", 5):
            put(running, f"Not {command}".replace("/", ""), data={"command": command})
        put(running, "Muted", data={"command": "/cct:mute"})
        running.wait_status(lambda now: now["mode"] == "muted", "and again")
        running.kill()
        with bridge(running.home) as again:
            assert again.status()["mode"] == "muted"
            put(again, "Back", data={"command": "/cct:nomad"})
            see(fast_sandbox, "while muted")
            assert again.status()["mode"] == "nomad"
    else:
        heard = [line for line in running.log() if line["event"] == "mode.event_ignored"]
        assert heard[0]["reason"] == "spool.allow_mode_events is off"
        assert running.status()["mode"] == "nomad"
