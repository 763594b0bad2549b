"""Responses that break off, lie about their length, or have no end: each is one sentence."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from cctelegram.client.connection import MAX_ANSWER_BYTES, MAX_HEAD_BYTES, Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def answered(server: socket.socket, content: bytes, seconds: float = 5.0) -> tuple[int, bytes]:
    """Return what a connection makes of a response of these bytes, after which the server closes."""

    def answer() -> None:
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(content)

    thread = threading.Thread(target=answer)
    thread.start()
    asking = Connection(server.getsockname(), seconds)
    try:
        return asking.request("GET", "/status", "key", seconds)
    finally:
        asking.close()
        thread.join()


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", ConnectionResetError, "closed without a response"),
        (b"HTTP/1.1 200", ValueError, r"this is not HTTP: b'HTTP/1\.1 200'"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", ValueError, "this is not HTTP: b'SSH-2"),
        (b"HTTP/1.1 fine\r\n\r\n", ValueError, "this is not HTTP"),
        (OK + b"X: " + b"x" * (2 * MAX_HEAD_BYTES), ValueError, f"no end of a line within {MAX_HEAD_BYTES}"),
        (OK + b"Content-Length: many\r\n\r\n", ValueError, "a length of b'many'"),
        (OK + b"Content-Length: 9\r\n\r\nabc", ConnectionError, "ended after 3 of 9 bytes"),
        (OK + b"Content-Length: 99999999\r\n\r\n", ValueError, f"more than {MAX_ANSWER_BYTES} bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", ValueError, "more than"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nab", ConnectionError, "ended after 2 of 4 bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nnine\r\n", ValueError, "nine"),
    ],
)
def test_a_broken_response_is_an_error_that_says_how(
    listening: socket.socket, content: bytes, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        answered(listening, content)


def test_an_answer_of_an_older_protocol_ends_its_connection(listening: socket.socket) -> None:
    assert answered(listening, b"HTTP/1.0 204 No Content\r\nContent-Length: 0\r\n\r\n") == (204, b"")


def test_a_server_whose_queue_is_full_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        with pytest.raises(TimeoutError, match=r"no connection within 0\.2 s"):
            Connection(server.getsockname(), 0.2)
        for each in waiting:
            each.close()


def test_a_kept_connection_that_the_peer_reset_is_over(listening: socket.socket) -> None:
    asking = Connection(listening.getsockname(), 5.0)
    peer, _ = listening.accept()
    assert not asking.is_over(60)
    assert asking.is_over(-1)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close sends a reset
    peer.close()
    assert asking.is_over(60)
    asking.close()
