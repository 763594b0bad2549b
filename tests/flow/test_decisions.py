"""From a question to the phone, and the answer back."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from flow.phone import labels, see, see_where, texts
from running import COMMAND, RunningBridge, bridge, environment, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from cctelegram.sandbox.client import Control


def ask(running: RunningBridge, name: str = "q", **data: Any) -> None:
    running.put(
        f"{name}.json",
        {
            "type": "approval_request",
            "title": f"Question {name}",
            "event_id": name,
            "task_id": f"task-{name}",
            "description": "rm -rf `build` && Option<String> __init__ *all*",
            "data": data,
        },
    )


def answers(running: RunningBridge, count: int = 1) -> list[dict[str, Any]]:
    return wait_for(lambda: found if len(found := running.responses()) >= count else [], f"{count} answers")


def test_r22_r51_the_card_shows_the_prompt_verbatim_and_the_options_as_given(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running, options=["Yes, deploy", "Only staging", "No <b>", "Wait *", "5", "6", "7", "8", "9", "10"])
    card = see(fast_sandbox, "Question q")
    assert "rm -rf `build` && Option<String> __init__ *all*" in card["text"]
    assert labels(card)[:4] == ["Yes, deploy", "Only staging", "No <b>", "Wait *"]
    assert len(labels(card)) == 10


def test_a_tap_is_acknowledged_the_card_names_the_person_and_the_agent_has_a_file(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running)
    card = see(fast_sandbox, "Question q")
    query = fast_sandbox.control.tap(card["message_id"], "Approve")
    (answer,) = answers(running)
    assert (answer["kind"], answer["action"], answer["option"]) == ("decision", "approved", "Approve")
    assert (answer["event_id"], answer["task_id"]) == ("q", "task-q")
    assert answer["user_id"] == fast_sandbox.user_id
    assert answer["callback_data"] == "approve_task-q"
    assert answer["message_id"] == card["message_id"]
    wait_for(lambda: fast_sandbox.control.query(query["id"])["answer"], "the tap is answered")
    edited = see_where(fast_sandbox, lambda m: m["sandbox"]["edits"], "the card is edited")
    assert edited["message_id"] == card["message_id"]
    assert labels(edited) == []
    assert "Approve" in edited["text"]
    assert str(fast_sandbox.user_id) in edited["text"] or "@" in edited["text"]
    assert "rm -rf `build` && Option<String> __init__ *all*" in edited["text"]


def test_r21_r23_two_taps_in_one_second_give_one_answer_and_the_second_is_shown_it(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running, "one")
    ask(running, "two")
    first, second = see(fast_sandbox, "Question one"), see(fast_sandbox, "Question two")
    control = fast_sandbox.control
    control.tap(first["message_id"], "Approve")
    late = control.tap(first["message_id"], data=button_data(first, "Deny"))
    control.tap(second["message_id"], "Deny")
    found = {answer["event_id"]: answer["action"] for answer in answers(running, 2)}
    assert found == {"one": "approved", "two": "denied"}
    wait_for(lambda: control.query(late["id"])["answer"], "the second tap is answered")
    assert "Already closed" in json.dumps(control.query(late["id"])["answer"])
    assert len(running.responses()) == 2


def answer_to(control: Control, query_id: str) -> Any:
    return control.query(query_id)["answer"]


def button_data(message: dict[str, Any], label: str) -> str:
    rows = message["reply_markup"]["inline_keyboard"]
    return next(str(button["callback_data"]) for row in rows for button in row if button["text"] == label)


def test_r24_long_titles_and_ids_never_make_the_buttons_too_long(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put(
        "a.json",
        {"type": "approval_request", "title": "T" * 150, "task_id": "x" * 100, "event_id": "y" * 100},
    )
    card = see(fast_sandbox, "T" * 100)
    assert len(button_data(card, "Approve").encode()) <= 64


def test_r27_an_open_question_survives_a_crash_and_can_be_answered_after_it(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as first:
        ask(first)
        card = see(fast_sandbox, "Question q")
        first.wait_status(lambda now: now["delivery"]["sent"] == 1, "recorded")
        first.kill()
    fast_sandbox.control.tap(card["message_id"], "Deny")
    with bridge(home) as second:
        (answer,) = answers(second)
        assert answer["action"] == "denied"
        see_where(fast_sandbox, lambda m: m["sandbox"]["edits"], "the card is edited")
    assert len(texts(fast_sandbox)) == 1


def test_r28_taps_of_others_and_copied_buttons_are_ignored(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    ask(running, "one")
    ask(running, "two")
    first, second = see(fast_sandbox, "Question one"), see(fast_sandbox, "Question two")
    group = -4001
    control.chat(group, type="group", title="G", members=[fast_sandbox.user_id, 666])
    control.chat(666, type="private", started=True)
    stranger = control.tap(first["message_id"], "Approve", user_id=666, chat_id=fast_sandbox.user_id)
    copied = control.tap(second["message_id"], data=button_data(first, "Approve"))
    forged = control.tap(first["message_id"], data="d.aaaa.0.bbbb")
    for query_id in (copied["id"], forged["id"]):
        wait_for(partial(answer_to, control, query_id), "it is told")
        assert "does not belong" in json.dumps(answer_to(control, query_id))
    control.say("let me in", user_id=666, chat_id=666)
    running.wait_status(lambda now: now["delivery"]["strangers"] >= 2, "strangers are counted")
    assert running.responses() == []
    assert control.query(stranger["id"])["answer"] is None
    assert running.status()["decisions"] == {"open": 2}


def test_expiry_closes_the_card_and_says_whether_the_default_applies(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running, "one", timeout_seconds=1.5, default_on_timeout="Deny")
    ask(running, "two", timeout_seconds=1.5, default_on_timeout="Approve")
    ask(running, "three", timeout_seconds=1.5)
    found = {answer["event_id"]: answer for answer in answers(running, 3)}
    assert {answer["action"] for answer in found.values()} == {"expired"}
    assert found["one"]["option"] == "Deny"
    assert found["two"]["option"] == "Approve"
    assert "option" not in found["three"]
    assert all(answer["delivered"] for answer in found.values())
    for name in found:
        see(fast_sandbox, f"Question {name}", "Expired")


def test_a_question_that_comes_too_late_is_expired_and_shown_without_buttons(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put(
        "late.json",
        {
            "type": "approval_request",
            "title": "Too late",
            "timestamp": "2020-01-01T00:00:00Z",
            "data": {"timeout_seconds": 60, "default_on_timeout": "Approve"},
        },
    )
    (answer,) = answers(running)
    assert (answer["action"], answer["delivered"], "option" in answer) == ("expired", False, False)
    card = see(fast_sandbox, "Too late")
    assert labels(card) == []
    assert "Expired" in card["text"]


def test_an_answer_in_words_is_a_reply_to_the_card(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    ask(running, allow_text=True, options=["Yes", "No"])
    card = see(fast_sandbox, "Question q")
    fast_sandbox.control.say("after lunch", reply_to=card["message_id"])
    (answer,) = answers(running)
    assert (answer["kind"], answer["action"], answer["text"]) == ("decision", "answered", "after lunch")
    see(fast_sandbox, "Question q", "after lunch")


def test_a_denial_can_be_commented_by_a_reply_to_the_card(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running)
    card = see(fast_sandbox, "Question q", 'To deny with a comment, reply "no, " and the comment.')
    fast_sandbox.control.say("no, use the staging cluster", reply_to=card["message_id"])
    (answer,) = answers(running)
    assert (answer["kind"], answer["action"], answer["option"]) == ("decision", "denied", "Deny")
    assert answer["text"] == "no, use the staging cluster"
    assert answer["callback_data"] == "deny_task-q"
    edited = see(fast_sandbox, "Question q", "Deny — no, use the staging cluster")
    assert labels(edited) == []


@pytest.mark.parametrize("said", ["yes", "ok", "approved", "Approve!", "👍", "go ahead"])
def test_a_reply_that_means_yes_approves(running: RunningBridge, fast_sandbox: Sandbox, said: str) -> None:
    ask(running)
    fast_sandbox.control.say(said, reply_to=see(fast_sandbox, "Question q")["message_id"])
    (answer,) = answers(running)
    assert (answer["kind"], answer["action"], "text" in answer) == ("decision", "approved", False)


def test_a_reply_that_is_not_clear_asks_back_and_decides_nothing(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running)
    card = see(fast_sandbox, "Question q")
    fast_sandbox.control.say("yes, but only staging", reply_to=card["message_id"])
    see(fast_sandbox, "Nothing was decided", "reply yes or no")
    (answer,) = answers(running)
    assert (answer["kind"], answer["text"]) == ("message", "yes, but only staging")
    assert (answer["reply_to"]["event_id"], "event_id" in answer) == ("q", False)
    fast_sandbox.control.tap(card["message_id"], "Deny")
    wait_for(lambda: [a for a in running.responses() if a.get("action") == "denied"], "the tap decides")
    fast_sandbox.control.say("because of the freeze", reply_to=card["message_id"])
    comment = answers(running, 3)[-1]
    assert (comment["kind"], comment["text"], comment["event_id"]) == (
        "message",
        "because of the freeze",
        "q",
    )


def test_the_audit_log_records_the_person_the_decision_and_the_exact_input(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running, "one")
    ask(running, "two", timeout_seconds=0.2, default_on_timeout="Deny")
    fast_sandbox.control.tap(see(fast_sandbox, "Question one")["message_id"], "Approve")
    answers(running, 2)

    def audit(*words: str) -> tuple[int, Any]:
        done = subprocess.run(
            [COMMAND, "audit", *words, "--home", str(running.home), "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
        )
        return done.returncode, json.loads(done.stdout)

    code, found = audit("verify")
    assert (code, found["whole"], found["entries"], found["faults"]) == (0, True, 2, [])
    _, shown = audit("show")
    decided = {entry["event_id"]: entry for entry in shown}
    assert (decided["one"]["action"], decided["one"]["user_id"]) == ("approved", fast_sandbox.user_id)
    assert json.loads(decided["one"]["input"])["event_id"] == "one"
    assert (decided["two"]["action"], decided["two"]["option"]) == ("expired", "Deny")
    (file,) = wait_for(lambda: list((running.home / "state" / "audit").glob("*.jsonl")), "the file")
    wait_for(lambda: file.read_text(encoding="utf-8").count("\n") == 2, "both lines")
    file.write_text(file.read_text(encoding="utf-8").replace('"option":"Approve"', '"option":"Deny"'))
    code, found = audit("verify")
    assert code == 1
    assert "was changed" in found["faults"][0]


def test_a_text_reply_to_a_question_without_allow_text_is_stored_and_the_person_is_notified(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running, options=["red", "blue"])
    card = see(fast_sandbox, "Question q")
    fast_sandbox.control.say("green", reply_to=card["message_id"])
    see(fast_sandbox, "Nothing was decided", "reply with the exact label of one")
    (answer,) = answers(running)
    assert (answer["kind"], answer["text"], answer["reply_to"]["event_id"]) == ("message", "green", "q")
    assert "event_id" not in answer, "who waits for the answer to q must not take it for that"
    fast_sandbox.control.tap(card["message_id"], "blue")
    answers(running, 2)


def test_a_message_is_stored_for_the_agent_and_the_person_sees_that(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("a.json", {"type": "task_completion", "title": "Done", "event_id": "e1", "task_id": "t1"})
    message = see(fast_sandbox, "Done")
    said = fast_sandbox.control.say("now the tests, please", reply_to=message["message_id"])
    (answer,) = answers(running)
    assert (answer["kind"], answer["text"], answer["event_id"]) == ("message", "now the tests, please", "e1")
    assert answer["reply_to"]["message_id"] == message["message_id"]
    see_where(
        fast_sandbox,
        lambda m: m["message_id"] == said["message_id"] and m["sandbox"]["reactions"],
        "the reaction",
    )


def test_r25_the_directory_of_answers_contains_only_answers(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    ask(running)
    fast_sandbox.control.tap(see(fast_sandbox, "Question q")["message_id"], "Approve")
    answers(running)
    names = {file.name for file in (running.home / "responses").iterdir()} - {"taken"}
    assert len(names) == 1
    assert all(name.endswith(".json") for name in names)


def test_an_answer_that_cannot_be_written_is_written_later(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    folder = running.home / "responses"
    moved = folder.rename(running.home / "elsewhere")
    folder.write_text("in the way")
    ask(running)
    fast_sandbox.control.tap(see(fast_sandbox, "Question q")["message_id"], "Approve")
    running.wait_status(lambda now: "cannot write" in str(now["reasons"]), "it is told")
    folder.unlink()
    moved.rename(folder)
    assert answers(running)[0]["action"] == "approved"


def test_a_reply_that_is_not_clear_ends_no_wait(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    asking = subprocess.Popen(
        [COMMAND, "ask", "Deploy?", "--title", "CI asks", "--timeout", "30s"],
        env=environment(CC_TELEGRAM_HOME=str(running.home)),
        stdout=subprocess.PIPE,
        text=True,
    )
    card = see(fast_sandbox, "CI asks")
    fast_sandbox.control.say("hm, maybe", reply_to=card["message_id"])
    see(fast_sandbox, "Nothing was decided")
    answers(running)
    assert asking.poll() is None
    fast_sandbox.control.tap(card["message_id"], "Deny")
    assert (asking.communicate(timeout=30)[0], asking.returncode) == ("Deny\n", 1)


@pytest.mark.parametrize(("button", "code", "printed"), [("Yes", 0, "Yes"), ("No", 1, "No"), (None, 2, "")])
def test_ask_on_the_command_line_waits_and_returns_the_answer_as_exit_code(
    running: RunningBridge, fast_sandbox: Sandbox, button: str | None, code: int, printed: str
) -> None:
    words = ["ask", "Deploy?", "--option", "Yes", "--option", "No", "--title", "CI asks"]
    asking = subprocess.Popen(
        [COMMAND, *words, "--timeout", "30s" if button else "1s"],
        env=environment(CC_TELEGRAM_HOME=str(running.home)),
        stdout=subprocess.PIPE,
        text=True,
    )
    card = see(fast_sandbox, "CI asks", "Deploy?")
    if button:
        fast_sandbox.control.tap(card["message_id"], button)
        out, _ = asking.communicate(timeout=30)
    else:
        out, _ = asking.communicate(timeout=30)
    assert (asking.returncode, out.strip()) == (code, printed)
    assert running.responses() == []
    assert not list((running.home / "state" / "sessions").iterdir())
