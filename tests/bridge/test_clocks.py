"""Set clocks and sleeping machines: waits keep their length."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cctelegram.delivery.pauses import Pauses
from cctelegram.runtime.jumps import Jumps
from cctelegram.store import chats, deliveries
from flow.phone import see
from owned import Store
from running import bridge, wait_for

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

HOUR = 3600.0
START = 1_800_000_000_000_000


class Clocks:
    """A wall clock that can be set, and a monotonic one."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.set_by = 0.0
        self.asleep = 0.0

    def wall(self) -> int:
        return START + round((self.now + self.set_by) * 1_000_000)

    def elapsed(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.db")
    opened.submit(lambda c: chats.bot(c, "http://127.0.0.1", 1)).result()
    yield opened
    opened.close()


@pytest.mark.parametrize("set_by", [-5 * HOUR, 5 * HOUR])
def test_r18_a_pause_lasts_as_long_as_telegram_asked_whatever_the_wall_clock_does(
    store: Store, set_by: float
) -> None:
    clocks = Clocks()

    async def run() -> list[float]:
        pauses = Pauses(store, 1, wall=clocks.wall, elapsed=clocks.elapsed)
        await pauses.begin(7, 60.0)
        clocks.set_by = set_by
        seen = [pauses.seconds(7), pauses.longest()]
        await pauses.store()  # as the bridge does when it notices
        clocks.now += 20
        again = Pauses(store, 1, wall=clocks.wall, elapsed=clocks.elapsed)
        await again.load()
        return [*seen, pauses.seconds(7), again.seconds(7), again.seconds(8)]

    assert asyncio.run(run()) == pytest.approx([60.0, 60.0, 40.0, 40.0, 0.0])


def test_r18_a_clock_that_is_set_back_while_no_bridge_runs_lengthens_no_pause(
    store: Store,
) -> None:
    clocks = Clocks()

    async def run() -> float:
        await Pauses(store, 1, wall=clocks.wall, elapsed=clocks.elapsed).begin(7, 60.0)
        clocks.set_by = -5 * HOUR
        again = Pauses(store, 1, wall=clocks.wall, elapsed=clocks.elapsed)
        await again.load()
        return again.seconds(7)

    assert asyncio.run(run()) == pytest.approx(60.0)


def test_a_second_chat_that_is_refused_makes_the_whole_bot_wait(store: Store) -> None:
    clocks = Clocks()

    async def run() -> list[float]:
        pauses = Pauses(store, 1, wall=clocks.wall, elapsed=clocks.elapsed)
        await pauses.begin(7, 60.0)
        await pauses.begin(8, 30.0)
        again = Pauses(store, 1, wall=clocks.wall, elapsed=clocks.elapsed)
        await again.load()
        return [pauses.seconds(9), again.seconds(9)]

    assert asyncio.run(run()) == pytest.approx([60.0, 60.0])


def test_r18_sleep_and_a_set_clock_are_reported_once_and_separately() -> None:
    clocks = Clocks()
    jumps = Jumps(wall=clocks.wall, elapsed=clocks.elapsed, asleep=lambda: clocks.asleep)
    clocks.now += 30
    assert jumps.check() is None
    clocks.now += HOUR
    clocks.asleep += HOUR
    assert jumps.check() == pytest.approx((HOUR, 0.0))
    assert jumps.check() is None
    clocks.set_by -= 2 * HOUR
    assert jumps.check() == pytest.approx((0.0, -2 * HOUR))
    clocks.set_by += 0.5  # a clock that is being kept right
    assert jumps.check() is None


def test_r18_a_delivery_does_not_wait_for_hours_when_the_clock_is_set_back(store: Store) -> None:
    def work(connection: sqlite3.Connection) -> tuple[int, int | None]:
        first = deliveries.enqueue(connection, 7, ["{}"], START)
        deliveries.later(connection, first, START + int(5 * HOUR) * 1_000_000)
        changed = deliveries.cap_waits(connection, START + 300_000_000)
        return changed, deliveries.next_time(connection, 7)

    assert store.submit(work).result() == (1, START + 300_000_000)


def test_r20_events_and_messages_that_arrive_while_the_bridge_is_down_are_handled_at_start(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as running:
        running.put("q.json", {"type": "approval_request", "title": "Asked before", "event_id": "q"})
        card = see(fast_sandbox, "Asked before")
        running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
        running.kill()
    fast_sandbox.control.tap(card["message_id"], "Approve")
    fast_sandbox.control.say("said while it was down")
    for number in range(20):
        event = f'{{"type":"task_failed","title":"Down {number}","description":"x"}}'
        (home / "events" / f"{number}.json").write_text(event)
    with bridge(home) as running:
        wait_for(lambda: len(running.responses()) == 2, "the tap and the words")
        assert {answer["kind"] for answer in running.responses()} == {"decision", "message"}
        for number in range(20):
            see(fast_sandbox, f"Down {number}")
        assert not list(running.events.iterdir())
