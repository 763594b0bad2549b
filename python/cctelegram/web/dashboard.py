"""The page, its files, and the way in: a code for a browser, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cctelegram.web.access import port_of
from cctelegram.web.answer import json
from cctelegram.web.lean import Response, Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from cctelegram.web.access import Access

FOLDER: Final = Path(__file__).with_name("page")
KINDS: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Read when it is asked for: the bridge keeps none of it in memory.
FILES: Final = frozenset(file.name for file in FOLDER.iterdir() if file.suffix in KINDS)
NOT_LET_IN: Final = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>CCTelegram</title></head>
<body><main><h1>CCTelegram</h1>
<p>{why} Run <code>cctelegram dashboard</code> in a terminal of this machine: it opens this page.</p>
</main></body>
</html>
"""


def routes(access: Access) -> list[Route]:
    """Return the routes: / and its files for a browser that was let in, /login to let one in."""

    async def page(request: Request) -> Response:
        if not access.knows(request):
            return _not_let_in("This browser is not let in, or no longer.", 401)
        # The week begins anew each time that the page is opened.
        headers = {"set-cookie": access.cookie(port_of(request))}
        return Response((FOLDER / "index.html").read_bytes(), headers=headers, media_type="text/html")

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return json({"error": "no such file"}, 404)
        return Response((FOLDER / name).read_bytes(), media_type=KINDS[Path(name).suffix])

    async def new_code(request: Request) -> Response:
        # With the key alone: a browser that is let in cannot let in another.
        if not access.has_key(request):
            return json({"error": "the key from state/bridge.json is required"}, 401)
        return json({"path": f"/login?code={access.new_code()}"})

    async def login(request: Request) -> Response:
        if not access.take(request.query_params.get("code", "")):
            return _not_let_in("This link was used already, or is older than a minute.", 403)
        headers = {"location": "/", "set-cookie": access.cookie(port_of(request))}
        return Response(status_code=303, headers=headers)

    return [
        Route("/", page),
        Route("/page/{name}", access.keyed(file)),
        Route("/login", new_code, methods=["POST"]),
        Route("/login", login),
    ]


def _not_let_in(why: str, code: int) -> Response:
    return Response(NOT_LET_IN.format(why=why), code, media_type="text/html")
