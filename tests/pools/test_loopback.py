from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.pools import loopback
from pools.wire import answer, close, never, wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from pools.wire import Act, Wire


def against(work: Callable[[Wire], Any], *acts: Act) -> Any:
    """Run blocking `work` beside a server that does `acts`."""

    async def run() -> Any:
        async with wire(*acts) as server:
            return await asyncio.to_thread(work, server)

    return asyncio.run(run())


def test_one_connection_is_kept_and_counted() -> None:
    def work(server: Wire) -> None:
        connection = loopback.Connection(server.port, "the-key")
        assert [connection.get("/status"), connection.post("/mode", b"{}")] == [(200, b'{"a": 1}')] * 2
        assert server.connections == 1
        assert server.asked == [("GET /status HTTP/1.1", b""), ("POST /mode HTTP/1.1", b"{}")]
        assert connection.counters.snapshot() | {"tls_seconds": 0} == {
            "requests": 2,
            "opened": 1,
            "reused": 1,
            "in_use": 0,
            "idle": 1,
            "waits": 0,
            "tls_handshakes": 0,
            "tls_seconds": 0,
            "errors": {},
        }
        connection.close()
        assert connection.counters.snapshot()["idle"] == 0

    against(work, answer({"a": 1}))


def test_the_key_goes_as_a_bearer_and_other_statuses_are_answers() -> None:
    def work(server: Wire) -> None:
        assert loopback.get(server.port, "/status", "the-key", 2) == (401, b"no")
        assert "Authorization: Bearer the-key\r\n" in server.heads[0]

    against(work, answer(b"no", 401))


def test_a_kept_connection_that_was_closed_is_made_again_for_a_get_and_never_for_a_post() -> None:
    def work(server: Wire) -> None:
        connection = loopback.Connection(server.port, "k")
        assert connection.get("/1")[0] == 200
        assert connection.get("/2") == (200, b"{}")
        assert connection.counters.opened == 2
        with pytest.raises(loopback.LoopbackError):
            connection.post("/3", b"{}")
        assert connection.post("/4", b"{}") == (200, b"{}")
        assert [line.split()[1] for line, _ in server.asked] == ["/1", "/2", "/2", "/3", "/4"]
        connection.close()

    against(work, answer({}), close, answer({}), close, answer({}))


def test_nobody_there_and_nothing_in_time_are_one_kind_of_error() -> None:
    def silent(server: Wire) -> None:
        connection = loopback.Connection(server.port, "secret-key", 0.1)
        with pytest.raises(
            loopback.LoopbackError, match=r"no answer from 127\.0\.0\.1:\d+: timed out"
        ) as raised:
            connection.get("/")
        assert "secret-key" not in str(raised.value)
        assert connection.counters.errors == {"TimeoutError": 1}

    against(silent, never)
    with pytest.raises(loopback.LoopbackError, match="refused"):
        loopback.get(1, "/", "k")


def test_what_is_not_http_is_an_error() -> None:
    async def noise(_: Any, writer: Any) -> bool:
        writer.write(b"\x00\x01\x02 not http\r\n\r\n")
        await writer.drain()
        return False

    def work(server: Wire) -> None:
        with pytest.raises(loopback.LoopbackError):
            loopback.get(server.port, "/", "k")

    against(work, noise)


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "MAX_ANSWER_BYTES", 10)

    def work(server: Wire) -> None:
        with pytest.raises(loopback.LoopbackError, match="over 10 bytes"):
            loopback.get(server.port, "/", "k")

    against(work, answer(b"x" * 11))


def test_a_proxy_of_the_environment_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    def work(server: Wire) -> None:
        assert loopback.get(server.port, "/", "k") == (200, b"{}")

    against(work, answer({}))


def test_importing_it_costs_no_http() -> None:
    program = (
        "import sys; import cctelegram.pools.loopback; print('http' in sys.modules, 'ssl' in sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["False", "False"]
