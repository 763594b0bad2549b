"""The package's table of the Bot API, and that every method in it is implemented."""

from __future__ import annotations

from importlib.resources import files

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.sandbox.methods import METHODS
from cctelegram.sandbox.parameters import METHODS as TABLE
from cctelegram.sandbox.parameters import TYPES, checked
from cctelegram.sandbox.refused import Refused

SCALARS = {"Integer", "String", "Boolean", "InputFile"}


def test_the_table_names_its_source_and_exactly_the_implemented_methods() -> None:
    table = orjson.loads(files("cctelegram.sandbox").joinpath("parameters.json").read_bytes())
    assert table["origin"].startswith("Bot API 10.1, June 11, 2026")
    assert set(TABLE) == set(METHODS)


def test_the_table_contains_exactly_the_types_that_it_names() -> None:
    named = set()
    for fields in [*TABLE.values(), *(one for one in TYPES.values() if isinstance(one, dict))]:
        named |= {kind for spec in fields.values() if spec != "-" for kind in spec.rstrip("!").split("|")}
    named = {kind.replace("Array of ", "") for kind in named}
    named |= {kind for one in TYPES.values() if isinstance(one, list) for kind in one}
    assert named - SCALARS == set(TYPES)


def test_telegrams_parameter_names_are_required_where_telegram_requires_them() -> None:
    assert {name for name, spec in TABLE["sendMessage"].items() if spec.endswith("!")} == {"chat_id", "text"}
    assert TABLE["sendMessage"]["entities"] == "Array of MessageEntity"
    assert TYPES["InlineKeyboardMarkup"] == {"inline_keyboard": "Array of Array of InlineKeyboardButton!"}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(name for name, fields in TABLE.items() if fields)), st.data())
def test_any_parameters_are_accepted_with_the_right_types_or_refused(
    method: str, data: st.DataObject
) -> None:
    params = data.draw(st.dictionaries(st.sampled_from(sorted(TABLE[method])), anything, max_size=5))
    typed = data.draw(st.booleans())
    try:
        assert checked(method, params, {}, typed=typed).keys() <= params.keys()
    except Refused as refusal:
        said = (refusal.code, refusal.description.partition(": ")[0])
    else:
        said = (400, "Bad Request")
    assert said == (400, "Bad Request")


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)]
)
def test_values_of_a_form_are_read_as_telegram_reads_them(text: str, value: bool) -> None:
    params = {"chat_id": "-5", "text": "5", "disable_notification": text, "message_thread_id": "7"}
    assert checked("sendMessage", params, {}, typed=False) == {
        "chat_id": "-5", "text": "5", "disable_notification": value, "message_thread_id": 7
    }  # fmt: skip
