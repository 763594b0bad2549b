"""TLS: few handshakes for many requests, and no request to an untrusted peer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cctelegram.config.load import load
from cctelegram.pools.lean import httpx
from cctelegram.pools.pools import Pools
from pools import authority
from pools.wire import result, wire

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(authority.OPENSSL is None, reason="needs the openssl command")
SENDS = 1000
# More at once than the pool has connections, and far more than it keeps idle.
AT_ONCE = 25


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, AT_ONCE])
def test_a_thousand_sends_need_no_more_handshakes_than_the_pool_has_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    context, vouched = authority.issue(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", vouched)

    async def run() -> None:
        async with wire(result(1), tls=context) as server:
            base = server.base.replace("http:", "https:")
            pools = Pools(load("/nonexistent", {}, {"telegram.api_base": base}).settings)

            async def sends(count: int) -> None:
                for _ in range(count):
                    assert (await pools.send.post(base, content=b"{}")).json()["result"] == 1

            await asyncio.gather(*(sends(SENDS // at_once) for _ in range(at_once)))
            seen = pools.send.snapshot()
            assert len(server.asked) == seen["requests"] == SENDS
            assert seen["tls_handshakes"] == seen["opened"] == server.connections
            assert seen["tls_handshakes"] == min(at_once, pools.send.figures.connections)
            assert seen["idle"] <= pools.send.figures.idle
            assert seen["tls_seconds"] > 0
            await pools.aclose()

    asyncio.run(run())


def test_no_request_is_sent_to_a_peer_with_an_untrusted_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "foreign").mkdir()
    _, vouched = authority.issue(tmp_path / "own")
    foreign, _ = authority.issue(tmp_path / "foreign")
    monkeypatch.setenv("SSL_CERT_FILE", vouched)

    async def run() -> None:
        async with wire(result(1), tls=foreign) as server:
            base = server.base.replace("http:", "https:")
            pools = Pools(load("/nonexistent", {}, {"telegram.api_base": base}).settings)
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await pools.send.post(base, content=b"{}")
            assert server.asked == []
            seen = pools.send.snapshot()
            assert (seen["tls_handshakes"], seen["errors"]) == (0, {"ConnectError": 1})
            await pools.aclose()

    asyncio.run(run())
