"""A batch: counted, returned once, and left in its files until it is stored."""

import asyncio
import json
from pathlib import Path

import pytest

from cctelegram import _native
from cctelegram.events.build import build
from cctelegram.spool.post import post
from contexts import open_inbox
from spool.test_inbox import receiving, run


def written(events: Path, count: int) -> None:
    events.mkdir(mode=0o700, parents=True)
    for number in range(count):
        post(str(events), build("info_notification", f"event {number}"))


def test_the_takes_count_what_the_inbox_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        written(tmp_path / "events", 5)
        (tmp_path / "events" / "bad.json").write_text("no JSON")
        size = sum(file.stat().st_size for file in (tmp_path / "events").glob("2*.json"))
        async with receiving(tmp_path) as (received, events, inbox):
            await received.until(lambda: received.has(5) and len(received.rejected) == 1)
            told = inbox.tally.snapshot()
            assert (told["events"], told["batches"], told["largest_batch"]) == (5, 1, 5)
            assert told["bytes"] == size
            assert told["files_opened"] >= 6
            assert told["listings"] >= 1
            assert told["calls_saved"] > 0
            assert 0 < told["parse_seconds"] < told["take_seconds"]
            assert sum(told["rejected"].values()) == 1
            assert list(events.glob("*.json")) == []

    run(scenario)


def test_the_rows_of_a_batch_are_returned_once_and_its_memory_is_freed_with_them(tmp_path: Path) -> None:
    written(tmp_path / "events", 3)
    inbox = _native.Inbox(tmp_path / "events", tmp_path / "rejected")
    batch = inbox.take(0.0)
    before = batch.held
    assert len(batch.rows()) == len(batch) == 3
    assert batch.held < before
    with pytest.raises(RuntimeError, match="only once"):
        batch.rows()
    inbox.settle(batch, 0.0)
    assert list((tmp_path / "events").iterdir()) == []
    inbox.close()


def test_the_files_of_a_batch_read_ahead_stay_when_the_inbox_stops(tmp_path: Path) -> None:
    async def scenario() -> None:
        written(tmp_path / "events", 6)
        inbox = open_inbox(tmp_path, batch_events=2)
        seen = 0
        async for batch in inbox.batches():
            seen += len(batch.rows())
            await inbox.done(batch)
            await inbox.stop()  # while the next batch is read
        assert seen == 2
        assert len(list((tmp_path / "events").iterdir())) == 4

    run(scenario)


@pytest.mark.parametrize(("size", "read"), [(100, 2), (600_000, 1)])
def test_nothing_is_read_ahead_of_a_large_event(tmp_path: Path, size: int, read: int) -> None:
    async def scenario() -> None:
        (tmp_path / "events").mkdir(mode=0o700)
        for number in range(3):
            event = {"title": f"event {number}", "description": "d" * size}
            (tmp_path / "events" / f"{number}.json").write_text(json.dumps(event))
        inbox = open_inbox(tmp_path, batch_events=1)
        async for _ in inbox.batches():
            # The one thread that takes has finished all its work.
            await asyncio.get_running_loop().run_in_executor(inbox._waiter, lambda: None)
            assert inbox.tally.snapshot()["events"] == read
            break
        await inbox.stop()

    run(scenario)


def test_the_files_stay_when_the_reader_is_cancelled(tmp_path: Path) -> None:
    async def scenario() -> None:
        written(tmp_path / "events", 6)
        inbox = open_inbox(tmp_path, batch_events=2)
        taken = asyncio.Event()

        async def read() -> None:
            async for _ in inbox.batches():
                taken.set()
                await asyncio.Event().wait()

        reading = asyncio.create_task(read())
        await taken.wait()
        reading.cancel()
        await asyncio.wait([reading])
        await inbox.stop()
        assert len(list((tmp_path / "events").iterdir())) == 6

    run(scenario)
