"""The metrics of cleanup, driven by rounds over real files."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from cctelegram.cleanup.cleaning import Cleaning
from cctelegram.monitor import catalogue
from cleanup.homes import make
from contexts import context
from driven import drives
from owned import Store

if TYPE_CHECKING:
    from pathlib import Path


@drives(
    catalogue.ROUNDS,
    catalogue.SCANNED,
    catalogue.REMOVED,
    catalogue.FREED,
    catalogue.CLEANUP_ERRORS,
    catalogue.CLEANUP_TIME,
    catalogue.CLEANUP_AT,
    catalogue.CLEANUP_PROBLEMS,
)
def test_rounds_are_counted_with_what_they_removed_and_could_not(tmp_path: Path) -> None:
    make(tmp_path, '[cleanup.rejected]\nage = "0s"\nkeep = 0\n')
    rejected = tmp_path / "rejected"

    async def work() -> None:
        store = Store(tmp_path / "state" / "store.db")
        try:
            given = context(tmp_path, store)
            cleaning, metrics = Cleaning(given), given.metrics
            cleaning.measure(metrics)
            assert metrics.value(catalogue.ROUNDS) == 0
            assert metrics.value(catalogue.CLEANUP_AT) is None, "no round yet"
            for number in range(5):
                (rejected / f"{number}.json").write_bytes(b"x" * 100)
            await cleaning.clean(["rejected"])
            cleaning.measure(metrics)
            assert metrics.value(catalogue.ROUNDS) == 1
            assert metrics.value(catalogue.SCANNED) == metrics.value(catalogue.REMOVED) == 5
            assert metrics.value(catalogue.FREED) == 500
            assert metrics.value(catalogue.CLEANUP_ERRORS) == metrics.value(catalogue.CLEANUP_PROBLEMS) == 0
            assert metrics.value(catalogue.CLEANUP_AT) == pytest.approx(time.time(), abs=30)
            times = metrics.distribution(catalogue.CLEANUP_TIME)
            assert times is not None
            assert times.count == 1
            assert 0 < times.sum < 10
            rejected.rmdir()
            rejected.write_text("a file stands there")
            await cleaning.clean(["rejected"])
            cleaning.measure(metrics)
            assert metrics.value(catalogue.CLEANUP_ERRORS) == metrics.value(catalogue.CLEANUP_PROBLEMS) == 1
            assert (metrics.value(catalogue.ROUNDS), times.count) == (2, 2)
        finally:
            store.close()

    asyncio.run(work())
