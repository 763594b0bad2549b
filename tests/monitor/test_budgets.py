"""The use of budgets over the last five minutes; what was not observed is unknown."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cctelegram.config.load import load
from cctelegram.monitor import budgets, catalogue
from cctelegram.monitor.budgets import BUDGETS
from cctelegram.monitor.quantile import quantile
from cctelegram.monitor.values import Metrics
from cctelegram.monitor.window import WINDOW, Windows
from driven import drives

START: Final = 1_800_000_000.0
LIMITS: Final = load("/nowhere", {}, {}).settings.budgets


@drives(catalogue.BUDGET)
def test_the_use_of_each_budget_is_what_was_measured() -> None:
    metrics = Metrics()
    windows = Windows(metrics)
    budgets.measure(windows, LIMITS, START)
    assert metrics.of(catalogue.BUDGET) == [], "nothing was measured"
    assert {name: each["value"] for name, each in budgets.report(windows, LIMITS, START).items()} == (
        dict.fromkeys(catalogue.BUDGET.labels[0].values)
    )
    metrics.set(catalogue.RESIDENT, 25_000_000)
    metrics.set(catalogue.SCRAPE, 0.02)
    for _ in range(100):
        metrics.observe(catalogue.STORE_EVENTS, 0.05)
        metrics.observe(catalogue.DELIVERED, 10, "alerts")
        metrics.observe(catalogue.HTTP_TIME, 0.001, "health")
        metrics.observe(catalogue.HTTP_TIME, 60, "events")  # of another route
    budgets.measure(windows, LIMITS, START + 10)
    assert metrics.value(catalogue.BUDGET, "memory_mb") == 0.5
    assert metrics.value(catalogue.BUDGET, "monitoring_ms") == pytest.approx(0.2)
    # A quantile is exact to its bucket: 25 to 50 ms, 5 to 10 s, up to 1 ms.
    assert 0.25 < (metrics.value(catalogue.BUDGET, "file_ms") or 0) <= 0.5
    assert 1 < (metrics.value(catalogue.BUDGET, "delivery_s") or 0) <= 2
    assert 0 < (metrics.value(catalogue.BUDGET, "health_s") or 0) <= 0.0005
    found = budgets.report(windows, LIMITS, START + 10)["memory_mb"]
    assert (found["value"], found["limit"], found["unit"], found["ratio"]) == (25, 50, "MB", 0.5)


def test_what_is_older_than_the_window_does_not_count_and_nothing_since_is_unknown() -> None:
    metrics = Metrics()
    windows = Windows(metrics)
    assert windows.quantile(catalogue.DELIVERED, 0.95, START) is None
    metrics.observe(catalogue.DELIVERED, 20, "alerts")
    assert windows.quantile(catalogue.DELIVERED, 0.95, START + 10) is not None
    for number in range(2, 40):
        windows.quantile(catalogue.DELIVERED, 0.95, START + number * 10)
    assert windows.quantile(catalogue.DELIVERED, 0.95, START + 400) is None
    budgets.measure(windows, LIMITS, START + 400)
    assert metrics.value(catalogue.BUDGET, "delivery_s") is None


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(0, 5), st.sampled_from([0.001, 0.5, 7.0, 900.0])),
        min_size=1,
        max_size=60,
    )
)
def test_the_window_holds_what_was_observed_since_it_began(taken: list[tuple[int, int, float]]) -> None:
    """The window begins at an evaluation, at most five minutes and one step before the last five minutes."""
    metrics = Metrics()
    windows = Windows(metrics)
    now = START
    windows.counts(catalogue.DELIVERED, now)
    at: list[float] = []
    for seconds, many, value in taken:
        now += seconds
        for _ in range(many):
            metrics.observe(catalogue.DELIVERED, value, "alerts")
            at.append(now)
        counted = sum(windows.counts(catalogue.DELIVERED, now))
        assert counted >= sum(each > now - WINDOW for each in at)
        assert counted <= sum(each > now - WINDOW - 66 for each in at)


def test_a_clock_that_was_set_back_and_a_total_that_begins_again_count_nothing_twice() -> None:
    metrics = Metrics()
    windows = Windows(metrics)
    metrics.set(catalogue.DEAD, 5, "refused")
    windows.increase(catalogue.DEAD, START)
    metrics.set(catalogue.DEAD, 12, "refused")
    assert windows.increase(catalogue.DEAD, START + 10) == 7
    metrics.set(catalogue.DEAD, 2, "refused")
    assert windows.increase(catalogue.DEAD, START + 20) == 2
    assert windows.increase(catalogue.DEAD, START - 7200) == 0


@given(st.lists(st.floats(0.0005, 290), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
@example([1.0] * 3 + [0.001953125] * 3, 0.5)  # at the bound of a bucket
def test_an_estimated_quantile_is_in_the_bucket_of_the_exact_one(values: list[float], share: float) -> None:
    metrics = Metrics()
    for value in values:
        metrics.observe(catalogue.DELIVERED, value, "alerts")
    found = metrics.distribution(catalogue.DELIVERED, "alerts")
    assert found is not None
    bounds = catalogue.DELIVERED.buckets
    estimate = quantile(bounds, found.counts, share)
    assert estimate is not None
    rank = max(1, -(-share * len(values) // 1))
    exact = sorted(values)[int(rank) - 1]
    upper = next(bound for bound in bounds if bound >= exact)
    lower = max((bound for bound in bounds if bound < exact), default=0.0)
    assert lower <= estimate <= upper


def test_each_budget_is_a_setting() -> None:
    for budget in BUDGETS:
        assert budget.limit(LIMITS) > 0


def test_r44_a_histogram_without_an_observation_has_no_quantile() -> None:
    assert quantile((0.1, 1.0), (0, 0, 0), 0.95) is None
    assert quantile((0.1, 1.0), (0, 0, 1), 0.95) == 1.0, "above the highest bound it is that bound"
