"""The routes. Only this machine has access: the Host must be ours, a foreign Origin is refused.

Otherwise a page in the browser could read the status through a DNS name that points to 127.0.0.1. Ours are
the listening address, and `localhost` where it resolves to that.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from cctelegram.web import outbox, profiles
from cctelegram.web.lean import Response, Route, Starlette

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    Endpoint = Callable[[Request], Awaitable[Response]]

# The addresses that localhost resolves to.
DEFAULTS: Final = ("127.0.0.1", "::1")
# The port that clients omit from the Host.
HTTP_PORT: Final = 80


class OwnMachineOnly:
    """Refuses a request whose Host or Origin is not ours with 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request or refuse it."""
        if scope["type"] == "http" and not _ours(scope):
            refusal = Response("This server is for its own machine only.\n", 403, media_type="text/plain")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _ours(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    served, port = scope.get("server") or ("", 0)  # the address that this connection came to
    names = {f"[{served}]" if ":" in served else served}
    if served in DEFAULTS:
        names.add("localhost")
    hosts = {f"{name}:{port}" for name in names} | (names if port == HTTP_PORT else set())
    host = headers.get(b"host", b"").decode("latin-1").lower()
    origin = headers.get(b"origin")
    return host in hosts and (
        origin is None or origin.decode("latin-1").lower() in {f"http://{name}" for name in hosts}
    )


class Bridge(Protocol):
    """The methods of the bridge that the routes call."""

    async def status(self) -> dict[str, Any]:
        """Return the content of /status, with `health` and `ready`."""

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the content of /metrics and its media type, by the Accept header of the request."""

    async def delivery(self, event_id: str) -> dict[str, Any] | None:
        """Return the deliveries of an event, or None when it is unknown."""

    async def set_mode(self, mode: str, lasting: str | None = None) -> str:
        """Change the mode, `muted` optionally for a time; return the confirmation.

        Raises ValueError for an unknown mode or time.
        """

    async def cleanup(self, action: str, directories: list[str]) -> dict[str, Any]:
        """Return a plan, a run, stats or history. Raises ValueError; BlockingIOError during another round."""

    def stop(self) -> None:
        """Stop, after the requests in flight."""

    def restart(self) -> bool:
        """Restart with the token from standard input; return False and keep running if there is none.

        Raises an exception with a sentence when the settings are invalid.
        """

    @property
    def stuck(self) -> str | None:
        """Return why the process must be restarted, or None; never blocks."""

    @property
    def orders(self) -> outbox.OperatorActions:
        """Return the operator actions."""

    @property
    def history(self) -> outbox.History:
        """Return the search of events."""

    @property
    def profiles(self) -> profiles.Profiles:
        """Return what takes profiles of this process; imported with the first use."""


def app(bridge: Bridge, key: str) -> ASGIApp:
    """Return the application; every route but /live, /ready and /health requires `key`."""

    async def status(_: Request) -> Response:
        return _json(await bridge.status())

    async def delivery(request: Request) -> Response:
        found = await bridge.delivery(request.path_params["event_id"])
        return _json(found) if found is not None else _json({"error": "no such event"}, 404)

    async def mode(request: Request) -> Response:
        try:
            sentence = await bridge.set_mode(request.path_params["mode"], request.query_params.get("for"))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json({"mode": request.path_params["mode"], "said": sentence})

    async def stop(_: Request) -> Response:
        queue = (await bridge.status())["queue"]
        bridge.stop()
        return _json({"stopping": True, "queue": queue})

    async def health(_: Request) -> Response:
        now = await bridge.status()
        code = 503 if now["health"] == "failing" else 200
        return _json({"health": now["health"], "reasons": now["reasons"]}, code)

    async def live(_: Request) -> Response:
        stuck = bridge.stuck
        return _json({"live": True}) if stuck is None else _json({"live": False, "reason": stuck}, 503)

    async def ready(_: Request) -> Response:
        now = await bridge.status()
        return _json({"ready": now["ready"]}, 200 if now["ready"] else 503)

    def keyed(endpoint: Endpoint) -> Endpoint:
        async def authorized(request: Request) -> Response:
            header = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(header, f"Bearer {key}".encode()):
                return _json({"error": "the key from state/bridge.json is required"}, 401)
            return await endpoint(request)

        return authorized

    routes = [
        Route("/status", keyed(status)),
        Route("/metrics", keyed(scraping(bridge))),
        Route("/deliveries/{event_id:path}", keyed(delivery)),
        Route("/mode/{mode}", keyed(mode), methods=["POST"]),
        Route("/cleanup/{action}", keyed(cleaning(bridge)), methods=["GET", "POST"]),
        Route("/stop", keyed(stop), methods=["POST"]),
        Route("/restart", keyed(restarting(bridge)), methods=["POST"]),
        Route("/health", health),
        *outbox.routes(bridge.orders, bridge.history, keyed),
        *profiles.routes(bridge, keyed),
        Route("/live", live),
        Route("/ready", ready),
    ]
    return OwnMachineOnly(Starlette(routes=routes))


def scraping(bridge: Bridge) -> Endpoint:
    """Return the endpoint of /metrics."""

    async def metrics(request: Request) -> Response:
        content, media_type = await bridge.metrics(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": media_type})

    return metrics


def restarting(bridge: Bridge) -> Endpoint:
    """Return the endpoint of /restart."""

    async def restart(_: Request) -> Response:
        try:
            return _json({"restarting": bridge.restart()})
        except Exception as error:  # noqa: BLE001  the bridge keeps running; the client gets the reason
            return _json({"error": str(error)}, 409)

    return restart


def cleaning(bridge: Bridge) -> Endpoint:
    """Return the endpoint of /cleanup/plan, run, stats and history; `?directory=` names one."""

    async def cleanup(request: Request) -> Response:
        action = request.path_params["action"]
        if (action == "run") != (request.method == "POST"):
            return _json({"error": "use POST for run, GET for all other actions"}, 405)
        try:
            return _json(await bridge.cleanup(action, request.query_params.getlist("directory")))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        except BlockingIOError as error:
            return _json({"error": str(error)}, 409)

    return cleanup


def _json(content: Any, code: int = 200) -> Response:
    return Response(orjson.dumps(content) + b"\n", code, media_type="application/json")
