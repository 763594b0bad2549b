"""Serve an application on loopback, without a timer.

uvicorn's main loop wakes ten times a second, which an idle bridge must not. So its server is started and
stopped here, without that loop.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from cctelegram.absent import importing

with importing("uvicorn"):
    import uvicorn.config
    import uvicorn.server

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class CannotListen(Exception):
    """The address cannot be used; the message is a sentence for the operator."""


class Server:
    """One listening socket on loopback; `host` and `port` are the ones in use."""

    def __init__(self, host: str, port: int) -> None:
        """Bind at once, so that the port is known and a taken one raises.

        Args:
            host: an address, or localhost for 127.0.0.1, whatever the machine resolves that name to.

        Raises:
            CannotListen: the port is taken, or the address is not this machine's.
        """
        host = "127.0.0.1" if host == "localhost" else host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Without it a response, which is two writes, waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise CannotListen(
                f"the bridge cannot listen on {host}, port {port}: {error.strerror or error}. Stop the "
                "program that uses it, or choose another port: --port 0 or http.port in config.toml"
            ) from None
        self.host, self.port = self._socket.getsockname()[:2]
        self._server: uvicorn.server.Server | None = None

    @property
    def address(self) -> str:
        """Its address, as a URL without a path."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    async def start(self, app: ASGIApp) -> None:
        """Start to serve requests."""
        config = uvicorn.config.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            http="h11",
            ws="none",
            # Longer than clients keep their connections: see the pools `health` and `status`.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        config.load()
        server = self._server = uvicorn.server.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[self._socket])

    async def stop(self) -> None:
        """Finish the requests in flight, then close."""
        if self._server is not None:
            await self._server.shutdown(sockets=[self._socket])
        self._socket.close()
