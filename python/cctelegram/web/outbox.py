"""Routes of the outbox and of search, for `cctelegram outbox`, `cctelegram search` and MCP tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cctelegram.web.answer import json, refusing
from cctelegram.web.lean import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

    from cctelegram.web.answer import Endpoint
    from cctelegram.web.lean import Response


class OperatorActions(Protocol):
    """The operator actions; each raises ValueError, with a sentence, when it is not possible."""

    async def listed(self, states: Sequence[str], chat_id: int | None, limit: int) -> dict[str, Any]:
        """Return `total` and `deliveries`."""

    async def shown(self, which: str) -> list[dict[str, Any]]:
        """Return the details of the matching deliveries."""

    async def retry(self, which: str) -> dict[str, Any]:
        """Queue the matching deliveries again."""

    async def retry_dead(self) -> dict[str, Any]:
        """Queue all dead letters again."""

    async def drop(self, which: str) -> dict[str, Any]:
        """Drop the matching deliveries."""

    async def cancel(self, event_id: str) -> str | None:
        """Cancel a question; return its state, or None when there is no such event."""


class History(Protocol):
    """Search of the events."""

    async def search(self, text: str, kind: str | None, since: int, limit: int) -> list[dict[str, Any]]:
        """Return the hits; `since` in microseconds since the epoch."""


class Outbox(Protocol):
    """What these routes ask of the bridge."""

    async def delivery(self, event_id: str) -> dict[str, Any] | None:
        """Return the deliveries of an event, or None when it is unknown."""

    @property
    def orders(self) -> OperatorActions:
        """Return the operator actions."""

    @property
    def history(self) -> History:
        """Return the search of events."""


def routes(bridge: Outbox, keyed: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """Return the routes; `keyed` wraps an endpoint to require the key."""
    orders = bridge.orders

    async def delivery(request: Request) -> Response:
        found = await bridge.delivery(request.path_params["event_id"])
        return json(found) if found is not None else json({"error": "no such event"}, 404)

    async def listed(request: Request) -> Response:
        query = request.query_params
        chat = query.get("chat")
        return json(
            await orders.listed(
                query.getlist("state"), None if chat is None else int(chat), int(query.get("limit", "50"))
            )
        )

    async def shown(request: Request) -> Response:
        return json(await orders.shown(request.path_params["which"]))

    async def retry(request: Request) -> Response:
        return json(await orders.retry(request.path_params["which"]))

    async def retry_dead(_: Request) -> Response:
        return json(await orders.retry_dead())

    async def drop(request: Request) -> Response:
        return json(await orders.drop(request.path_params["which"]))

    async def cancel(request: Request) -> Response:
        state = await orders.cancel(request.path_params["event_id"])
        return json({"state": state}) if state is not None else json({"error": "no such event"}, 404)

    async def search(request: Request) -> Response:
        query = request.query_params
        found = await bridge.history.search(
            query.get("text", ""),
            query.get("type"),
            int(query.get("since", "0")),
            int(query.get("limit", "20")),
        )
        return json({"count": len(found), "hits": found})

    def possible(endpoint: Endpoint) -> Endpoint:
        return keyed(refusing(endpoint))

    return [
        Route("/deliveries/{event_id:path}", keyed(delivery)),
        Route("/outbox", possible(listed)),
        Route("/outbox/show/{which:path}", possible(shown)),
        Route("/outbox/retry/{which:path}", possible(retry), methods=["POST"]),
        Route("/outbox/retry-dead", possible(retry_dead), methods=["POST"]),
        Route("/outbox/drop/{which:path}", possible(drop), methods=["POST"]),
        Route("/cancel/{event_id:path}", possible(cancel), methods=["POST"]),
        Route("/search", possible(search)),
    ]
