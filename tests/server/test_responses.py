"""Reading answers, and taking them: each is returned once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from server.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from server.conftest import Answers


def test_answers_are_read_newest_first_and_stay(wire: Wire, home: Path, answers: Answers) -> None:
    for number in range(12):
        answers.write(f"e{number}", age=100 - number)
    # R25: what is no answer is not given as one.
    (home / "responses" / "mode.json").write_text('{"kind": "decision"}')
    (home / "responses" / ".hidden.json").write_text("{}")
    told = wire.call("get_telegram_responses")["structuredContent"]
    assert (told["count"], told["total"]) == (10, 12)
    assert [each["event_id"] for each in told["responses"]] == [f"e{number}" for number in range(11, 1, -1)]
    assert wire.call("get_telegram_responses", {"limit": 100})["structuredContent"]["count"] == 12


def test_r26_an_answer_is_returned_once(wire: Wire, home: Path, answers: Answers) -> None:
    answers.write("e1", age=3)
    answers.write("e2", age=2, action="denied", option="Deny", text="not on a Friday")
    answers.write("e3", age=1, kind="message", action=None, option=None, text="hello")
    answers.write("old", age=3600)
    first = wire.call("process_pending_responses")["structuredContent"]
    assert first["summary"] == {
        "total_recent_responses": 3,
        "actionable_responses": 3,
        "pending_approvals": 1,
        "pending_denials": 1,
        "time_window_minutes": 10,
    }
    assert [each["event_id"] for each in first["actionable_responses"]] == ["e1", "e2", "e3"]
    assert "Zoë approved it" in first["recommendations"][0]
    assert "not on a Friday" in first["recommendations"][1]
    assert first["bridge"]["running"] is False
    again = wire.call("process_pending_responses")["structuredContent"]
    assert again["actionable_responses"] == []
    assert again["summary"]["total_recent_responses"] == 0
    assert len(list((home / "responses" / "taken").iterdir())) == 3
    wider = wire.call("process_pending_responses", {"since_minutes": 1440})["structuredContent"]
    assert [each["event_id"] for each in wider["actionable_responses"]] == ["old"]


def test_r26_two_sessions_never_both_get_an_answer(wire: Wire, home: Path, answers: Answers) -> None:
    with Wire(home) as other:
        other.initialize()
        for number in range(40):
            answers.write(f"e{number}", age=1)
        asked = [
            (each, each.request("tools/call", {"name": "process_pending_responses"}))
            for each in (wire, other)
        ]
        given = [
            answer["event_id"]
            for each, request in asked
            for answer in each.answer(request)["result"]["structuredContent"]["actionable_responses"]
        ]
        assert sorted(given) == sorted(f"e{number}" for number in range(40))


def test_an_answer_another_live_session_waits_for_is_left_to_it_until_it_ends(
    wire: Wire, home: Path, answers: Answers
) -> None:
    with Wire(home) as other:
        other.initialize()
        other.ask("ping")
        [mine, theirs] = sorted(
            (home / "state" / "sessions").iterdir(), key=lambda path: path.stat().st_mtime_ns
        )
        assert json.loads(theirs.read_bytes())["pid"] == other.process.pid
        answers.write("e1", awaited_by=theirs.stem)
        answers.write("e2", awaited_by=mine.stem)
        answers.write("e3", awaited_by="../../etc/passwd")
        told = wire.call("process_pending_responses")["structuredContent"]
        assert {each["event_id"] for each in told["actionable_responses"]} == {"e2", "e3"}
        assert "were not taken: an `ask`" in told["recommendations"][-1]
    told = wire.call("process_pending_responses")["structuredContent"]
    assert [each["event_id"] for each in told["actionable_responses"]] == ["e1"]


def test_more_answers_than_one_result_holds_are_returned_over_several_calls(
    wire: Wire, answers: Answers
) -> None:
    for number in range(60):
        answers.write(f"e{number}", age=60 - number / 2)
    first = wire.call("process_pending_responses")["structuredContent"]
    assert first["summary"]["actionable_responses"] == 50
    assert first["recommendations"][-1].startswith("10 more answers are waiting")
    second = wire.call("process_pending_responses")["structuredContent"]
    assert [each["event_id"] for each in second["actionable_responses"]] == [
        f"e{number}" for number in range(50, 60)
    ]
