"""A client of the bridge's own HTTP for tests: any header, and the events of a stream."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import RunningBridge


class Answer(NamedTuple):
    """The answer to a request."""

    code: int
    headers: http.client.HTTPMessage
    body: bytes


class Event(NamedTuple):
    """One server-sent event."""

    id: str | None
    kind: str
    content: dict[str, Any]


def where(running: RunningBridge) -> dict[str, Any]:
    """Return the content of state/bridge.json."""
    found: dict[str, Any] = json.loads((running.home / "state" / "bridge.json").read_text(encoding="utf-8"))
    return found


def ask(running: RunningBridge, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send a request without the key."""
    connection = http.client.HTTPConnection("127.0.0.1", where(running)["port"], timeout=10)
    try:
        connection.request(method, path, headers={n.replace("_", "-"): v for n, v in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@contextmanager
def listening(running: RunningBridge, **headers: str) -> Iterator[Iterator[Event]]:
    """Open /events with the key; yields its events as they come."""
    at = where(running)
    connection = http.client.HTTPConnection("127.0.0.1", at["port"], timeout=20)
    given = {"Authorization": f"Bearer {at['key']}"} | {n.replace("_", "-"): v for n, v in headers.items()}
    connection.request("GET", "/events", headers=given)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    assert answer.headers["content-type"] == "text/event-stream"
    try:
        yield _events(answer)
    finally:
        answer.close()
        connection.close()


def _events(answer: http.client.HTTPResponse) -> Iterator[Event]:
    fields: dict[str, str] = {}
    while line := answer.readline().decode():
        if line != "\n":
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        else:
            if "data" in fields or "id" in fields:
                yield Event(fields.get("id"), fields.get("event", ""), json.loads(fields.get("data", "{}")))
            fields = {}


def until(events: Iterator[Event], kind: str) -> Event:
    """Return the next event of a kind."""
    return next(event for event in events if event.kind == kind)
