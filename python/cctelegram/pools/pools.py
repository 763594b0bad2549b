"""The pools of connections to Telegram, one for each purpose.

A poll that waits 50 s, and an upload that takes a minute, never delay a message: each has its own
connections. HTTP/1.1, since HTTP/2 is slower for this traffic; certificates are always verified; the proxy
variables of the environment apply to all but loopback.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from cctelegram.config.errors import SettingsError
from cctelegram.config.kinds import is_loopback
from cctelegram.pools import trust
from cctelegram.pools.client import CountingClient
from cctelegram.pools.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cctelegram.config.settings import Pool as Figures
    from cctelegram.config.settings import Settings
    from cctelegram.pools.counters import Counters

NAMES: Final = ("send", "poll", "files")
# Seconds that a poll may take beyond the wait it asks of Telegram.
POLL_GRACE_SECONDS = 10.0


class Pools:
    """`send`, `poll` and `files`, with the limits and times of the settings.

    Create it in the event loop that uses it. Raises SettingsError for a proxy that cannot be used.

    Args:
        settings: the settings in force; see `change`.
        counters: by the name of a pool, the counters it continues.
    """

    def __init__(self, settings: Settings, counters: Mapping[str, Counters] | None = None) -> None:
        local = is_loopback(urlsplit(settings.telegram.api_base).hostname or "")
        context = _context(settings.telegram.api_base, local=local)
        figures = _figures(settings)
        self._by_name = {
            name: Pool(
                figures[name],
                partial(_client, context, local=local, bounded=name != "files"),
                (counters or {}).get(name),
            )
            for name in NAMES
        }
        self.send = self._by_name["send"]
        self.poll = self._by_name["poll"]
        self.files = self._by_name["files"]

    def change(self, settings: Settings) -> None:
        """Apply changed figures; see Pool.change. The API base stays the one it was created with."""
        for name, figures in _figures(settings).items():
            self._by_name[name].change(figures)

    @property
    def counters(self) -> dict[str, Counters]:
        """The counters by the name of a pool, for pools that continue them."""
        return {name: pool.counters for name, pool in self._by_name.items()}

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Return the counters of each pool, by name; see counters.Counters."""
        return {name: pool.snapshot() for name, pool in self._by_name.items()}

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(pool.aclose() for pool in self._by_name.values()))


def _figures(settings: Settings) -> dict[str, Figures]:
    poll_seconds = settings.telegram.poll_seconds + POLL_GRACE_SECONDS
    return {
        "send": settings.pools.send,
        "poll": msgspec.structs.replace(settings.pools.poll, read_seconds=poll_seconds),
        "files": settings.pools.files,
    }


def _client(
    context: ssl.SSLContext, figures: Figures, counters: Counters, *, local: bool, bounded: bool
) -> CountingClient:
    assert figures.read_seconds is not None  # noqa: S101 - only the settings' poll has none
    # The sum of the phases: TCP, TLS, a proxy's TLS, writing, and silence before the response. Only a
    # response that trickles in can take longer; for a file that is allowed.
    total = 3 * figures.connect_seconds + 2 * figures.read_seconds if bounded else None
    try:
        return CountingClient(figures, counters, context, local=local, total_seconds=total)
    except (ImportError, ValueError):
        problem = "is not a usable proxy: use http:// or https://, or socks5:// with httpx[socks]"
    # Outside of the except block: the error's text holds the address, and that a password.
    raise SettingsError(problem, file="HTTPS_PROXY, HTTP_PROXY or ALL_PROXY")


def _context(api_base: str, *, local: bool) -> ssl.SSLContext:
    """Return one context for all pools: reading the certificates costs 10 ms and 1 MB each time."""
    if local and api_base.startswith("http://"):
        # Nothing is encrypted, so no certificates are loaded; none would be trusted.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return trust.context()
