"""The transport takes the proxies that httpx takes, and raises the errors that httpx raises."""

from __future__ import annotations

import ast
import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cctelegram.pools
from cctelegram.config import environment
from cctelegram.pools.lean import httpx
from cctelegram.pools.network import Network
from cctelegram.pools.proxies import mounts
from cctelegram.pools.transport import Transport
from pools.test_pools import settings
from pools.wire import result, wire

ROOM = Path(cctelegram.pools.__file__).parent
# Nothing is encrypted here; one that reads certificates takes 10 ms to make.
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
NAMES = ("HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "NO_PROXY", "TRAVIS_APT_PROXY")
hosts = st.sampled_from(
    [
        "example.com",
        ".example.com",
        "localhost",
        "LOCALHOST",
        "10.0.0.1",
        "10.0.0.0/8",
        "::1",
        "https://api.telegram.org",
        "*",
        "",
    ]
)


@given(
    st.dictionaries(
        st.sampled_from(NAMES[:-2]),
        st.sampled_from(["http://proxy:8080", "https://user:word@proxy", "proxy:3128"]),
    ),
    st.lists(hosts, max_size=4),
)
def test_the_proxies_of_the_environment_are_those_that_httpx_would_use(
    proxies: dict[str, str], direct: list[str]
) -> None:
    variables = {**proxies, "NO_PROXY": " , ".join(direct), "TRAVIS_APT_PROXY": "http://other"}
    with pytest.MonkeyPatch.context() as patch:
        for name in environment.snapshot():
            if name.lower().endswith("_proxy"):
                patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        theirs = httpx.Client(verify=CONTEXT, trust_env=True)
        found = mounts()
    assert sorted(each.pattern for each in theirs._mounts) == sorted(found)


@pytest.mark.parametrize(
    "name",
    [
        "ConnectError",
        "ConnectTimeout",
        "LocalProtocolError",
        "PoolTimeout",
        "ProxyError",
        "ReadError",
        "ReadTimeout",
        "RemoteProtocolError",
        "UnsupportedProtocol",
        "WriteError",
        "WriteTimeout",
    ],
)
def test_an_error_of_httpcore_is_raised_as_the_same_one_of_httpx(name: str) -> None:
    class Failing(Network):
        async def connect_tcp(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
            raise getattr(httpcore, name)("reason")

    async def run() -> None:
        transport = Transport(settings("http://127.0.0.1:1").pools.send, CONTEXT, network=Failing())
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(getattr(httpx, name), match="reason") as raised:
                await client.get("http://127.0.0.1:1")
        assert type(raised.value) is getattr(httpx, name)
        assert isinstance(raised.value.__cause__, getattr(httpcore, name))

    asyncio.run(run())


def test_a_transport_shows_its_connections_until_they_are_closed() -> None:
    async def run() -> None:
        async with wire(result(1)) as server:
            transport = Transport(settings(server.base).pools.send, CONTEXT)
            async with httpx.AsyncClient(transport=transport) as client:
                assert transport.open_connections() == []
                await client.post(server.base, content=b"{}")
                (connection,) = transport.open_connections()
                assert connection.is_idle()
            assert transport.open_connections() == []

    asyncio.run(run())


def test_no_private_part_of_a_library_is_used() -> None:
    found = []
    for file in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                if not own and not node.attr.endswith("__"):
                    found.append(f"{file.name}:{node.lineno} .{node.attr}")
            if isinstance(node, ast.Constant) and node.value in ("_pool", "_transport", "_mounts"):
                found.append(f"{file.name}:{node.lineno} {node.value!r}")
    assert found == []
