"""The history: what was recorded is read again, what was not is a gap, and quantiles are exact."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.monitor import catalogue
from cctelegram.monitor.history import SPANS, History, Ring, quantile
from cctelegram.monitor.series import SERIES
from cctelegram.monitor.values import Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

START = 1_800_000_000.0
FIGURES = st.floats(0, 1e12)
# Seconds between two records: within a step, the next step, a bridge that was down, longer than an hour.
GAPS = st.one_of(st.floats(0, 30), st.floats(30, 4000))
RECORDS = st.lists(st.tuples(GAPS, st.none() | FIGURES), max_size=80)


def read(history: History, span: str, name: str, now: float) -> dict[int, float]:
    """Return the known values by the beginning of their step."""
    found = history.read(span, [name], now)
    return {at: value for at, value in zip(found.times, found.values[name], strict=True) if value is not None}


def kept(value: float | None) -> float | None:
    """Return a value as the ring keeps it: with the precision of 32 bits."""
    return None if value is None else array("f", [value])[0]


@given(RECORDS, st.floats(0, 5000))
def test_a_ring_holds_the_last_value_of_each_step_within_its_span(
    records: list[tuple[float, float | None]], later: float
) -> None:
    ring = Ring(10, 360, ["a"])
    model: dict[int, float | None] = {}
    at = START
    for gap, value in records:
        at += gap
        ring.put(at, {"a": value})
        model[int(at // 10) * 10] = value
    now = at + later
    last = int(now // 10) * 10
    found = ring.read(["a"], now)
    assert found.times == list(range(last - 3590, last + 10, 10))
    assert found.values["a"] == [kept(model.get(time)) for time in found.times]


@given(RECORDS, st.integers(0, 100))
def test_what_is_saved_is_read_again_whenever_the_bridge_starts(
    records: list[tuple[float, float | None]], later: int
) -> None:
    history, metrics, at = History(), Metrics(), START
    for gap, value in records:
        at += gap
        metrics.set(catalogue.RESIDENT, value)
        history.record(metrics, at, at)
    again = History()
    again.unpack(history.pack())
    now = at + later * 60
    for span in SPANS:
        assert again.read(span, [], now) == history.read(span, [], now)


@given(st.lists(FIGURES, min_size=1, max_size=60), st.floats(0, 10))
def test_a_coarse_step_holds_the_mean_of_its_readings(figures: list[float], offset: float) -> None:
    history, metrics = History(), Metrics()
    at = START - START % 300 + offset / 10
    steps: dict[int, list[float]] = {}
    for number, figure in enumerate(figures):
        now = at + number * 10
        metrics.set(catalogue.RESIDENT, figure)
        history.record(metrics, now, now)
        steps.setdefault(int(now // 300) * 300, []).append(figure)
    found = read(history, "24h", "memory", at + 10 * len(figures))
    assert found.keys() == steps.keys()
    for step, values in steps.items():
        assert found[step] == pytest.approx(sum(values) / len(values))


@given(st.lists(FIGURES, min_size=1, max_size=200))
def test_a_quantile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float]) -> None:
    ordered = sorted(values)
    for percent in (1, 7, 50, 95, 99, 100):
        found = quantile(ordered, percent / 100)
        assert found is not None
        assert sum(value <= found for value in values) * 100 >= percent * len(values)
        assert sum(value < found for value in values) * 100 < percent * len(values)


def test_the_quantile_of_nothing_is_unknown() -> None:
    assert quantile([], 0.5) is None


@given(st.lists(st.lists(st.floats(0, 600), max_size=40), min_size=1, max_size=8))
def test_the_latency_of_each_step_is_exact(steps: list[list[float]]) -> None:
    history, metrics = History(), Metrics()
    history.record(metrics, START, 0.0)
    for number, observed in enumerate(steps):
        for value in observed:
            history.observe(catalogue.DELIVERED, value)
        history.record(metrics, START + (number + 1) * 10, (number + 1) * 10.0)
    for share in (50, 95, 99):
        found = history.read("1h", [f"latency_p{share}"], START + len(steps) * 10)
        last = found.values[f"latency_p{share}"][-len(steps) - 1 : -1]
        assert last == [kept(quantile(sorted(observed), share / 100)) for observed in steps]
        together = sorted(value for observed in steps for value in observed)
        assert list(read(history, "24h", f"latency_p{share}", START + 100).values()) == (
            [kept(quantile(together, share / 100))] if together else []
        )


def test_a_bridge_that_was_down_leaves_a_gap_and_not_a_zero() -> None:
    history, metrics = History(), Metrics()
    metrics.set(catalogue.RESIDENT, 40e6)
    history.record(metrics, START, 0.0)
    again = History()
    again.unpack(history.pack())
    again.record(metrics, START + 600, 5.0)
    found = again.read("1h", ["memory"], START + 600)
    assert found.values["memory"][-61:] == [40e6, *[None] * 59, 40e6]


def test_a_rate_is_what_a_counter_grew_by_in_a_second() -> None:
    history, metrics = History(), Metrics()
    rates: list[float | None] = []
    for number, counted in enumerate((0, 40, 40, 0, 20)):
        # The wall clock is set back by an hour on the way; the rate does not care.
        if counted:
            metrics.add(catalogue.SENT, counted, "alerts")
        rates.append(
            history.record(metrics, START + number * 10 - 3600 * (number > 2), number * 10.0)["sent"]
        )
    assert rates == [None, 4.0, 4.0, 0.0, 2.0]
    metrics.set(catalogue.SENT, 1, "alerts")
    assert history.record(metrics, START + 60, 60.0)["sent"] is None, "it was counted anew"


def test_a_result_that_never_came_is_a_zero_where_other_results_were_counted() -> None:
    history, metrics = History(), Metrics()
    history.record(metrics, START, 0.0)
    metrics.add(catalogue.REQUESTS, 20, "sendMessage", "ok")
    found = history.record(metrics, START + 10, 10.0)
    assert (found["requests"], found["no_answer"], found["faults"]) == (2.0, 0.0, 0.0)


def test_a_figure_that_nobody_measured_is_unknown() -> None:
    history = History()
    history.record(Metrics(), START, 0.0)
    history.record(Metrics(), START + 10, 10.0)
    found = history.read("1h", [], START + 10)
    assert set(found.values) == {series.name for series in SERIES}
    assert all(value is None for values in found.values.values() for value in values)


def test_a_clock_that_is_set_back_shows_nothing_of_the_future() -> None:
    history, metrics = History(), Metrics()
    metrics.set(catalogue.RESIDENT, 1.0)
    history.record(metrics, START, 0.0)
    metrics.set(catalogue.RESIDENT, 2.0)
    history.record(metrics, START - 7200, 10.0)
    assert list(read(history, "1h", "memory", START - 7200).values()) == [2.0]


@pytest.mark.parametrize(
    ("span", "names", "said"),
    [
        ("7d", [], "there is no span '7d'; there are: 1h, 24h"),
        ("1h", ["memory", "speed"], "there is no series 'speed'; there are: queued_decisions"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(span: str, names: Sequence[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        History().read(span, names, START)


@given(st.binary(max_size=200))
def test_a_damaged_file_is_refused_and_changes_nothing(content: bytes) -> None:
    history, metrics = History(), Metrics()
    metrics.set(catalogue.RESIDENT, 40e6)
    history.record(metrics, START, 0.0)
    whole = history.pack()
    before = history.read("1h", ["memory"], START)
    for damaged in (content, whole[: len(content)], whole[:-1]):
        with pytest.raises(ValueError, match=r".*"):
            history.unpack(damaged)
    assert history.read("1h", ["memory"], START) == before


def test_the_history_has_a_fixed_size() -> None:
    history, metrics = History(), Metrics()
    size = len(history.pack())
    for number in range(400):
        metrics.set(catalogue.RESIDENT, math.pi * number)
        history.record(metrics, START + number * 10, number * 10.0)
    assert abs(len(history.pack()) - size) < 100
    assert size < 200_000
