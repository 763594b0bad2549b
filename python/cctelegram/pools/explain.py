"""Error sentences for failed requests."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Final

from cctelegram.pools.client import Incomplete
from cctelegram.pools.lean import httpx

# The first match counts. `error` is the text of our own errors, `reason` that of the system or library.
_SENTENCES: Final[tuple[tuple[type[httpx.HTTPError], str], ...]] = (
    # The text of a proxy's error may contain its password.
    (httpx.ProxyError, "the proxy refused the connection"),
    (Incomplete, "the response of {where} was incomplete after {error}"),
    (httpx.PoolTimeout, "no connection to {where} was free after {error}"),
    (httpx.ConnectTimeout, "no connection to {where} within {connect:g} s"),
    (httpx.ReadTimeout, "{where} sent nothing for {read:g} s"),
    (httpx.WriteTimeout, "{where} accepted no data for {write:g} s"),
    (httpx.ConnectError, "no connection to {where}: {reason}"),
    (httpx.NetworkError, "the connection to {where} broke: {reason}"),
    (httpx.RemoteProtocolError, "{where} sent an incomplete response: {reason}"),
    (httpx.HTTPError, "no response from {where}: {kind}: {reason}"),
)
_DEEP: Final = 20  # limit of the chain of causes; real ones are shorter


def words(error: httpx.HTTPError) -> str:
    """Return a sentence for the error of a pool's request: what happened, where, after how long.

    Of the URL it contains only host and port: the rest holds a token.
    """
    sentence = next(sentence for kind, sentence in _SENTENCES if isinstance(error, kind))
    url = error.request.url
    host = f"[{url.host}]" if ":" in url.host else url.host
    return sentence.format(
        **error.request.extensions["timeout"],
        where=f"{host}:{url.port or {'https': 443}.get(url.scheme, 80)}",
        error=error,
        kind=type(error).__name__,
        reason=_reason(error),
    )


def _reason(error: BaseException) -> str:
    """Return the text of the system error at the root of the causes, else that of the error itself."""
    text, each = str(error), error
    for _ in range(_DEEP):
        below = each.__cause__ or each.__context__
        if isinstance(below, BaseExceptionGroup):
            below = below.exceptions[0]
        if below is None:
            break
        each = below
        if isinstance(each, ssl.SSLError | socket.gaierror):
            return each.strerror or text
        if isinstance(each, OSError) and each.errno:
            text = os.strerror(each.errno)  # asyncio replaces the text by an address
    return text or type(error).__name__
