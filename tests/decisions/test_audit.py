"""The chain of the audit log: whatever is done to its lines without the key is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.decisions import audit
from cctelegram.decisions.audit import Line

KEY = bytes(range(32))
COUNT = 6


def chain(key: bytes = KEY, count: int = COUNT, **content: Any) -> list[bytes]:
    lines, previous = [], audit.NONE
    for number in range(1, count + 1):
        line, previous = audit.seal(key, number, previous, {"decision": number, "text": "ü\n\"'", **content})
        lines.append(line.encode())
    return lines


def placed(lines: list[bytes]) -> list[Line]:
    return [Line(f"line {number}", line) for number, line in enumerate(lines, start=1)]


def test_a_whole_chain_is_read_back_in_order() -> None:
    entries, faults = audit.check(KEY, placed(chain()))
    assert faults == []
    assert [entry.number for entry in entries] == list(range(1, COUNT + 1))
    assert entries[0].content["text"] == "ü\n\"'"


def test_a_log_whose_oldest_files_were_removed_is_whole_from_there_on() -> None:
    entries, faults = audit.check(KEY, placed(chain()[3:]))
    assert (faults, entries[0].number) == ([], 4)


@given(st.integers(0, COUNT - 1), st.data())
def test_every_change_of_a_line_is_found(which: int, data: st.DataObject) -> None:
    lines = chain()
    line = bytearray(lines[which])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    lines[which] = bytes(line)
    _, faults = audit.check(KEY, placed(lines))
    assert faults == [f"line {which + 1}: this line was changed, or not made by this bridge"]


@given(st.permutations(range(COUNT)))
def test_every_other_order_is_found(order: list[int]) -> None:
    lines = chain()
    _, faults = audit.check(KEY, placed([lines[place] for place in order]))
    assert bool(faults) == (order != sorted(order))


@given(st.sets(st.integers(0, COUNT - 1), max_size=COUNT - 1))
def test_every_gap_is_found_but_one_at_an_end(gone: set[int]) -> None:
    lines = chain()
    kept = [place for place in range(COUNT) if place not in gone]
    _, faults = audit.check(KEY, placed([lines[place] for place in kept]))
    assert bool(faults) == (kept != list(range(kept[0], kept[-1] + 1)))


@pytest.mark.parametrize("line", [b"", b"{}", b'{"number":1}', b"not json", b'{"number":1,"mac":"x"}'])
def test_what_is_no_entry_is_said_to_be_none(line: bytes) -> None:
    _, faults = audit.check(KEY, placed([line]))
    assert len(faults) == 1


def test_a_chain_of_another_key_is_not_genuine() -> None:
    entries, faults = audit.check(KEY, placed(chain(bytes(32))))
    assert (entries, len(faults)) == ([], COUNT)
