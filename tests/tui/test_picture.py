"""The picture of the terminal view in the documentation, made by a real bridge from real events.

Run with CCTELEGRAM_PICTURE=1 to write `docs/images/top.svg`.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from cctelegram.tui.app import Top
from flow.phone import see
from running import COMMAND, RunningBridge, environment

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

DOCS = Path(__file__).parents[2] / "docs" / "images" / "top.svg"
MOST_BYTES = 300 * 1024
EVENTS = (
    {"type": "build_failed", "source": "ci", "title": "Build #412 failed", "event_id": "build-412"},
    {"type": "task_started", "source": "claude-code", "title": "Fix the borrow in the lane queue"},
    {"type": "test_suite_run", "source": "ci", "title": "1,204 tests passed"},
    {"type": "task_completion", "source": "claude-code", "title": "Lane queue fixed"},
)


def test_the_picture_shows_events_a_question_a_session_and_the_log(
    running: RunningBridge, fast_sandbox: Sandbox, tmp_path: Path
) -> None:
    for number, event in enumerate(EVENTS):
        running.put(f"{number}.json", event)
        see(fast_sandbox, event["title"])
    running.put("q.json", {"type": "approval_request", "title": "Deploy 1.8.0 to production?"})
    see(fast_sandbox, "Deploy 1.8.0")
    svg = asyncio.run(pictured(running, fast_sandbox))
    target = DOCS if os.environ.get("CCTELEGRAM_PICTURE") == "1" else tmp_path / "top.svg"
    target.write_text(svg, encoding="utf-8")
    for text in ("Health", "Build", "Deploy", "delivery.sent", "MCP"):
        assert text in svg
    assert target.stat().st_size < MOST_BYTES
    assert "url(" not in svg.replace("url(#", "")


async def pictured(running: RunningBridge, sandbox: Sandbox) -> str:
    server = StdioServerParameters(
        command=COMMAND, args=["mcp"], env=environment(CC_TELEGRAM_HOME=str(running.home))
    )
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        await session.call_tool("send_telegram_message", {"message": "The agent reports from its session"})
        await asyncio.to_thread(see, sandbox, "reports from its session")
        app = Top(str(running.home), 600, 50e6)
        async with app.run_test(size=(118, 44)) as pilot:
            while True:
                await app.refresh_now()
                await pilot.pause()
                if running.status()["mcp"]["sessions"] and running.status()["telegram_connected"]:
                    break
                await asyncio.sleep(0.2)  # the bridge reads the sessions each ten seconds
            await app.refresh_now()
            await pilot.pause()
            return self_contained(app.export_screenshot())


def self_contained(svg: str) -> str:
    """Return the picture without the fonts that textual would load from elsewhere: any monospace will do."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
