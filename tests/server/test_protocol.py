"""Both eras of the protocol over real pipes, and invalid input."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from server.conftest import events
from server.wire import MODERN, Wire, command, environment

if TYPE_CHECKING:
    from pathlib import Path

HANDSHAKES = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]


@pytest.mark.parametrize("version", HANDSHAKES)
def test_the_handshake_of_each_older_revision_is_answered_in_that_revision(home: Path, version: str) -> None:
    with Wire(home) as wire:
        result = wire.initialize(version)
        assert result["protocolVersion"] == version
        assert result["serverInfo"]["name"] == "cctelegram"
        assert "ask" in result["instructions"]
        assert wire.ask("ping")["result"] == {}
        assert "resultType" not in wire.ask("tools/list")["result"]


def test_a_handshake_with_the_newest_revision_falls_back_to_the_last_that_has_one(home: Path) -> None:
    with Wire(home) as wire:
        assert wire.initialize("2026-07-28")["protocolVersion"] == "2025-11-25"


def test_discovery_and_calls_without_a_handshake_work_in_the_newest_revision(home: Path) -> None:
    with Wire(home) as wire:
        found = wire.ask("server/discover", {"_meta": MODERN})["result"]
        assert found["supportedVersions"][-1] == "2026-07-28"
        assert found["resultType"] == "complete"
        listed = wire.ask("tools/list", {"_meta": MODERN})["result"]
        assert (listed["resultType"], listed["ttlMs"], listed["cacheScope"]) == (
            "complete",
            3600000,
            "public",
        )
        result = wire.call("get_bridge_status", _meta=MODERN)
        assert result["resultType"] == "complete"
        assert result["structuredContent"]["running"] is False


def test_a_client_that_tries_discovery_first_may_fall_back_to_the_handshake(home: Path) -> None:
    with Wire(home) as wire:
        wire.ask("server/discover", {"_meta": MODERN})
        assert wire.initialize()["protocolVersion"] == "2025-11-25"
        assert wire.call("get_bridge_status")["isError"] is False


def test_a_request_of_no_era_gets_an_error_that_names_what_is_missing_and_the_session_continues(
    home: Path,
) -> None:
    with Wire(home) as wire:
        assert "_meta" in wire.ask("tools/list")["error"]["message"]
        wire.initialize()
        assert wire.ask("ping")["result"] == {}


def test_a_notification_before_the_first_request_does_not_end_the_session(home: Path) -> None:
    with Wire(home) as wire:
        wire.tell("notifications/cancelled", {"requestId": 99})
        wire.initialize()


def test_an_unknown_method_is_refused_by_name(wire: Wire) -> None:
    error = wire.ask("tools/cull")["error"]
    assert error["code"] == -32601
    assert "tools/cull" in error["message"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"not json", -32700),
        (b'{"jsonrpc":"2.0","id":1', -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b'"text"', -32600),
        (b"[1]", -32600),
        (b'{"jsonrpc":"2.0"}', -32600),
    ],
)
def test_a_broken_line_is_answered_with_an_error_and_the_next_one_works(
    wire: Wire, line: bytes, code: int
) -> None:
    wire.raw(line)
    error = wire.next()
    assert error["id"] is None
    assert error["error"]["code"] == code
    assert wire.ask("ping")["result"] == {}


@pytest.mark.parametrize("message", [rb"a \ud83d", rb"a \udca9 b", b"a \xff", b"a \xed\xa0\xbd"])
def test_a_request_with_half_a_surrogate_pair_is_answered_with_a_replacement_character(
    wire: Wire, home: Path, message: bytes
) -> None:
    wire.raw(
        b'{"jsonrpc":"2.0","id":"half","method":"tools/call","params":'
        b'{"name":"send_telegram_message","arguments":{"message":"' + message + b'"}}}'
    )
    assert wire.answer("half")["result"]["isError"] is False
    (event,) = events(home)
    said = event.get("description") or event["title"]
    assert said.startswith("a \ufffd")


def test_a_request_is_answered_under_its_own_id_whatever_is_wrong_with_it(wire: Wire) -> None:
    long = b'"' + b"x" * (5 << 20) + b'"'
    table = [
        # The order of the members is that of the clients in TypeScript and in Python.
        (
            b'{"method":"tools/call","params":{"id":1,"a":' + long + b'},"jsonrpc":"2.0","id":"a1"}',
            "a1",
            -32700,
        ),
        (b'{"jsonrpc":"2.0","id":812,"method":"tools/call","params":' + long + b"}", 812, -32700),
        (b'{"jsonrpc":"2.0","id":813,"method":"tools/call","params":{', 813, -32700),
        (b'{"jsonrpc":"2.0","id":814,"method":"x","params":' + b"[" * 1000 + b"]" * 1000 + b"}", 814, -32700),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 1.5, -32600),
        (b'{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"}', 2**64 - 1, -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', None, -32600),
        (b'{"id":815,"method":"ping"}', 815, -32600),
    ]
    for line, own, code in table:
        wire.raw(line)
        answer = wire.next()
        assert (answer["id"], answer["error"]["code"]) == (own, code), line[:80]
    assert wire.ask("ping")["result"] == {}


def test_a_byte_order_mark_before_the_first_frame_is_ignored(home: Path) -> None:
    with Wire(home) as wire:
        assert wire.process.stdin is not None
        wire.process.stdin.write(b"\xef\xbb\xbf")
        wire.initialize()


def test_no_response_has_a_character_that_a_reader_may_take_for_a_line_break(wire: Wire) -> None:
    breaks = "a\u2028b\u2029c\x85d\x0b\x0c"
    wire.raw(
        json.dumps(
            {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": breaks}},
            ensure_ascii=False,
        ).encode()
    )
    line = wire.lines.get(timeout=10)
    assert line is not None
    assert len(line.decode().splitlines()) == 1
    result = wire.call("get_telegram_responses", {"limit": 5, breaks: 1})
    assert breaks in result["content"][0]["text"]


def test_a_line_of_many_megabytes_is_refused_without_being_buffered(wire: Wire) -> None:
    wire.raw(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (9 << 20) + b'"}')
    assert wire.next()["error"]["code"] == -32700
    assert wire.ask("ping")["result"] == {}


def test_a_request_of_the_wrong_shape_is_refused_under_its_own_id(wire: Wire) -> None:
    wire.raw(b'{"jsonrpc":"2.0","id":"a","method":5}')
    answer = wire.next()
    assert (answer["id"], answer["error"]["code"]) == ("a", -32600)


def test_broken_notifications_and_empty_lines_get_no_response(wire: Wire) -> None:
    for line in (
        b'{"jsonrpc":"2.0","method":7}',
        b"",
        b"   ",
        b'{"jsonrpc":"2.0","method":"notifications/x"}',
    ):
        wire.raw(line)
    request = wire.request("ping")
    assert wire.next()["id"] == request


def test_an_unknown_tool_is_refused_with_the_nearest_name(wire: Wire) -> None:
    error = wire.ask("tools/call", {"name": "send_telegram_mesage"})["error"]
    assert error["code"] == -32602
    assert 'did you mean "send_telegram_message"?' in error["message"]


def test_arguments_that_are_not_an_object_are_refused_with_the_expected_type(wire: Wire) -> None:
    error = wire.ask("tools/call", {"name": "ask", "arguments": "now"})["error"]
    assert error["code"] == -32602
    assert "arguments" in error["message"]


@pytest.mark.parametrize("tool", ["get_telegram_responses", "process_pending_responses", "list_event_types"])
@pytest.mark.parametrize("params", [{}, {"arguments": None}, {"arguments": {}}])
def test_r33_a_call_whose_arguments_are_all_optional_works_without_any(
    wire: Wire, tool: str, params: dict[str, Any]
) -> None:
    result = wire.ask("tools/call", {"name": tool, **params})["result"]
    assert result["isError"] is False


def test_requests_piped_into_the_server_are_answered_though_the_input_ends(home: Path) -> None:
    lines = [
        {"id": 1, "method": "server/discover", "params": {"_meta": MODERN}},
        {"id": 2, "method": "tools/call", "params": {"name": "list_event_types", "_meta": MODERN}},
    ]
    # The last line has no line break.
    text = "\n".join(json.dumps({"jsonrpc": "2.0", **line}) for line in lines)
    done = subprocess.run(
        command(), input=text.encode(), capture_output=True, env=environment(home), timeout=10, check=True
    )
    answered = [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert sorted(answered) == [1, 2]
    assert done.stderr == b""


def test_a_socket_for_standard_streams_works_like_a_pipe(home: Path) -> None:
    # Node gives its children sockets, which cannot be opened again by name.
    ours, theirs = socket.socketpair()
    fd = theirs.fileno()
    with ours, subprocess.Popen(command(), stdin=fd, stdout=fd, env=environment(home)) as process:
        theirs.close()
        ours.settimeout(10)
        request = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": MODERN}}
        ours.sendall(json.dumps(request).encode() + b"\n")
        with ours.makefile() as lines:
            assert json.loads(lines.readline())["id"] == 1
        ours.shutdown(socket.SHUT_WR)
        assert process.wait(10) == 0


def test_an_empty_input_ends_the_server_without_an_error(home: Path) -> None:
    done = subprocess.run(
        command(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(home),
        timeout=10,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")


PRINTING = """
import os, sys
from cctelegram.server import dispatch
from cctelegram.server.run import main

