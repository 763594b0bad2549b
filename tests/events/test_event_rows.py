"""The event files shared with the Rust tests, over real files: written, taken, unpacked."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cctelegram import _native
from cctelegram.events.event import Event, from_row
from cctelegram.events.lane import LANES

CASES = [
    json.loads(line)
    for line in Path(__file__)
    .parent.parent.joinpath("cases/events.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
DERIVED_ID = "07" * 16  # what the Rust test's key makes; here it comes of the file
FILE_TIME = "2026-11-23T17:41:07.000000Z"  # of the Rust test


def written(case: dict[str, Any]) -> bytes:
    match case["written"]:
        case str(text):
            return text.encode()
        case list(numbers):
            return bytes(numbers)
        case other:
            return json.dumps(other).encode()


def read(tmp_path: Path, content: bytes) -> Event | _native.Rejected:
    inbox = _native.Inbox(
        tmp_path / "events", tmp_path / "rejected", quiet_seconds=0.0, unfinished_seconds=0.0
    )
    (tmp_path / "events" / "case.json").write_bytes(content)
    batch = inbox.take(time.monotonic())
    if batch.rejected:
        return batch.rejected[0]
    (row,) = batch.rows()
    json.loads(row[10])
    return from_row(row)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_each_shared_case_is_read_from_a_file_as_it_states(case: dict[str, Any], tmp_path: Path) -> None:
    outcome = read(tmp_path, written(case))
    if "rejected" in case:
        assert isinstance(outcome, _native.Rejected)
        assert case["rejected"] in outcome.reason
        reason = json.loads((tmp_path / "rejected" / "case.json.reason.json").read_bytes())
        assert (reason["name"], reason["reason"]) == ("case.json", outcome.reason)
        assert (reason["line"], reason["column"], reason["field"]) == (
            outcome.line,
            outcome.column,
            outcome.field,
        )
        assert (tmp_path / "rejected" / "case.json").read_bytes() == written(case)
        return
    assert isinstance(outcome, Event)
    for key, expected in case["event"].items():
        match key:
            case "lane":
                assert LANES[outcome.lane] == expected
            case "occurred_at" if expected == FILE_TIME:
                mtime = (tmp_path / "events/case.json").stat().st_mtime_ns // 1000
                assert outcome.occurred_at == mtime
            case "occurred_at":
                pass  # read by the Rust test; the clock of this one is another
            case "event_id" | "task_id" if expected == DERIVED_ID:
                assert outcome.event_id == getattr(outcome, key)
            case _:
                assert getattr(outcome, key) == expected
    if "ahead" in case["case"]:
        return  # the clock of this test is another
    assert len(outcome.warnings) == len(case.get("warnings", []))
    for sentence, part in zip(outcome.warnings, case.get("warnings", []), strict=True):
        assert part in sentence


def test_unknown_keys_and_data_that_is_not_an_object_are_kept(tmp_path: Path) -> None:
    event = read(tmp_path, b'{"type":"x","title":"t","host":"a","data":[1],"description":{"a":1}}')
    assert isinstance(event, Event)
    assert event.extra == {"host": "a", "data": [1]}
    assert event.data == {}
    assert event.description == '{"a":1}'
