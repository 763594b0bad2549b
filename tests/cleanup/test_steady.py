"""Ages are measured by a clock that does not jump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from cctelegram.cleanup import journal, steady
from cctelegram.cleanup.steady import DAY, SECOND, TOLERANCE, Reading, Steady, following

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600 * SECOND
START = 1_800_000_000 * SECOND


def at(wall: int, up: int, boot: str = "one") -> Reading:
    return Reading(wall=START + wall, up=up, boot=boot)


def told(*readings: Reading) -> list[int]:
    """Return the time after each reading, from the first wall clock on."""
    state: Steady | None = None
    found = []
    for reading in readings:
        state = following(state, reading)
        found.append(state.now - START)
    return found


def test_without_jumps_the_steady_clock_is_the_wall_clock() -> None:
    assert told(at(0, 0), at(HOUR, HOUR), at(30 * DAY, 30 * DAY)) == [0, HOUR, 30 * DAY]


def test_suspended_time_counts() -> None:
    assert told(at(0, 0), at(60 * DAY, 60 * DAY)) == [0, 60 * DAY]


def test_a_jump_forward_counts_only_after_it_has_held_for_a_day() -> None:
    year = 365 * DAY
    times = told(
        at(0, 0),
        at(year, HOUR),
        at(year + 12 * HOUR, 13 * HOUR),
        at(year + 24 * HOUR, 25 * HOUR),
    )
    assert times == [0, HOUR, 13 * HOUR, year + 24 * HOUR]


def test_a_reverted_jump_forward_has_no_effect() -> None:
    assert told(at(0, 0), at(365 * DAY, HOUR), at(2 * HOUR, 2 * HOUR)) == [0, HOUR, 2 * HOUR]


def test_a_jump_back_counts_at_once() -> None:
    assert told(at(0, 0), at(-365 * DAY, HOUR)) == [0, -365 * DAY]


def test_across_a_restart_a_day_counts_at_once_and_a_month_after_a_day() -> None:
    assert told(at(0, 5 * HOUR), at(12 * HOUR, 0, "two")) == [0, 12 * HOUR]
    times = told(at(0, 5 * HOUR), at(30 * DAY, 0, "two"), at(31 * DAY, DAY, "two"))
    assert times == [0, DAY, 31 * DAY]


@given(st.lists(st.tuples(st.integers(0, 40 * DAY), st.integers(-400 * DAY, 400 * DAY), st.booleans())))
def test_the_steady_clock_is_never_ahead_of_the_wall_clock_or_the_time_that_certainly_passed(
    steps: list[tuple[int, int, bool]],
) -> None:
    state = following(None, at(0, 0))
    real = offset = boots = up = 0
    for passed, jump, restart in steps:
        real, offset = real + passed, offset + jump
        boots, up = (boots + 1, 0) if restart else (boots, up + passed)
        before, state = state, following(state, at(real + offset, up, str(boots)))
        assert state.now <= max(state.last.wall, before.now + passed) + TOLERANCE
        assert state.now <= before.now + max(passed, DAY) + TOLERANCE or state.now == state.last.wall


def test_clock_readings_can_be_stored_and_read_back(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    first = journal.clock(str(tmp_path))
    journal.note_clock(str(tmp_path), first)
    second = journal.clock(str(tmp_path))
    assert first.now <= second.now < first.now + 3600 * SECOND
    assert second.behind == 0
    (tmp_path / "state" / journal.CLOCK).write_text("{half")
    assert journal.clock(str(tmp_path)).now >= first.now
    assert steady.read().up > 0
