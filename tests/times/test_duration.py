"""One grammar for lengths of time; what is written for a person can be read again."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config.retention import AGE
from cctelegram.times.duration import UNITS, exact, rough, seconds

# What settings, the command line, the chat and the tools accepted while each had a grammar of its own.
ACCEPTED = [
    *(("30s", 30), ("90m", 5400), ("24h", 86_400), ("14d", 1_209_600), (" 1 4 d ", 1_209_600), ("0s", 0)),
    *(("90", 90), ("1.5h", 5400), ("0.2s", 0.2), ("10 min", 600), ("2H", 7200), ("\t1 d\n", 86_400)),
    *(("90s", 90), ("12h", 43_200), ("2d", 172_800), ("٣h", 10_800), ("0001m", 60)),
    *(("10", 10), ("0.5", 0.5), ("1e3", 1000), (".5", 0.5), ("+5", 5), ("1_000", 1000)),
]
REFUSED = [
    *("", " ", "soon", "h", "dh", "-1", "-5m", "nan", "inf", "infd", "1e999", "9" * 400, "1w", "1h30m"),
    *("0x10", "5 days"),
]


@pytest.mark.parametrize(("text", "length"), ACCEPTED, ids=repr)
def test_what_any_grammar_accepted_has_the_same_value(text: str, length: float) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:8]))
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="a time such as 90s, 10m, 2h or 1d is wanted"):
        seconds(text)


@given(st.text(max_size=12))
def test_any_text_is_a_length_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert 0 <= seconds(text) < float("inf")


@given(st.integers(0, 10**9), st.sampled_from(list(UNITS)), st.booleans())
def test_a_number_and_a_unit_is_the_product(count: int, unit: str, upper: bool) -> None:
    assert seconds(f"{count}{unit.upper() if upper else unit}") == count * UNITS[unit]


@given(st.floats(0, 10**10))
def test_what_is_written_can_be_read_again(length: float) -> None:
    shown = rough(length)
    read = seconds(shown)
    assert read <= length < read * 1.5 + 1
    assert rough(read) == shown


def test_an_age_is_shown_in_the_largest_unit_of_which_there_are_two() -> None:
    lengths = (-0.5, 0, 119.9, 120, 7199, 7200, 172_799, 172_800)
    shown = ["0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 d"]
    assert [rough(length) for length in lengths] == shown


@given(st.integers(1, 10**9))
def test_the_exact_length_is_lower_by_less_than_its_last_unit(length: int) -> None:
    words = exact(length).split()
    read = sum(int(count) * UNITS[unit] for count, unit in zip(words[::2], words[1::2], strict=True))
    assert read <= length < read + (60 if length >= 3600 else 1)


@pytest.mark.parametrize(
    ("length", "shown"),
    [(5, "5 s"), (65, "1 min 5 s"), (3600, "1 h"), (3605, "1 h 5 s"), (9005, "2 h 30 min")],
)
def test_the_exact_length_has_two_units_at_most(length: int, shown: str) -> None:
    assert exact(length) == shown


@pytest.mark.parametrize("text", ["30s", "90m", "24h", "14d", "1.5 h", "10 min", "3650d", ""])
def test_a_setting_keeps_the_text_of_its_length(text: str) -> None:
    assert AGE.check(text) == text


@pytest.mark.parametrize("text", ["30", "6M", "3651d", "soon", " ", 30])
def test_a_length_that_removes_files_names_its_unit_and_has_an_end(text: object) -> None:
    with pytest.raises(ValueError):
        AGE.check(text)
