"""The chain of the audit log: every change of its lines is detected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.decisions import audit
from cctelegram.decisions.audit import Line

COUNT = 6


def chain(count: int = COUNT, **content: Any) -> list[bytes]:
    lines, previous = [], audit.NO_PREVIOUS
    for number in range(1, count + 1):
        line, previous = audit.line_of(number, previous, {"decision": number, "text": "ü\n\"'", **content})
        lines.append(line.encode())
    return lines


def placed(lines: list[bytes]) -> list[Line]:
    return [Line(f"line {number}", line) for number, line in enumerate(lines, start=1)]


def test_a_complete_chain_is_read_back_in_order() -> None:
    entries, faults = audit.check(placed(chain()))
    assert faults == []
    assert [entry.number for entry in entries] == list(range(1, COUNT + 1))
    assert entries[0].content["text"] == "ü\n\"'"


def test_a_log_without_its_oldest_files_is_valid_from_the_first_remaining_one() -> None:
    entries, faults = audit.check(placed(chain()[3:]))
    assert (faults, entries[0].number) == ([], 4)


@given(st.integers(0, COUNT - 1), st.data())
def test_every_change_of_a_line_is_found(which: int, data: st.DataObject) -> None:
    lines = chain()
    last = audit.check(placed(lines))[0][-1]
    line = bytearray(lines[which])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    lines[which] = bytes(line)
    entries, faults = audit.check(placed(lines))
    assert faults or not any(audit.is_head(entry, last.number, last.digest) for entry in entries)


@given(st.permutations(range(COUNT)))
def test_every_other_order_is_found(order: list[int]) -> None:
    lines = chain()
    _, faults = audit.check(placed([lines[place] for place in order]))
    assert bool(faults) == (order != sorted(order))


@given(st.sets(st.integers(0, COUNT - 1), max_size=COUNT - 1))
def test_every_gap_is_found_except_at_either_end(gone: set[int]) -> None:
    lines = chain()
    kept = [place for place in range(COUNT) if place not in gone]
    _, faults = audit.check(placed([lines[place] for place in kept]))
    assert bool(faults) == (kept != list(range(kept[0], kept[-1] + 1)))


@pytest.mark.parametrize("line", [b"", b"{}", b'{"number":1}', b"not json", b'{"number":1,"mac":"x"}'])
def test_a_line_that_is_not_an_entry_is_reported(line: bytes) -> None:
    _, faults = audit.check(placed([line]))
    assert len(faults) == 1


def test_entries_of_earlier_versions_are_read_in_order_and_followed_by_new_ones() -> None:
    old = [
        b'{"number":1,"previous":"00","decision":1,"mac":"aa"}',
        b'{"number":2,"previous":"aa","decision":2,"mac":"bb"}',
    ]
    line, digest = audit.line_of(3, "bb", {"decision": 3})
    lines = [*old, line.encode(), audit.line_of(4, digest, {"decision": 4})[0].encode()]
    entries, faults = audit.check(placed(lines))
    assert (len(entries), faults) == (4, [])
    assert audit.is_head(audit.check(placed(old))[0][-1], 2, "bb")
    assert len(audit.check(placed([lines[0], *lines[2:]]))[1]) == 1
