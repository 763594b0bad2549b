"""Access to the socket under a request, which ASGI hides."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any, cast

from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.requests import Request


class Protocol(H11Protocol):
    """HTTP/1.1 protocol that puts the transport into the `state` of each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the parent
        """Store the transport in the state that every request's scope of this connection copies."""
        self.app_state = {**self.app_state, "transport": transport}
        # asyncio sets it only for sockets that were made with IPPROTO_TCP, and `create_server` makes them
        # without. Head and body of an answer are two writes: the second would wait 40 ms for the ACK.
        raw: socket.socket = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


def reset(request: Request) -> Response:
    """Reset the connection (RST) without an answer; return a response that is never sent."""
    transport = cast("asyncio.Transport", cast("dict[str, Any]", request.scope["state"])["transport"])
    raw: socket.socket = transport.get_extra_info("socket")
    # Linger of 0 seconds makes the close a reset.
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return Response(status_code=500)
