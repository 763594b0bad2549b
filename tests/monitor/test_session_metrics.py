"""The counts of MCP sessions: added up by the bridge, each once, and kept when sessions and bridges end."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram._native import FileLock
from cctelegram.daemon import sessions
from cctelegram.daemon.sessions import Sessions
from cctelegram.monitor import catalogue
from cctelegram.monitor.buckets import CALL_SECONDS
from contexts import context
from driven import drives
from monitor.scraped import scrape_until
from owned import Store
from running import bridge
from server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.monitor.values import Metrics

TOOL = "send_telegram_message"


@drives(
    catalogue.SESSIONS,
    catalogue.CALLS,
    catalogue.CALL_TIME,
    catalogue.SESSION_MEMORY,
    catalogue.SESSION_DESCRIPTORS,
)
def test_calls_of_all_sessions_are_added_up_and_outlive_killed_sessions_and_bridges(home: Path) -> None:
    with bridge(home) as first, Wire(home) as stays, Wire(home) as killed:
        for wire in (stays, killed):
            wire.initialize()
            wire.call(TOOL, {"message": "hello"})
        killed.call(TOOL, {"message": "again"})
        killed.call("get_delivery", {"event_id": "no such event"})
        now = scrape_until(first, lambda found: found.value(catalogue.CALLS, TOOL, "ok") == 3, "all calls")
        assert now.value(catalogue.SESSIONS) == 2
        assert now.value(catalogue.CALLS, TOOL, "error") == 0
        assert now.total(catalogue.CALLS) == 4
        assert now.spread(catalogue.CALL_TIME, TOOL).count == 3
        assert 0 < now.spread(catalogue.CALL_TIME, TOOL).sum < 30
        assert 5_000_000 < now.value(catalogue.SESSION_MEMORY) < 60_000_000
        assert 3 <= now.value(catalogue.SESSION_DESCRIPTORS) < 100
        killed.process.kill()
        killed.process.wait()
        now = scrape_until(first, lambda found: found.value(catalogue.SESSIONS) == 1, "one has ended")
        assert now.value(catalogue.CALLS, TOOL, "ok") == 3
        files = list((home / "state" / "sessions").glob("*.json"))
        assert len(files) == 1, "the file of the killed one is removed"
        first.kill()
    with bridge(home) as second:
        now = scrape_until(second, lambda found: found.get(catalogue.CALLS, TOOL, "ok"), "the files are read")
        assert now.value(catalogue.CALLS, TOOL, "ok") == 3
        assert now.spread(catalogue.CALL_TIME, TOOL).count == 3
        assert now.value(catalogue.SESSIONS) == 0
        assert now.get(catalogue.SESSION_MEMORY) is None, "no session runs"


def session(folder: Path, name: str, ok: int, **more: Any) -> Path:
    """Write the file of a session that has ended."""
    counts = [ok] + [0] * len(CALL_SECONDS)
    content = {
        "id": name,
        "calls": {TOOL: {"ok": ok, "error": 1}},
        "seconds": {TOOL: {"counts": counts, "sum": 0.5}},
        **more,
    }
    file = folder / f"{name}.json"
    file.write_text(json.dumps(content))
    return file


def counting(home: Path, work: Callable[[Sessions, Metrics, Path], Any]) -> Any:
    """Run `work` with the component over a store."""
    folder = home / "state" / "sessions"
    folder.mkdir(parents=True, exist_ok=True)

    async def run() -> Any:
        store = Store(home / "state" / "store.db")
        try:
            given = context(home, store)
            return await work(Sessions(given), given.metrics, folder)
        finally:
            store.close()

    return asyncio.run(run())


def counted(component: Sessions, metrics: Metrics) -> float | None:
    component.measure(metrics)
    return metrics.value(catalogue.CALLS, TOOL, "ok")


def test_a_crash_between_the_transaction_and_the_removal_counts_no_session_twice(
    tmp_path: Path,
) -> None:
    async def first(component: Sessions, metrics: Metrics, folder: Path) -> None:
        session(folder, "a", 5)
        # The steps of `read` up to the removal: here the process is killed.
        _, ended = sessions.read(folder)
        totals = await component._store.run(lambda c: sessions.add(c, ended))
        assert totals.tools[TOOL].ok == 5
        assert (folder / "a.json").exists()

    async def second(component: Sessions, metrics: Metrics, folder: Path) -> None:
        session(folder, "b", 2)
        await component.read()
        assert counted(component, metrics) == 7
        assert not (folder / "a.json").exists()
        await component.read()
        await component.read()
        assert counted(component, metrics) == 7

    async def third(component: Sessions, metrics: Metrics, _: Path) -> None:
        await component.read()
        assert counted(component, metrics) == 7
        assert metrics.value(catalogue.CALLS, TOOL, "error") == 2
        found = metrics.distribution(catalogue.CALL_TIME, TOOL)
        assert found is not None
        assert (found.count, found.sum) == (7, 1.0)

    counting(tmp_path, first)
    counting(tmp_path, second)
    counting(tmp_path, third)


def test_a_running_session_is_counted_but_not_added_to_the_totals(tmp_path: Path) -> None:
    async def work(component: Sessions, metrics: Metrics, folder: Path) -> None:
        file = session(folder, "a", 3, rss_bytes=20_000_000, open_fds=9)
        lock = FileLock(str(file))
        assert lock.try_lock()
        for _ in range(3):
            await component.read()
            assert counted(component, metrics) == 3
        assert metrics.value(catalogue.SESSIONS) == 1
        assert metrics.value(catalogue.SESSION_MEMORY) == 20_000_000
        assert metrics.value(catalogue.SESSION_DESCRIPTORS) == 9
        lock.unlock()
        await component.read()
        assert counted(component, metrics) == 3
        assert (metrics.value(catalogue.SESSIONS), file.exists()) == (0, False)

    counting(tmp_path, work)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"calls": 1}',
        '{"id": "x", "calls": {"ask": {"ok": 1}}, "seconds": {"ask": {"counts": "many", "sum": 1}}}',
        '{"id": "x", "calls": {"ask": {"ok": 1}}, "seconds": {"ask": {"counts": [1], "sum": null}}}',
        '{"id": "x", "calls": {"ask": {"ok": 1}}, "seconds": {"ask": {}}}',
    ],
)
def test_a_damaged_file_stops_nothing(tmp_path: Path, content: str) -> None:
    async def work(component: Sessions, metrics: Metrics, folder: Path) -> None:
        (folder / "damaged.json").write_text(content)
        session(folder, "whole", 4)
        await component.read()
        assert counted(component, metrics) == 4

    counting(tmp_path, work)


def test_the_times_of_another_version_are_left_out_and_its_calls_are_not(tmp_path: Path) -> None:
    async def work(component: Sessions, metrics: Metrics, folder: Path) -> None:
        session(folder, "other", 4, seconds={TOOL: {"counts": [4], "sum": 9.0}})
        session(folder, "ours", 1)
        await component.read()
        assert counted(component, metrics) == 5
        found = metrics.distribution(catalogue.CALL_TIME, TOOL)
        assert found is not None
        assert (found.count, found.sum) == (1, 0.5)

    counting(tmp_path, work)


def test_the_tools_of_other_versions_are_counted_together(tmp_path: Path) -> None:
    async def work(component: Sessions, metrics: Metrics, folder: Path) -> None:
        session(
            folder, "a", 1, calls={"old_tool": {"ok": 2}, "older_tool": {"ok": 3, "error": 1}}, seconds={}
        )
        await component.read()
        component.measure(metrics)
        assert metrics.value(catalogue.CALLS, "other", "ok") == 5
        assert metrics.value(catalogue.CALLS, "other", "error") == 1
        assert component.status()["mcp"]["calls"]["old_tool"] == {"ok": 2, "error": 0}

    counting(tmp_path, work)
