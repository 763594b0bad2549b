"""The server of `cctelegram mcp` as a real process, and JSON-RPC to it over its pipes, line by line."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

DEADLINE = 10.0
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def command(*arguments: str) -> list[str]:
    """The installed command."""
    return [str(Path(sys.executable).with_name("cctelegram")), "mcp", *arguments]


def environment(home: Path | None, **extra: str) -> dict[str, str]:
    """An environment without settings of the product, except the home."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    return {**kept, **coverage, **({"CC_TELEGRAM_HOME": str(home)} if home else {}), **extra}


def until(look: Callable[[], T], what: str) -> T:
    """Return what `look` returns once it is true; the deadline is a failure."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if found := look():
            return found
        threading.Event().wait(0.01)  # another process decides when; nothing here can be waited for
    raise AssertionError(f"not within {DEADLINE} s: {what}")


class Wire:
    """One server process and its pipes."""

    def __init__(self, home: Path | None, *, program: list[str] | None = None, **extra: str) -> None:
        self.process = subprocess.Popen(
            program or command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(home, **extra),
        )
        self.lines: queue.Queue[bytes | None] = queue.Queue()
        self.stderr = b""
        self.instructions = ""
        self.ids = 0
        self.others: list[dict[str, Any]] = []
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._read_stderr)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        self.stderr = self.process.stderr.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        for thread in self._threads:
            thread.join(DEADLINE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def raw(self, line: bytes) -> None:
        """Write a line as it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def tell(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a notification."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        self.raw(json.dumps(message | ({"params": params} if params is not None else {})).encode())

    def request(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Send a request and return its id."""
        self.ids += 1
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": self.ids, "method": method}
        self.raw(json.dumps(message | ({"params": params} if params is not None else {})).encode())
        return self.ids

    def next(self) -> dict[str, Any]:
        """The next message, which has to be one of JSON-RPC."""
        line = self.lines.get(timeout=DEADLINE)
        assert line is not None, f"the server has ended: {self.stderr!r}"
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        assert isinstance(message, dict)
        return message

    def answer(self, request: int | str) -> dict[str, Any]:
        """The answer to that request; what comes before it goes to `others`."""
        for index, message in enumerate(self.others):
            if message.get("id") == request:
                return self.others.pop(index)
        while (message := self.next()).get("id") != request:
            self.others.append(message)
        return message

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return its answer."""
        return self.answer(self.request(method, params))

    def initialize(self, version: str = "2025-11-25") -> dict[str, Any]:
        """Open the session by the handshake; return the result."""
        client = {"name": "wire", "version": "1"}
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": client}
        result: dict[str, Any] = self.ask("initialize", params)["result"]
        self.tell("notifications/initialized")
        self.instructions = result["instructions"]
        return result

    def call(self, tool: str, arguments: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        """Call a tool and return its result."""
        given = {"arguments": arguments} if arguments is not None else {}
        result: dict[str, Any] = self.ask("tools/call", {"name": tool, **given, **params})["result"]
        return result

    def end(self) -> float:
        """Close the input; return the seconds until the process was gone."""
        assert self.process.stdin is not None
        begin = time.monotonic()
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        return time.monotonic() - begin
