"""`ask`: the question in the spool, the wait, the answer, and every way a wait can end without one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.spool.file_lock import is_locked
from server.conftest import events
from server.wire import Wire, until

if TYPE_CHECKING:
    from pathlib import Path

    from server.conftest import Answers, Bridge


def asked(wire: Wire, home: Path, **arguments: Any) -> tuple[int, dict[str, Any]]:
    """Ask; return the request's id and the event once it is in the spool."""
    before = len(events(home))
    arguments = {"question": "Deploy to production?", **arguments}
    request = wire.request(
        "tools/call", {"name": "ask", "arguments": arguments, "_meta": {"progressToken": "p"}}
    )
    return request, until(lambda: events(home)[before:], "the question")[0]


def structured(wire: Wire, request: int) -> dict[str, Any]:
    """The structured result of a call that succeeded."""
    result = wire.answer(request)["result"]
    assert result["isError"] is False, result
    told: dict[str, Any] = result["structuredContent"]
    return told


def test_the_question_is_an_event_that_names_the_waiting_session(
    wire: Wire, home: Path, answers: Answers
) -> None:
    request, event = asked(
        wire, home, options=["Now", "Later"], default_on_timeout="Later", timeout_seconds=60
    )
    assert event["type"] == "approval_request"
    assert event["title"] == "wire asks"
    assert event["description"] == "Deploy to production?"
    [session] = (home / "state" / "sessions").iterdir()
    assert event["data"] == {
        "options": ["Now", "Later"],
        "allow_text": False,
        "timeout_seconds": 60,
        "awaited_by": session.stem,
        "default_on_timeout": "Later",
    }
    answers.write(event["event_id"], action="answered", option="Later", option_index=1)
    told = structured(wire, request)
    assert told == {
        "outcome": "answered",
        "event_id": event["event_id"],
        "answer": "Later",
        "action": "answered",
        "option": "Later",
        "option_index": 1,
        "who": "Zoë",
        "when": told["when"],
        "response_time_seconds": 3.5,
        "delivered": "yes",
    }
    # The answer was taken: nobody else gets it.
    assert list((home / "responses").glob("*.json")) == []
    assert wire.call("process_pending_responses")["structuredContent"]["actionable_responses"] == []


def test_a_reply_in_words_is_returned_verbatim(wire: Wire, home: Path, answers: Answers) -> None:
    request, event = asked(wire, home, allow_text=True)
    answers.write(
        event["event_id"], action="answered", option=None, option_index=None, text="only *after* 5 <ok>"
    )
    told = structured(wire, request)
    assert told["answer"] == told["text"] == "only *after* 5 <ok>"
    assert "option" not in told


def test_an_expiry_from_the_bridge_has_the_default_that_applied(
    wire: Wire, home: Path, answers: Answers, bridge: Bridge
) -> None:
    assert bridge
    request, event = asked(wire, home)
    answers.write(
        event["event_id"],
        action="expired",
        option="Deny",
        option_index=1,
        first_name=None,
        user_id=None,
        delivered=True,
    )
    told = structured(wire, request)
    assert (told["outcome"], told["answer"], told["delivered"]) == ("expired", "Deny", "yes")
    assert "who" not in told


def test_a_cancelled_question_is_not_an_answer(wire: Wire, home: Path, answers: Answers) -> None:
    request, event = asked(wire, home)
    answers.write(event["event_id"], action="cancelled", option=None, option_index=None)
    assert structured(wire, request)["outcome"] == "cancelled"


@pytest.mark.parametrize(("default", "applies"), [("Deny", "Deny"), ("Approve", None), (None, None)])
def test_with_the_bridge_down_the_question_expires_and_only_a_denial_applies(
    wire: Wire, default: str | None, applies: str | None
) -> None:
    arguments = {"question": "?", "timeout_seconds": 1} | ({"default_on_timeout": default} if default else {})
    result = wire.call("ask", arguments)
    told = result["structuredContent"]
    assert (told["outcome"], told["delivered"], told.get("answer")) == ("expired", "unknown", applies)
    assert told["bridge"]["running"] is False
    assert "cctelegram bridge" in result["content"][0]["text"]


