"""Peers that misbehave: how long they can delay a call, how it is reported, and that the next works."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from typing import TYPE_CHECKING

import pytest

from cctelegram.config.load import load
from cctelegram.pools.pools import Pools
from cctelegram.telegram import errors
from cctelegram.telegram.api import Api
from pools.wire import close, drops, half, never, reset, result, wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pools.wire import Act, Wire

TOKEN = "123456789:AAF-made_up_for_this_test_0123456789"
QUICK = {"pools.send.read_seconds": 0.2, "pools.send.connect_seconds": 0.2}
# Three times to connect and twice to read: what pools.py gives a whole request.
WHOLE = 1.0


async def half_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Close our way out after the request, and go on reading for ever."""
    writer.write_eof()
    await asyncio.Event().wait()
    return False


def idle_then(end: Act) -> Act:
    """Send a complete response, and do `end` when the connection is idle."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await result({"first": 1})(reader, writer)
        await asyncio.sleep(0.1)  # the server's time: the client has released the connection by then
        return await end(reader, writer)

    return act


async def reset_in_the_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send half of an answer, wait until it is out, reset."""
    await half(reader, writer)
    return await reset(reader, writer)


BAD: list[tuple[Act, float, str]] = [
    (drops, WHOLE, r"the response of 127\.0\.0\.1:\d+ was incomplete after 1 s"),
    (never, 0.2, r"127\.0\.0\.1:\d+ sent nothing for 0\.2 s"),
    (half_closed, 0.0, r"127\.0\.0\.1:\d+ sent an incomplete response: Server disconnected"),
    (reset_in_the_answer, 0.0, r"127\.0\.0\.1:\d+ (broke|sent)|the connection to 127\.0\.0\.1:\d+ broke"),
    (reset, 0.0, r"the connection to 127\.0\.0\.1:\d+ broke: Connection reset by peer"),
    (half, 0.0, r"127\.0\.0\.1:\d+ sent an incomplete response: peer closed connection"),
]


@pytest.mark.parametrize(("act", "seconds", "words"), BAD, ids=[row[0].__name__ for row in BAD])
def test_a_bad_peer_delays_a_call_for_a_bounded_time_and_the_next_call_works(
    act: Act, seconds: float, words: str
) -> None:
    async def work(server: Wire, api: Api, pools: Pools) -> None:
        began = time.monotonic()
        with pytest.raises(errors.Unclear, match=words) as raised:
            await api.send_message(7, "hello")
        assert seconds <= time.monotonic() - began < seconds + 2
        assert TOKEN.partition(":")[2] not in str(raised.value)
        assert await api.send_message(7, "again") == {"second": 2}
        seen = pools.send.snapshot()
        assert (seen["in_use"], seen["requests"], sum(seen["errors"].values())) == (0, 2, 1)
        assert len(server.asked) == 2, "nothing is repeated below those who decide"

    against(work, act, result({"second": 2}))


@pytest.mark.parametrize("end", [close, half_closed, reset], ids=["closed", "half-closed", "reset"])
def test_a_connection_that_ended_while_idle_causes_no_unclear_send(end: Act) -> None:
    async def work(server: Wire, api: Api, pools: Pools) -> None:
        await api.send_message(7, "first")
        await told_of_the_end(pools)
        assert await api.send_message(7, "second") == {"second": 2}
        seen = pools.send.snapshot()
        assert (seen["opened"], seen["reused"], seen["errors"]) == (2, 0, {})

    against(work, idle_then(end), result({"second": 2}))


def test_a_peer_that_accepts_no_connection_is_reported_as_not_sent_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # The kernel takes what fits into the queue of a listener that accepts nothing, then drops the SYN.
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))

        async def run() -> None:
            base = f"http://127.0.0.1:{port}"
            pools = Pools(load("/nonexistent", {}, {"telegram.api_base": base, **QUICK}).settings)
            began = time.monotonic()
            with pytest.raises(errors.NotSent, match=rf"no connection to 127\.0\.0\.1:{port} within"):
                await Api(pools.send, base, TOKEN).send_message(7, "hello")
            assert 0.2 <= time.monotonic() - began < 2
            assert pools.send.snapshot()["errors"] == {"ConnectTimeout": 1}
            await pools.aclose()

        asyncio.run(run())
        for each in waiting:
            each.close()


def test_a_refused_connection_and_an_unknown_name_are_reported_with_the_systems_message() -> None:
    async def run(base: str, words: str) -> None:
        pools = Pools(load("/nonexistent", {}, {"telegram.api_base": base}).settings)
        with pytest.raises(errors.NotSent, match=words):
            await Api(pools.send, base, TOKEN).get_me()
        await pools.aclose()

    asyncio.run(run("http://127.0.0.1:1", "no connection to 127.0.0.1:1: Connection refused"))
    asyncio.run(run("https://api.invalid", "no connection to api.invalid:443: .*(not known|resolution)"))


def against(work: Callable[[Wire, Api, Pools], Awaitable[None]], *acts: Act) -> None:
    """Run `work` with an Api over the send pool, whose server does `acts`."""

    async def run() -> None:
        async with wire(*acts) as server:
            flags = {"telegram.api_base": server.base, **QUICK}
            pools = Pools(load("/nonexistent", {}, flags).settings)
            try:
                await work(server, Api(pools.send, server.base, TOKEN), pools)
            finally:
                await pools.aclose()

    asyncio.run(run())


async def told_of_the_end(pools: Pools) -> None:
    """Wait until the kernel knows that the other side has ended the one connection of the send pool."""
    (one,) = pools.send._client._connections()
    stream = one._connection._network_stream  # type: ignore[attr-defined]  # which socket it is, is private
    connection = stream.get_extra_info("socket")
    ended, _, _ = await asyncio.to_thread(select.select, [connection.fileno()], [], [], 5)
    assert ended