def noisy(arguments, call, session):
    print("printed by a library")
    os.write(1, b"written to the descriptor")
    os.system("echo said by a child")
    assert sys.stdin.read() == ""
    return "done", {"running": False}

dispatch.find = lambda name: noisy
sys.exit(main([]))
"""


def test_r29_what_a_tool_prints_never_gets_into_the_protocol(home: Path) -> None:
    with Wire(home, program=[sys.executable, "-c", PRINTING]) as wire:
        wire.initialize()
        assert wire.call("get_bridge_status")["content"][0]["text"] == "done"
        wire.end()
        assert wire.lines.get() is None
    for text in (b"printed by a library", b"written to the descriptor", b"said by a child"):
        assert text in wire.stderr


FAILING = """
import sys
from cctelegram.server import dispatch
from cctelegram.server.run import main

def broken(arguments, call, session):
    return {}["missing"]

dispatch.find = lambda name: broken
sys.exit(main([]))
"""


def test_r32_an_exception_in_a_tool_is_a_tool_error_with_a_message_and_a_logged_traceback(
    home: Path,
) -> None:
    with Wire(home, program=[sys.executable, "-c", FAILING]) as wire:
        wire.initialize()
        result = wire.call("get_bridge_status")
        assert result["isError"] is True
        assert (
            "get_bridge_status failed inside CCTelegram (KeyError: 'missing')" in result["content"][0]["text"]
        )
        assert "Traceback" not in result["content"][0]["text"]
        assert wire.ask("ping")["result"] == {}
    assert b"Traceback" in wire.stderr


def test_an_unknown_argument_of_the_command_is_refused_on_standard_error(home: Path) -> None:
    done = subprocess.run(
        [*command(), "--hom"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(home),
        timeout=10,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"--hom" in done.stderr
