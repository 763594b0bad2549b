"""Any call gets a Bot API response, and the sandbox keeps running."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cctelegram.sandbox.parameters import METHODS, TYPES

if TYPE_CHECKING:
    from sandbox.conftest import Bot

# Long polls would only make the test wait; a webhook would make the rest of it refusals.
LEFT_OUT = {"timeout", "url"}


def of_kind(spec: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """Return values of the right type, and now and then of a wrong one."""
    kind = st.sampled_from(spec.rstrip("!").split("|")) if spec != "-" else st.just("String")
    return kind.flatmap(lambda one: _of_one(one, depth))


def _of_one(kind: str, depth: int) -> st.SearchStrategy[Any]:
    if kind.startswith("Array of "):
        return st.lists(_of_one(kind.removeprefix("Array of "), depth + 1), max_size=3)
    if kind == "Integer":
        return st.sampled_from([1001, -9, 1, 2, 3, 0, -1, 2**63, 10**30])
    if kind == "Boolean":
        return st.booleans()
    fields = TYPES.get(kind)
    if isinstance(fields, list):
        return st.sampled_from(fields).flatmap(lambda one: _of_one(one, depth))
    if fields is None or depth > 3:
        return st.sampled_from(
            ["", "a", "1", "emoji", "default", "bold", "\U0001f44d", "x\x00y", "HTML", "<b>", "attach://f"]
        )
    required = {name: of_kind(spec, depth + 1) for name, spec in fields.items() if spec.endswith("!")}
    others = {
        name: of_kind(spec, depth + 1) for name, spec in fields.items() if not spec.endswith(("!", "-"))
    }
    return st.fixed_dictionaries(required, optional=others)


def call() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    def of_method(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        fields = {
            key: of_kind(spec) for key, spec in METHODS[name].items() if key not in LEFT_OUT and spec != "-"
        }
        required = {key: one for key, one in fields.items() if METHODS[name][key].endswith("!")}
        others = {key: one for key, one in fields.items() if key not in required}
        return st.tuples(st.just(name), st.fixed_dictionaries(required, optional=others))

    return st.sampled_from(sorted(METHODS)).flatmap(of_method)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(call())
def test_any_call_gets_a_bot_api_response(bot: Bot, call: tuple[str, dict[str, Any]]) -> None:
    method, params = call
    # Integers of 64 bits and more cannot be written by every JSON library; as a form everything can.
    answer = bot.http.post(bot.sandbox.bot_url + method, files=parts(params) or None)
    found = answer.json()
    assert found["ok"] is (answer.status_code == 200)
    if not found["ok"]:
        assert found["error_code"] == answer.status_code
        assert answer.status_code in (400, 403)


def parts(params: dict[str, Any]) -> dict[str, tuple[None, bytes]]:
    found = {}
    for key, value in params.items():
        text = value if isinstance(value, str) else json.dumps(value)
        found[key] = (None, text.encode())
    return found
