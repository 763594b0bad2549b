"""Arguments compared with an independent validator; no bytes end the server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cctelegram import _native
from server.conftest import events
from server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# `ask` would wait; what send_telegram_event refuses beyond its schema, the spool's rules say.
SCHEMAS = {
    tool["name"]: tool["inputSchema"]
    for tool in json.loads(_native.tool_definitions())
    if tool["name"] not in ("ask", "send_telegram_event")
}
# One server for all examples of a test: starting one for each would be most of the time.
# An answer that does not come costs the whole deadline, so there is no looking for a smaller example.
ONE_SERVER = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# These start a process or need one for each call that fits; tests/flow calls them.
STARTERS = {
    "start_bridge",
    "ensure_bridge_running",
    "restart_bridge",
    "switch_to_nomad_mode",
    "switch_to_local_mode",
    "switch_to_mute_mode",
    "cleanup",
}

words = st.text(max_size=210)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)

lines = st.binary(max_size=300).filter(lambda line: b"\n" not in line) | anything.map(
    lambda value: json.dumps(value).encode()
)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values near what the schema allows, over the edge now and then."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "string":
            return st.text(max_size=min(schema.get("maxLength", 100), 200) + 1)
        case "integer" | "number":
            low, high = schema.get("minimum", -1000), schema.get("maximum", 1000)
            numbers: st.SearchStrategy[Any] = st.integers(low - 1, high + 1)
            return numbers | numbers.map(float) | st.floats(low - 1, high + 1)
        case "array":
            return st.lists(fitting(schema["items"]), max_size=min(schema.get("maxItems", 5), 12) + 1)
        case _:
            return anything


def arguments(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments that match, nearly match or do not match the schema."""
    known = {name: fitting(each) | anything for name, each in schema["properties"].items()}
    required = {name: known[name] for name in schema.get("required", ())}
    near = st.fixed_dictionaries(
        {name: fitting(schema["properties"][name]) for name in required},
        optional={name: fitting(schema["properties"][name]) for name in known if name not in required},
    )
    wild = st.fixed_dictionaries({}, optional={**known, "other": anything})
    return near | near | wild


def unquoted(value: Any, schema: dict[str, Any]) -> Any:
    """The value that the server reads: the JSON in a string, where the schema has that type."""
    wanted = schema.get("type")
    if isinstance(value, str) and wanted in ("array", "object", "number", "integer", "boolean"):
        try:
            held = json.loads(value.strip(), parse_constant=lambda _: None)
        except ValueError:
            return value
        if not jsonschema.Draft202012Validator({"type": wanted}).is_valid(held):
            return value
        value = held
    if isinstance(value, list):
        return [unquoted(item, schema.get("items", {})) for item in value]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {name: unquoted(item, known.get(name, {})) for name, item in value.items()}
    return value


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with Wire(tmp_path_factory.mktemp("shared") / "home") as wire:
        wire.initialize()
        yield wire


@pytest.mark.parametrize("tool", [name for name in SCHEMAS if name not in STARTERS])
@ONE_SERVER
@given(data=st.data())
def test_the_server_refuses_exactly_what_the_schema_refuses(
    shared: Wire, tool: str, data: st.DataObject
) -> None:
    schema = SCHEMAS[tool]
    given_arguments = data.draw(arguments(schema))
    fits = jsonschema.Draft202012Validator(schema).is_valid(unquoted(given_arguments, schema))
    result = shared.call(tool, given_arguments)
    text = result["content"][0]["text"]
    if fits and result["isError"]:
        # Beyond what a schema can say: a length of time, blank words, a default that is none of the options.
        if tool == "search_history":
            assert "The bridge is not running" in text or text.startswith("since: read "), text
            return
        if tool == "profile":
            assert "The bridge is not running" in text, text
            return
        given_arguments = unquoted(given_arguments, schema)
        blank = any(isinstance(value, str) and not value.strip() for value in given_arguments.values())
        assert blank or "default_on_timeout" in given_arguments or "options" in given_arguments, text
        return
    assert result["isError"] is not fits, text
    if not fits:
        assert text.partition(":")[0].partition("[")[0] in {*schema["properties"], *given_arguments}


PLAIN: dict[str, dict[str, Any]] = {
    "send_telegram_event": {"type": "build_failed", "title": "5", "data": {"severity": "high", "n": "5"}},
    "send_task_completion": {"task_id": "[1]", "title": "{}", "files_affected": ["1"], "duration_ms": 5},
    "send_performance_alert": {"title": "true", "current_value": 1.5, "threshold": 1},
    "send_approval_request": {
        "title": "1",
        "description": "[]",
        "options": ["Yes", "2", "[3]"],
        "timeout_minutes": 5,
    },
}


@pytest.mark.parametrize("tool", sorted(PLAIN))
def test_arguments_as_json_in_strings_create_the_same_event(wire: Wire, home: Path, tool: str) -> None:
    plain = PLAIN[tool]
    quoted = {
        name: value if isinstance(value, str) else f" {json.dumps(value)}\n" for name, value in plain.items()
    }
    for arguments in (plain, quoted):
        assert wire.call(tool, arguments)["isError"] is False
    made_anew = ("event_id", "task_id", "correlation_id", "timestamp")
    one, other = (
        {key: value for key, value in event.items() if key not in made_anew} for event in events(home)
    )
    assert one == other


@ONE_SERVER
@given(
    line=st.binary(max_size=300).filter(lambda line: b"\n" not in line)
    | anything.map(lambda v: json.dumps(v).encode())
)
def test_no_line_ends_the_server(shared: Wire, line: bytes) -> None:
    shared.raw(line)
    request = shared.request("ping")
    while (message := shared.next()).get("id") != request:
        assert message["error"]["code"] in (-32700, -32600)


@ONE_SERVER
@given(method=words, params=anything)
def test_no_request_ends_the_server(shared: Wire, method: str, params: Any) -> None:
    shared.ids += 1
    shared.raw(json.dumps({"jsonrpc": "2.0", "id": shared.ids, "method": method, "params": params}).encode())
    assert "error" in shared.answer(shared.ids)
    assert shared.ask("ping")["result"] == {}


def test_a_refused_call_leaves_no_trace_in_the_spool(wire: Wire, home: Path) -> None:
    assert wire.call("send_telegram_message", {"message": "x", "source": ""})["isError"] is True
    assert events(home) == []
