"""The status of the bridge: from its lock and its own HTTP only."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from server.conftest import Bridge
    from server.wire import Wire


def test_the_status_is_the_one_that_the_bridge_reports(wire: Wire, home: Path, bridge: Bridge) -> None:
    (home / "events" / "waiting.json").write_text("{")
    result = wire.call("get_bridge_status")
    told = result["structuredContent"]
    del bridge.status["last_event"]  # null on the wire of the bridge: there was none
    assert told == {**bridge.status, "waiting_files": 1}
    assert bridge.keys == [f"Bearer {bridge.KEY}"]
    assert "connected to Telegram, health ok" in result["content"][0]["text"]
    bridge.status |= {"health": "failing", "reasons": ["the token is refused"], "telegram_connected": False}
    assert (
        "not connected to Telegram, health failing: the token is refused"
        in (wire.call("get_bridge_status")["content"][0]["text"])
    )
    bridge.status["problems"] = [
        {"component": "polling", "reason": "the token is refused", "action": "Write a valid one."},
        {"component": "the spool", "reason": "make room", "action": None},
    ]
    assert (
        "failing: the token is refused (Write a valid one); make room."
        in (wire.call("get_bridge_status")["content"][0]["text"])
    )


def test_r34_a_process_of_the_bridges_name_is_not_the_bridge(wire: Wire, home: Path) -> None:
    (home / "state" / "bridge.json").write_text('{"pid": 1, "port": 9, "key": "k"}')
    sleeper = "import sys; sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", sleeper, "cctelegram", "bridge"], stdin=subprocess.PIPE
    ) as editor:
        told = wire.call("get_bridge_status")["structuredContent"]
        assert told["running"] is False
        assert "cctelegram bridge" in told["note"]
        assert editor.poll() is None


def test_r34_a_bridge_that_holds_its_lock_but_does_not_respond_is_not_reported_as_running(
    wire: Wire, home: Path, bridge: Bridge
) -> None:
    bridge.server.shutdown()
    bridge.server.server_close()
    told = wire.call("get_bridge_status")["structuredContent"]
    assert told["running"] is False
    assert "does not answer" in told["note"]
    (home / "state" / "bridge.json").write_text("half a fi")
    assert wire.call("get_bridge_status")["structuredContent"]["running"] is False
