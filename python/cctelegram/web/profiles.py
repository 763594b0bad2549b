"""Routes of profiles: take one, end it, list and show the kept pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from cctelegram.web.lean import Response, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Endpoint = Callable[[Request], Awaitable[Response]]

SECONDS: Final = "10"
# A page has its script and its style in it, so that it opens from a disk as well. Here it has no origin: it
# could not call this server even if it had a script of someone else.
HEADERS: Final = {
    "content-security-policy": (
        "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}


class Profiles(Protocol):
    """What takes profiles of this process."""

    async def take(self, kind: str, seconds: int) -> dict[str, Any]:
        """Take one and return what was found.

        Raises ValueError for a wrong kind or time, BlockingIOError during another profile,
        NotImplementedError when something is not installed, OSError when it failed.
        """

    def end(self) -> bool:
        """End the running one; return whether there was one."""

    def running(self) -> dict[str, Any] | None:
        """Return `kind` and `seconds_left` of the running profile, or None."""

    def pages(self) -> list[dict[str, Any]]:
        """Return the kept pages, newest first."""

    def page(self, name: str) -> bytes | None:
        """Return one page, or None."""


class Bridge(Protocol):
    """What these routes ask of the bridge."""

    @property
    def profiles(self) -> Profiles:
        """Return what takes profiles; imported with the first use."""


def routes(bridge: Bridge, keyed: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """Return the routes; `keyed` wraps an endpoint to require the key."""

    async def take(request: Request) -> Response:
        given = request.query_params.get("seconds", SECONDS)
        if not given.isascii() or not given.isdecimal() or len(given) > 9:
            return _json({"error": f"seconds: read {given[:20]}; allowed: a whole number from 1 to 60"}, 400)
        try:
            return _json(await bridge.profiles.take(request.path_params["kind"], int(given)))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        except BlockingIOError as error:
            return _json({"error": str(error)}, 409)
        except NotImplementedError as error:
            return _json({"error": str(error)}, 501)
        except OSError as error:
            return _json({"error": f"the profile failed: {error}"}, 500)

    async def end(_: Request) -> Response:
        return _json({"ended": bridge.profiles.end()})

    async def pages(_: Request) -> Response:
        return _json({"running": bridge.profiles.running(), "profiles": bridge.profiles.pages()})

    async def page(request: Request) -> Response:
        content = bridge.profiles.page(request.path_params["name"])
        if content is None:
            return _json({"error": "there is no such profile; cleanup may have removed it"}, 404)
        return Response(content, headers=HEADERS, media_type="text/html")

    return [
        Route("/profile/end", keyed(end), methods=["POST"]),
        Route("/profile/{kind}", keyed(take), methods=["POST"]),
        Route("/profiles", keyed(pages)),
        Route("/profiles/{name}", keyed(page)),
    ]


def _json(content: Any, code: int = 200) -> Response:
    return Response(orjson.dumps(content) + b"\n", code, media_type="application/json")
