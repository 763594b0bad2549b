"""Starts the sandbox: a server on 127.0.0.1 only."""

from __future__ import annotations

import re
import secrets
import socket
import string
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from cctelegram.sandbox.bot_api import BotApi
from cctelegram.sandbox.chat_page import ChatPage
from cctelegram.sandbox.connection import Protocol
from cctelegram.sandbox.control import Control
from cctelegram.sandbox.faults import Faults
from cctelegram.sandbox.guard import Guard
from cctelegram.sandbox.limits import Limits, Rates
from cctelegram.sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

LOOPBACK = "127.0.0.1"
DEFAULT_USER = 1001
_TOKEN = re.compile(r"[1-9][0-9]{4,15}:[A-Za-z0-9_-]{8,64}")


def new_token() -> str:
    """Return a token of Telegram's shape: ten digits, a colon, 35 letters or digits."""
    letters = string.ascii_letters + string.digits
    return f"{1_000_000_000 + secrets.randbelow(8_999_999_999)}:" + "".join(
        secrets.choice(letters) for _ in range(35)
    )


def serve(  # the flags of the command, one by one
    host: str = LOOPBACK,
    port: int = 0,
    token: str | None = None,
    user_id: int = DEFAULT_USER,
    *,
    ready: Callable[[dict[str, Any]], None],
    rates: Rates | None = None,
    faults: Faults | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; call `ready` once with the addresses when the port accepts connections.

    `port` 0 picks a free one, `token` None generates one. `ready` gets `api_base`, `page`, `control`,
    `token`, `user_id` and `bot`. Raises ValueError for a host that is not this machine, a port out of
    range or a token that Telegram could not have issued, OSError when the port is taken.
    """
    if host not in (LOOPBACK, "localhost"):
        raise ValueError(f"the sandbox serves {LOOPBACK} only, not {host}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port {port} is not in 0-65535")
    if token is not None and not _TOKEN.fullmatch(token):
        raise ValueError("the token must look like 1234567890:AbC-dEf_8, as Telegram's do")
    if user_id <= 0:
        raise ValueError(f"user id {user_id} is not positive")
    state = State(token or new_token(), user_id, limits=Limits(rates), faults=faults or Faults())
    secret = secrets.token_urlsafe(24)
    listener = socket.create_server((LOOPBACK, port), backlog=256)
    # Without this an answer, which is two writes, waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listener.getsockname()[1]
    base = f"http://{LOOPBACK}:{port}"
    config = uvicorn.Config(
        application(state, port, secret),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,  # paths contain the token
        log_level="error",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config, state)
    server.ready = lambda: ready(
        {
            "api_base": base,
            "page": f"{base}/chat/{secret}/",
            "control": f"{base}/control/{secret}",
            "token": state.token,
            "user_id": user_id,
            "bot": state.bot,
        }
    )
    with listener:
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return


def application(state: State, port: int, secret: str) -> Starlette:
    """Return the whole server as one application."""
    api = BotApi(state)
    calls = Route("/bot{token}/{method}", api.call, methods=["GET", "POST"])
    downloads = Route("/file/bot{token}/{path:path}", api.download, methods=["GET"])
    control = Mount(f"/control/{secret}", routes=Control(state).routes())
    page = Mount(f"/chat/{secret}", routes=ChatPage(state).routes())
    return Starlette(
        routes=[calls, downloads, control, page], middleware=[Middleware(Guard, port=port, secret=secret)]
    )


class _Server(uvicorn.Server):
    """Calls back when it is ready, and wakes long polls when it is to stop."""

    ready: Callable[[], None]

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._state.changes.closed = True  # polls see it within a second

    async def on_tick(self, counter: int) -> bool:
        if self._state.changes.closed:
            self._state.changes.add()
        return await super().on_tick(counter)
