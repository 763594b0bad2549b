"""The metrics of the store, driven by real transactions."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING

from cctelegram.daemon import measurements
from cctelegram.monitor import catalogue
from cctelegram.monitor.values import Metrics
from cctelegram.store import database, facts
from driven import drives
from owned import Store

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


@drives(catalogue.TRANSACTIONS, catalogue.TRANSACTION_TIME, catalogue.DATABASE_BYTES, catalogue.WAL_BYTES)
def test_transactions_are_counted_and_timed_and_the_files_measured(tmp_path: Path) -> None:
    file = tmp_path / "store.db"

    def slow(connection: sqlite3.Connection) -> None:
        facts.put(connection, "big", os.urandom(200_000))
        time.sleep(0.05)  # a transaction that takes this long

    async def work() -> None:
        store, metrics = Store(file), Metrics()
        try:
            assert await measurements.of_store(store, metrics)
            count, size = metrics.value(catalogue.TRANSACTIONS), metrics.value(catalogue.WAL_BYTES)
            await store.run(slow)
            assert await measurements.of_store(store, metrics)
            assert metrics.value(catalogue.TRANSACTIONS) == (count or 0) + 1
            times = metrics.distribution(catalogue.TRANSACTION_TIME)
            assert times is not None
            assert 0.05 <= times.sum < 10
            assert (metrics.value(catalogue.WAL_BYTES) or 0) >= (size or 0) + 200_000
            await store.run(lambda c: None)
            before = metrics.value(catalogue.DATABASE_BYTES) or 0
        finally:
            store.close()  # SQLite moves the log into the store
        assert file.stat().st_size >= before + 200_000
        store = Store(file)
        try:
            assert await measurements.of_store(store, metrics)
            assert metrics.value(catalogue.DATABASE_BYTES) == file.stat().st_size
        finally:
            store.close()

    asyncio.run(work())


def test_what_a_store_that_does_not_answer_would_say_is_unknown(tmp_path: Path) -> None:
    async def work() -> None:
        store, metrics = Store(tmp_path / "store.db"), Metrics()
        assert await measurements.of_store(store, metrics)
        assert metrics.value(catalogue.QUEUED, "alerts") == metrics.value(catalogue.OPEN) == 0
        ended = threading.Event()
        busy = [asyncio.create_task(store.read(lambda _: ended.wait())) for _ in range(database.READERS)]
        await asyncio.sleep(0)
        assert not await measurements.of_store(store, metrics)
        ended.set()
        await asyncio.gather(*busy)
        assert metrics.value(catalogue.QUEUED, "alerts") is None
        for metric in (catalogue.OPEN, catalogue.OLDEST_OPEN, catalogue.DEAD_LETTERS):
            assert metrics.value(metric) is None, metric
        assert await measurements.of_store(store, metrics)
        assert metrics.value(catalogue.OPEN) == 0
        store.close()

    asyncio.run(work())
