"""Several allowed users and groups: recipients, and whose answer counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flow.chats import FORUM, GROUP, OTHER, both_allowed, closed_everywhere, make_chats, see_in, told
from flow.phone import labels, see_where
from running import RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

QUESTION = {"type": "approval_request", "title": "Deploy?", "event_id": "q"}
TO_ALL = (f"to = {OTHER}", f"to = {GROUP}", f"to = {FORUM}")


@pytest.fixture
def started(tmp_path: Path, fast_sandbox: Sandbox) -> Iterator[RunningBridge]:
    """A bridge whose routes go to everybody."""
    make_chats(fast_sandbox)
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, *TO_ALL)) as running:
        yield running


def approval(card: dict[str, Any]) -> str:
    """Return the data of a card's first button."""
    data: str = card["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    return data


def test_routes_add_users_groups_and_topics_and_the_owner_gets_all(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)
    lines = (f'to = {GROUP}\ntypes = ["build_and_test"]', f'to = {OTHER}\nsources = ["ci*"]')
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, *lines)) as running:
        running.put("a.json", {"type": "build_failed", "title": "Red build", "source": "ci-7"})
        running.put("b.json", {"type": "git_push", "title": "A push", "source": "me"})
        running.put("c.json", {"type": "lint_check", "title": "Lint", "source": "me"})
        running.put("d.json", {"type": "git_push", "title": "CI pushes", "source": "ci"})
        for chat_id, title in (
            *((fast_sandbox.user_id, title) for title in ("Red build", "A push", "Lint", "CI pushes")),
            *((GROUP, title) for title in ("Red build", "Lint")),
            *((OTHER, title) for title in ("Red build", "CI pushes")),
        ):
            see_in(fast_sandbox, chat_id, title)
        running.wait_status(lambda now: now["delivery"]["sent"] == 8, "all are sent")
    assert (len(told(fast_sandbox, GROUP)), len(told(fast_sandbox, OTHER))) == (2, 2)
    assert told(fast_sandbox, FORUM) == []


@pytest.mark.parametrize("where", [OTHER, GROUP, FORUM])
def test_the_first_answer_wins_and_every_copy_says_who_gave_it(
    started: RunningBridge, fast_sandbox: Sandbox, where: int
) -> None:
    control, everywhere = fast_sandbox.control, (fast_sandbox.user_id, OTHER, GROUP, FORUM)
    started.put("q.json", QUESTION)
    cards = {chat_id: see_in(fast_sandbox, chat_id, "Deploy?") for chat_id in everywhere}
    control.tap(cards[where]["message_id"], "Approve", user_id=OTHER, chat_id=where)
    owners = cards[fast_sandbox.user_id]
    late = control.tap(
        owners["message_id"], data=owners["reply_markup"]["inline_keyboard"][0][1]["callback_data"]
    )
    (answer,) = wait_for(started.responses, "the answer")
    assert (answer["action"], answer["user_id"], answer["chat_id"]) == ("approved", OTHER, where)
    assert "Already closed" in control.wait_answer(late["id"])["text"]
    texts = closed_everywhere(fast_sandbox, "Deploy?", *everywhere)
    assert all("Approve" in text and f"User {OTHER}" in text for text in texts)
    assert len(started.responses()) == 1


def test_expiry_is_shown_on_every_copy(started: RunningBridge, fast_sandbox: Sandbox) -> None:
    started.put("q.json", {**QUESTION, "data": {"timeout_seconds": 2}})
    texts = closed_everywhere(fast_sandbox, "Deploy?", fast_sandbox.user_id, OTHER, GROUP, FORUM)
    assert all("Expired" in text for text in texts)


