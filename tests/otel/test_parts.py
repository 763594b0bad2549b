"""The parts of the exporter by themselves: how far the log is read, the checkpoint, the headers."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from cctelegram.otel import log_lines
from cctelegram.otel.checkpoint import Checkpoint, Mark
from cctelegram.otel.post import headers_of
from cctelegram.otel.spans import context

if TYPE_CHECKING:
    from pathlib import Path


def read_all(directory: Path, mark: Mark | None) -> tuple[list[bytes], Mark | None]:
    found: list[bytes] = []
    while (lines := log_lines.read(directory, mark)) is not None:
        found += lines.lines
        mark = lines.mark
        if not lines.more:
            break
    return found, mark


def test_each_line_of_the_log_is_read_once_through_rotations_and_removals(tmp_path: Path) -> None:
    current = tmp_path / "bridge.jsonl"
    assert log_lines.read(tmp_path, None) is None
    current.write_bytes(b'{"a":1}\n{"a":2}\n{"unfinis')
    found, mark = read_all(tmp_path, None)
    assert found == [b'{"a":1}', b'{"a":2}']
    with current.open("ab") as opened:
        opened.write(b'hed":3}\n')
    current.rename(tmp_path / "bridge-20260101T000000Z.jsonl")
    (tmp_path / "bridge-20260102T000000Z.jsonl").write_bytes(b'{"b":1}\n')
    current.write_bytes(b'{"c":1}\n')
    found, mark = read_all(tmp_path, mark)
    assert found == [b'{"unfinished":3}', b'{"b":1}', b'{"c":1}']
    assert read_all(tmp_path, mark) == ([], mark)
    current.unlink()
    (tmp_path / "bridge-20260101T000000Z.jsonl").unlink()
    (tmp_path / "bridge-20260102T000000Z.jsonl").unlink()
    current.write_bytes(b'{"d":1}\n')
    assert read_all(tmp_path, mark)[0] == [b'{"d":1}']


def test_a_line_that_is_too_long_is_skipped(tmp_path: Path) -> None:
    lines = [b'{"a":1}', b"x" * (log_lines.BYTES + 9), b'{"a":2}']
    (tmp_path / "bridge.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    found, _ = read_all(tmp_path, None)
    assert (found[0], found[-1]) == (lines[0], lines[2])


def test_lines_that_are_no_entries_or_older_are_left_out() -> None:
    lines = [
        b'{"event":"old","timestamp":"2026-01-01T00:00:00.000001Z"}',
        b'{"event":"new","timestamp":"2026-01-01T00:00:00.000002Z"}',
        b"[1]",
        b"half",
        b'{"event":"when","timestamp":"?"}',
    ]
    (entry,) = log_lines.entries(lines, 1_767_225_600_000_002)
    assert (entry.fields["event"], entry.at) == ("new", 1_767_225_600_000_002)


def test_the_checkpoint_survives_and_has_one_user(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path)
    first.move({"events": Mark(7, b"key")}, [5, 6, 7])
    first.done([6])
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Checkpoint(tmp_path, patience=0.01)
    first.close()
    second = Checkpoint(tmp_path)
    assert second.mark("events") == Mark(7, b"key")
    assert (second.pending(0, 10), second.pending(5, 10), second.count()) == ([5, 7], [7], 2)
    assert (tmp_path / "otel.db").stat().st_mode & 0o777 == 0o600
    second.close()


def test_headers_are_pairs_and_a_wrong_one_is_named_but_not_shown() -> None:
    assert headers_of(" a = b%20c , d=e=f,") == {"a": "b c", "d": "e=f"}
    assert headers_of("") == {}
    with pytest.raises(ValueError, match="part 2 is not name=value") as raised:
        headers_of("a=b,hidden")
    assert "hidden" not in str(raised.value)


def test_the_ids_of_an_event_are_always_the_same_and_those_of_two_events_differ() -> None:
    one, other = context(b"1" * 16, None), context(b"2" * 16, None)
    assert one == context(b"1" * 16, None)
    assert len({one.trace_id, other.trace_id}) == len({one.span_id, other.span_id}) == 2
    assert not context(b"1" * 16, f"00-{'1' * 32}-{'2' * 16}-00").sampled
