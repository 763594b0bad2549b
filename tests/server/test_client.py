"""The official Python client over real stdio, in both eras: its models check every frame of the server."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.types import Implementation, TextContent

from cctelegram import _native
from server.conftest import events
from server.wire import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from server.conftest import Answers

ERAS = [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28", "2026-07-28")]
OUTPUT = {tool["name"]: tool["outputSchema"] for tool in json.loads(_native.tool_definitions())}

CALLS: list[tuple[str, dict[str, Any] | None]] = [
    ("send_telegram_event", {"type": "build_failed", "title": "Build: main/42 «é» 🚀"}),
    ("send_telegram_message", {"message": "hello"}),
    ("send_task_completion", {"task_id": "42", "title": "done"}),
    ("send_performance_alert", {"title": "p95", "current_value": 2, "threshold": 1}),
    ("send_approval_request", {"title": "Deploy?", "description": "to production"}),
    ("list_event_types", None),
    ("get_telegram_responses", None),
    ("process_pending_responses", None),
    ("get_bridge_status", None),
]


def over_stdio(home: Path, mode: str, work: Callable[[Client], Awaitable[None]], **options: Any) -> None:
    """Run `work` with a client that has started the installed command."""
    server = StdioServerParameters(
        command=str(Path(sys.executable).with_name("cctelegram")),
        args=["mcp"],
        env={"CC_TELEGRAM_HOME": str(home)},
    )

    async def run() -> None:
        me = Implementation(name="claude-code", version="2.1.330")
        async with Client(server, mode=mode, client_info=me, read_timeout_seconds=20, **options) as client:
            await work(client)

    asyncio.run(run())


@pytest.mark.parametrize(("mode", "version"), ERAS)
def test_the_official_client_calls_every_tool_and_gets_what_the_schemas_state(
    home: Path, mode: str, version: str
) -> None:
    async def work(client: Client) -> None:
        assert client.protocol_version == version
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == set(OUTPUT)
        for name, arguments in CALLS:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result
            assert isinstance(result.content[0], TextContent)
            jsonschema.validate(result.structured_content, OUTPUT[name])

    over_stdio(home, mode, work)
    assert len(events(home)) == 5


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_official_client_reads_the_instructions_and_the_server(home: Path, mode: str) -> None:
    async def work(client: Client) -> None:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("cctelegram", _native.__version__)
        assert "Telegram" in (client.instructions or "")

    over_stdio(home, mode, work)


@pytest.mark.parametrize(("mode", "version"), ERAS)
def test_r32_the_official_client_sees_a_refusal_as_a_tool_error(home: Path, mode: str, version: str) -> None:
    async def work(client: Client) -> None:
        assert client.protocol_version == version
        result = await client.call_tool("send_telegram_message", {"message": ""})
        assert result.is_error
        with pytest.raises(MCPError, match="unknown tool"):
            await client.call_tool("send_telegram_mesage", {"message": "x"})

    over_stdio(home, mode, work)


@pytest.mark.parametrize(("mode", "version"), ERAS)
def test_the_official_client_asks_sees_progress_and_gets_the_answer(
    home: Path, answers: Answers, mode: str, version: str
) -> None:
    told: list[tuple[float, float | None, str | None]] = []
    waits = threading.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        waits.set()

    def person() -> None:
        assert waits.wait(20)
        [event] = until(lambda: events(home), "the question")
        assert event["description"] == "Ship `Option<String>`?"
        answers.write(
            event["event_id"], awaited_by=event["data"]["awaited_by"], option="Ship", action="answered"
        )

    async def work(client: Client) -> None:
        assert client.protocol_version == version
        question = {"question": "Ship `Option<String>`?", "options": ["Ship", "Wait"], "timeout_seconds": 30}
        result = await client.call_tool("ask", question, progress_callback=note)
        assert not result.is_error, result
        jsonschema.validate(result.structured_content, OUTPUT["ask"])
        assert result.structured_content is not None
        assert result.structured_content["outcome"] == "answered"
        assert result.structured_content["option"] == "Ship"
        assert result.structured_content["who"] == "Zoë"

    thread = threading.Thread(target=person)
    thread.start()
    try:
        over_stdio(home, mode, work)
    finally:
        waits.set()
        thread.join()
    assert told[0][1] == 30
    assert "30 s left" in (told[0][2] or "")


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_wait_that_the_official_client_cancels_ends_and_can_be_continued(
    home: Path, answers: Answers, mode: str
) -> None:
    async def work(client: Client) -> None:
        question = {"question": "Go on?", "timeout_seconds": 60}
        asked = asyncio.create_task(client.call_tool("ask", question))
        [event] = await asyncio.to_thread(until, lambda: events(home), "the question")
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        answers.write(event["event_id"], awaited_by=event["data"]["awaited_by"])
        result = await client.call_tool("ask", {**question, "event_id": event["event_id"]})
        assert result.structured_content is not None
        assert result.structured_content["action"] == "approved"

    over_stdio(home, mode, work)
    assert len(events(home)) == 1
