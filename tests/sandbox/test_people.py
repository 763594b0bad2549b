"""Actions of people: writing, tapping, blocking; which updates reach the bot in groups; topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.sandbox.client import ControlError

if TYPE_CHECKING:
    from sandbox.conftest import Bot

BUTTONS = {
    "inline_keyboard": [
        [{"text": "Approve", "callback_data": "a" * 64}, {"text": "Deny", "callback_data": "d"}],
        [{"text": "Open", "url": "https://example.com"}],
    ]
}


def test_a_persons_message_arrives_as_telegram_sends_it(own_bot: Bot) -> None:
    message = own_bot.send("question")
    said = own_bot.control.say("/help@cctelegram_sandbox_bot me", reply_to=message["message_id"])
    update = own_bot.call("getUpdates")[0]["message"]
    assert update == said
    assert update["from"] == {
        "id": 1001, "is_bot": False, "first_name": "Ada", "last_name": "Lovelace", "username": "ada",
        "language_code": "en",
    }  # fmt: skip
    assert update["entities"] == [{"type": "bot_command", "offset": 0, "length": 28}]
    assert update["reply_to_message"] == message
    assert update["message_id"] == message["message_id"] + 1


def test_a_person_edits_a_message_and_the_bot_gets_the_update_if_it_requests_that_kind(own_bot: Bot) -> None:
    ours = own_bot.send("ours")
    said = own_bot.control.say("/frist")
    kinds = ["message", "edited_message"]
    (update,) = own_bot.call("getUpdates", allowed_updates=kinds)
    edited = own_bot.control.edit(said["message_id"], "/first")
    assert edited == said | {"text": "/first", "edit_date": edited["edit_date"]}
    (update,) = own_bot.call("getUpdates", allowed_updates=kinds, offset=update["update_id"] + 1)
    assert update["edited_message"] == edited
    with pytest.raises(ControlError, match="there is no message"):
        own_bot.control.edit(ours["message_id"], "not mine")


def test_an_album_is_messages_of_one_group_with_a_caption_below_the_first(own_bot: Bot) -> None:
    sent = own_bot.control.album(3, caption="Views")
    heard = [update["message"] for update in own_bot.call("getUpdates")]
    assert heard == sent
    assert len({message["media_group_id"] for message in heard}) == 1
    assert [message.get("caption") for message in heard] == ["Views", None, None]
    own_bot.control.edit(sent[1]["message_id"], "A tree")
    assert own_bot.call("getFile", file_id=sent[0]["photo"][0]["file_id"])["file_path"].endswith(".png")
    for count in (1, 11):
        with pytest.raises(ControlError, match="2 to 10"):
            own_bot.control.album(count)


def test_r24_a_tap_on_64_bytes_of_data_arrives_and_is_answered_once(own_bot: Bot) -> None:
    message = own_bot.send("sure?", reply_markup=BUTTONS)
    query = own_bot.control.tap(message["message_id"], "Approve")
    found = own_bot.call("getUpdates")[0]["callback_query"]
    assert (found["id"], found["data"], found["message"]) == (query["id"], "a" * 64, message)
    assert found["from"]["id"] == own_bot.user_id
    assert own_bot.refusal("answerCallbackQuery", callback_query_id=query["id"], text="x" * 201) == (
        "Bad Request: MESSAGE_TOO_LONG"
    )
    answer = {"callback_query_id": query["id"], "text": "Approved", "show_alert": True}
    assert own_bot.call("answerCallbackQuery", **answer) is True
    assert own_bot.control.wait_answer(query["id"]) == {"text": "Approved", "show_alert": True}
    assert "query is too old" in own_bot.refusal("answerCallbackQuery", **answer)


def test_a_late_answer_to_a_tap_is_refused(own_bot: Bot) -> None:
    own_bot.control.limits(callback_seconds=0)
    message = own_bot.send("sure?", reply_markup=BUTTONS)
    query = own_bot.control.tap(message["message_id"], 1)
    assert "query is too old" in own_bot.refusal("answerCallbackQuery", callback_query_id=query["id"])


@pytest.mark.parametrize(
    ("button", "words"),
    [
        (7, "there is no button 7"),
        ("Maybe", "there is no button 'Maybe'"),
        ("Open", "sends nothing to the bot"),
    ],
)
def test_a_missing_button_cannot_be_tapped(own_bot: Bot, button: int | str, words: str) -> None:
    message = own_bot.send("sure?", reply_markup=BUTTONS)
    with pytest.raises(ControlError, match=words):
        own_bot.control.tap(message["message_id"], button)
    with pytest.raises(ControlError, match="there is no message 99"):
        own_bot.control.tap(99, 0)


def test_r28_a_stranger_and_a_forged_tap_arrive_with_their_own_id(own_bot: Bot) -> None:
    message = own_bot.send("sure?", reply_markup=BUTTONS)
    own_bot.control.tap(message["message_id"], data="forged", user_id=666, chat_id=own_bot.user_id)
    own_bot.control.say("hello", user_id=667)
    tap, hello = own_bot.call("getUpdates")
    assert (tap["callback_query"]["from"]["id"], tap["callback_query"]["data"]) == (666, "forged")
    assert hello["message"]["chat"]["id"] == hello["message"]["from"]["id"] == 667


def test_a_person_who_has_not_started_or_has_blocked_the_bot_cannot_be_written_to(own_bot: Bot) -> None:
    own_bot.control.chat(5, started=False)
    answer = own_bot.ask("sendMessage", chat_id=5, text="x")
    assert (answer["error_code"], answer["description"]) == (
        403, "Forbidden: bot can't initiate conversation with a user"
    )  # fmt: skip
    own_bot.control.chat(own_bot.user_id, blocked=True)
    blocked = own_bot.ask("sendMessage", chat_id=own_bot.user_id, text="x")
    assert (blocked["error_code"], blocked["description"]) == (403, "Forbidden: bot was blocked by the user")
    own_bot.control.say("back again")
    own_bot.send("welcome")
    changes = [one["my_chat_member"] for one in own_bot.call("getUpdates") if "my_chat_member" in one]
    assert [one["new_chat_member"]["status"] for one in changes] == ["kicked", "member"]


def heard(bot: Bot) -> list[str]:
    return [update["message"]["text"] for update in bot.call("getUpdates") if "message" in update]


def test_in_a_group_an_administrator_bot_gets_all_messages_and_a_member_only_those_for_it(
    own_bot: Bot,
) -> None:
    own_bot.control.chat(-9, type="supergroup", title="Team", members=[1002])
    own_bot.control.say("heard", chat_id=-9, user_id=1002)
    own_bot.control.chat(-9, bot_status="member")
    posted = own_bot.call("sendMessage", chat_id=-9, text="ask me")
    for text in ("not for it", "/status", "/status@other_bot", "hi @cctelegram_sandbox_bot"):
        own_bot.control.say(text, chat_id=-9, user_id=1002)
    own_bot.control.say("an answer", chat_id=-9, user_id=1002, reply_to=posted["message_id"])
    assert heard(own_bot) == ["heard", "/status", "hi @cctelegram_sandbox_bot", "an answer"]
    own_bot.control.chat(-9, bot_status="kicked")
    answer = own_bot.ask("sendMessage", chat_id=-9, text="x")
    assert (answer["error_code"], answer["description"]) == (
        403,
        "Forbidden: bot was kicked from the supergroup chat",
    )


def test_topics_are_created_written_to_closed_and_deleted(own_bot: Bot) -> None:
    own_bot.control.chat(-9, type="supergroup", title="Team", is_forum=True)
    topic = own_bot.call("createForumTopic", chat_id=-9, name="api-gateway")
    there: dict[str, Any] = {"chat_id": -9, "message_thread_id": topic["message_thread_id"]}
    message = own_bot.call("sendMessage", **there, text="in the topic")
    assert (message["is_topic_message"], message["message_thread_id"]) == (True, topic["message_thread_id"])
    own_bot.call("editForumTopic", **there, name="gateway")
    assert own_bot.refusal("editForumTopic", **there, name="gateway") == "Bad Request: TOPIC_NOT_MODIFIED"
    reply = own_bot.control.say("from a person", chat_id=-9, reply_to=message["message_id"])
    assert (reply["message_thread_id"], reply["is_topic_message"]) == (topic["message_thread_id"], True)
    own_bot.call("closeForumTopic", **there)
    assert own_bot.refusal("sendMessage", **there, text="x") == "Bad Request: TOPIC_CLOSED"
    own_bot.call("reopenForumTopic", **there)
    own_bot.call("sendMessage", **there, text="open again")
    own_bot.call("deleteForumTopic", **there)
    assert own_bot.refusal("sendMessage", **there, text="x") == "Bad Request: message thread not found"
    assert own_bot.control.messages(-9) == []
    assert own_bot.call("sendMessage", chat_id=-9, text="general")["chat"]["is_forum"] is True


def test_a_private_chat_may_have_topics_too(own_bot: Bot) -> None:
    assert own_bot.call("getMe")["has_topics_enabled"] is False
    own_bot.control.chat(own_bot.user_id, is_forum=True)
    assert own_bot.call("getMe")["has_topics_enabled"] is True
    topic = own_bot.call("createForumTopic", chat_id=own_bot.user_id, name="project")
    assert own_bot.send("there", message_thread_id=topic["message_thread_id"])["is_topic_message"] is True


def test_edits_are_kept_deleted_messages_are_hidden_and_silent_ones_marked(own_bot: Bot) -> None:
    first = own_bot.send("one", disable_notification=True)
    own_bot.call("editMessageText", chat_id=own_bot.user_id, message_id=first["message_id"], text="two")
    gone = own_bot.send("gone")
    own_bot.call("deleteMessage", chat_id=own_bot.user_id, message_id=gone["message_id"])
    (seen,) = own_bot.control.messages()
    assert (seen["text"], seen["sandbox"]["silent"]) == ("two", True)
    assert [edit["text"] for edit in seen["sandbox"]["edits"]] == ["one"]
    assert seen["edit_date"] >= seen["date"]
    assert [one["text"] for one in own_bot.control.messages(deleted=True)] == ["two", "gone"]


def test_commands_pins_and_reactions_are_kept(own_bot: Bot) -> None:
    commands = [{"command": "status", "description": "How it goes"}]
    own_bot.call("setMyCommands", commands=commands, scope={"type": "chat", "chat_id": own_bot.user_id})
    assert own_bot.call("getMyCommands", scope={"chat_id": own_bot.user_id, "type": "chat"}) == commands
    assert own_bot.call("getMyCommands") == []
    message = own_bot.send("important")
    there = {"chat_id": own_bot.user_id, "message_id": message["message_id"]}
    own_bot.call("pinChatMessage", **there)
    assert own_bot.call("getChat", chat_id=own_bot.user_id)["pinned_message"] == message
    own_bot.call("unpinChatMessage", **there)
    assert "pinned_message" not in own_bot.call("getChat", chat_id=own_bot.user_id)
    own_bot.call("setMessageReaction", **there, reaction=[{"type": "emoji", "emoji": "\U0001f44d"}])
    assert own_bot.refusal("setMessageReaction", **there, reaction=[{"type": "emoji", "emoji": "x"}]) == (
        "Bad Request: REACTION_INVALID"
    )
    assert own_bot.control.messages()[0]["sandbox"]["reactions"] == [{"type": "emoji", "emoji": "\U0001f44d"}]
