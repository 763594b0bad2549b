"""The session file: locked while the session lives, with real counts, removed at its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cctelegram import _native
from server.wire import MODERN, Wire

if TYPE_CHECKING:
    from pathlib import Path

    from server.conftest import Bridge


def only(home: Path) -> Path:
    """The file of the one session."""
    [path] = (home / "state" / "sessions").iterdir()
    return path


def told(home: Path) -> dict[str, Any]:
    """Its content."""
    content: dict[str, Any] = json.loads(only(home).read_bytes())
    return content


def test_the_file_is_locked_while_the_session_lives_and_removed_at_its_end(wire: Wire, home: Path) -> None:
    path = only(home)
    assert _native.is_locked(str(path))
    assert told(home)["pid"] == wire.process.pid
    assert told(home)["id"] == path.stem
    wire.end()
    assert wire.process.returncode == 0
    assert not path.exists()


def test_calls_are_counted_by_tool_and_result(wire: Wire, home: Path) -> None:
    assert told(home)["calls"] == {}
    for message in ("a", "b"):
        wire.call("send_telegram_message", {"message": message})
    wire.call("get_bridge_status")
    wire.call("send_approval_request", {"title": "x", "description": "d", "default_on_timeout": "Maybe"})
    assert told(home)["calls"] == {
        "send_telegram_message": {"ok": 2, "error": 0},
        "get_bridge_status": {"ok": 1, "error": 0},
        "send_approval_request": {"ok": 0, "error": 1},
    }
    assert told(home)["client"] == "wire 1"
    assert told(home)["protocol"] == "2025-11-25"
    assert 5_000_000 < told(home)["rss_bytes"] < 40_000_000


def test_a_client_of_the_newest_revision_is_identified_by_its_calls(home: Path) -> None:
    with Wire(home) as wire:
        wire.call("get_bridge_status", _meta=MODERN)
        assert (told(home)["client"], told(home)["protocol"]) == ("wire 1", "2026-07-28")


def test_a_killed_session_leaves_a_file_without_a_lock(wire: Wire, home: Path) -> None:
    wire.process.kill()
    wire.process.wait()
    assert not _native.is_locked(str(only(home)))


def test_the_connections_to_the_bridge_are_counted_and_reused(wire: Wire, home: Path, bridge: Bridge) -> None:
    wire.call("send_telegram_message", {"message": "no bridge is asked for this"})
    assert told(home)["pools"] == {}
    for _ in range(3):
        wire.call("get_bridge_status")
    assert bridge.keys == [f"Bearer {bridge.KEY}"] * 3
    counted = told(home)["pools"]["status"]
    assert (counted["requests"], counted["errors"], counted["in_use"]) == (3, {}, 0)
    assert counted["opened"] + counted["reused"] == 3
