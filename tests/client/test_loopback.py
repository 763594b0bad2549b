from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from cctelegram.client import connection, loopback
from cctelegram.config.load import load
from pools.wire import answer, close, drops, last, never, raw, slowly, wire
from running import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from pools.wire import Act, Wire


def against(work: Callable[[Wire], Any], *acts: Act) -> Any:
    """Run blocking `work` beside a server that does `acts`."""

    async def run() -> Any:
        async with wire(*acts) as server:
            return await asyncio.to_thread(work, server)

    return asyncio.run(run())


def test_one_connection_is_reused_and_counted() -> None:
    def work(server: Wire) -> None:
        pool = loopback.Loopback()
        assert [pool.get(server.port, "/status", "k"), pool.post(server.port, "/mode", "k")] == [
            (200, b'{"a": 1}')
        ] * 2
        assert server.connections == 1
        assert server.asked == [("GET /status HTTP/1.1", b""), ("POST /mode HTTP/1.1", b"")]
        assert pool.snapshot() == {
            "requests": 2,
            "opened": 1,
            "reused": 1,
            "in_use": 0,
            "idle": 1,
            "waits": 0,
            "wait_seconds": 0,
            "tls_handshakes": 0,
            "tls_seconds": 0,
            "errors": {},
        }
        pool.close()
        assert pool.snapshot()["idle"] == 0

    against(work, answer({"a": 1}))


def test_the_key_is_sent_as_a_bearer_token_and_other_statuses_are_responses() -> None:
    def work(server: Wire) -> None:
        assert loopback.get(server.port, "/status", "the-key", 2) == (401, b"no")
        assert "Authorization: Bearer the-key\r\n" in server.heads[0]

    against(work, answer(b"no", 401))


def test_a_get_over_a_broken_reused_connection_is_retried_and_a_post_never() -> None:
    def work(server: Wire) -> None:
        pool = loopback.Loopback()
        assert pool.get(server.port, "/1", "k")[0] == 200
        assert pool.get(server.port, "/2", "k") == (200, b"{}")
        assert pool.counters.opened == 2
        with pytest.raises(loopback.LoopbackError, match="the kept connection was closed"):
            pool.post(server.port, "/3", "k")
        assert pool.post(server.port, "/4", "k") == (200, b"{}")
        assert [line.split()[1] for line, _ in server.asked] == ["/1", "/2", "/2", "/3", "/4"]
        pool.close()

    against(work, answer({}), close, answer({}), close, answer({}))


def test_a_connection_that_was_closed_while_idle_is_not_used_for_a_post() -> None:
    def work(server: Wire) -> None:
        pool = loopback.Loopback()
        assert pool.get(server.port, "/1", "k")[0] == 200
        wait_for(lambda: pool.snapshot()["idle"] == 0, "the end of the kept connection")
        assert pool.post(server.port, "/2", "k") == (200, b"{}")
        seen = pool.snapshot()
        assert (seen["opened"], seen["reused"], seen["errors"]) == (2, 0, {})
        pool.close()

    against(work, last(b"{}"), answer({}))


def test_threads_wait_for_a_free_connection_and_are_counted() -> None:
    def work(server: Wire) -> None:
        pool = loopback.Loopback({**loopback.STATUS, "connections": 2, "idle": 1})
        with ThreadPoolExecutor(6) as threads:
            answers = [threads.submit(pool.get, server.port, "/", "k") for _ in range(6)]
            assert [each.result() for each in answers] == [(200, b"{}")] * 6
        seen = pool.snapshot()
        assert (seen["requests"], seen["in_use"], seen["errors"]) == (6, 0, {})
        assert server.most_at_once <= 2
        assert 1 <= seen["waits"] <= 4
        assert seen["wait_seconds"] > 0
        assert seen["idle"] == 1
        pool.close()

    against(work, slowly(b"{}", 0.02))


