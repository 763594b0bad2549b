"""Whose requests are answered: this machine's, and from no foreign page; and what every answer forbids.

A page in the browser could otherwise read the status by pointing a name of its own at 127.0.0.1. What is ours
is the address that is served, and `localhost` where that leads to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.web.lean import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What the name localhost leads to.
DEFAULTS: Final = ("127.0.0.1", "::1")
# Clients leave it out of the Host.
HTTP_PORT: Final = 80
# The page loads its own files and asks this server; it runs no inline script and takes no inline style, is
# shown in no frame, posts no form, and asks nobody else.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-store"),
)


class OwnMachineOnly:
    """Refuses, with 403, a request whose Host or Origin is not ours; adds HEADERS to every answer.

    An answer that has one of them keeps its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is ours."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                named = {name for name, _ in own}
                message["headers"] = [*own, *(header for header in HEADERS if header[0] not in named)]
            await send(message)

        if scope["type"] == "http" and not _ours(scope):
            refusal = Response("This server is for its own machine only.\n", 403, media_type="text/plain")
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


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
