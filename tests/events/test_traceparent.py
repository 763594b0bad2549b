"""What counts as a W3C trace context, and where it comes from and goes to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cctelegram.events import build, traceparent
from cli.commands import run
from running import make_home

if TYPE_CHECKING:
    from pathlib import Path

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VALID, (TRACE, PARENT, 1)),
        (f"00-{TRACE}-{PARENT}-00", (TRACE, PARENT, 0)),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be", (TRACE, PARENT, 1)),
        (f"00-{TRACE}-{PARENT}-01-more", None),
        (f"ff-{TRACE}-{PARENT}-01", None),
        (f"00-{TRACE.upper()}-{PARENT}-01", None),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE[1:]}-{PARENT}-01", None),
        (f"00-{TRACE}-{PARENT}", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_trace_context_is_read_as_the_specification_says(text: object, expected: object) -> None:
    assert traceparent.parse(text) == expected


def test_the_top_level_counts_before_data_and_one_that_is_not_valid_counts_as_missing() -> None:
    other = f"00-{TRACE}-{'1' * 16}-01"
    assert traceparent.of({"traceparent": VALID, "data": {"traceparent": other}}) == VALID
    assert traceparent.of({"traceparent": "x", "data": {"traceparent": other}}) == other
    assert traceparent.of({"data": [1]}) is None


def sent(home: Path) -> dict[str, object]:
    (file,) = (home / "events").glob("*.json")
    event: dict[str, object] = json.loads(file.read_text())
    return event


@pytest.mark.parametrize("given", ["", '{"type":"build_failed","title":"Build"}'])
def test_send_takes_the_trace_context_of_its_environment(tmp_path: Path, given: str) -> None:
    home = make_home(tmp_path / "home", None)
    words = ["-"] if given else ["build_failed", "Build"]
    done = run("send", *words, home=home, given=given, TRACEPARENT=VALID)
    assert done.returncode == 0, done.stderr
    assert sent(home)["traceparent"] == VALID


def test_an_event_on_standard_input_keeps_its_own_trace_context(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    own = f"00-{TRACE}-{'1' * 16}-01"
    event = {"type": "build_failed", "title": "Build", "traceparent": own}
    assert run("send", "-", home=home, given=json.dumps(event), TRACEPARENT=VALID).returncode == 0
    assert sent(home)["traceparent"] == own


def test_a_trace_context_that_is_not_valid_is_left_out(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", None)
    assert run("send", "build_failed", "Build", home=home, TRACEPARENT="garbage").returncode == 0
    assert "traceparent" not in sent(home)


def test_an_event_is_built_with_it() -> None:
    assert json.loads(build.build("build_failed", "Build", traceparent=VALID))["traceparent"] == VALID