def test_while_muted_nothing_is_asked_and_the_call_returns_at_once(
    wire: Wire, home: Path, bridge: Bridge
) -> None:
    bridge.status["mode"] = "muted"
    result = wire.call("ask", {"question": "?"})
    assert result["structuredContent"]["outcome"] == "muted"
    assert "Telegram is muted" in result["content"][0]["text"]
    assert events(home) == []


def test_calls_are_answered_while_questions_wait_and_each_gets_its_own_answer(
    wire: Wire, home: Path, answers: Answers
) -> None:
    waiting = [asked(wire, home, question=f"{number}?") for number in range(20)]
    assert wire.call("get_bridge_status")["isError"] is False
    for request, event in reversed(waiting):
        answers.write(event["event_id"], text=event["description"])
        assert structured(wire, request)["text"] == event["description"]


def test_progress_grows_and_carries_the_token(wire: Wire, home: Path, answers: Answers) -> None:
    request, event = asked(wire, home)
    first = until(lambda: [wire.next()], "progress")[0]
    assert first["method"] == "notifications/progress"
    assert first["params"]["progressToken"] == "p"
    assert first["params"]["total"] == 1500
    answers.write(event["event_id"])
    structured(wire, request)
    assert all(other["method"] == "notifications/progress" for other in wire.others)


def test_a_client_without_a_progress_token_gets_only_the_answer(
    wire: Wire, home: Path, answers: Answers
) -> None:
    request = wire.request("tools/call", {"name": "ask", "arguments": {"question": "?"}})
    [event] = until(lambda: events(home), "the question")
    answers.write(event["event_id"])
    assert wire.next()["id"] == request


def test_a_cancelled_call_ends_its_wait_and_leaves_the_answer_for_later(
    wire: Wire, home: Path, answers: Answers
) -> None:
    request, event = asked(wire, home)
    wire.tell("notifications/cancelled", {"requestId": request, "reason": "enough"})
    [session] = (home / "state" / "sessions").iterdir()
    until(
        lambda: json.loads(session.read_bytes())["calls"].get("ask", {}).get("error") == 1, "the wait to end"
    )
    answers.write(event["event_id"], awaited_by=event["data"]["awaited_by"])
    told = wire.call("process_pending_responses")["structuredContent"]
    assert [each["event_id"] for each in told["actionable_responses"]] == [event["event_id"]]
    # Taken meanwhile or not, asking again by its id gives the same answer and sends nothing new.
    again = wire.call("ask", {"question": "?", "event_id": event["event_id"]})["structuredContent"]
    assert again["action"] == "approved"
    assert len(events(home)) == 1


def test_another_session_continues_a_question_whose_session_was_killed(home: Path, answers: Answers) -> None:
    with Wire(home) as first:
        first.initialize()
        _, event = asked(first, home)
        first.process.kill()
        first.process.wait()
    with Wire(home) as second:
        second.initialize()
        arguments = {"question": "?", "event_id": event["event_id"], "timeout_seconds": 60}
        request = second.request("tools/call", {"name": "ask", "arguments": arguments})
        second.ask("ping")
        answers.write(event["event_id"], awaited_by=event["data"]["awaited_by"])
        assert structured(second, request)["action"] == "approved"


def test_an_answer_that_this_session_waits_for_is_not_taken_by_its_other_calls(
    wire: Wire, home: Path, answers: Answers
) -> None:
    request, event = asked(wire, home)
    answers.write("other")
    answers.write(event["event_id"], awaited_by=event["data"]["awaited_by"])
    told = wire.call("process_pending_responses")["structuredContent"]
    assert [each["event_id"] for each in told["actionable_responses"]] == ["other"]
    assert structured(wire, request)["action"] == "approved"


def test_r37_the_end_of_input_ends_the_process_at_once_while_questions_wait(wire: Wire, home: Path) -> None:
    for _ in range(3):
        asked(wire, home)
    assert wire.end() < 1.5
    assert wire.process.returncode == 0
    # Its counts stay for the bridge, in a file that nobody holds.
    assert not any(is_locked(str(file)) for file in (home / "state" / "sessions").iterdir())


def test_an_answer_wakes_the_wait_without_a_timer(wire: Wire, home: Path, answers: Answers) -> None:
    request, event = asked(wire, home)
    # After the first check of the wait, so that only the watch can report it.
    wire.ask("ping")
    begin = time.monotonic()
    answers.write(event["event_id"])
    structured(wire, request)
    assert time.monotonic() - begin < 0.4
