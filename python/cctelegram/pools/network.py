"""Connections that detect, while idle, that their path is gone.

A kept connection can die silently: a router dropped its state, the machine changed its network. A request
written to one times out with an unknown outcome. Detected before the request is written, it costs only a new
connection. So the kernel sends keep-alive probes, which also refresh the router's state, and a connection
from an address that this machine no longer has is not reused.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from cctelegram.pools.lean import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from httpcore import SOCKET_OPTION

# Seconds until the first keep-alive probe, between probes, and how many stay unanswered before the connection
# is dead: 30 s in all. Options that the system does not have are left out.
_PROBES: Final = (
    ("SO_KEEPALIVE", 1),
    ("TCP_KEEPIDLE", 15),
    ("TCP_KEEPALIVE", 15),  # the name of TCP_KEEPIDLE on macOS
    ("TCP_KEEPINTVL", 5),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 30_000),  # milliseconds that written data may stay unacknowledged
)
OPTIONS: Final[tuple[tuple[int, int, int], ...]] = tuple(
    (socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP, getattr(socket, name), value)
    for name, value in _PROBES
    if hasattr(socket, name)
)
# A connection used more recently than this is not checked: addresses do not change that often.
FRESH_SECONDS: Final = 1.0


class Network(httpcore.AsyncNetworkBackend):
    """Connects as httpcore does, with OPTIONS; its streams report when their local address is gone."""

    def __init__(self) -> None:
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect; raises what httpcore raises."""
        options = (*OPTIONS, *(socket_options or ()))
        return Stream(await self._plain.connect_tcp(host, port, timeout, local_address, options))

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await self._plain.sleep(seconds)


class Stream(httpcore.AsyncNetworkStream):
    """One connection; httpcore discards an idle one that `is_readable`."""

    __slots__ = ("_plain", "_used")

    def __init__(self, plain: httpcore.AsyncNetworkStream) -> None:
        self._plain = plain
        self._used = time.monotonic()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  as above
        """Read."""
        data = await self._plain.read(max_bytes, timeout)
        self._used = time.monotonic()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  as above
        """Write."""
        await self._plain.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._plain.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  as above
    ) -> httpcore.AsyncNetworkStream:
        """Return the encrypted stream over this one."""
        return Stream(await self._plain.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for; report a connection whose local address is gone as readable."""
        found = self._plain.get_extra_info(info)
        if info == "is_readable" and not found and time.monotonic() - self._used > FRESH_SECONDS:
            return _is_gone(self._plain.get_extra_info("socket"))
        return found


def _is_gone(connection: socket.socket | None) -> bool:
    """Return whether this machine no longer has the local address of a connection."""
    if connection is None:
        return False
    host, _, *scope = connection.getsockname()
    with socket.socket(connection.family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0, *scope))
        except OSError as error:
            return error.errno == errno.EADDRNOTAVAIL
    return False
