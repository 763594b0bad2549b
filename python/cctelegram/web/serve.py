"""Serving an application on loopback, without a timer of its own.

uvicorn's main loop wakes ten times a second; at rest the bridge must not. So it is started and stopped
here, and its loop is left out.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Server:
    """One listening socket; `port` is the one in use."""

    def __init__(self, host: str, port: int) -> None:
        """Bind at once, so that the port is known and a taken one is told.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.port = int(self._socket.getsockname()[1])
        self._server: uvicorn.Server | None = None

    async def start(self, app: ASGIApp) -> None:
        """Answer requests from now on."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            http="h11",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        config.load()
        server = self._server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[self._socket])

    async def stop(self) -> None:
        """Finish what is being answered, then close."""
        if self._server is not None:
            await self._server.shutdown(sockets=[self._socket])
        self._socket.close()
