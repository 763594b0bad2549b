"""Routes for the dashboard and the terminal view: /api/overview, history, events, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from cctelegram.web.answer import json, refusing, whole
from cctelegram.web.lean import Response, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from cctelegram.web.answer import Endpoint

# Most events and log lines of one answer.
EVENTS: Final = 200
LINES: Final = 1000


class Reports(Protocol):
    """What the page shows; each raises ValueError, with a sentence, for what there is not."""

    async def overview(self) -> dict[str, Any]:
        """Return all figures of the page as they are now."""

    def history(self, span: str, series: list[str]) -> dict[str, Any]:
        """Return series over a span; all of them when none is named."""

    async def events(self, limit: int) -> dict[str, Any]:
        """Return the newest events, each with its way."""

    async def logs(self, level: str, event: str | None, limit: int) -> dict[str, Any]:
        """Return the last lines of the log from a level up, of one event where it is named."""


class Reporting(Protocol):
    """What these routes ask of the bridge."""

    @property
    def reports(self) -> Reports:
        """Return what the page shows; imported with the first use."""


def routes(bridge: Reporting, keyed: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """Return the routes; `keyed` wraps an endpoint to require the key."""

    async def overview(_: Request) -> Response:
        return json(await bridge.reports.overview())

    async def history(request: Request) -> Response:
        given = request.query_params
        names = [name for name in given.get("series", "").split(",") if name]
        return json(bridge.reports.history(given.get("span", "1h"), names))

    async def events(request: Request) -> Response:
        limit = whole(request.query_params.get("limit"), 20, EVENTS, "limit")
        return json(await bridge.reports.events(limit))

    async def logs(request: Request) -> Response:
        given = request.query_params
        limit = whole(given.get("limit"), 200, LINES, "limit")
        return json(await bridge.reports.logs(given.get("level", "debug"), given.get("event") or None, limit))

    return [
        Route("/api/overview", keyed(refusing(overview))),
        Route("/api/history", keyed(refusing(history))),
        Route("/api/events", keyed(refusing(events))),
        Route("/api/logs", keyed(refusing(logs))),
    ]
