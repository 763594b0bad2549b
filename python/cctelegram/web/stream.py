"""/events: what happens in the bridge, as server-sent events.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html. An event has an id where it is kept; a
client that comes back names its last one (`Last-Event-ID`) and gets what it missed. Where that is no longer
kept, or is of an earlier run of the bridge, it gets `reset`: it has to ask for everything again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from cctelegram.web.answer import json
from cctelegram.web.lean import Response, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from cctelegram.web.answer import Endpoint

# Events that are kept for those that come back.
KEPT: Final = 256
# Streams at once: a few windows, and the terminal views of a few people.
STREAMS: Final = 16
# Messages that wait for a slow client; one that is further behind is dropped, and comes back by itself.
BEHIND: Final = 64
# Longest time, in seconds, that a client may take to accept one message.
PATIENCE: Final = 10.0
# Seconds of silence after which a comment says that the stream is alive.
SILENCE: Final = 15.0
# Milliseconds after which a browser comes back.
RETRY: Final = 1000


class Message(NamedTuple):
    """An event as it is sent; `number` is None for one that is not kept."""

    number: int | None
    text: bytes


class Streams:
    """The clients of /events, and the events that are kept for them.

    Args:
        run: names this run of the bridge in the ids; letters, digits and `-`.
    """

    def __init__(self, run: str) -> None:
        self._run = run
        self._number = 0
        self._kept: deque[Message] = deque(maxlen=KEPT)
        # The messages that wait for each client.
        self._clients: set[asyncio.Queue[Message | None]] = set()
        self._closed = False
        self.joined = asyncio.Event()

    @property
    def count(self) -> int:
        """How many clients listen."""
        return len(self._clients)

    def publish(self, kind: str, content: dict[str, Any], *, kept: bool = True) -> None:
        """Send an event to all clients; with `kept`, also to those that come back later."""
        if kept:
            self._number += 1
        elif not self._clients:
            return
        message = self._message(kind, content, self._number if kept else None)
        if kept:
            self._kept.append(message)
        for client in tuple(self._clients):
            self._give(client, message)

    def close(self) -> None:
        """End all streams; later clients are refused."""
        self._closed = True
        for client in tuple(self._clients):
            self._drop(client)

    def missed(self, last: str | None) -> list[Message]:
        """Return what a client that names `last` has missed; it begins with `reset` where that is unknown."""
        reset = [self._message("reset", {}, None)]
        if last is None:
            return []
        run, _, number = last.rpartition("-")
        if run != self._run or not number.isdecimal() or int(number) > self._number:
            return reset
        oldest = self._kept[0].number if self._kept else None
        if int(number) < self._number and (oldest is None or oldest > int(number) + 1):
            return reset
        return [message for message in self._kept if message.number and message.number > int(number)]

    def route(self, keyed: Callable[[Endpoint], Endpoint]) -> Route:
        """Return the route."""

        async def events(request: Request) -> Response:
            if request.method == "HEAD":
                return Response(media_type="text/event-stream")
            if self._closed or len(self._clients) >= STREAMS:
                return json({"error": f"{STREAMS} clients listen already; close one"}, 503)
            return _Stream(self, request.headers.get("last-event-id"))

        return Route("/events", keyed(events))

    async def serve(self, last: str | None, send: Send) -> None:
        """Send to one client until it is dropped."""
        client: asyncio.Queue[Message | None] = asyncio.Queue(BEHIND)
        missed, number = self.missed(last), self._number
        self._clients.add(client)
        self.joined.set()
        try:
            for message in missed:
                await _write(send, message.text)
            # An id without an event: the client knows from where to go on, even when nothing happens.
            await _write(send, b"retry: %d\nid: %s\n\n" % (RETRY, self._id(number)))
            while (text := await _next(client)) is not None:
                await _write(send, text)
        except TimeoutError:
            pass  # it does not read
        finally:
            self._clients.discard(client)

    def _id(self, number: int) -> bytes:
        return f"{self._run}-{number}".encode()

    def _message(self, kind: str, content: dict[str, Any], number: int | None) -> Message:
        text = b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(content))
        return Message(number, text if number is None else b"id: %s\n%s" % (self._id(number), text))

    def _give(self, client: asyncio.Queue[Message | None], message: Message) -> None:
        try:
            client.put_nowait(message)
        except asyncio.QueueFull:
            self._drop(client)

    def _drop(self, client: asyncio.Queue[Message | None]) -> None:
        self._clients.discard(client)
        while not client.empty():
            client.get_nowait()
        client.put_nowait(None)


class _Stream(Response):
    """The answer to /events."""

    def __init__(self, streams: Streams, last: str | None) -> None:
        super().__init__(media_type="text/event-stream")
        self._streams = streams
        self._last = last

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves, is dropped, or the bridge stops."""
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        serving = asyncio.create_task(self._streams.serve(self._last, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((serving, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()
            leaving.cancel()
            await asyncio.gather(serving, leaving, return_exceptions=True)
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _next(client: asyncio.Queue[Message | None]) -> bytes | None:
    try:
        async with asyncio.timeout(SILENCE):
            message = await client.get()
    except TimeoutError:
        return b": alive\n\n"
    return None if message is None else message.text


async def _write(send: Send, text: bytes) -> None:
    async with asyncio.timeout(PATIENCE):
        await send({"type": "http.response.body", "body": text, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
