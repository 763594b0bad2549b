"""The transport of a pool: httpcore's connections, made by `network.Network`.

httpx's own transport has no argument for a network backend and does not show its connections. httpcore's
pool has both, and a transport is the place where httpx takes another.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, cast

from cctelegram.pools.lean import httpcore, httpx
from cctelegram.pools.network import Network

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, AsyncIterator, Iterator

    from cctelegram.config.settings import Pool as Figures

# Each has a class of the same name in httpx, and so do the kinds of it.
_ERRORS: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


class Transport(httpx.AsyncBaseTransport):
    """Connections to any host, directly or through one proxy; HTTP/1.1.

    Args:
        figures: limits and times.
        context: verifies the certificates of hosts.
        proxy: the URL of a proxy; None connects directly.
        network: opens the connections; httpcore's own seam. None is this machine's network.

    Raises:
        ValueError: the proxy's URL cannot be used.
        ImportError: a SOCKS proxy, without the package that speaks it.
    """

    def __init__(
        self,
        figures: Figures,
        context: ssl.SSLContext,
        proxy: str | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            proxy=None if proxy is None else _proxy(proxy),
            max_connections=figures.connections,
            # httpcore applies max_keepalive_connections to all connections: over it, each request of a busy
            # pool would close its connection and the next one open another. See CountingClient.trim.
            max_keepalive_connections=figures.connections,
            keepalive_expiry=figures.keepalive_seconds,
            network_backend=network or Network(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response with its body unread; raise httpx.TransportError as httpx's own does."""
        forwarded = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=cast("AsyncIterable[bytes]", request.stream),
            extensions=request.extensions,
        )
        with _as_httpx():
            response = await self._pool.handle_async_request(forwarded)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def open_connections(self) -> list[httpcore.AsyncConnectionInterface]:
        """Return the connections that are not closed."""
        return [each for each in self._pool.connections if not each.is_closed()]

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response, as it is received."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise httpcore's errors as the errors of the same names in httpx."""
    try:
        yield
    except _ERRORS as error:
        raise _class_for(error)(str(error)) from error


def _class_for(error: Exception) -> type[httpx.TransportError]:
    named = (getattr(httpx, kind.__name__, None) for kind in type(error).__mro__)
    return next(kind for kind in named if isinstance(kind, type) and issubclass(kind, httpx.TransportError))


def _proxy(url: str) -> httpcore.Proxy:
    parsed = httpx.Proxy(url)
    if parsed.url.scheme.startswith("socks5") and find_spec("socksio") is None:
        raise ImportError("a SOCKS proxy needs the package socksio: install httpx[socks]")
    return httpcore.Proxy(
        httpcore.URL(
            scheme=parsed.url.raw_scheme,
            host=parsed.url.raw_host,
            port=parsed.url.port,
            target=parsed.url.raw_path,
        ),
        auth=parsed.raw_auth,
        headers=parsed.headers.raw,
        ssl_context=parsed.ssl_context,
    )
