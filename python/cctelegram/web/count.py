"""Counting of requests: how many by route and code, and the time until an answer begins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cctelegram.monitor import catalogue

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cctelegram.monitor.values import Metrics


class Counted:
    """Counts the answers of an application. A stream counts when it begins."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = route_of(scope["path"])
                self._metrics.add(catalogue.HTTP_REQUESTS, 1, route, str(message["status"]))
                self._metrics.observe(catalogue.HTTP_TIME, time.perf_counter() - began, route)
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)


def route_of(path: str) -> str:
    """Return the label of a path: its first segment, `page` for the page, its files and the login."""
    first = path.removeprefix("/").partition("/")[0]
    return "page" if first in ("", "login", "page") else first
