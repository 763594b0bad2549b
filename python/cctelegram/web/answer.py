"""Answers of the routes, and errors as answers."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import orjson

from cctelegram.web.lean import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Endpoint = Callable[[Request], Awaitable[Response]]


def json(content: Any, code: int = 200) -> Response:
    """Return an answer that is one line of JSON."""
    return Response(orjson.dumps(content) + b"\n", code, media_type="application/json")


def refusing(endpoint: Endpoint) -> Endpoint:
    """Answer a ValueError of the endpoint with 400 and its sentence."""

    @wraps(endpoint)
    async def asked(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValueError as error:
            return json({"error": str(error)}, 400)

    return asked


def whole(given: str | None, default: int, most: int, name: str) -> int:
    """Return a number of the query, or the default when it is not given.

    Raises:
        ValueError: it is no whole number from 1 to `most`.
    """
    if given is None:
        return default
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise ValueError(f"{name}: read {given!r}; allowed: a whole number from 1 to {most}")
    return int(given)
