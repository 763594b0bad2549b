"""The metrics of the settings, driven by edits of their files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cctelegram.config.live import Live
from cctelegram.daemon.settings_watch import SettingsWatch
from cctelegram.monitor import catalogue
from cctelegram.runtime.context import Context
from contexts import context
from driven import drives
from owned import Store

if TYPE_CHECKING:
    from pathlib import Path


@drives(
    catalogue.CACHE_HITS,
    catalogue.CACHE_MISSES,
    catalogue.RELOADS,
    catalogue.REFUSED,
    catalogue.INVALID,
    catalogue.SETTINGS_AGE,
)
def test_reads_reloads_and_refusals_are_counted(tmp_path: Path) -> None:
    config, now = tmp_path / "config.toml", [0.0]
    config.write_text("")
    store = Store(tmp_path / "state" / "store.db")
    try:
        made = context(tmp_path, store)
        live = Live(str(tmp_path), {}, {}, clock=lambda: now[0])
        given = Context(tmp_path, store, live, made.log, made.signals, made.supervisor)
        watch, metrics = SettingsWatch(given, asyncio.Event()), given.metrics
        for _ in range(3):
            assert live.current is live.loaded.settings
        watch.measure(metrics)
        assert (metrics.value(catalogue.CACHE_HITS), metrics.value(catalogue.CACHE_MISSES)) == (3, 0)
        config.write_text('[log]\nlevel = "debug"\n')
        assert live.reload()
        config.write_text('[log]\nlevel = "loud"\n')
        assert not live.reload()
        now[0] += 7.5
        watch.measure(metrics)
        assert (metrics.value(catalogue.RELOADS), metrics.value(catalogue.REFUSED)) == (1, 1)
        assert metrics.value(catalogue.INVALID) == 1
        assert metrics.value(catalogue.SETTINGS_AGE) == 7.5
        config.write_text("")
        assert live.reload()
        watch.measure(metrics)
        assert metrics.value(catalogue.INVALID) == 0
        assert metrics.value(catalogue.RELOADS) == 2
        asyncio.run(stale_read(live))
        watch.measure(metrics)
        assert metrics.value(catalogue.CACHE_MISSES) == 1
    finally:
        store.close()


async def stale_read(live: Live) -> None:
    """Read once while the snapshot is older than its time to live."""
    live._fresh = False  # what the watch sets once the time has passed
    assert live.current
