"""Settings that are said to be live count without a restart.

That of token, users and API base is in test_delivery.py; of quiet hours and rules in test_quiet_hours.py; of
routes in test_chats.py; of topics in test_topics.py; of pools and polls in tests/bridge/test_pools.py and,
figure by figure, in tests/pools/test_change.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.config.table import TABLE
from flow.phone import see
from running import QUICK, RunningBridge, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

LIVE = {
    "telegram.token",
    "telegram.allowed_users",
    "telegram.api_base",
    "routes",
    "display.timezone",
    "display.style",
    "mode.quiet_hours",
    "rules",
    "display.project_topics",
    "telegram.poll_seconds",
    *(key.name for key in TABLE if key.name.startswith("pools.")),
}


def test_what_the_table_calls_live_is_what_is_tested_here() -> None:
    assert {key.name for key in TABLE if key.live} == LIVE


def test_how_messages_are_shown_changes_without_a_restart(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    at = "2026-11-23T12:00:00Z"
    running.put("a.json", {"type": "task_failed", "title": "First", "event_id": "id-1", "timestamp": at})
    assert "id-1" not in see(fast_sandbox, "First")["text"]
    changed = '\n[display]\nstyle = "detailed"\ntimezone = "Asia/Kathmandu"\n'
    (running.home / "config.toml").write_text(QUICK + changed)
    wait_for(lambda: any(line["event"] == "settings read again" for line in running.log()), "it is read")
    running.put("b.json", {"type": "task_failed", "title": "Second", "event_id": "id-2", "timestamp": at})
    message = see(fast_sandbox, "Second")["text"]
    assert "id-2" in message
    assert "17:45" in message
