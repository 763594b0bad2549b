"""The purpose of connection pools: a long poll delays no send, and handshakes are few.

Sends with a poll open and without one are timed in short alternating blocks, over the same connection to the
sandbox. Reuse is counted and timed over TLS on loopback, with a certificate authority for the bench, and
compared with the same client that keeps no connection (`pools.send.idle = 0`), also alternating. Exit code 1
when a limit is broken.

    .venv/bin/python benches/pools.py [--pairs 100] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Figure, ratio, report

from cctelegram.config.load import load
from cctelegram.pools.pools import Pools
from cctelegram.sandbox.child import UNLIMITED, Sandbox, running
from cctelegram.telegram.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

# Sends of one block: short, so that other load of the machine affects both sides.
BLOCK = 8
WITH_A_POLL = 1.05
SENDS = 1000
AT_ONCE = 25


async def block(api: Api, chat: int) -> list[float]:
    """Return the milliseconds of some sends; one before them is not timed."""
    await api.send_message(chat, "warm")
    times = []
    for _ in range(BLOCK):
        began = time.perf_counter()
        await api.send_message(chat, "hello")
        times.append((time.perf_counter() - began) * 1000)
    return times


async def with_a_poll(sandbox: Sandbox, pairs: int) -> list[Figure]:
    pools = Pools(load("/nonexistent", {}, {"telegram.api_base": sandbox.api_base}).settings)
    send, poll = (Api(pool, sandbox.api_base, sandbox.token) for pool in (pools.send, pools.poll))
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(-2, pairs):  # two warm up
        for open_ in (True, False) if number % 2 else (False, True):
            waiting = asyncio.create_task(poll.get_updates(None, 50, ["message"])) if open_ else None
            await asyncio.sleep(0.005)  # until the poll waits at the sandbox; and as long without one
            assert pools.poll.snapshot()["in_use"] == open_
            timed = await block(send, sandbox.user_id)
            if waiting is not None:
                assert not waiting.done(), "the poll was open all the time"
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
            if number >= 0:
                times[open_].append(statistics.median(timed))
    assert pools.send.snapshot()["opened"] == 1
    await pools.aclose()
    beside, alone = (statistics.median(times[open_]) for open_ in (True, False))
    return [
        Figure("send, median, a poll open", beside, "ms"),
        Figure("send, median, no poll", alone, "ms"),
        ratio("ratio with a poll open", times[True], times[False], WITH_A_POLL),
    ]


@contextmanager
def tls_server() -> Iterator[str]:
    """Run a server in its own process; yield its address, and trust its certificate by SSL_CERT_FILE."""
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, str(Path(__file__).parent / "servers" / "tls.py"), folder]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            port, vouched = process.stdout.readline().split()
            os.environ["SSL_CERT_FILE"] = vouched
            yield f"https://127.0.0.1:{port}"
            process.stdin.close()


async def over_tls(base: str, pairs: int) -> list[Figure]:
    def pools(**flags: object) -> Pools:
        return Pools(load("/nonexistent", {}, {"telegram.api_base": base, **flags}).settings)

    found = []
    for at_once in (1, AT_ONCE):
        fresh = pools()
        api = Api(fresh.send, base, "1:x")

        async def sends(api: Api = api, count: int = SENDS // at_once) -> None:
            for _ in range(count):
                await api.send_message(7, "hello")

        await asyncio.gather(*(sends() for _ in range(at_once)))
        counted = fresh.send.snapshot()
        assert counted["requests"] == SENDS
        shakes, limit = counted["tls_handshakes"], fresh.send.figures.connections
        found.append(Figure(f"handshakes of {SENDS} sends, {at_once} at once", shakes, "handshakes", limit))
        await fresh.aclose()
    kept, not_kept = pools(), pools(**{"pools.send.idle": 0})
    times: dict[str, list[float]] = {"kept": [], "not kept": []}
    for number in range(-2, pairs):
        for name, each in (("kept", kept), ("not kept", not_kept)):
            timed = await block(Api(each.send, base, "1:x"), 7)
            if number >= 0:
                times[name].append(statistics.median(timed))
    per = not_kept.send.snapshot()
    handshake = per["tls_seconds"] / per["tls_handshakes"] * 1000
    await asyncio.gather(kept.aclose(), not_kept.aclose())
    with_, without = (statistics.median(times[name]) for name in ("kept", "not kept"))
    return [
        *found,
        Figure("send over TLS, median, connection kept", with_, "ms"),
        Figure("send over TLS, median, none kept", without, "ms"),
        Figure("one handshake, mean, without any distance", handshake, "ms"),
        ratio("share of the time with kept connections", times["kept"], times["not kept"], 1.0),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with running(*UNLIMITED) as sandbox:
        rows = asyncio.run(with_a_poll(sandbox, given.pairs))
    with tls_server() as base:
        rows += asyncio.run(over_tls(base, given.pairs))
    return report(rows, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
