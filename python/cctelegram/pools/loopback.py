"""HTTP to the bridge on this machine, by the standard library alone.

For the MCP server and the short commands, where httpx costs more than the whole command may. It never goes
through a proxy, whatever the environment says: http.client knows none.

Start-cheap: http.client (20 ms) is imported with the first request of a Connection, and not at all by `get`.
"""

from __future__ import annotations

from cctelegram.pools.counters import Counters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPConnection

# A status, a list of metrics, a report: far below this. More is not the bridge's.
MAX_ANSWER_BYTES = 8 << 20


class LoopbackError(OSError):
    """The bridge did not answer: not running, not in time, or it is not HTTP what came."""


class Connection:
    """One kept connection to the loopback HTTP of a bridge. Not for several threads at once.

    Args:
        port: as `state/bridge.json` says.
        key: the key that stands there; sent as `Authorization: Bearer`.
        timeout: seconds for the connection and for each read.
    """

    def __init__(self, port: int, key: str, timeout: float = 2.0, *, host: str = "127.0.0.1") -> None:
        self.counters = Counters()
        self._address = (host, port)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._timeout = timeout
        self._connection: HTTPConnection | None = None

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body. Raises LoopbackError.

        A kept connection that the other side has closed meanwhile is made again, once.
        """
        reused = self._connection is not None
        try:
            return self._request("GET", path, None)
        except LoopbackError as error:
            if not reused or not isinstance(error.__cause__, ConnectionError):
                raise
            return self._request("GET", path, None)

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post JSON, return status and body. Raises LoopbackError.

        Never repeated by itself: the bridge may have done what was asked before the connection broke.
        """
        return self._request("POST", path, body)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self.counters.open = 0

    def _request(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        from http.client import HTTPConnection, HTTPException  # noqa: PLC0415  see above

        self.counters.requests += 1
        self.counters.in_use = 1
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        try:
            if self._connection is None:
                connection = HTTPConnection(*self._address, timeout=self._timeout)
                connection.connect()
                self._connection = connection
                self.counters.opened += 1
                self.counters.open = 1
            else:
                self.counters.reused += 1
                connection = self._connection
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER_BYTES + 1)
        except (OSError, HTTPException) as error:
            self.close()
            self.counters.failed(type(error).__name__)
            host, port = self._address
            raise LoopbackError(f"no answer from {host}:{port}: {error or type(error).__name__}") from error
        finally:
            self.counters.in_use = 0
        if response.will_close or len(answer) > MAX_ANSWER_BYTES:
            self.close()
        if len(answer) > MAX_ANSWER_BYTES:
            raise LoopbackError(f"the answer to {path} has over {MAX_ANSWER_BYTES} bytes")
        return response.status, answer


def get(port: int, path: str, key: str, timeout: float = 2.0) -> tuple[int, bytes]:
    """Ask once, over a connection that is closed again: (status, body). Raises LoopbackError."""
    return _once("GET", port, path, key, timeout)


def post(port: int, path: str, key: str, timeout: float = 5.0) -> tuple[int, bytes]:
    """Post nothing to `path`, once: (status, body). Raises LoopbackError."""
    return _once("POST", port, path, key, timeout)


def segment(text: str) -> str:
    """Return any text as one segment of a path: percent-encoded UTF-8 (RFC 3986)."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in text.encode()
    )


def _once(method: str, port: int, path: str, key: str, timeout: float) -> tuple[int, bytes]:
    """Ask over a connection that is closed again.

    A request of HTTP/1.0, whose answer ends with the connection: http.client costs 9 MB (mail, TLS), and
    the whole MCP server has 22.
    """
    import socket  # noqa: PLC0415  see above

    request = (
        f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    answer = bytearray()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            connection.sendall(request.encode("ascii"))
            while len(answer) <= MAX_ANSWER_BYTES and (chunk := connection.recv(65536)):
                answer += chunk
    except (OSError, ValueError, OverflowError) as error:
        raise LoopbackError(f"no answer from 127.0.0.1:{port}: {error or type(error).__name__}") from error
    if len(answer) > MAX_ANSWER_BYTES:
        raise LoopbackError(f"the answer to {path} has over {MAX_ANSWER_BYTES} bytes")
    return _parsed(port, bytes(answer))


def _parsed(port: int, answer: bytes) -> tuple[int, bytes]:
    """Return status and body of an answer that ended with its connection."""
    head, end, body = answer.partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    words = first.split(maxsplit=2)
    if not end or len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise LoopbackError(f"no answer from 127.0.0.1:{port}: this is not HTTP: {first[:40]!r}")
    for field in fields:
        name, _, value = field.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit() and int(value) != len(body):
            raise LoopbackError(f"no answer from 127.0.0.1:{port}: it broke off at {len(body)} bytes")
    return int(words[1]), body
