"""Measurements of the store (the queue, the decisions, its size) and of the HTTP pools."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from cctelegram.decisions import ledger
from cctelegram.monitor import catalogue
from cctelegram.runtime import clock
from cctelegram.store import deliveries

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.monitor.values import Metrics
    from cctelegram.pools.counters import Counters
    from cctelegram.store.database import Store

# The states that are counted even when no delivery is in them.
COUNTED: Final = ("queued", "held", "sending", "ambiguous", "dead")
# The longest wait for the store, in seconds.
PATIENCE: Final = 2.0


async def of_store(store: Store, metrics: Metrics) -> bool:
    """Measure the store; return whether it answered. When it does not, its values are unknown: removed."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await store.read(_read)
    except (TimeoutError, sqlite3.Error):
        found = {}
    now = clock.wall()
    queued: dict[int, tuple[int, int]] = found.get("queue", {})
    lanes = catalogue.LANE.values
    metrics.replace(
        catalogue.QUEUED,
        {(lane,): queued.get(number, (0, 0))[0] for number, lane in enumerate(lanes)} if found else {},
    )
    metrics.replace(
        catalogue.OLDEST_QUEUED,
        {(lanes[number],): max(0, now - oldest) / 1e6 for number, (_, oldest) in queued.items()},
    )
    states: dict[str, int] = found.get("deliveries", {})
    metrics.replace(
        catalogue.DELIVERIES,
        {(state,): states.get(state, 0) for state in catalogue.STATE.values} if found else {},
    )
    metrics.set(catalogue.OPEN, found.get("open"))
    oldest = found.get("oldest_open")
    metrics.set(catalogue.OLDEST_OPEN, None if oldest is None else max(0, now - oldest) / 1e6)
    metrics.set(catalogue.DEAD_LETTERS, states.get("dead", 0) if found else None)
    metrics.set(catalogue.DATABASE_BYTES, _bytes(store.path))
    metrics.set(catalogue.WAL_BYTES, _bytes(store.path.with_name(f"{store.path.name}-wal")))
    metrics.set(catalogue.TRANSACTIONS, store.commits)
    metrics.merge(catalogue.TRANSACTION_TIME, store.times.counts, store.times.sum)
    return bool(found)


def _bytes(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


def of_pool(name: str, counters: Counters, metrics: Metrics) -> None:
    """Set the totals of one pool."""
    metrics.set(catalogue.POOL_REQUESTS, counters.requests, name)
    metrics.set(catalogue.POOL_OPENED, counters.opened, name)
    metrics.set(catalogue.POOL_REUSED, counters.reused, name)
    metrics.set(catalogue.POOL_OPEN, counters.open, name)
    metrics.set(catalogue.POOL_WAITS, counters.waits, name)
    metrics.set(catalogue.POOL_WAITED, counters.wait_seconds, name)
    metrics.set(catalogue.POOL_ERRORS, sum(counters.errors.values()), name)
    metrics.set(catalogue.TLS, counters.tls_seconds, name)
    metrics.set(catalogue.HANDSHAKES, counters.tls_handshakes, name)


def _read(connection: sqlite3.Connection) -> dict[str, Any]:
    queue = deliveries.waiting_by_lane(connection)
    queued = sum(count for count, _ in queue.values())
    return {
        "queue": queue,
        "deliveries": {**deliveries.count_open(connection), "queued": queued},
        "open": ledger.counts(connection).get("open", 0),
        "oldest_open": ledger.oldest_open(connection),
    }
