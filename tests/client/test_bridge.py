"""Requests to a bridge: its answer, parsed, or one error with a sentence for the person."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.client import BridgeError, Unreachable, bridge, routes
from cctelegram.config import paths
from cctelegram.spool.file_lock import FileLock
from pools.wire import answer, close, raw, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pools.wire import Act, Wire


@pytest.fixture
def home(tmp_path: Path) -> str:
    paths.make(str(tmp_path / "home"))
    return str(tmp_path / "home")


@pytest.fixture
def up(home: str) -> Iterator[str]:
    """A home whose lock is held, as by a bridge."""
    lock = FileLock(f"{paths.state_dir(home)}/bridge.lock")
    assert lock.try_lock()
    yield home
    lock.unlock()


def write(home: str, content: str) -> None:
    Path(paths.state_dir(home), "bridge.json").write_text(content, encoding="utf-8")


def against(home: str, work: Callable[[Wire], Any], *acts: Act) -> Any:
    """Run blocking `work` beside a server that does `acts` at the address of the home's bridge."""

    async def run() -> Any:
        async with wire(*acts) as server:
            write(home, json.dumps({"pid": 7, "port": server.port, "key": "k"}))
            return await asyncio.to_thread(work, server)

    return asyncio.run(run())


def test_without_a_bridge_the_sentence_says_how_to_start_one(home: str) -> None:
    with pytest.raises(Unreachable, match=r"The bridge is not running: .* `cctelegram bridge`"):
        bridge.request(home, "/status")
    with pytest.raises(Unreachable, match="The mode can be changed when it runs"):
        routes.set_mode(home, "local")
    assert bridge.status(home) == {"running": False, "note": bridge.DOWN}
    assert bridge.state_for_sender(home) == {"running": False, "note": bridge.DOWN}


def test_the_answer_is_parsed_and_the_query_is_encoded(up: str) -> None:
    def work(server: Wire) -> None:
        assert routes.outbox(up, ["dead", "held"], None, 5) == {"total": 0}
        details: object = routes.details(up, "a/b é?")
        assert details == {"total": 0}
        assert routes.retry(up, "delivery:1") == {"total": 0}
        assert [line for line, _ in server.asked] == [
            "GET /outbox?state=dead&state=held&limit=5 HTTP/1.1",
            "GET /outbox/show/a%2Fb%20%C3%A9%3F HTTP/1.1",
            "POST /outbox/retry/delivery%3A1 HTTP/1.1",
        ]

    against(up, work, answer({"total": 0}))


def test_an_error_of_the_bridge_is_its_own_sentence_and_code(up: str) -> None:
    def work(_: Wire) -> None:
        with pytest.raises(BridgeError, match=r"^no such mode$") as raised:
            routes.set_mode(up, "loud")
        assert raised.value.code == 400
        assert not isinstance(raised.value, Unreachable)

    against(up, work, answer({"error": "no such mode"}, 400))


def test_an_unknown_event_has_no_deliveries(up: str) -> None:
    unknown = answer({"error": "no such event"}, 404)
    assert against(up, lambda _: routes.delivery(up, "e"), unknown) is None


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (close, "the connection was closed without a response"),
        (raw(b"\x00 not HTTP\r\n\r\n"), "this is not HTTP"),
        (answer(b"half a {"), "ValueError"),
        (answer(b"Internal Server Error", 500), "/status answered 500"),
        # Of an earlier bridge: the new one has not written its own address yet.
        (answer({"error": "the key of state/bridge.json is needed"}, 401), "/status answered 401"),
    ],
    ids=["closes", "noise", "garbage", "fails", "other key"],
)
def test_a_bridge_that_does_not_answer_is_named_with_its_process(up: str, act: Act, why: str) -> None:
    def work(_: Wire) -> None:
        with pytest.raises(Unreachable) as raised:
            bridge.request(up, "/status", pool="health", seconds=1.0)
        said = str(raised.value)
        assert said.startswith("The bridge (process 7) holds its lock but does not answer: ")
        assert why in said

    against(up, work, act)


def test_a_state_file_that_is_missing_or_no_address_is_a_bridge_that_does_not_answer(up: str) -> None:
    for content in (None, "half a {", "[]", "{}", '{"port": "x", "key": "k"}'):
        if content is not None:
            write(up, content)
        with pytest.raises(Unreachable, match="holds its lock but does not answer"):
            bridge.request(up, "/status")
        assert bridge.status(up)["running"] is False
