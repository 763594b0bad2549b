"""A server of raw sockets that misbehaves as a test requires."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]


class Wire:
    """The server, and (first line, body) of each request that it read."""

    def __init__(self, acts: tuple[Act, ...]) -> None:
        self.acts = list(acts)
        self.asked: list[tuple[str, bytes]] = []
        self.heads: list[str] = []
        self.was_asked = asyncio.Event()
        self.connections = 0
        self.at_once = self.most_at_once = 0
        self.port = 0
        # The loop holds its tasks weakly: one that is referenced nowhere else could be collected.
        self.serving: set[asyncio.Task[Any] | None] = set()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.current_task())
        self.connections += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            # An act is taken when a request begins; the last one is for all that follow.
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            self.at_once -= 1
            writer.close()
            self.serving.discard(asyncio.current_task())

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = self.acts[0]
        if getattr(first, "reads", True):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = next(
                (int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")),
                0,
            )
            self.heads.append(head)
            self.asked.append((head.split("\r\n")[0], await reader.readexactly(size)))
            self.was_asked.set()
        if len(self.acts) > 1:
            self.acts.pop(0)
        # A client of HTTP/1.0 takes the end of the connection for the end of the answer.
        return await first(reader, writer) and not (self.heads and "HTTP/1.0\r\n" in self.heads[-1])


@asynccontextmanager
async def wire(*acts: Act, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Wire]:
    made = Wire(acts)
    server = await asyncio.start_server(made.serve, host, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        serving = [task for task in made.serving if task is not None]
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def answer(body: Any, status: int = 200, headers: str = "") -> Act:
    """Answer with JSON, or with bytes as they are, and keep the connection."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        return True

    return act


def raw(content: bytes, *, keep: bool = False) -> Act:
    """Answer with these bytes."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(content)
        await writer.drain()
        return keep

    return act


def last(body: bytes) -> Act:
    """Answer, and close a connection that the client means to keep."""
    return raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def slowly(body: Any, seconds: float) -> Act:
    """Answer after so long."""
    at_once = answer(body)

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(seconds)  # the server's time, which is what is tried
        return await at_once(reader, writer)

    return act


def result(value: Any) -> Act:
    return answer({"ok": True, "result": value})


async def close(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> bool:
    """Close after reading the request, without a response."""
    return False


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Reset after the request was read."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


async def half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send half of an answer, then close."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":true,"res')
    await writer.drain()
    return False


async def drops(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send a response byte by byte, without end: never silent, never complete."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)  # the server's time, which is what is tried


async def never(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> bool:
    """Answer nothing, and keep the connection."""
    await asyncio.Event().wait()
    return False


async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Close without reading anything."""
    return False


slam.reads = False  # type: ignore[attr-defined]  # a mark for Wire
