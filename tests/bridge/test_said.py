"""What a person does beside tapping: pictures, captions, commands for others, odd updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flow.phone import see, texts
from running import RunningBridge, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox


def message(sandbox: Sandbox, **content: Any) -> dict[str, Any]:
    person = {"id": sandbox.user_id, "is_bot": False, "first_name": "<b>Ann</b> & Co"}
    chat = {"id": sandbox.user_id, "type": "private", "first_name": "Ann"}
    return {"message": {"message_id": 90_000, "date": 1, "chat": chat, "from": person, **content}}


def test_a_picture_is_not_said_to_be_kept(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    photo = [{"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}]
    fast_sandbox.control.update(message(fast_sandbox, photo=photo))
    see(fast_sandbox, "A photo cannot be handed on", "Nothing of it is kept")
    fast_sandbox.control.update(message(fast_sandbox, photo=photo, caption="Look at this"))
    see(fast_sandbox, "A photo cannot be handed on", "Its words are kept")
    (answer,) = wait_for(running.responses, "the words")
    assert (answer["kind"], answer["text"]) == ("message", "Look at this")


def test_messages_of_telegram_s_own_and_commands_for_another_bot_are_no_messages_for_agents(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.update(message(fast_sandbox, group_chat_created=True))
    fast_sandbox.control.update(message(fast_sandbox, text="/status@some_other_bot"))
    fast_sandbox.control.say("For the agent")
    (answer,) = wait_for(running.responses, "the last one")
    assert answer["text"] == "For the agent"
    assert texts(fast_sandbox) == ["For the agent"]


def test_an_edited_message_is_not_a_second_one(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    edited = message(fast_sandbox, text="Changed", edit_date=2)
    fast_sandbox.control.update({"edited_message": edited["message"]})
    fast_sandbox.control.say("The last")
    (answer,) = wait_for(running.responses, "the last one")
    assert answer["text"] == "The last"


def test_an_update_that_is_not_as_documented_does_not_block_the_next(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    odd = message(fast_sandbox, text="Odd")
    odd["message"]["chat"] = ["not", "a", "chat"]
    fast_sandbox.control.update(odd)
    fast_sandbox.control.update(message(fast_sandbox, text=["no", "text"]))
    fast_sandbox.control.say("All the same")
    found = wait_for(lambda: [a for a in running.responses() if a["text"] == "All the same"], "the next")
    assert len(found) == 1
    assert any(line["event"] == "update not understood" for line in running.log())


def test_a_name_that_looks_like_markup_is_shown_as_it_is(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("q.json", {"type": "approval_request", "title": "Who", "event_id": "q"})
    card = see(fast_sandbox, "Who")
    person = {"id": fast_sandbox.user_id, "is_bot": False, "first_name": "<b>Ann</b> *& [Co](x)"}
    data = card["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    query = {"id": "77", "from": person, "message": card, "chat_instance": "1", "data": data}
    fast_sandbox.control.update({"callback_query": query})
    see(fast_sandbox, "<b>Ann</b> *& [Co](x)")
    (answer,) = wait_for(running.responses, "the answer")
    assert answer["first_name"] == "<b>Ann</b> *& [Co](x)"


def test_a_long_message_is_kept_whole(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    text = "ж👩‍👩‍👧" * 400
    fast_sandbox.control.say(text)
    (answer,) = wait_for(running.responses, "the message")
    assert answer["text"] == text
