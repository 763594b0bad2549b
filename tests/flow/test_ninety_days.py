"""A home does not grow: ninety days of traffic in a few seconds."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest

from flow.ninety_days import Simulation

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 90
# By then what is kept for 30 days is there once, and what is older has begun to go.
STEADY = 35


@pytest.mark.slow
def test_r45_after_ninety_days_the_home_is_as_large_as_after_thirty_five_and_nothing_undelivered_is_removed(
    tmp_path: Path,
) -> None:
    simulation = Simulation(tmp_path / "home", events=60)
    sizes = [simulation.day() for _ in range(DAYS)]
    held = simulation.store.submit(
        lambda c: c.execute("SELECT count(*) FROM deliveries WHERE state = 'held'").fetchone()
    ).result()
    simulation.store.close()
    for name in ("home", "store"):
        series = [getattr(each, name) for each in sizes]
        assert series[0] < series[STEADY] / 3, "it fills up first"
        early, late = series[STEADY : STEADY + 10], series[-10:]
        assert statistics.mean(late) <= statistics.mean(early) * 1.05, name
        assert max(series[STEADY:]) <= statistics.mean(early) * 1.15, name
    assert max(each.log for each in sizes) <= 5 << 20
    assert held == (5,)
    assert len(list((simulation.home / "events").iterdir())) <= 1
