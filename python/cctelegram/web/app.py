"""The routes. Only this machine may ask: the Host must be ours, a foreign Origin is refused.

A page in the browser could otherwise read the status by pointing a name of its own at 127.0.0.1.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")


class OwnMachineOnly:
    """Refuses, with 403, a request whose Host or Origin is not ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is ours."""
        if scope["type"] == "http" and not _ours(scope):
            refusal = Response("This server answers its own machine only.\n", 403, media_type="text/plain")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _ours(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    port = (scope.get("server") or ("", 0))[1]
    hosts = {f"{name}:{port}" for name in LOCAL}
    host = headers.get(b"host", b"").decode("latin-1").lower()
    origin = headers.get(b"origin")
    return host in hosts and (
        origin is None or origin.decode("latin-1").lower() in {f"http://{name}" for name in hosts}
    )


def app(status: Callable[[], Awaitable[dict[str, Any]]], key: str) -> ASGIApp:
    """Make the application; `status` gives what /status and /health say, `key` is asked for /status."""

    async def show_status(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {key}".encode()):
            return _json({"error": "the key of state/bridge.json is needed"}, 401)
        return _json(await status())

    async def health(_: Request) -> Response:
        now = await status()
        code = 503 if now["health"] == "failing" else 200
        return _json({"health": now["health"], "reasons": now["reasons"]}, code)

    async def live(_: Request) -> Response:
        return _json({"live": True})

    async def ready(_: Request) -> Response:
        now = await status()
        return _json({"ready": now["ready"]}, 200 if now["ready"] else 503)

    routes = [
        Route("/status", show_status),
        Route("/health", health),
        Route("/live", live),
        Route("/ready", ready),
    ]
    return OwnMachineOnly(Starlette(routes=routes))


def _json(content: Any, code: int = 200) -> Response:
    return Response(orjson.dumps(content) + b"\n", code, media_type="application/json")
