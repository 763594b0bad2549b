"""Calls that fail on demand, and the record of received calls."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from cctelegram.sandbox.client import ControlError

if TYPE_CHECKING:
    from sandbox.conftest import Bot


OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
MIGRATED = "Bad Request: group chat was upgraded to a supergroup chat"
NO_THREAD = "Bad Request: message thread not found"
FAULTS: list[tuple[dict[str, Any], int, str, dict[str, Any] | None]] = [
    ({"error_code": 429, "parameters": {"retry_after": 6775}}, 429,
     "Too Many Requests: retry after 6775", {"retry_after": 6775}),
    ({"error_code": 429}, 429, "Too Many Requests: retry after 1", {"retry_after": 1}),
    ({"error_code": 500}, 500, "Internal Server Error", None),
    ({"error_code": 502}, 502, "Bad Gateway", None),
    ({"error_code": 401}, 401, "Unauthorized", None),
    ({"error_code": 403}, 403, "Forbidden: bot was blocked by the user", None),
    ({"error_code": 409}, 409, OTHER_POLL, None),
    ({"error_code": 400, "description": NO_THREAD}, 400, NO_THREAD, None),
    ({"error_code": 400, "description": MIGRATED, "parameters": {"migrate_to_chat_id": -1001}}, 400,
     MIGRATED, {"migrate_to_chat_id": -1001}),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "code", "description", "parameters"), FAULTS)
def test_the_next_calls_of_a_method_fail_as_requested_and_later_ones_do_not(
    bot: Bot, fault: dict[str, Any], code: int, description: str, parameters: dict[str, Any] | None
) -> None:
    bot.control.fail("sendMessage", times=2, **fault)
    before = len(bot.control.messages())
    assert bot.ask("getMe")["ok"]
    for _ in range(2):
        answer = bot.http.post(
            bot.sandbox.bot_url + "sendMessage", json={"chat_id": bot.user_id, "text": "x"}
        )
        expected = {"ok": False, "error_code": code, "description": description}
        assert answer.json() == expected | ({"parameters": parameters} if parameters else {})
        assert answer.status_code == code
    bot.send("through")
    assert len(bot.control.messages()) == before + 1


def test_a_reset_before_loses_the_message_and_a_reset_after_does_not(own_bot: Bot) -> None:
    for drop, text in (("before", "lost"), ("after", "kept")):
        own_bot.control.fail("sendMessage", drop=drop)
        with pytest.raises(httpx.ReadError):
            own_bot.send(text)
    assert [message["text"] for message in own_bot.control.messages()] == ["kept"]
    assert [call["answer"] for call in own_bot.control.calls("sendMessage")] == ["dropped", "dropped"]


def test_a_delay_delays_the_response_of_any_method(own_bot: Bot) -> None:
    own_bot.control.fail(delay_seconds=0.3)
    start = time.monotonic()
    assert own_bot.call("getMe")["is_bot"]
    assert time.monotonic() - start >= 0.3


def test_a_fault_can_apply_to_one_chat_only(own_bot: Bot) -> None:
    own_bot.control.chat(-7, type="group", title="Team")
    own_bot.control.fail("sendMessage", error_code=500, chat_id=-7)
    own_bot.send("private")
    assert own_bot.refusal("sendMessage", chat_id=-7, text="group") == "Internal Server Error"


def test_a_fault_that_does_nothing_is_refused_with_the_reason(bot: Bot) -> None:
    with pytest.raises(ControlError, match="a fault needs kind, error_code, drop or delay_seconds"):
        bot.control.fail("sendMessage")
    with pytest.raises(ControlError, match="drop: it is 'never'; before or after"):
        bot.control.fail("sendMessage", drop="never")


def test_every_call_is_kept_with_its_parameters_times_and_answer(own_bot: Bot) -> None:
    wall, ticks = time.time(), time.monotonic()
    message = own_bot.send("kept", entities=[{"type": "bold", "offset": 0, "length": 4}])
    own_bot.ask("sendEverything", x=1)
    first, second = own_bot.control.calls()
    assert (first["number"], first["method"]) == (1, "sendMessage")
    assert first["params"]["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert first["answer"] == {"ok": True, "result": message}
    assert wall <= first["at"] <= time.time()
    assert ticks <= first["monotonic"] <= time.monotonic()
    assert (second["method"], second["params"], second["answer"]["error_code"]) == (
        "sendEverything",
        {"x": 1},
        404,
    )
    assert own_bot.control.calls(after=1) == [second]
    assert own_bot.control.calls("sendMessage") == [first]
    assert own_bot.sandbox.token not in str(own_bot.control.calls())


def test_a_client_that_is_killed_during_a_request_does_not_affect_others(own_bot: Bot) -> None:
    address = urlsplit(own_bot.sandbox.bot_url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as half:
        head = f"POST {address.path}sendMessage HTTP/1.1\r\nHost: {address.netloc}\r\n"
        half.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        own_bot.control.wait_for(lambda control: control.calls("sendMessage"))
    own_bot.control.wait_for(lambda control: control.calls("sendMessage")[0]["answer"])
    assert own_bot.control.calls("sendMessage")[0]["answer"] == "cancelled: the client left"
    own_bot.send("the next")


def test_waiting_returns_the_expected_value_and_ends_in_time(own_bot: Bot) -> None:
    own_bot.send("here")
    assert own_bot.control.wait_message(lambda message: message["text"] == "here")["message_id"] == 1
    with pytest.raises(
        TimeoutError, match=r"the predicate was not true within 0.2 s; the last calls: .*sendMessage"
    ):
        own_bot.control.wait_for(lambda _control: None, timeout=0.2)


def test_a_response_does_not_wait_for_a_tcp_acknowledgement(own_bot: Bot) -> None:
    """A bridge on the sandbox has 20 ms from event to request; 40 ms were lost to Nagle's algorithm."""
    own_bot.call("getMe")
    seconds = []
    for _ in range(31):
        start = time.perf_counter()
        own_bot.send()
        seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[15] < 0.02
