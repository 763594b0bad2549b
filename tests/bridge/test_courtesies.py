"""Courtesies: concurrent, bounded, paused by their own 429."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cctelegram.chat.courtesies import CONCURRENT_CALLS, QUEUE_LENGTH, Courtesies
from cctelegram.telegram import errors
from contexts import context
from owned import Store

if TYPE_CHECKING:
    from collections.abc import Callable


class Log:
    def __init__(self) -> None:
        self.said: list[str] = []

    def warning(self, event: str, **more: Any) -> None:
        self.said.append(f"{event}: {more['reason']}")


async def settle(turns: int = 20) -> None:
    """Let the other tasks run."""
    for _ in range(turns):
        await asyncio.sleep(0)


def play(work: Callable[[Courtesies], Any], now: list[float] | None = None) -> tuple[Courtesies, Log]:
    clock, log = now or [0.0], Log()

    async def run(home: Path) -> Courtesies:
        store = Store(home / "store.db")
        courtesies = Courtesies(context(home, store, log=log), elapsed=lambda: clock[0])
        task = asyncio.create_task(courtesies.run())
        await work(courtesies)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        store.close()
        return courtesies

    with tempfile.TemporaryDirectory() as home:
        return asyncio.run(run(Path(home))), log


def test_a_few_courtesies_run_at_once_some_wait_and_the_rest_are_dropped_and_counted() -> None:
    begun = []

    async def work(courtesies: Courtesies) -> None:
        go = asyncio.Event()

        async def call() -> None:
            begun.append(1)
            await go.wait()

        for _ in range(CONCURRENT_CALLS):
            courtesies.submit(call)
        await settle()
        for _ in range(QUEUE_LENGTH + 5):
            courtesies.submit(call)
        assert courtesies.dropped == 5
        go.set()
        await settle(4 * QUEUE_LENGTH)
        assert len(begun) == CONCURRENT_CALLS + QUEUE_LENGTH

    _, log = play(work)
    assert log.said == ["courtesy.dropped: the queue is full"] * 5


def test_a_429_pauses_courtesies_for_as_long_as_telegram_asks() -> None:
    now, done = [0.0], []

    async def flooded() -> None:
        raise errors.RetryAfter("answerCallbackQuery", 429, "retry after 7", 7)

    async def call() -> None:
        done.append(now[0])

    async def work(courtesies: Courtesies) -> None:
        courtesies.submit(flooded)
        await settle()
        courtesies.submit(call)
        now[0] = 6.9
        courtesies.submit(call)
        now[0] = 7.0
        courtesies.submit(call)
        await settle()
        assert courtesies.dropped == 3

    play(work, now)
    assert done == [7.0]


def test_a_failed_courtesy_is_logged_and_the_next_runs() -> None:
    done = []

    async def fails() -> None:
        raise errors.NotSent("setMessageReaction", None, "no route")

    async def call() -> None:
        done.append(1)

    async def work(courtesies: Courtesies) -> None:
        courtesies.submit(fails)
        courtesies.submit(call)
        await settle()
        assert done

    _, log = play(work)
    assert log.said[0].startswith("courtesy.failed")