def test_a_member_of_the_group_who_is_not_allowed_cannot_answer_nor_an_anonymous_administrator(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    started.put("q.json", {**QUESTION, "data": {"allow_text": True}})
    card = see_in(fast_sandbox, GROUP, "Deploy?")
    control.chat(666, type="private", started=True)
    tapped = control.tap(card["message_id"], "Approve", user_id=666, chat_id=GROUP)
    chat = {"id": GROUP, "type": "group", "title": "Group"}
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    words = {"message_id": 90, "date": 1, "chat": chat, "from": anonymous, "sender_chat": chat}
    control.update({"message": {**words, "text": "Yes, do it", "reply_to_message": card}})
    started.wait_status(lambda now: now["delivery"]["strangers"] == 1, "the tap is counted")
    control.wait_for(lambda phone: not phone.state()["pending_updates"])
    control.tap(card["message_id"], "Deny", user_id=OTHER, chat_id=GROUP)
    (answer,) = wait_for(started.responses, "the answer")
    assert (answer["action"], answer["user_id"]) == ("denied", OTHER)
    assert control.query(tapped["id"])["answer"] is None


def test_in_a_group_only_messages_to_the_bot_reach_agents(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    started.put("a.json", {"type": "task_failed", "title": "Broken", "event_id": "e1"})
    message = see_in(fast_sandbox, GROUP, "Broken")
    control.chat(666, type="private", started=True)
    control.say("Lunch?", user_id=666, chat_id=GROUP)
    control.say("Yes, lunch", user_id=OTHER, chat_id=GROUP)
    control.say("try again", user_id=OTHER, chat_id=GROUP, reply_to=message["message_id"])
    (answer,) = wait_for(started.responses, "what was meant for the agent")
    assert (answer["text"], answer["user_id"], answer["event_id"]) == ("try again", OTHER, "e1")
    control.say("/status", user_id=OTHER, chat_id=GROUP)
    see_in(fast_sandbox, GROUP, "Bridge: ok")
    assert started.status()["delivery"]["strangers"] == 0
    assert len(started.responses()) == 1


def test_routes_change_without_a_restart_and_waiting_deliveries_are_covered_by_the_owners_message(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    control.fail("sendMessage", chat_id=GROUP, error_code=429, parameters={"retry_after": 600})
    started.put("a.json", {"type": "task_failed", "title": "First", "event_id": "first"})
    for chat_id in (fast_sandbox.user_id, OTHER, FORUM):
        see_in(fast_sandbox, chat_id, "First")
    started.wait_status(lambda now: now["queue"]["alerts"] == 1, "it waits for the group")
    both_allowed(started.home, fast_sandbox, f"to = {OTHER}")
    told_now = started.wait_status(lambda now: not any(now["queue"].values()), "nothing waits")
    assert told_now["deliveries"].get("dead", 0) == 0
    started.put("b.json", {"type": "task_failed", "title": "Second"})
    see_in(fast_sandbox, OTHER, "Second")
    see_in(fast_sandbox, fast_sandbox.user_id, "Second")
    assert (told(fast_sandbox, GROUP), told(fast_sandbox, FORUM, "Second")) == ([], [])
    assert len(told(fast_sandbox, fast_sandbox.user_id, "First")) == 1


def test_a_person_who_is_removed_from_the_list_receives_nothing_though_the_route_stays(
    started: RunningBridge, fast_sandbox: Sandbox
) -> None:
    started.put("q.json", QUESTION)
    card = see_in(fast_sandbox, OTHER, "Deploy?")
    config = (started.home / "config.toml").read_text(encoding="utf-8")
    make_home(started.home, fast_sandbox, config)
    started.wait_status(lambda now: f"routes to {OTHER} are ignored" in str(now["reasons"]), "told")
    tapped = fast_sandbox.control.tap(card["message_id"], data=approval(card), user_id=OTHER, chat_id=OTHER)
    started.put("a.json", {"type": "task_failed", "title": "Afterwards"})
    see_in(fast_sandbox, GROUP, "Afterwards")
    started.wait_status(lambda now: now["delivery"]["strangers"] == 1, "the tap is refused")
    assert (told(fast_sandbox, OTHER, "Afterwards"), started.responses()) == ([], [])
    assert fast_sandbox.control.query(tapped["id"])["answer"] is None


def test_a_question_on_the_phone_of_a_former_owner_is_asked_again(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    control.chat(OTHER, type="private", started=True)
    running.put("q.json", QUESTION)
    old = see_in(fast_sandbox, fast_sandbox.user_id, "Deploy?")
    running.wait_status(lambda now: now["delivery"]["sent"] == 1, "recorded")
    make_home(running.home, fast_sandbox, TELEGRAM_ALLOWED_USERS=str(OTHER))
    card = see_in(fast_sandbox, OTHER, "Deploy?")
    # The bridge takes the buttons away; the tap may have been on its way.
    control.tap(old["message_id"], data=approval(old))
    running.wait_status(lambda now: now["delivery"]["strangers"] == 1, "the old owner is not heard")
    control.tap(card["message_id"], "Deny", user_id=OTHER, chat_id=OTHER)
    (answer,) = wait_for(running.responses, "the answer")
    assert (answer["action"], answer["user_id"]) == ("denied", OTHER)
    see_where(fast_sandbox, lambda one: one["message_id"] == old["message_id"] and not labels(one), "edited")
