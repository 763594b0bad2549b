"""An httpx client that counts what its connections do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cctelegram.pools.counters import Counters
from cctelegram.pools.lean import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Trace = Callable[[str, dict[str, Any]], Awaitable[None]]


class CountingClient(httpx.AsyncClient):
    """An AsyncClient whose `counters` are fed by httpcore's own events.

    A `trace` extension of a request is still called, after ours.
    """

    def __init__(self, *, connections: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.counters = Counters()
        self._connections = connections
        self._in_flight = 0

    async def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
        """Send a request, counted."""
        counters = self.counters
        counters.requests += 1
        counters.waits += self._in_flight >= self._connections
        self._in_flight += 1
        trace = _Counting(counters, request.extensions.get("trace"))
        request.extensions = {**request.extensions, "trace": trace}
        try:
            return await super().send(request, **arguments)
        except httpx.TransportError as error:
            counters.failed(type(error).__name__)
            raise
        finally:
            self._in_flight -= 1

    def snapshot(self) -> dict[str, Any]:
        """Return the counters; connections that are open and in use are looked at now."""
        # httpx keeps its transports, and they their pools, to itself; httpcore's `connections` is public.
        transports = [self._transport, *self._mounts.values()]
        pools = [pool for each in transports if (pool := getattr(each, "_pool", None)) is not None]
        connections = [one for pool in pools for one in pool.connections if not one.is_closed()]
        self.counters.open = len(connections)
        self.counters.in_use = sum(not one.is_idle() for one in connections)
        return self.counters.snapshot()


class _Counting:
    """What httpcore tells of one request, put into the counters."""

    __slots__ = ("_connected", "_counters", "_next", "_tls_since")

    def __init__(self, counters: Counters, following: Trace | None) -> None:
        self._counters = counters
        self._next = following
        self._connected = False
        self._tls_since = 0.0

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        counters = self._counters
        if event == "connection.connect_tcp.complete":
            self._connected = True
            counters.opened += 1
        elif event == "http11.send_request_headers.started":
            counters.reused += not self._connected
            self._connected = True  # the CONNECT to a proxy was the first; the request itself reuses nothing
        elif event.endswith(".start_tls.started"):
            self._tls_since = time.monotonic()
        elif event.endswith(".start_tls.complete"):
            counters.tls_handshakes += 1
            counters.tls_seconds += time.monotonic() - self._tls_since
        if self._next is not None:
            await self._next(event, info)
