"""Access control: only this machine's own clients may connect, no other page of the browser.

A page on another site can make the browser send requests to 127.0.0.1, and with a DNS name that it
points there it can read the answers too. So the Host must be this server by number or as localhost, an
Origin must be the server's own, and chat and control have a secret in their path.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """Refuses requests with a foreign Host or Origin, or a wrong secret."""

    def __init__(self, app: ASGIApp, port: int, secret: str) -> None:
        self.app = app
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if port == 80:
            self.hosts |= {"127.0.0.1", "localhost"}
        self.origins = {f"http://{host}" for host in self.hosts}
        self.secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request or refuse it."""
        reason = self._refusal(scope) if scope["type"] == "http" else None
        if reason is None:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse(reason, 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        if [value for name, value in headers if name == "host" and value.lower() in self.hosts] == []:
            return "the Host is not this server"
        if any(value.lower() not in self.origins for name, value in headers if name == "origin"):
            return "the Origin is not this server"
        parts = scope["path"].split("/")
        if parts[1] in ("chat", "control"):
            secret = parts[2] if len(parts) > 2 else ""
            if not hmac.compare_digest(secret.encode(), self.secret.encode()):
                return "the address lacks the secret of this sandbox"
        return None
