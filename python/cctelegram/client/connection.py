"""HTTP/1.1 over one loopback connection, one request after the other."""

from __future__ import annotations

import socket
import time

# A status, metrics and reports of the bridge are far smaller.
MAX_ANSWER_BYTES = 8 << 20
# h11, which the bridge uses, has the same limit for requests.
MAX_HEAD_BYTES = 64 << 10


class Stale(ConnectionError):
    """The peer closed a kept connection before it sent any byte of a response."""


class Connection:
    """One connection to `address`. Raises OSError, with a sentence, when it cannot connect.

    Attributes:
        address: host, a number without brackets, and port.
        ended: the connection cannot carry another request.
    """

    def __init__(self, address: tuple[str, int], connect_seconds: float) -> None:
        self.address = address
        self.ended = False
        self._used = time.monotonic()
        self._requests = 0
        self._rest = bytearray()
        try:
            self._socket = socket.create_connection(address, connect_seconds)
        except TimeoutError:
            raise TimeoutError(f"no connection within {connect_seconds:g} s") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, method: str, path: str, key: str, read_seconds: float) -> tuple[int, bytes]:
        """Send a request without a body; return status and body.

        Raises:
            Stale: the peer had closed a kept connection.
            OSError: the connection broke, was silent for `read_seconds`, or the response was incomplete after
                twice that.
            ValueError: the response is not HTTP, or too long.
        """
        self.ended = True  # until the response is read to its end
        self._requests += 1
        self._seconds = read_seconds
        self._deadline = time.monotonic() + 2 * read_seconds
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: {written(self.address)}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Length: 0\r\n\r\n"
        )
        try:
            self._socket.settimeout(read_seconds)
            self._socket.sendall(request.encode("ascii"))
            head = self._until(b"\r\n\r\n", MAX_HEAD_BYTES)
        except ConnectionError as error:
            if self._requests > 1 and not self._rest:
                raise Stale(f"the kept connection was closed: {error}") from error
            raise
        status, fields = _parsed(head)
        body = self._body(fields)
        self.ended = not body[1] or b"close" in fields.get(b"connection", b"").lower()
        self._used = time.monotonic()
        return status, body[0]

    def is_over(self, keepalive_seconds: float) -> bool:
        """Return whether it was idle for too long, or the peer closed it or sent unrequested bytes."""
        if time.monotonic() - self._used > keepalive_seconds:
            return True
        self._socket.setblocking(False)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _body(self, fields: dict[bytes, bytes]) -> tuple[bytes, bool]:
        """Return the body, and whether the connection can carry another request."""
        if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
            return self._chunks(), True
        length = fields.get(b"content-length")
        if length is not None:
            if not length.isdigit():
                raise ValueError(f"this is not HTTP: a length of {length[:20]!r}")
            return self._exactly(int(length)), True
        while self._more():
            self._check(len(self._rest))
        return bytes(self._rest), False

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            size = int(self._until(b"\r\n", MAX_HEAD_BYTES).split(b";")[0], 16)
            self._check(len(body) + size)
            body += self._exactly(size)
            self._until(b"\r\n", MAX_HEAD_BYTES)
            if size == 0:
                return bytes(body)

    def _exactly(self, size: int) -> bytes:
        self._check(size)
        while len(self._rest) < size:
            if not self._more():
                raise ConnectionError(f"the response ended after {len(self._rest)} of {size} bytes")
        found = bytes(self._rest[:size])
        del self._rest[:size]
        return found

    def _until(self, end: bytes, most: int) -> bytes:
        while (at := self._rest.find(end)) < 0:
            if len(self._rest) > most:
                raise ValueError(f"this is not HTTP: no end of a line within {most} bytes")
            if not self._more():
                if self._rest:
                    raise ValueError(f"this is not HTTP: {bytes(self._rest[:40])!r}")
                raise ConnectionResetError("the connection was closed without a response")
        found = bytes(self._rest[:at])
        del self._rest[: at + len(end)]
        return found

    def _more(self) -> bool:
        """Read more bytes; return False at the end of the stream."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the response was incomplete after {2 * self._seconds:g} s")
        self._socket.settimeout(min(self._seconds, left))
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            if left < self._seconds:
                raise TimeoutError(f"the response was incomplete after {2 * self._seconds:g} s") from None
            raise TimeoutError(f"nothing was sent for {self._seconds:g} s") from None
        self._rest += data
        return bool(data)

    def _check(self, size: int) -> None:
        if size > MAX_ANSWER_BYTES:
            raise ValueError(f"the response has more than {MAX_ANSWER_BYTES} bytes")


def written(address: tuple[str, int]) -> str:
    """Return an address as a URL and a Host write it, an IPv6 one in brackets (RFC 3986, 3.2.2)."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parsed(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    words = first.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError(f"this is not HTTP: {first[:40]!r}")
    fields = {}
    for line in lines:
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip()
    if words[0] == b"HTTP/1.0":
        fields.setdefault(b"connection", b"close")
    return int(words[1]), fields