def test_a_wait_too_long_for_a_connection_is_an_error() -> None:
    def work(server: Wire) -> None:
        figures = {**loopback.STATUS, "connections": 1, "connect_seconds": 0.05, "read_seconds": 0.5}
        pool = loopback.Loopback(figures)
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(pool.get, server.port, "/", "k")
            wait_for(lambda: server.asked, "the first request")
            with pytest.raises(loopback.LoopbackError, match=r"free within 0\.05 s: all 1 were in use"):
                pool.get(server.port, "/", "k")
            pool.change(loopback.STATUS)
            with pytest.raises(loopback.LoopbackError, match=r"nothing was sent for 0\.5 s"):
                first.result()
        assert pool.snapshot()["errors"] == {"PoolTimeout": 1, "TimeoutError": 1}

    against(work, never)


def test_a_response_that_arrives_too_slowly_is_an_error() -> None:
    def work(server: Wire) -> None:
        with pytest.raises(loopback.LoopbackError, match=r"incomplete after 0\.4 s"):
            loopback.get(server.port, "/", "k", 0.2)

    against(work, drops)


def test_a_connection_is_kept_no_longer_than_keepalive_seconds() -> None:
    def work(server: Wire) -> None:
        pool = loopback.Loopback({**loopback.STATUS, "keepalive_seconds": 0.0})
        for _ in range(2):
            assert pool.get(server.port, "/", "k")[0] == 200
        seen = pool.snapshot()
        assert (seen["opened"], seen["reused"], seen["idle"]) == (2, 0, 0)
        pool.change(loopback.STATUS)
        for _ in range(2):
            assert pool.get(server.port, "/", "k")[0] == 200
        assert pool.snapshot()["reused"] == 1
        pool.close()

    against(work, answer({}))


def test_responses_in_chunks_and_without_a_length_are_read_to_the_end() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    for said, kept in ((chunked, 1), (b"HTTP/1.1 200 OK\r\n\r\nabcde", 0)):

        def work(server: Wire, kept: int = kept) -> None:
            pool = loopback.Loopback()
            assert pool.get(server.port, "/", "k") == (200, b"abcde")
            assert pool.snapshot()["idle"] == kept
            pool.close()

        against(work, raw(said, keep=bool(kept)))


def test_the_defaults_of_the_loopback_pools_are_those_of_the_settings_table() -> None:
    pools = load("/nonexistent", {}, {}).settings.pools
    assert msgspec.to_builtins(pools.health) == loopback.HEALTH
    assert msgspec.to_builtins(pools.status) == loopback.STATUS


def test_a_refused_connection_and_a_timeout_are_one_kind_of_error() -> None:
    def silent(server: Wire) -> None:
        pool = loopback.Loopback({**loopback.STATUS, "read_seconds": 0.1})
        with pytest.raises(
            loopback.LoopbackError, match=r"no answer from 127\.0\.0\.1:\d+: nothing was sent for 0\.1 s"
        ) as raised:
            pool.get(server.port, "/", "secret-key")
        assert "secret-key" not in str(raised.value)
        assert pool.counters.errors == {"TimeoutError": 1}

    against(silent, never)
    with pytest.raises(loopback.LoopbackError, match="refused"):
        loopback.get(1, "/", "k")


def test_a_response_that_is_not_http_is_an_error() -> None:
    async def noise(_: Any, writer: Any) -> bool:
        writer.write(b"\x00\x01\x02 not http\r\n\r\n")
        await writer.drain()
        return False

    def work(server: Wire) -> None:
        with pytest.raises(loopback.LoopbackError):
            loopback.get(server.port, "/", "k")

    against(work, noise)


def test_an_endless_response_is_not_read_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_ANSWER_BYTES", 10)

    def work(server: Wire) -> None:
        with pytest.raises(loopback.LoopbackError, match="more than 10 bytes"):
            loopback.get(server.port, "/", "k")

    against(work, answer(b"x" * 11))


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    def work(server: Wire) -> None:
        assert loopback.get(server.port, "/", "k") == (200, b"{}")

    against(work, answer({}))


def test_importing_the_loopback_client_loads_no_http_library() -> None:
    program = (
        "import sys; import cctelegram.client.loopback; print('http' in sys.modules, 'ssl' in sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["False", "False"]
