"""One pool of connections, whose figures can change while requests are under way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cctelegram.pools.counters import Counters

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from cctelegram.config.settings import Pool as Figures
    from cctelegram.pools.client import CountingClient
    from cctelegram.pools.lean import httpx

# Seconds after the keep-alive time at which idle connections are checked: then they have expired.
_EXPIRY_DELAY = 0.1


class Pool:
    """Connections for one purpose. Create it in the event loop that uses it.

    Args:
        figures: limits and times.
        make: makes a client with these limits that updates these counters.
        counters: continue to be counted up; None for new ones.
    """

    def __init__(
        self,
        figures: Figures,
        make: Callable[[Figures, Counters], CountingClient],
        counters: Counters | None = None,
    ) -> None:
        self.counters = counters or Counters()
        self._make = make
        self._client = make(figures, self.counters)
        self._retired: set[CountingClient] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def figures(self) -> Figures:
        """The figures in force."""
        return self._client.figures

    async def post(self, url: httpx.URL | str, **request: Any) -> httpx.Response:
        """Post a request; raise client.Incomplete or an error of httpx."""
        client = self._client
        try:
            return await client.post(url, **request)
        finally:
            if client in self._retired:
                if not client.in_flight:
                    self._retired.discard(client)
                    await client.aclose()
            else:
                self._schedule_expiry()
                await client.trim()

    def change(self, figures: Figures) -> None:
        """Send further requests over connections with these limits; requests in flight keep theirs.

        Old connections are closed when the last request over them has ended. Unchanged figures, and any
        change after the pool was closed, have no effect.
        """
        if self._closed or figures == self.figures:
            return
        old, self._client = self._client, self._make(figures, self.counters)
        if old.in_flight:
            self._retired.add(old)
        else:
            self._begin(old.aclose())

    def snapshot(self) -> dict[str, Any]:
        """Return the counters, with open and used connections as of now."""
        counted = [client.count_open() for client in (self._client, *self._retired)]
        self.counters.open = sum(opened for opened, _ in counted)
        self.counters.in_use = sum(used for _, used in counted)
        return self.counters.snapshot()

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        await asyncio.gather(self._client.aclose(), *(each.aclose() for each in self._retired), *self._tasks)

    def _schedule_expiry(self) -> None:
        """Schedule the closing of expired connections: httpcore does so with the next request only."""
        if self._expiry is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(
                self.figures.keepalive_seconds + _EXPIRY_DELAY, lambda: self._begin(self._close_expired())
            )

    async def _close_expired(self) -> None:
        self._expiry = None
        if await self._client.close_expired():
            self._schedule_expiry()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
