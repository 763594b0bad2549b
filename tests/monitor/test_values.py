"""The values of metrics: sums, bounds of labels, buckets."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.monitor.metric import OTHER, Label, Metric
from cctelegram.monitor.values import Distribution, Metrics

COLOUR: Final = Label("colour", ("red", "green"))
COUNTER: Final = Metric("things_total", "counter", "", "Things", "here", (COLOUR,))
GAUGE: Final = Metric("level", "gauge", "", "Level", "here")
HISTOGRAM: Final = Metric("time_seconds", "histogram", "seconds", "Time", "here", (), (0.1, 1.0, 10.0))


@given(st.lists(st.tuples(st.sampled_from(["red", "green", "blue", "pink"]), st.integers(0, 1000))))
def test_a_counter_holds_the_sum_of_each_label_value_and_of_all_others_together(
    added: list[tuple[str, int]],
) -> None:
    metrics = Metrics()
    for colour, amount in added:
        metrics.add(COUNTER, amount, colour)
    for colour in COLOUR.values:
        expected = [amount for each, amount in added if each == colour]
        assert metrics.value(COUNTER, colour) == (sum(expected) if expected else None)
    assert {labels for _, labels, _ in metrics.of(COUNTER)} <= {("red",), ("green",), (OTHER,)}
    assert (metrics.total(COUNTER) or 0) == sum(amount for _, amount in added)


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_counts_each_observation_once_in_the_bucket_that_holds_it(values: list[float]) -> None:
    metrics = Metrics()
    for value in values:
        metrics.observe(HISTOGRAM, value)
    found = metrics.distribution(HISTOGRAM)
    if not values:
        assert found is None
        return
    assert found is not None
    assert found.count == len(values)
    assert found.sum == pytest.approx(sum(values))
    for index in range(len(HISTOGRAM.buckets) + 1):
        assert found.counts[index] == sum(bisect_left(HISTOGRAM.buckets, each) == index for each in values)


def test_a_value_on_the_bound_of_a_bucket_is_in_it() -> None:
    metrics = Metrics()
    metrics.observe(HISTOGRAM, 0.1)
    found = metrics.distribution(HISTOGRAM)
    assert found is not None
    assert found.counts == [1, 0, 0, 0]


def test_what_was_never_measured_is_unknown_and_not_zero() -> None:
    metrics = Metrics()
    assert metrics.value(GAUGE) is None
    assert metrics.total(COUNTER) is None
    metrics.set(GAUGE, 3)
    metrics.set(GAUGE, None)
    assert metrics.value(GAUGE) is None
    assert [sample.metric.name for sample in metrics] == []


def test_replacing_a_gauge_removes_the_label_values_that_are_gone() -> None:
    metrics = Metrics()
    metrics.replace(COUNTER, {("red",): 1, ("green",): 2})
    metrics.replace(COUNTER, {("green",): 3})
    assert [(labels, value) for _, labels, value in metrics.of(COUNTER)] == [(("green",), 3)]


def test_a_histogram_that_is_counted_elsewhere_replaces_the_counts() -> None:
    metrics = Metrics()
    metrics.merge(HISTOGRAM, [1, 2, 3, 4], 55.5)
    metrics.merge(HISTOGRAM, [2, 2, 3, 4], 56.5)
    found = metrics.distribution(HISTOGRAM)
    assert isinstance(found, Distribution)
    assert (found.counts, found.count, found.sum) == ([2, 2, 3, 4], 11, 56.5)


def test_a_missing_label_is_an_error_that_names_the_metric() -> None:
    with pytest.raises(ValueError, match="things_total"):
        Metrics().add(COUNTER)
