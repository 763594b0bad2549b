"""The definitions as clients read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from cctelegram import _native
from cctelegram.server import dispatch

if TYPE_CHECKING:
    from server.wire import Wire

TOOLS: list[dict[str, Any]] = json.loads(_native.tool_definitions())
BY_NAME = {tool["name"]: tool for tool in TOOLS}


@pytest.mark.parametrize("tool", TOOLS, ids=BY_NAME)
def test_a_tool_has_all_fields_that_clients_show(tool: dict[str, Any]) -> None:
    assert tool["title"]
    assert 40 < len(tool["description"]) < 300
    hints = {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
    assert set(tool["annotations"]) == hints
    for schema in (tool["inputSchema"], tool["outputSchema"]):
        assert schema["type"] == "object"
        jsonschema.Draft202012Validator.check_schema(schema)
    assert set(tool["inputSchema"].get("required", ())) <= set(tool["inputSchema"]["properties"])


def test_each_tool_has_its_function_and_each_function_its_tool() -> None:
    assert set(dispatch.FILES) == set(BY_NAME)
    for name in dispatch.FILES:
        assert callable(dispatch.find(name))


def test_the_categories_are_those_of_the_catalogue() -> None:
    listed = BY_NAME["list_event_types"]["inputSchema"]["properties"]["category"]["enum"]
    assert listed == list(dict.fromkeys(each.category for each in _native.event_types()))


def test_the_instructions_fit_into_clients_and_name_only_existing_tools(wire: Wire) -> None:
    instructions = wire.instructions
    assert len(instructions.encode()) < 2048
    words = {word for word in instructions.split("`") if "_" in word and " " not in word}
    assert words - {"event_id"} <= set(BY_NAME)


def test_the_listed_tools_are_the_definitions(wire: Wire) -> None:
    assert wire.ask("tools/list")["result"]["tools"] == TOOLS
