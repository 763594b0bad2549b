"""Routes of the outbox and of search, for `cctelegram outbox`, `cctelegram search` and MCP tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import orjson

from cctelegram.web.lean import Response, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request

    Endpoint = Callable[[Request], Awaitable[Response]]


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


def routes(orders: OperatorActions, history: History, keyed: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """Return the routes; `keyed` wraps an endpoint to require the key."""

    async def listed(request: Request) -> Response:
        query = request.query_params
        chat = query.get("chat")
        return _json(
            await orders.listed(
                query.getlist("state"), None if chat is None else int(chat), int(query.get("limit", "50"))
            )
        )

    async def shown(request: Request) -> Response:
        return _json(await orders.shown(request.path_params["which"]))

    async def retry(request: Request) -> Response:
        return _json(await orders.retry(request.path_params["which"]))

    async def retry_dead(_: Request) -> Response:
        return _json(await orders.retry_dead())

    async def drop(request: Request) -> Response:
        return _json(await orders.drop(request.path_params["which"]))

    async def cancel(request: Request) -> Response:
        state = await orders.cancel(request.path_params["event_id"])
        return _json({"state": state}) if state is not None else _json({"error": "no such event"}, 404)

    async def search(request: Request) -> Response:
        query = request.query_params
        found = await history.search(
            query.get("text", ""),
            query.get("type"),
            int(query.get("since", "0")),
            int(query.get("limit", "20")),
        )
        return _json({"count": len(found), "hits": found})

    def possible(endpoint: Endpoint) -> Endpoint:
        async def checked(request: Request) -> Response:
            try:
                return await endpoint(request)
            except ValueError as error:
                return _json({"error": str(error)}, 400)

        return keyed(checked)

    return [
        Route("/outbox", possible(listed)),
        Route("/outbox/show/{which:path}", possible(shown)),
        Route("/outbox/retry/{which:path}", possible(retry), methods=["POST"]),
        Route("/outbox/retry-dead", possible(retry_dead), methods=["POST"]),
        Route("/outbox/drop/{which:path}", possible(drop), methods=["POST"]),
        Route("/cancel/{event_id:path}", possible(cancel), methods=["POST"]),
        Route("/search", possible(search)),
    ]


def _json(content: Any, code: int = 200) -> Response:
    return Response(orjson.dumps(content) + b"\n", code, media_type="application/json")
