"""The same tools on the official Python SDK, for comparison: same definitions, same functions."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolResult, ListToolsResult, TextContent, Tool

from cctelegram import _native
from cctelegram.server import dispatch
from cctelegram.server.session import Session

TOOLS = [Tool.model_validate(tool) for tool in json.loads(_native.tool_definitions())]
DEFAULTS = {
    tool.name: {
        name: value["default"]
        for name, value in tool.input_schema["properties"].items()
        if "default" in value
    }
    for tool in TOOLS
}
SESSION = Session()


class Call:
    """What the functions ask of a call, without a client to tell."""

    client = "bench 1"

    def cancelled(self) -> bool:
        return False

    def progress(self, *_: object) -> None: ...


async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
    return ListToolsResult(tools=TOOLS)


async def call_tool(_context: Any, params: Any) -> CallToolResult:
    arguments = {**DEFAULTS[params.name], **(params.arguments or {})}
    function: Any = dispatch.find(params.name)
    text, structured = await asyncio.to_thread(function, arguments, Call(), SESSION)
    content: list[Any] = [
        TextContent(type="text", text=text),
        TextContent(type="text", text=json.dumps(structured)),
    ]
    return CallToolResult(content=content, structured_content=structured)


async def main() -> None:
    server: Server[Any] = Server("cctelegram", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


asyncio.run(main())
