"""The pools of a running bridge: their counts, and changes of their settings."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.client import loopback
from flow.phone import see
from running import COMMAND, QUICK, environment, wait_for
from test_docs import named_in

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

CHANGED = """
[pools.send]
keepalive_seconds = 61.0
[pools.status]
connections = 7
[telegram]
poll_seconds = 3
"""


def status_command(running: RunningBridge) -> dict[str, Any]:
    printed = subprocess.run(
        [COMMAND, "status", "--json", "--home", str(running.home)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    found: dict[str, Any] = json.loads(printed.stdout)
    return found


def test_pool_settings_change_without_a_restart_and_do_not_interrupt_the_poll(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("a.json", {"type": "build_failed", "title": "before"})
    see(fast_sandbox, "before")
    before = running.wait_status(
        lambda now: now["telegram_connected"] and now["pools"]["poll"]["in_use"], "a poll that waits"
    )
    polls = len(fast_sandbox.control.calls("getUpdates"))
    (running.home / "config.toml").write_text(QUICK + CHANGED)

    def told() -> Any:
        return json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))["pools"][
            "status"
        ]

    running.wait_status(lambda _: told()["connections"] == 7, "the new figures for who asks")
    assert len(fast_sandbox.control.calls("getUpdates")) == polls, "the poll goes on as it was asked for"
    running.put("b.json", {"type": "build_failed", "title": "after"})
    see(fast_sandbox, "after")
    after = running.status()
    assert after["pid"] == before["pid"]
    assert after["pools"]["send"]["opened"] == before["pools"]["send"]["opened"] + 1
    assert after["pools"]["send"]["requests"] > before["pools"]["send"]["requests"]
    assert after["pools"]["poll"]["errors"] == {}
    fast_sandbox.control.say("hello")  # ends the poll; the next one uses the new wait
    calls = fast_sandbox.control.wait_for(
        lambda control: [
            call for call in control.calls("getUpdates") if call["params"].get("timeout") in (3, "3")
        ]
    )
    assert calls
    ended = running.wait_status(lambda now: now["pools"]["poll"]["opened"] == 2, "the poll's new connection")
    assert ended["pools"]["poll"]["in_use"] + ended["pools"]["poll"]["idle"] == 1, "the old one is closed"


def test_status_shows_the_counts_of_the_bridge_and_of_the_commands_own_pool(
    running: RunningBridge,
) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")
    pools = status_command(running)["pools"]
    assert set(pools) == {"send", "poll", "files", "status"}
    assert all(set(counted) == named_in("docs/pools.md", "## Counters") for counted in pools.values())
    assert (pools["status"]["requests"], pools["status"]["opened"], pools["status"]["errors"]) == (1, 1, {})
    assert pools["send"]["requests"] >= 2
    assert pools["send"]["opened"] == 1
    assert pools["files"]["requests"] == 0


def test_totals_do_not_decrease_when_the_connection_is_reopened(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    before = running.wait_status(lambda now: now["telegram_connected"], "connected")
    env = running.home / ".env"
    env.write_text(
        env.read_text(encoding="utf-8").replace("127.0.0.1", "localhost")
    )  # another API base, the same server
    after = running.wait_status(
        lambda now: (
            now["telegram_connected"]
            and now["pools"]["send"]["requests"] >= before["pools"]["send"]["requests"] + 2
        ),
        "connected anew",
    )
    assert after["pools"]["send"]["opened"] == 2


def test_a_frequent_client_reuses_its_connection_and_does_not_delay_the_stop(running: RunningBridge) -> None:
    where = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    pool = loopback.Loopback(where["pools"]["status"])
    for _ in range(3):
        assert pool.get(where["port"], "/status", where["key"])[0] == 200
    assert (pool.snapshot()["opened"], pool.snapshot()["reused"]) == (1, 2)
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 5
    wait_for(lambda: pool.snapshot()["idle"] == 0, "the end of the kept connection")
    with pytest.raises(loopback.LoopbackError, match="Connection refused"):
        pool.get(where["port"], "/status", where["key"])
