"""An httpx client that counts its requests and connections, and limits the time of each request."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from cctelegram.pools.lean import httpx
from cctelegram.pools.proxies import mounts
from cctelegram.pools.transport import Transport

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpcore

    from cctelegram.config.settings import Pool as Figures
    from cctelegram.pools.counters import Counters

    Trace = Callable[[str, dict[str, Any]], Awaitable[None]]


class Incomplete(httpx.ReadTimeout):
    """The response was still incomplete when the time for the whole request was over."""


class CountingClient(httpx.AsyncClient):
    """An AsyncClient that updates `counters` from httpcore's trace events.

    A `trace` extension of the request is called afterwards.

    Args:
        figures: limits and times; `read_seconds` is given for each pool.
        counters: are updated.
        context: verifies the certificates of hosts.
        local: ignore the proxy variables of the environment.
        total_seconds: limit of a whole request, in seconds; None for transfers of any size.

    Raises ImportError or ValueError for a proxy that cannot be used.
    """

    def __init__(
        self,
        figures: Figures,
        counters: Counters,
        context: ssl.SSLContext,
        *,
        local: bool,
        total_seconds: float | None,
    ) -> None:
        through = {} if local else mounts()
        direct = Transport(figures, context)
        routed = {
            pattern: None if proxy is None else Transport(figures, context, proxy)
            for pattern, proxy in through.items()
        }
        self._transports = [direct, *(each for each in routed.values() if each is not None)]
        super().__init__(
            transport=direct,
            mounts=routed,
            follow_redirects=False,
            timeout=httpx.Timeout(
                figures.read_seconds, connect=figures.connect_seconds, pool=figures.connect_seconds
            ),
        )
        self.counters = counters
        self.figures = figures
        self.total_seconds = total_seconds
        self.in_flight = 0
        self._free = asyncio.Semaphore(figures.connections)

    async def send(self, request: httpx.Request, **arguments: Any) -> httpx.Response:
        """Send a request and count it; raise PoolTimeout, Incomplete, or an error of httpx."""
        trace = _Counting(self.counters, request.extensions.get("trace"))
        request.extensions = {**request.extensions, "trace": trace}
        self.counters.requests += 1
        self.in_flight += 1
        try:
            async with self._connection(request):
                try:
                    async with asyncio.timeout(self.total_seconds):
                        return await super().send(request, **arguments)
                except TimeoutError:
                    raise Incomplete(f"{self.total_seconds:g} s", request=request) from None
        except httpx.TransportError as error:
            self.counters.failed(type(error).__name__)
            raise
        finally:
            self.in_flight -= 1

    def count_open(self) -> tuple[int, int]:
        """Return the numbers of open connections and of those in use."""
        connections = self._connections()
        return len(connections), sum(not each.is_idle() for each in connections)

    async def trim(self) -> None:
        """Close the idle connections beyond `figures.idle`.

        One connection for each request in flight stays: a request that waited may be about to take it.
        """
        connections = self._connections()
        surplus = len(connections) - self.in_flight - self.figures.idle
        if surplus > 0:
            for each in [each for each in connections if each.is_idle()][:surplus]:
                await each.aclose()

    async def close_expired(self) -> bool:
        """Close the expired and dead idle connections; return whether any connection stays open."""
        for each in self._connections():
            if each.is_idle() and each.has_expired():
                await each.aclose()
        return bool(self._connections())

    @asynccontextmanager
    async def _connection(self, request: httpx.Request) -> AsyncIterator[None]:
        """Hold one of the permits for connections, first come, first served."""
        if self._free.locked():
            began = time.monotonic()
            self.counters.waits += 1
            try:
                async with asyncio.timeout(self.figures.connect_seconds):
                    await self._free.acquire()
            except TimeoutError:
                limits = f"{self.figures.connect_seconds:g} s: all {self.figures.connections} were in use"
                raise httpx.PoolTimeout(limits, request=request) from None
            finally:
                self.counters.wait_seconds += time.monotonic() - began
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()

    def _connections(self) -> list[httpcore.AsyncConnectionInterface]:
        return [one for each in self._transports for one in each.open_connections()]


class _Counting:
    """Updates the counters from the trace events of one request."""

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
            self._connected = True  # CONNECT to a proxy opened it; the request after it is no reuse
        elif event.endswith(".start_tls.started"):
            self._tls_since = time.monotonic()
        elif event.endswith(".start_tls.complete"):
            counters.tls_handshakes += 1
            counters.tls_seconds += time.monotonic() - self._tls_since
        if self._next is not None:
            await self._next(event, info)
