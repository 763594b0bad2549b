"""Changed pool settings take effect at once and affect no request in flight."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.config.load import load
from cctelegram.config.table import TABLE
from cctelegram.pools.pools import Pools
from pools.wire import answer, never, result, slowly, wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cctelegram.config.settings import Settings
    from cctelegram.pools.pool import Pool
    from pools.wire import Act, Wire


def settings(base: str, **flags: object) -> Settings:
    named = {name.replace("__", "."): value for name, value in flags.items()}
    return load("/nonexistent", {}, {"telegram.api_base": base, **named}).settings


def against(work: Callable[[Wire, Pools], Awaitable[None]], *acts: Act, **flags: object) -> None:
    """Run `work` with pools of these settings, whose server does `acts`."""

    async def run() -> None:
        async with wire(*acts) as server:
            pools = Pools(settings(server.base, **flags))
            try:
                await work(server, pools)
            finally:
                await pools.aclose()

    asyncio.run(run())


async def ask(pool: Pool, server: Wire) -> Any:
    return (await pool.post(server.base, content=b"{}")).json()


def test_requests_in_flight_finish_on_their_connections_and_new_ones_use_others() -> None:
    async def work(server: Wire, pools: Pools) -> None:
        under_way = [asyncio.create_task(ask(pools.send, server)) for _ in range(6)]
        await server.was_asked.wait()
        pools.change(settings(server.base, pools__send__connections=1, pools__send__idle=1))
        assert await ask(pools.send, server) == {}
        assert await asyncio.gather(*under_way) == [{}] * 6
        seen = pools.send.snapshot()
        assert (seen["requests"], seen["opened"], seen["errors"]) == (7, 3, {}), "two before, one after"
        assert seen["waits"] == 4, "those that waited for one of the two, and nobody else"
        assert (seen["idle"], seen["in_use"]) == (1, 0), "the old connections are closed"
        assert pools.send.figures.connections == 1

    against(work, slowly({}, 0.05), pools__send__connections=2)


def test_settings_changed_a_hundred_times_under_load_fail_no_request_and_totals_never_decrease() -> None:
    async def work(server: Wire, pools: Pools) -> None:
        answers: list[Any] = []

        async def asks() -> None:
            answers.extend([await ask(pools.send, server) for _ in range(50)])

        loads = [asyncio.create_task(asks()) for _ in range(8)]
        last: dict[str, Any] = {"requests": 0, "opened": 0, "reused": 0, "waits": 0}
        for number in range(100):
            pools.change(settings(server.base, pools__send__connections=1 + number % 10))
            await ask(pools.send, server)
            now = pools.send.snapshot()
            assert all(now[name] >= before for name, before in last.items())
            last = {name: now[name] for name in last}
        await asyncio.gather(*loads)
        assert answers == [{}] * 400
        seen = pools.send.snapshot()
        assert (seen["requests"], seen["errors"], seen["in_use"]) == (500, {}, 0)
        assert seen["opened"] + seen["reused"] == 500
        assert seen["opened"] == server.connections

    against(work, answer({}))


def test_new_settings_do_not_interrupt_a_waiting_poll() -> None:
    release = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await release.wait()
        return await result(["late"])(reader, writer)

    async def work(server: Wire, pools: Pools) -> None:
        poll = asyncio.create_task(ask(pools.poll, server))
        await server.was_asked.wait()
        pools.change(settings(server.base, telegram__poll_seconds=5))
        assert pools.poll.figures.read_seconds == 15
        assert (await ask(pools.poll, server))["result"] == "other"
        assert not poll.done()
        assert pools.poll.snapshot()["in_use"] == 1
        release.set()
        assert (await poll)["result"] == ["late"]
        assert pools.poll.snapshot()["in_use"] == 0

    against(work, waits, result("other"))


def test_a_pool_whose_settings_stay_keeps_its_connection() -> None:
    async def work(server: Wire, pools: Pools) -> None:
        await ask(pools.send, server)
        pools.change(settings(server.base, pools__files__idle=0, telegram__poll_seconds=5))
        await ask(pools.send, server)
        assert server.connections == 1

    against(work, answer({}))


def test_only_connections_without_a_request_count_as_idle() -> None:
    """A connection is reused while others are busy, however few may be idle."""

    async def work(server: Wire, pools: Pools) -> None:
        async def asks() -> None:
            for _ in range(20):
                await ask(pools.send, server)

        await asyncio.gather(*(asks() for _ in range(10)))
        seen = pools.send.snapshot()
        assert (seen["opened"], seen["reused"], seen["idle"]) == (4, 196, 1)

    against(work, answer({}), pools__send__connections=4, pools__send__idle=1)


def test_waits_are_counted_with_their_duration() -> None:
    async def work(server: Wire, pools: Pools) -> None:
        await asyncio.gather(*(ask(pools.send, server) for _ in range(6)))
        seen = pools.send.snapshot()
        assert (seen["waits"], seen["opened"], server.most_at_once) == (4, 2, 2)
        # Two waited for one answer, two for two.
        assert seen["wait_seconds"] > 2 * 0.05 + 2 * 0.1 - 0.02
        await ask(pools.send, server)
        assert pools.send.snapshot()["waits"] == 4

    against(work, slowly({}, 0.05), pools__send__connections=2)


def test_a_connection_that_is_idle_too_long_is_closed_without_another_request() -> None:
    async def work(server: Wire, pools: Pools) -> None:
        await ask(pools.send, server)
        assert pools.send.snapshot()["idle"] == 1
        async with asyncio.timeout(5):
            while server.at_once:  # noqa: ASYNC110  the kernel notifies the server, not an asyncio event
                await asyncio.sleep(0.01)  # time passes: that is what closes it
        assert pools.send.snapshot()["idle"] == 0

    against(work, answer({}), pools__send__keepalive_seconds=0.2)


def test_a_closed_pool_accepts_no_settings_and_leaves_nothing_open() -> None:
    async def work(server: Wire, pools: Pools) -> None:
        poll = asyncio.create_task(ask(pools.poll, server))
        await server.was_asked.wait()
        pools.change(settings(server.base, pools__poll__idle=0))
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        await pools.aclose()
        pools.change(settings(server.base, pools__poll__idle=1))
        assert pools.poll.figures.idle == 0
        seen = pools.poll.snapshot()
        assert (seen["idle"], seen["in_use"], seen["requests"]) == (0, 0, 1)

    against(work, never)


def test_counts_continue_from_those_of_the_previous_pools() -> None:
    async def run() -> None:
        async with wire(answer({})) as server:
            first = Pools(settings(server.base))
            await ask(first.send, server)
            await first.aclose()
            second = Pools(settings(server.base), first.counters)
            await ask(second.send, server)
            seen = second.snapshot()
            assert (seen["send"]["requests"], seen["send"]["opened"]) == (2, 2)
            assert seen["poll"]["requests"] == 0
            await second.aclose()

    asyncio.run(run())


NAMES = [key.name for key in TABLE if key.name.startswith(("pools.send", "pools.poll", "pools.files"))]


@pytest.mark.parametrize("name", NAMES)
def test_every_pool_setting_can_be_changed(name: str) -> None:
    _, pool, figure = name.split(".")

    async def work(server: Wire, pools: Pools) -> None:
        before = getattr(pools, pool)
        assert getattr(before.figures, figure) != 3
        await ask(before, server)
        pools.change(load("/nonexistent", {}, {"telegram.api_base": server.base, name: 3}).settings)
        assert getattr(before.figures, figure) == 3
        await ask(before, server)
        assert (server.connections, before.snapshot()["opened"]) == (2, 2)

    against(work, answer({}), pools__files__connections=4)
