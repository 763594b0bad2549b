"""The pools of connections to Telegram, one for each purpose.

A poll that waits 50 s, and an upload that takes a minute, never hold up a message: each has connections of
its own. HTTP/1.1, since HTTP/2 is slower for this traffic; certificates are always verified; the proxy
variables of the environment count for all but loopback.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cctelegram.config.errors import SettingsError
from cctelegram.config.kinds import is_loopback
from cctelegram.pools import trust
from cctelegram.pools.client import CountingClient
from cctelegram.pools.lean import httpx

if TYPE_CHECKING:
    from cctelegram.config.settings import Pool, Settings

# What a poll may take longer than Telegram was asked to wait.
POLL_GRACE_SECONDS = 10.0


class Pools:
    """`send`, `poll` and `files`: httpx clients with the limits and timeouts of the settings.

    To be made in the event loop that uses it. Raises SettingsError for a proxy that cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        local = is_loopback(urlsplit(settings.telegram.api_base).hostname or "")
        context = _context(settings.telegram.api_base, local=local)
        figures = settings.pools
        poll_read = settings.telegram.poll_seconds + POLL_GRACE_SECONDS
        self.send = _client(figures.send, figures.send.read_seconds, context, local=local)
        self.poll = _client(figures.poll, poll_read, context, local=local)
        self.files = _client(figures.files, figures.files.read_seconds, context, local=local)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Return what each pool counted, by its name; see counters.Counters."""
        return {"send": self.send.snapshot(), "poll": self.poll.snapshot(), "files": self.files.snapshot()}

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(self.send.aclose(), self.poll.aclose(), self.files.aclose())


def _client(figures: Pool, read: float | None, context: ssl.SSLContext, *, local: bool) -> CountingClient:
    try:
        return CountingClient(
            connections=figures.connections,
            verify=context,
            http2=False,
            trust_env=not local,
            follow_redirects=False,
            timeout=httpx.Timeout(read, connect=figures.connect_seconds, pool=figures.connect_seconds),
            limits=httpx.Limits(
                max_connections=figures.connections,
                max_keepalive_connections=figures.idle,
                keepalive_expiry=figures.keepalive_seconds,
            ),
        )
    except (ImportError, ValueError):
        problem = "is no proxy that can be used: http:// and https:// are, socks5:// with httpx[socks]"
    # Outside of the except block: the error's text holds the address, and that a password.
    raise SettingsError(problem, file="HTTPS_PROXY, HTTP_PROXY or ALL_PROXY")


def _context(api_base: str, *, local: bool) -> ssl.SSLContext:
    """Return one context for all pools: reading the certificates costs 10 ms and a megabyte each time."""
    if local and api_base.startswith("http://"):
        # Nothing is encrypted, so no certificate is read; one that came would not be trusted.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return trust.context()
