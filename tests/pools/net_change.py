"""What happens to pools and bridge when the network changes; runs in a network namespace, as root there.

    unshare -n python tests/pools/net_change.py address|router|bridge

`address`: the address of this machine disappears and returns. `router`: the path to the other side is lost
silently, as when a router drops its state. `bridge`: as `address`, with a running bridge. The observations
are printed as JSON, which test_network.py checks.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from cctelegram.config.load import load
from cctelegram.pools import network
from cctelegram.pools.lean import httpx
from cctelegram.pools.pools import Pools
from cctelegram.sandbox import child
from cctelegram.telegram import errors
from cctelegram.telegram.api import Api
from flow.phone import see
from pools.wire import never, result, wire
from running import bridge, make_home

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "123456789:AAF-made_up_for_this_test_0123456789"
HERE, THERE = "10.77.0.2", "10.77.0.1"
NOBODY = "02:00:00:00:00:99"


def report(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def no_address() -> Iterator[None]:
    ip("address", "delete", "127.0.0.1/8", "dev", "lo")
    yield
    ip("address", "add", "127.0.0.1/8", "dev", "lo")


async def attempt(api: Api) -> str:
    try:
        await api.send_message(7, "x")
    except errors.TelegramError as error:
        return f"{type(error).__name__}: {error}"
    return "sent"


async def address() -> dict[str, Any]:
    async with wire(result({})) as server:
        pools = Pools(load("/nonexistent", {}, {"telegram.api_base": server.base}).settings)
        api = Api(pools.send, server.base, TOKEN)
        said = [await attempt(api)]
        await asyncio.sleep(network.FRESH_SECONDS + 0.1)  # a connection used just now is not checked
        with no_address():
            said.append(await attempt(api))
        said.append(await attempt(api))
        seen = pools.send.snapshot()
        await pools.aclose()
        return {"said": said, "asked": len(server.asked), "seen": seen}


async def router(other: subprocess.Popen[str]) -> dict[str, Any]:
    # As the constants, in seconds that a test has.
    network.OPTIONS = tuple(  # type: ignore[misc]  # made small
        (level, option, {15: 1, 5: 1, 3: 1, 30_000: 2_000}.get(value, value))
        for level, option, value in network.OPTIONS
    )
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdout.readline()
    ip("link", "add", "here", "type", "veth", "peer", "name", "there")
    ip("link", "set", "there", "netns", str(other.pid))
    ip("address", "add", f"{HERE}/24", "dev", "here")
    ip("link", "set", "here", "up")
    other.stdin.write("\n")
    other.stdin.flush()
    answering, silent = (f"http://{THERE}:{port}" for port in other.stdout.readline().split())
    figures = {"pools.send.connect_seconds": 0.5, "pools.poll.connect_seconds": 0.5}
    pools = Pools(load("/nonexistent", {}, {"telegram.api_base": "http://127.0.0.1", **figures}).settings)
    api = Api(pools.send, answering, TOKEN)
    said = [await attempt(api)]
    poll = asyncio.create_task(pools.poll.post(silent))
    await asyncio.sleep(0.5)  # it is to have arrived at the other side, which has no event of ours
    ip("neigh", "replace", THERE, "lladdr", NOBODY, "dev", "here", "nud", "permanent")
    began = time.monotonic()
    try:
        await poll
    except httpx.ReadError as error:
        poll_said = type(error).__name__
    poll_seconds = time.monotonic() - began
    said.append(await attempt(api))
    ip("neigh", "del", THERE, "dev", "here")
    said.append(await attempt(api))
    seen = pools.send.snapshot()
    await pools.aclose()
    asked = other.communicate("\n")[0].strip()
    return {"said": said, "seen": seen, "asked": asked, "poll": poll_said, "poll_seconds": poll_seconds}


async def serve() -> None:
    """Be the other side, in a network of its own; read a line, print the ports, read a line, end."""
    report("here")
    await asyncio.to_thread(sys.stdin.readline)
    ip("address", "add", f"{THERE}/24", "dev", "there")
    ip("link", "set", "there", "up")
    async with wire(result({}), host="0.0.0.0") as answering, wire(never, host="0.0.0.0") as silent:
        report(f"{answering.port} {silent.port}")
        await asyncio.to_thread(sys.stdin.readline)
        report(str(len(answering.asked)))


def running_bridge() -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        child.running(*child.UNLIMITED) as sandbox,
        bridge(make_home(Path(folder) / "home", sandbox)) as running,
    ):
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        running.put("a.json", {"type": "build_failed", "title": "before"})
        see(sandbox, "before")
        time.sleep(network.FRESH_SECONDS + 0.1)  # a connection used just now is not checked
        with no_address():
            running.put("b.json", {"type": "build_failed", "title": "without"})
            time.sleep(1)  # as long as the address is gone: the bridge tries, and cannot
        began = time.monotonic()
        see(sandbox, "without")
        seconds = time.monotonic() - began
        running.put("c.json", {"type": "build_failed", "title": "after"})
        see(sandbox, "after")
        texts = [message["text"] for message in sandbox.control.messages()]
        status = running.wait_status(lambda now: now["telegram_connected"], "connected again")
    return {"texts": texts, "seconds": seconds, "errors": status["pools"]["send"]["errors"]}


def main(what: str) -> None:
    ip("link", "set", "lo", "up")
    match what:
        case "serve":
            asyncio.run(serve())
        case "address":
            report(json.dumps(asyncio.run(address())))
        case "router":
            serving = ["unshare", "-n", sys.executable, __file__, "serve"]
            with subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
                try:
                    report(json.dumps(asyncio.run(router(other))))
                finally:
                    other.kill()
        case "bridge":
            report(json.dumps(running_bridge()))


if __name__ == "__main__":
    main(sys.argv[1])
