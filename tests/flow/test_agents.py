"""An agent, the bridge and a person: every tool against the real bridge, in both eras of the protocol."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import Implementation

from cctelegram import _native
from flow.phone import see, see_where
from running import COMMAND, RunningBridge, environment, wait_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

ERAS = ["legacy", "2026-07-28"]
OUTPUT = {tool["name"]: tool["outputSchema"] for tool in json.loads(_native.tool_definitions())}


def session(home: Path, mode: str, work: Callable[[Client], Awaitable[None]]) -> None:
    """Run `work` with the official client on the installed command."""
    server = StdioServerParameters(command=COMMAND, args=["mcp"], env=environment(CC_TELEGRAM_HOME=str(home)))

    async def run() -> None:
        me = Implementation(name="claude-code", version="2.1.330")
        async with Client(server, mode=mode, client_info=me, read_timeout_seconds=30) as client:
            await work(client)

    asyncio.run(run())


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must succeed; return its structured content, checked against its schema."""
    result = await client.call_tool(tool, arguments or None)
    assert not result.is_error, result
    jsonschema.validate(result.structured_content, OUTPUT[tool])
    found: dict[str, Any] = result.structured_content
    return found


@pytest.mark.parametrize("mode", ERAS)
def test_a_question_is_answered_by_a_tap_and_the_tool_returns_the_answer(
    running: RunningBridge, fast_sandbox: Sandbox, mode: str
) -> None:
    async def work(client: Client) -> None:
        asking = asyncio.create_task(
            call(client, "ask", question="Run `rm -rf *`?", options=["Run it", "No"], timeout_seconds=60)
        )
        card = await asyncio.to_thread(see, fast_sandbox, "Run `rm -rf *`?")
        fast_sandbox.control.tap(card["message_id"], "No")
        answer = await asking
        assert (answer["outcome"], answer["answer"], answer["option_index"]) == ("answered", "No", 1)
        assert answer["who"] == "Ada"

    session(running.home, mode, work)
    assert running.responses() == []


@pytest.mark.parametrize("mode", ERAS)
def test_what_the_sending_tools_send_is_on_the_phone(
    running: RunningBridge, fast_sandbox: Sandbox, mode: str
) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")

    async def work(client: Client) -> None:
        for tool, arguments in (
            ("send_telegram_event", {"type": "build_failed", "title": "Build: main/42 «é»"}),
            ("send_telegram_message", {"message": "Just a word"}),
            ("send_task_completion", {"task_id": "42", "title": "Parser done", "duration_ms": 65_000}),
            ("send_performance_alert", {"title": "p95 is high", "current_value": 2, "threshold": 1}),
            ("send_approval_request", {"title": "Deploy?", "description": "to production"}),
        ):
            sent = await call(client, tool, **arguments)
            assert sent["accepted"] is True
            assert sent["bridge"]["running"] is True
        status = await call(client, "get_bridge_status")
        assert status["running"] is True
        assert status["telegram_connected"] is True

    session(running.home, mode, work)
    for words in ("Build: main/42 «é»", "Just a word", "Parser done", "p95 is high", "Deploy?"):
        see(fast_sandbox, words)


def test_r26_an_answer_is_returned_to_the_agent_once(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    async def work(client: Client) -> None:
        sent = await call(client, "send_approval_request", title="Deploy?", description="to production")
        card = await asyncio.to_thread(see, fast_sandbox, "Deploy?")
        fast_sandbox.control.tap(card["message_id"], "Approve")
        await asyncio.to_thread(wait_for, running.responses, "the answer")
        shown = await call(client, "get_telegram_responses")
        assert shown["responses"][0]["event_id"] == sent["event_id"]
        first = await call(client, "process_pending_responses")
        assert first["summary"]["pending_approvals"] == 1
        again = await call(client, "process_pending_responses")
        assert again["summary"]["actionable_responses"] == 0

    session(running.home, "legacy", work)


def test_r35_what_an_agent_sends_while_the_bridge_is_down_waits_for_it(
    home: Path, fast_sandbox: Sandbox
) -> None:
    async def work(client: Client) -> None:
        sent = await call(client, "send_telegram_message", message="Sent into the dark")
        assert sent["bridge"]["running"] is False
        assert "cctelegram bridge" in sent["bridge"]["note"]
        status = await call(client, "get_bridge_status")
        assert status["running"] is False

    session(home, "legacy", work)
    from running import bridge

    with bridge(home):
        see(fast_sandbox, "Sent into the dark")


def test_a_question_that_nobody_answers_ends_with_its_default(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    async def work(client: Client) -> None:
        answer = await call(client, "ask", question="Go on?", timeout_seconds=2, default_on_timeout="Deny")
        assert (answer["outcome"], answer["answer"], answer["delivered"]) == ("expired", "Deny", "yes")

    session(running.home, "legacy", work)
    see_where(fast_sandbox, lambda m: "Expired" in m["text"], "the card says so")


def test_r37_an_agent_that_exits_leaves_no_process_and_its_answer_can_be_taken(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    async def work(client: Client) -> None:
        asking = asyncio.create_task(client.call_tool("ask", {"question": "Still there?"}))
        await asyncio.to_thread(see, fast_sandbox, "Still there?")
        asking.cancel()

    session(running.home, "legacy", work)
    wait_for(lambda: not list((running.home / "state" / "sessions").glob("*.json")), "the session ended")
    fast_sandbox.control.tap(see(fast_sandbox, "Still there?")["message_id"], "Approve")
    (answer,) = wait_for(running.responses, "the answer")
    assert answer["action"] == "approved"
