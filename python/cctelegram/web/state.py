"""Routes that say how the bridge is: live, ready, health, status, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cctelegram.web.answer import json
from cctelegram.web.lean import Response, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from cctelegram.web.answer import Endpoint


class State(Protocol):
    """What these routes ask of the bridge."""

    async def status(self) -> dict[str, Any]:
        """Return the content of /status."""

    async def health(self) -> dict[str, Any]:
        """Return the content of /health: `health` and `reasons`."""

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the content of /metrics and its media type, by the Accept header of the request."""

    @property
    def ready(self) -> bool:
        """Return whether event files are taken."""

    @property
    def stuck(self) -> str | None:
        """Give why the process has to be started again, or None; waits for nobody."""


def routes(state: State, keyed: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """Return the routes; /live and /ready need no key: they tell a supervisor one bit."""

    async def live(_: Request) -> Response:
        stuck = state.stuck
        return json({"live": True}) if stuck is None else json({"live": False, "reason": stuck}, 503)

    async def ready(_: Request) -> Response:
        return json({"ready": state.ready}, 200 if state.ready else 503)

    async def health(_: Request) -> Response:
        now = await state.health()
        return json(now, 503 if now["health"] == "failing" else 200)

    async def status(_: Request) -> Response:
        return json(await state.status())

    async def metrics(request: Request) -> Response:
        content, media_type = await state.metrics(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": media_type})

    return [
        Route("/live", live),
        Route("/ready", ready),
        Route("/health", keyed(health)),
        Route("/status", keyed(status)),
        Route("/metrics", keyed(metrics)),
    ]
