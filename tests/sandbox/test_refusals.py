"""Invalid calls get Telegram's response, over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sandbox.conftest import Bot

ME = 1001


def keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Approve"} | button]]}


HI: dict[str, Any] = {"chat_id": ME, "text": "hi"}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"text": "hi"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 42, "text": "hi"}, "chat not found"),
    ("sendMessage", {"chat_id": "@nobody", "text": "hi"}, "chat not found"),
    ("sendMessage", {"chat_id": ME}, "message text is empty"),
    ("sendMessage", {"chat_id": ME, "text": ""}, "message text is empty"),
    ("sendMessage", {"chat_id": ME, "text": " \n\t"}, "message text is empty"),
    ("sendMessage", {"chat_id": ME, "text": "x" * 4097}, "message is too long"),
    ("sendMessage", HI | {"parse_mode": "MarkdownV3"}, "unsupported parse_mode"),
    ("sendMessage", HI | {"message_thread_id": 77}, "message thread not found"),
    ("sendMessage", HI | {"reply_parameters": {"message_id": 99999}}, "message to be replied not found"),
    ("sendMessage", HI | {"reply_markup": keyboard(callback_data="x" * 65)}, "BUTTON_DATA_INVALID"),
    ("sendMessage", HI | {"reply_markup": keyboard(callback_data="\u00e9" * 33)}, "BUTTON_DATA_INVALID"),
    ("sendMessage", HI | {"reply_markup": keyboard(callback_data="")}, "BUTTON_DATA_INVALID"),
    ("sendMessage", HI | {"reply_markup": keyboard(copy_text={"text": "x" * 257})},
     "BUTTON_COPY_TEXT_INVALID"),
    ("sendMessage", HI | {"reply_markup": keyboard(url="localhost")},
     "inline keyboard button URL 'localhost' is invalid: Wrong HTTP URL"),
    ("sendMessage", HI | {"reply_markup": keyboard()},
     "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
    ("sendMessage", HI | {"reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "b"}] * 101]}},
     "reply markup is too long"),
    ("sendMessage", HI | {"reply_markup": "{"}, "can't parse reply_markup JSON object"),
    ("sendMessage", HI | {"entities": [{"type": "bold", "offset": 0}]},
     "can't parse entities: can't find field \"length\""),
    ("sendMessage", HI | {"entities": [{"type": "bold", "offset": 0, "length": "2"}]},
     "can't parse entities.length: must be of type Integer"),
    ("sendMessage", HI | {"texts": "x"},
     'SANDBOX: method sendMessage has no parameter "texts"; Telegram would ignore it'),
    ("sendMessage", HI | {"message_effect_id": "5"},
     'SANDBOX: parameter "message_effect_id" of sendMessage is not supported here; Telegram would act on it'),
    ("sendMessage", HI | {"disable_notification": "true"},
     'SANDBOX: "disable_notification" must be Boolean, not a string; Telegram would convert it'),
    ("sendMessage", HI | {"disable_notification": 1},
     "can't parse disable_notification: must be of type Boolean"),
    ("sendMessage", {"chat_id": True, "text": "hi"}, "can't parse chat_id: must be of type Integer"),
    ("editMessageText", {"chat_id": ME, "text": "x"}, "message identifier is not specified"),
    ("editMessageText", {"chat_id": ME, "message_id": 99999, "text": "x"}, "message to edit not found"),
    ("editMessageText", {"chat_id": ME, "message_id": 1}, "message text is empty"),
    ("editMessageReplyMarkup", {"chat_id": ME, "message_id": 99999}, "message to edit not found"),
    ("deleteMessage", {"chat_id": ME, "message_id": 99999}, "message to delete not found"),
    ("answerCallbackQuery", {"callback_query_id": "1"},
     "query is too old and response timeout expired or query ID is invalid"),
    ("answerCallbackQuery", {}, "query is too old and response timeout expired or query ID is invalid"),
    ("sendChatAction", {"chat_id": ME, "action": "thinking"}, "wrong parameter action in request"),
    ("setMyCommands", {"commands": [{"command": "cct:nomad", "description": "x"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [{"command": "help", "description": ""}]},
     "BOT_COMMAND_DESCRIPTION_INVALID"),
    ("setMyCommands", {"commands": [{"command": "a", "description": "b"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
    ("sendDocument", {"chat_id": ME}, "there is no document in the request"),
    ("sendDocument", {"chat_id": ME, "document": "nonsense"}, "wrong file identifier/HTTP URL specified"),
    ("sendDocument", {"chat_id": ME, "document": "https://example.com/x"}, "failed to get HTTP URL content"),
    ("sendDocument", {"chat_id": ME, "document": "attach://x"}, "can't find file x in the request"),
    ("sendPhoto", {"chat_id": ME}, "there is no photo in the request"),
    ("getFile", {"file_id": "nonsense"}, "wrong file_id or the file is temporarily unavailable"),
    ("getChat", {"chat_id": 42}, "chat not found"),
    ("getChatMember", {"chat_id": ME, "user_id": 42}, "invalid user_id specified"),
    ("pinChatMessage", {"chat_id": ME, "message_id": 99999}, "message to pin not found"),
    ("unpinChatMessage", {"chat_id": ME}, "message to unpin not found"),
    ("setMessageReaction", {"chat_id": ME, "message_id": 99999}, "message to react not found"),
    ("createForumTopic", {"chat_id": ME, "name": "x"}, "the chat is not a forum"),
    ("sendMessageDraft", {"chat_id": ME, "draft_id": 0, "text": "x"}, "RANDOM_ID_INVALID"),
    ("setWebhook", {"url": "http://example.com"}, "bad webhook: An HTTPS URL must be provided for webhook"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "params", "words"), REFUSED)
def test_a_wrong_call_gets_telegrams_message(
    bot: Bot, method: str, params: dict[str, Any], words: str
) -> None:
    answer = bot.ask(method, **params)
    assert answer["ok"] is False
    assert answer["error_code"] == 400
    assert answer["description"].startswith(f"Bad Request: {words}")


def test_an_edit_without_a_change_is_refused_r24_and_a_missing_message_cannot_be_edited(bot: Bot) -> None:
    markup = keyboard(callback_data="x" * 64)
    message = bot.send("same", reply_markup=markup)
    edit = {"chat_id": ME, "message_id": message["message_id"], "text": " same ", "reply_markup": markup}
    assert bot.refusal("editMessageText", **edit) == (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly "
        "the same as a current content and reply markup of the message"
    )
    assert bot.call("editMessageText", **edit | {"text": "other"})["text"] == "other"
    assert "reply_markup" not in bot.call(
        "editMessageText", chat_id=ME, message_id=message["message_id"], text="last"
    )
    assert bot.call("deleteMessage", chat_id=ME, message_id=message["message_id"]) is True
    assert bot.refusal("editMessageText", **edit) == "Bad Request: message to edit not found"
    said = bot.control.say("mine")
    edit["message_id"] = said["message_id"]
    assert bot.refusal("editMessageText", **edit) == "Bad Request: message can't be edited"


def test_a_wrong_token_is_401_and_an_unknown_method_404(bot: Bot) -> None:
    wrong = bot.http.post(f"{bot.sandbox.api_base}/bot{bot.sandbox.token}x/getMe")
    assert (wrong.status_code, wrong.json()) == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )
    unknown = bot.http.post(bot.sandbox.bot_url + "sendEverything")
    assert (unknown.status_code, unknown.json()["description"]) == (404, "Not Found")


def test_a_method_is_found_whatever_its_case_by_get_form_and_json(bot: Bot) -> None:
    query = bot.http.get(bot.sandbox.bot_url + "SENDMESSAGE", params={"chat_id": ME, "text": "by GET"})
    assert query.json()["result"]["text"] == "by GET"
    form = bot.http.post(
        bot.sandbox.bot_url + "sendMessage",
        data={"chat_id": str(ME), "text": "a \u00e9 & b", "disable_notification": "True",
              "entities": '[{"type":"bold","offset":0,"length":1}]'},
    )  # fmt: skip
    assert form.json()["result"]["text"] == "a \u00e9 & b"
    assert bot.control.messages()[-1]["sandbox"]["silent"] is True
    parts = bot.http.post(
        bot.sandbox.bot_url + "sendMessage", files={"chat_id": (None, str(ME)), "text": (None, "part")}
    )
    assert parts.json()["result"]["text"] == "part"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"chat_id": 1001, "text": "\xff"}', "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"chat_id=1001&text=%FF", "application/x-www-form-urlencoded"),
        (b"--x\r\nwhatever", "multipart/form-data; boundary=x"),
        (b"--x\r\nwhatever", "multipart/form-data"),
        (b"hello", "text/plain"),
    ],
)
def test_an_invalid_body_is_a_400_and_the_sandbox_continues(bot: Bot, content: bytes, kind: str) -> None:
    answer = bot.http.post(
        bot.sandbox.bot_url + "sendMessage", content=content, headers={"content-type": kind}
    )
    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)
    assert bot.call("getMe")["is_bot"] is True


def test_a_chat_over_its_rate_gets_a_429_with_retry_after(paced_bot: Bot) -> None:
    answers = [paced_bot.ask("sendMessage", **HI) for _ in range(7)]
    assert [answer["ok"] for answer in answers[:5]] == [True] * 5
    assert answers[6]["error_code"] == 429
    seconds = answers[6]["parameters"]["retry_after"]
    assert answers[6]["description"] == f"Too Many Requests: retry after {seconds}"
    paced_bot.control.limits(chat_per_second=0, group_per_minute=2)
    assert paced_bot.ask("sendMessage", **HI)["ok"]
    paced_bot.control.chat(-100, type="group", title="Team")
    message = paced_bot.call("sendMessage", chat_id=-100, text="one")
    edit = {"chat_id": -100, "message_id": message["message_id"], "text": "two"}
    assert paced_bot.ask("editMessageText", **edit)["ok"]
    assert paced_bot.ask("editMessageText", **edit | {"text": "three"})["parameters"]["retry_after"] in range(
        55, 61
    )
