"""The log is read over rotations, half lines and removed files, as the bridge's own LogFile writes it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from cctelegram.cli.logs import newest
from cctelegram.client.log_files import Tail, lines, rotated
from cctelegram.client.log_lines import Choice, Entry, as_json, entry, text_of
from cctelegram.runtime import log_file
from cctelegram.runtime.event_ids import TOGETHER, log_stored
from cctelegram.runtime.log import open_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAY = log_file.DAY


class Clock:
    def __init__(self) -> None:
        self.now = 20_000 * DAY

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Tail]]:
    with contextlib.ExitStack() as stack:
        yield lambda directory: stack.enter_context(Tail(directory))


def chosen(directory: Path, choice: Choice, limit: int | None) -> list[Entry]:
    with Tail(directory) as tail:
        return newest(directory, tail, choice, limit)


def test_lines_of_full_files_come_in_the_order_in_which_they_were_written(
    tmp_path: Path, opened: Callable[[Path], Tail]
) -> None:
    clock = Clock()
    writer = log_file.LogFile(tmp_path, clock)
    for number in range(5):
        writer.msg(json.dumps({"event": "x.y", "n": number}))
        clock.now += DAY if number != 2 else 0
        if number == 2:  # a second file of the same second
            (tmp_path / log_file.NAME).rename(writer._free_name())
    tail = opened(tmp_path)
    found = [json.loads(line)["n"] for file in rotated(tmp_path) for line in lines(file)]
    assert found + [json.loads(line)["n"] for line in tail.read()] == [0, 1, 2, 3, 4]


def test_a_tail_follows_several_rotations_between_two_reads(
    tmp_path: Path, opened: Callable[[Path], Tail]
) -> None:
    clock = Clock()
    tail = opened(tmp_path / "logs")
    assert tail.read() == [], "there is no directory yet"
    writer = log_file.LogFile(tmp_path / "logs", clock)
    writer.msg("one")
    assert tail.read() == [b"one"]
    for text in ("two", "three", "four"):
        writer.msg(text)
        clock.now += DAY
    assert len(rotated(tmp_path / "logs")) == 2
    assert tail.read() == [b"two", b"three", b"four"]
    rotated(tmp_path / "logs")[0].unlink()
    writer.msg("five")
    assert tail.read() == [b"five"]
    assert tail.read() == []


def test_half_a_line_is_returned_when_it_is_whole(tmp_path: Path, opened: Callable[[Path], Tail]) -> None:
    file = tmp_path / log_file.NAME
    file.write_bytes(b'{"a":1}\n{"b"')
    tail = opened(tmp_path)
    assert tail.read() == [b'{"a":1}']
    with file.open("ab") as out:
        out.write(b":2}\n")
    assert tail.read() == [b'{"b":2}']


def test_what_is_no_line_of_the_log_is_passed_over(tmp_path: Path) -> None:
    for line in (b"", b"{", b"[1]", b"\xff", b'{"level":"info","event":"a.b"'):
        assert Choice().takes(line) is None
    (tmp_path / log_file.NAME).write_bytes(b'{"level":"info"{"level":"info","event":"a.b"}\n')
    assert chosen(tmp_path, Choice(), None) == []


def test_the_newest_lines_are_taken_over_several_files_without_doubles(tmp_path: Path) -> None:
    clock = Clock()
    writer = log_file.LogFile(tmp_path, clock)
    for number in range(10):
        writer.msg(json.dumps({"level": "info", "event": "x.y", "n": number}))
        clock.now += DAY if number % 3 == 2 else 0
    for limit in range(1, 12):
        found = [one.fields["n"] for one in chosen(tmp_path, Choice(), limit)]
        assert found == list(range(10))[-limit:]


def test_all_lines_of_an_event_or_a_trace_are_chosen_and_no_others(tmp_path: Path) -> None:
    log = open_log(tmp_path, lambda: "debug")
    ids = [f"e{number}" for number in range(512)]
    log_stored(log, ids, {"e7": "ab" * 16})
    log_stored(log, ["alone"], {"alone": "cd" * 16})
    log.info("delivery.sent", event_id="e7", trace="ab" * 16)
    log.info("delivery.sent", event_id="e70")
    log.info("delivery.digested", into=4, event_ids=["e500", "e7"])
    log.warning("delivery.failed", event_id="e8", reason="e7")

    def keys(named: str) -> list[str]:
        return [one.key for one in chosen(tmp_path, Choice(named=named), None)]

    assert keys("e7") == ["intake.stored", "delivery.sent", "delivery.digested"]
    assert keys("ab" * 16) == ["intake.stored", "delivery.sent"]
    assert keys("cd" * 16) == keys("alone") == ["intake.stored"]
    assert keys("e500") == ["intake.stored_also", "delivery.digested"]
    assert all(keys(one) for one in ids)
    assert keys("nothing") == []
    sizes = [len(line) for line in (tmp_path / log_file.NAME).read_bytes().splitlines()]
    assert len(sizes) == 512 // TOGETHER + 5
    assert max(sizes) < 100 * TOGETHER + 500


def test_a_level_and_a_time_choose_lines() -> None:
    line = b'{"level":"warning","event":"a.b","timestamp":"2026-11-28T03:31:00.5Z"}'
    at = 1_795_836_660_500_000
    assert Choice("warning", None, at).takes(line) is not None
    assert Choice("error", None, at).takes(line) is None
    assert Choice("debug", None, at + 1).takes(line) is None


def test_a_token_is_masked_and_hidden_characters_are_shown() -> None:
    token = "123456789:" + "A" * 35
    line = json.dumps(
        {
            "level": "error",
            "event": "a.b",
            "reason": f"\x1b[2J\u202e{token}\n",
            token: [token],
            "exception": token,
        }
    )
    found = entry(line.encode())
    assert found is not None
    shown = text_of(found.fields)
    assert token not in shown + json.dumps(as_json(found)) + found.traceback
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\n" not in shown


def test_a_tail_goes_on_after_a_moment_without_a_file_and_over_one_that_was_removed(
    tmp_path: Path, opened: Callable[[Path], Tail]
) -> None:
    current, full = tmp_path / log_file.NAME, tmp_path / "bridge-20260102T000000Z.jsonl"
    current.write_bytes(b"1\n")
    tail = opened(tmp_path)
    assert tail.read() == [b"1"]
    current.rename(full)
    assert tail.read() == [], "the next file is not opened yet"
    assert tail.has_read(full)
    full.unlink()
    assert not tail.has_read(full)
    (tmp_path / "bridge-20260101T000000Z.jsonl").symlink_to(tmp_path / "gone")
    current.write_bytes(b"2\n")
    assert tail.read() == [b"2"]
