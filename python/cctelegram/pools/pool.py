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

# After this many seconds over the time an idle connection is kept, it is looked at: then it is too old.
_LATE = 0.1


class Pool:
    """Connections for one purpose. To be made in the event loop that uses it.

    Args:
        figures: limits and times.
        make: makes a client of such figures that counts into the counters.
        counters: counts go on from there.
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
        self._look: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def figures(self) -> Figures:
        """The figures in force."""
        return self._client.figures

    async def post(self, url: httpx.URL | str, **request: Any) -> httpx.Response:
        """Post as httpx does, and raise what it raises; also client.NotWhole."""
        client = self._client
        try:
            return await client.post(url, **request)
        finally:
            if client in self._retired:
                if not client.in_flight:
                    self._retired.discard(client)
                    await client.aclose()
            else:
                self._look_later()
                await client.trim()

    def change(self, figures: Figures) -> None:
        """Take the next requests over connections of these figures; those under way end as they began.

        Their connections are closed when the last of them has ended. Figures that are in force already
        change nothing, and neither do others once the pool was closed.
        """
        if self._closed or figures == self.figures:
            return
        old, self._client = self._client, self._make(figures, self.counters)
        if old.in_flight:
            self._retired.add(old)
        else:
            self._begin(old.aclose())

    def snapshot(self) -> dict[str, Any]:
        """Return the counters; connections that are open and in use are looked at now."""
        counted = [client.count_open() for client in (self._client, *self._retired)]
        self.counters.open = sum(opened for opened, _ in counted)
        self.counters.in_use = sum(used for _, used in counted)
        return self.counters.snapshot()

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True
        if self._look is not None:
            self._look.cancel()
        await asyncio.gather(self._client.aclose(), *(each.aclose() for each in self._retired), *self._tasks)

    def _look_later(self) -> None:
        """Look for connections that are too old: httpcore does so with the next request only."""
        if self._look is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._look = loop.call_later(
                self.figures.keepalive_seconds + _LATE, lambda: self._begin(self._close_expired())
            )

    async def _close_expired(self) -> None:
        self._look = None
        if await self._client.close_expired():
            self._look_later()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
