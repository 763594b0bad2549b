"""`/chat/<secret>/`: the page and its stream of changes."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from cctelegram.sandbox import view
from cctelegram.sandbox.refused import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from cctelegram.sandbox.state import State

PARTS = {
    "": ("index.html", "text/html"),
    "style.css": ("style.css", "text/css"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
    "app.js": ("app.js", "text/javascript"),
    "message.js": ("message.js", "text/javascript"),
    "text.js": ("text.js", "text/javascript"),
    "elements.js": ("elements.js", "text/javascript"),
    "composer.js": ("composer.js", "text/javascript"),
}
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",  # the address holds the secret
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
SILENCE = 15.0
"""Seconds after which the stream says that it is alive."""


class ChatPage:
    """The routes of the page."""

    def __init__(self, state: State) -> None:
        self.state = state

    def routes(self) -> list[BaseRoute]:
        """Return the routes below the secret."""
        found: list[BaseRoute] = [Route(f"/{path}", self.part, methods=["GET"]) for path in PARTS]
        found.append(Route("/stream", self.stream, methods=["GET"]))
        found.append(Route("/file/{file_id}", self.file, methods=["GET"]))
        return found

    async def part(self, request: Request) -> Response:
        """Return one of the page's files."""
        name, kind = PARTS[request.url.path.rpartition("/")[2]]
        content = files(__package__).joinpath("page", name).read_bytes()
        return Response(content, headers=HEADERS, media_type=kind)

    async def file(self, request: Request) -> Response:
        """Return a document or picture of the chat, never in a form that the browser would run."""
        stored = self.state.files.get(request.path_params["file_id"])
        if stored is None:
            return Response(Refused(404, "Not Found").description, 404)
        picture = stored.content_type in ("image/png", "image/jpeg", "image/gif")
        headers = HEADERS if picture else HEADERS | {"content-disposition": "attachment"}
        kind = stored.content_type if picture else "application/octet-stream"
        return Response(stored.content, headers=headers, media_type=kind)

    async def stream(self, request: Request) -> Response:
        """Stream the changes as server-sent events; the event id is the revision to resume from."""
        after = int(request.headers.get("last-event-id", 0))
        return StreamingResponse(self._events(after), headers=HEADERS, media_type="text/event-stream")

    async def _events(self, after: int) -> AsyncIterator[bytes]:
        changes = self.state.changes
        while not changes.closed:
            seen = view.changes(self.state, after)
            after = seen["revision"]
            yield b"id: %d\ndata: %s\n\n" % (after, orjson.dumps(seen))
            if await changes.wait(after, SILENCE) <= after:
                yield b": alive\n\n"
