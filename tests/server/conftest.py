"""A home for each test, servers on it, and the bridge's side of the shared files."""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram import _native
from cctelegram.config import paths
from server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Bridge:
    """The outside of a running bridge: the lock, `bridge.json`, /status over loopback HTTP."""

    KEY = "k" * 32

    def __init__(self, home: Path) -> None:
        paths.make(str(home))
        self.lock = _native.FileLock(str(home / "state" / "bridge.lock"))
        assert self.lock.try_lock()
        self.status: dict[str, Any] = {
            "running": True,
            "health": "ok",
            "reasons": [],
            "mode": "nomad",
            "telegram_connected": True,
            "version": "0.1.0",
            "pid": os.getpid(),
            "uptime_seconds": 1.5,
            "queue": {"decisions": 0, "alerts": 0, "ordinary": 2, "progress": 0},
            "last_event": None,
            "delivery": {"sent": 7},
            "memory": {"rss_bytes": 40_000_000},
        }
        self.keys: list[str | None] = []
        bridge = self

        class Loopback(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                bridge.keys.append(self.headers["Authorization"])
                body = json.dumps(bridge.status).encode()
                here = self.headers["Host"] == f"127.0.0.1:{bridge.server.server_port}"
                self.send_response((200 if self.path == "/status" else 404) if here else 403)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Loopback)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        told = {"pid": os.getpid(), "port": self.server.server_port, "key": self.KEY}
        (home / "state" / "bridge.json").write_text(json.dumps(told))

    def close(self) -> None:
        self.lock.unlock()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Answers:
    """Answers as the bridge writes them."""

    def __init__(self, home: Path) -> None:
        self.directory = str(home / "responses")

    def write(self, event_id: str, *, age: float = 0, **more: Any) -> str:
        at = time.time() - age
        answer = {
            "id": os.urandom(8).hex(),
            "kind": "decision",
            "event_id": event_id,
            "task_id": event_id,
            "action": "approved",
            "option": "Approve",
            "option_index": 0,
            "user_id": 7,
            "first_name": "Zoë",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)),
            "response_time_seconds": 3.5,
            **more,
        }
        answer = {key: value for key, value in answer.items() if value is not None}
        name = _native.answer_name(event_id, int(at * 1e6), int.from_bytes(os.urandom(4)))
        _native.deliver_answer(self.directory, name, json.dumps(answer).encode())
        return name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def wire(home: Path) -> Iterator[Wire]:
    """A server with an open session of the handshake era."""
    with Wire(home) as wire:
        wire.initialize()
        yield wire


@pytest.fixture
def answers(home: Path) -> Answers:
    paths.make(str(home))
    return Answers(home)


@pytest.fixture
def bridge(home: Path) -> Iterator[Bridge]:
    bridge = Bridge(home)
    yield bridge
    bridge.close()


def events(home: Path) -> list[dict[str, Any]]:
    """The events in the spool, in the order of their names."""
    return [json.loads(path.read_bytes()) for path in sorted((home / "events").glob("*.json"))]
