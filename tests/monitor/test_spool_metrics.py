"""The metrics of the spool: each is driven by files in the events directory of a real bridge."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from cctelegram.daemon.directories import Directories
from cctelegram.monitor import catalogue
from contexts import context
from driven import drives
from monitor.scraped import scrape, scrape_until
from owned import Store

if TYPE_CHECKING:
    from pathlib import Path

    from running import RunningBridge

HOUR = 3600


@drives(
    catalogue.EVENTS,
    catalogue.BATCHES,
    catalogue.BATCH_EVENTS,
    catalogue.EVENT_BYTES,
    catalogue.PARSE,
    catalogue.TAKE,
    catalogue.STORE_EVENTS,
)
def test_events_are_counted_by_type_with_their_batches_bytes_and_times(running: RunningBridge) -> None:
    before = scrape(running)
    assert before.value(catalogue.BATCHES) == before.total(catalogue.EVENTS) == 0
    types = ["task_failed", "git_commit", "git_commit", "my_own_type"]
    lines = [json.dumps({"type": each, "title": f"Event {n}"}) for n, each in enumerate(types)]
    running.put("four.jsonl", "".join(f"{line}\n" for line in lines))
    now = scrape_until(running, lambda found: found.total(catalogue.EVENTS) == 4, "all are stored")
    assert now.value(catalogue.EVENTS, "git_commit") == 2
    assert now.value(catalogue.EVENTS, "task_failed") == now.value(catalogue.EVENTS, "other") == 1
    batches = now.value(catalogue.BATCHES)
    assert 1 <= batches == now.spread(catalogue.BATCH_EVENTS).count
    assert now.spread(catalogue.BATCH_EVENTS).sum == 4
    assert sum(map(len, lines)) <= now.value(catalogue.EVENT_BYTES) <= sum(map(len, lines)) + 4
    assert 0 < now.value(catalogue.PARSE) < now.value(catalogue.TAKE) < 5
    assert 1 <= now.spread(catalogue.STORE_EVENTS).count <= batches
    assert 0 < now.spread(catalogue.STORE_EVENTS).sum < 5
    assert running.status()["delivery"]["accepted"] == 4


@drives(catalogue.EVENT_TO_STORE)
def test_the_time_from_an_event_to_its_storing_starts_when_its_producer_says(running: RunningBridge) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - HOUR))
    running.put("old.json", {"type": "task_failed", "title": "An hour ago", "timestamp": at})
    now = scrape_until(running, lambda found: found.spread(catalogue.EVENT_TO_STORE).count, "it is stored")
    assert HOUR - 2 < now.spread(catalogue.EVENT_TO_STORE).sum < HOUR + 30
    running.put("new.json", {"type": "task_failed", "title": "Now"})
    now = scrape_until(
        running, lambda found: found.spread(catalogue.EVENT_TO_STORE).count == 2, "both are stored"
    )
    assert now.spread(catalogue.EVENT_TO_STORE).buckets[300.0] == 1


@drives(catalogue.REJECTED, catalogue.REPAIRED, catalogue.UNKNOWN_TYPES)
def test_what_cannot_be_used_or_was_repaired_is_counted_by_the_reason(running: RunningBridge) -> None:
    running.put("list.json", "[]")
    running.put("text.json", "no JSON at all")
    running.put("untitled.json", "{}")
    running.put("bare.json", {"title": "No type"})
    running.put("own.json", {"type": "my_own_type", "title": "Mine"})
    now = scrape_until(
        running,
        lambda found: found.total(catalogue.REJECTED) + found.total(catalogue.EVENTS) == 5,
        "all are taken",
    )
    assert now.value(catalogue.REJECTED, "object") == now.value(catalogue.REJECTED, "json") == 1
    assert now.value(catalogue.REJECTED, "title") == 1
    assert now.value(catalogue.REPAIRED) == 2
    assert now.value(catalogue.UNKNOWN_TYPES) == 1
    assert running.status()["delivery"]["rejected"] == 3


@drives(
    catalogue.FILES_WAITING,
    catalogue.OLDEST_FILE,
    catalogue.FILES,
    catalogue.DIRECTORY_BYTES,
    catalogue.OLDEST,
    catalogue.FREE,
    catalogue.ANSWERS_WAITING,
)
def test_the_directories_are_measured_with_what_waits_in_them(tmp_path: Path) -> None:
    for name in ("events", "responses", "logs"):
        (tmp_path / name).mkdir()

    async def work() -> None:
        store = Store(tmp_path / "state" / "store.db")
        try:
            given = context(tmp_path, store)
            directories, metrics = Directories(given), given.metrics
            directories.measure(metrics)
            assert metrics.value(catalogue.FILES_WAITING) is None, "unknown before the first scan"
            await directories.scan()
            directories.measure(metrics)
            assert metrics.value(catalogue.FILES_WAITING) == metrics.value(catalogue.ANSWERS_WAITING) == 0
            assert metrics.value(catalogue.OLDEST_FILE) is None
            came = time.time()
            for number in range(3):
                (tmp_path / "events" / f"{number}.json").write_bytes(b"x" * 100)
            (tmp_path / "responses" / "20261123T174112.000001Z-deploy-0123abcd.json").write_text("{}")
            await directories.scan()
            directories.measure(metrics)
            assert metrics.value(catalogue.FILES_WAITING) == 3
            await asyncio.sleep(0.05)  # they wait
            directories.measure(metrics)
            waited = time.time() - came
            assert 0.05 <= (metrics.value(catalogue.OLDEST_FILE) or 0) <= waited
            assert metrics.value(catalogue.FILES, "events") == 3
            assert metrics.value(catalogue.DIRECTORY_BYTES, "events") == 300
            assert 0.05 <= (metrics.value(catalogue.OLDEST, "events") or 0) <= waited
            assert (
                metrics.value(catalogue.ANSWERS_WAITING) == metrics.value(catalogue.FILES, "responses") == 1
            )
            assert metrics.value(catalogue.FILES, "snapshots") == 0
            free = os.statvfs(tmp_path)
            assert metrics.value(catalogue.FREE) == pytest.approx(free.f_bavail * free.f_frsize, rel=0.05)
        finally:
            store.close()

    asyncio.run(work())
