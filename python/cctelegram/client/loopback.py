"""HTTP to the bridge on this machine, by sockets alone.

For the MCP server and the short commands, where httpx costs more than the whole command may, and http.client
(9 MB, with mail and TLS) half of what the MCP server has. It never goes through a proxy, whatever the
environment says.

Start-cheap: what it needs is imported with the first request.
"""

from __future__ import annotations

from cctelegram.pools.counters import Counters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cctelegram.client.connection import Connection

# The address of a bridge of an earlier version, whose state/bridge.json does not name it.
HOST = "127.0.0.1"
# The defaults of the two pools, for a bridge whose state/bridge.json names no others. config/table.py has the
# same, but its import costs more than a short command may; a test compares the two.
HEALTH: Mapping[str, float] = {
    "connections": 2,
    "idle": 1,
    "connect_seconds": 5.0,
    "read_seconds": 5.0,
    "keepalive_seconds": 30.0,
}
STATUS: Mapping[str, float] = {
    "connections": 3,
    "idle": 2,
    "connect_seconds": 2.0,
    "read_seconds": 2.0,
    "keepalive_seconds": 15.0,
}


class LoopbackError(OSError):
    """The bridge did not answer: not running, too late, or not with HTTP."""


class PoolTimeout(TimeoutError):
    """No connection was free in time."""


class Loopback:
    """A pool of kept connections to bridges on this machine. Thread-safe.

    A failed request raises LoopbackError, with a sentence: what happened, where, after how long.

    Args:
        figures: as STATUS; `connect_seconds` is also the longest wait for a free connection, and an answer
            must be whole after twice `read_seconds`.
    """

    def __init__(self, figures: Mapping[str, float] = STATUS) -> None:
        import threading  # noqa: PLC0415  see above

        self.counters = Counters()
        self._guard = threading.Condition()
        self._figures = figures
        self._kept: list[Connection] = []

    def change(self, figures: Mapping[str, float]) -> None:
        """Apply other figures to further requests."""
        with self._guard:
            self._figures = figures
            self._guard.notify_all()

    def get(self, port: int, path: str, key: str, host: str = HOST) -> tuple[int, bytes]:
        """Return status and body.

        Retried once when the peer had closed a kept connection and sent no response.
        """
        return self._request("GET", (host, port), path, key)

    def post(self, port: int, path: str, key: str, host: str = HOST) -> tuple[int, bytes]:
        """Post nothing to `path`; return status and body.

        Never retried: the bridge may have done it before the connection broke.
        """
        return self._request("POST", (host, port), path, key)

    def snapshot(self) -> dict[str, Any]:
        """Return the counters, after closing the expired connections."""
        with self._guard:
            self._close_old()
            return self.counters.snapshot()

    def close(self) -> None:
        """Close the idle connections; the next request opens another."""
        with self._guard:
            for each in self._kept:
                self._drop(each)
            self._kept.clear()

    def _request(self, method: str, address: tuple[str, int], path: str, key: str) -> tuple[int, bytes]:
        from cctelegram.client.connection import Stale, written  # noqa: PLC0415  see above

        with self._guard:
            self.counters.requests += 1
            figures = self._figures
        try:
            with self._guard:
                connection = self._take(address, figures)
            try:
                answer = self._send(connection, address, figures, method, path, key)
            except Stale:
                if method != "GET":
                    raise
                with self._guard:
                    connection = self._take(address, figures, fresh=True)
                answer = self._send(connection, address, figures, method, path, key)
        except (OSError, ValueError, OverflowError) as error:
            with self._guard:
                self.counters.failed(type(error).__name__)
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise LoopbackError(
                f"no answer from {written(address)}: {reason or type(error).__name__}"
            ) from error
        return answer

    def _take(
        self, address: tuple[str, int], figures: Mapping[str, float], *, fresh: bool = False
    ) -> Connection | None:
        """Acquire a permit for one connection; return a kept one to this address, or None."""
        if self.counters.in_use >= self._figures["connections"]:
            self._wait(figures["connect_seconds"])
        self._close_old()
        kept = (
            None if fresh else next((each for each in reversed(self._kept) if each.address == address), None)
        )
        if kept is not None:
            self._kept.remove(kept)
            self.counters.reused += 1
        self.counters.in_use += 1
        self.counters.open += kept is None
        return kept

    def _wait(self, seconds: float) -> None:
        import time  # noqa: PLC0415  see above

        began = time.monotonic()
        self.counters.waits += 1
        free = self._guard.wait_for(
            lambda: self.counters.in_use < self._figures["connections"], timeout=seconds
        )
        self.counters.wait_seconds += time.monotonic() - began
        if not free:
            used = self.counters.in_use
            raise PoolTimeout(f"no connection was free within {seconds:g} s: all {used} were in use")

    def _send(
        self,
        connection: Connection | None,
        address: tuple[str, int],
        figures: Mapping[str, float],
        method: str,
        path: str,
        key: str,
    ) -> tuple[int, bytes]:
        """Send a request over a connection, a new one for None; keep the connection when possible."""
        from cctelegram.client.connection import Connection  # noqa: PLC0415  see above

        keep = False
        try:
            if connection is None:
                connection = Connection(address, figures["connect_seconds"])
                with self._guard:
                    self.counters.opened += 1
            answer = connection.request(method, path, key, figures["read_seconds"])
            keep = not connection.ended
        finally:
            with self._guard:
                self.counters.in_use -= 1
                self.counters.open -= not keep
                if keep and connection is not None:
                    self._kept.append(connection)
                    while len(self._kept) > self._figures["idle"]:
                        self._drop(self._kept.pop(0))
                elif connection is not None:
                    connection.close()
                self._guard.notify()
        return answer

    def _close_old(self) -> None:
        for each in [each for each in self._kept if each.is_over(self._figures["keepalive_seconds"])]:
            self._kept.remove(each)
            self._drop(each)

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self.counters.open -= 1


def once(timeout: float) -> Loopback:
    """Return a client that closes its connection after each request; `timeout` to connect and to read."""
    return Loopback({**STATUS, "idle": 0, "connect_seconds": timeout, "read_seconds": timeout})


def get(port: int, path: str, key: str, timeout: float = 2.0, host: str = HOST) -> tuple[int, bytes]:
    """Return status and body of one request, over a connection of its own. Raises LoopbackError."""
    return once(timeout).get(port, path, key, host)


def post(port: int, path: str, key: str, timeout: float = 5.0, host: str = HOST) -> tuple[int, bytes]:
    """Post nothing to `path`; return status and body. Raises LoopbackError."""
    return once(timeout).post(port, path, key, host)
