"""Building and checking events, and the table of types."""

import json
import math
import subprocess
import sys
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram import _native
from cctelegram.events.build import InvalidEvent, build, checked, new_id
from cctelegram.events.catalogue import BY_NAME, CATEGORIES, EVENT_TYPES
from cctelegram.events.lane import LANES

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_a_built_event_has_ids_and_passes_the_check() -> None:
    event = json.loads(build("build_failed", "Build #42: käse/'\"🚀", data={"exit_code": 1}))
    assert event["title"] == "Build #42: käse/'\"🚀"  # R31
    assert uuid.UUID(event["event_id"]).version == 4
    assert uuid.UUID(event["correlation_id"]).version == 4
    assert event["event_id"] != event["correlation_id"]
    assert event["data"] == {"exit_code": 1}


def test_ids_need_not_be_uuids_r31() -> None:
    event = json.loads(build("x", "t", task_id="deploy/42 käse", event_id="e", correlation_id="c"))
    assert (event["task_id"], event["event_id"], event["correlation_id"]) == ("deploy/42 käse", "e", "c")


def test_all_problems_of_an_event_are_reported_at_once() -> None:
    with pytest.raises(InvalidEvent) as caught:
        build("Bad Type", "", data={"severity": "awful"})
    assert [problem.field for problem in caught.value.problems] == ["type", "title", "data.severity"]
    assert 'data.severity is "awful"; one of low, medium, high, critical is needed.' in str(caught.value)


def test_a_checked_event_comes_back_unchanged() -> None:
    data = b' {"type":"x", "title":"t"} '
    assert checked(data) is data


def test_every_type_has_a_complete_row_and_a_valid_example() -> None:
    assert len(BY_NAME) == len(EVENT_TYPES)
    for event_type in EVENT_TYPES:
        assert checked(event_type.example.encode())
        assert event_type.category in CATEGORIES
        assert LANES[event_type.lane]
        assert event_type.icon
        assert event_type.description


def test_new_ids_differ() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000


@given(JSON)
def test_json_round_trips_and_matches_the_standard_library(value: Any) -> None:
    written = _native.dumps(value)
    assert _native.loads(written) == value
    assert json.loads(written) == value
    assert _native.loads(json.dumps(value)) == value


@given(st.text() | st.binary())
def test_loads_accepts_only_what_the_standard_library_accepts(data: str | bytes) -> None:
    try:
        value = _native.loads(data)
    except (ValueError, UnicodeError):
        return
    assert json.loads(data) == value


def test_text_that_is_not_json_is_refused() -> None:
    refused: list[Any] = [math.nan, math.inf, "\ud800", _nested(200)]
    for value in refused:
        with pytest.raises(ValueError):
            _native.dumps(value)
    foreign: list[Any] = [{1: 2}, b"x", object()]
    for value in foreign:
        with pytest.raises(TypeError):
            _native.dumps(value)
    with pytest.raises(ValueError, match="line 2 column 1"):
        _native.loads(b"[1,\n]")
    with pytest.raises(TypeError):
        _native.loads(5)  # type: ignore[arg-type]  # that is what is tested


def test_booleans_and_large_integers_are_written_exactly() -> None:
    assert _native.dumps({"a": (True, 10**30, -1, 1.5)}) == b'{"a":[true,' + b"1" + b"0" * 30 + b",-1,1.5]}"


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def test_building_and_posting_load_no_expensive_module() -> None:
    code = (
        "import sys; before = set(sys.modules);"
        "import cctelegram.events.build, cctelegram.events.catalogue, cctelegram.spool.post,"
        "cctelegram.spool.responses, cctelegram.spool.file_lock;"
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('cctelegram')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "['__future__']"  # which every interpreter has at hand
