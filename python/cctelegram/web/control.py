"""Routes that change something: mode, cleanup, restart, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cctelegram.web.answer import json, refusing
from cctelegram.web.lean import Response, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from cctelegram.web.answer import Endpoint


class Control(Protocol):
    """What these routes ask of the bridge."""

    async def status(self) -> dict[str, Any]:
        """Return the content of /status, with `queue`."""

    async def set_mode(self, mode: str, lasting: str | None = None) -> str:
        """Change the mode, `muted` also for a time; return the sentence that confirms it.

        Raises ValueError for an unknown mode or time.
        """

    async def cleanup(self, action: str, directories: list[str]) -> dict[str, Any]:
        """Return a plan, a run, stats or history. Raises ValueError; BlockingIOError during another round."""

    def stop(self) -> None:
        """Stop, after the requests in flight."""

    def restart(self) -> bool:
        """End, and begin again with the token that came by a pipe; False, and go on, where none did.

        Raises an exception with a sentence when the settings are wrong.
        """


def routes(bridge: Control, keyed: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """Return the routes; `keyed` wraps an endpoint to require the key."""

    async def mode(request: Request) -> Response:
        said = await bridge.set_mode(request.path_params["mode"], request.query_params.get("for"))
        return json({"mode": request.path_params["mode"], "said": said})

    async def cleanup(request: Request) -> Response:
        """Answer /cleanup/plan, run, stats and history; `?directory=` names one."""
        action = request.path_params["action"]
        if (action == "run") != (request.method == "POST"):
            return json({"error": "use POST for run, GET for all other actions"}, 405)
        try:
            return json(await bridge.cleanup(action, request.query_params.getlist("directory")))
        except BlockingIOError as error:
            return json({"error": str(error)}, 409)

    async def restart(_: Request) -> Response:
        try:
            return json({"restarting": bridge.restart()})
        except Exception as error:  # noqa: BLE001  the bridge goes on; who asked reads why
            return json({"error": str(error)}, 409)

    async def stop(_: Request) -> Response:
        queue = (await bridge.status())["queue"]
        bridge.stop()
        return json({"stopping": True, "queue": queue})

    return [
        Route("/mode/{mode}", keyed(refusing(mode)), methods=["POST"]),
        Route("/cleanup/{action}", keyed(refusing(cleanup)), methods=["GET", "POST"]),
        Route("/restart", keyed(restart), methods=["POST"]),
        Route("/stop", keyed(stop), methods=["POST"]),
    ]
