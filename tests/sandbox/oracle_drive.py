"""Drives a sandbox with aiogram's own client and checks every answer against aiogram's models.

Run by the Python of `.oracle-venv`, which has aiogram and not this package: one argument, the JSON line of
the sandbox. Prints one JSON object: `called` (methods), `wrong` (what differs), `table` (the parameters
of each method as aiogram has them), `objects` (the same for objects), `api` (the version of the Bot API).
"""

# aiogram is not in the environment that mypy checks, so its classes are Any here.
# mypy: disable-error-code="import-not-found,misc"
from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
import urllib.request
from typing import Any

import aiogram
from aiogram import Bot, methods, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from pydantic import BaseModel

WRONG: list[str] = []
CALLED: set[str] = set()


def plain(value: Any) -> Any:
    """Return a model as the JSON it was read from: only what was set, dates as seconds."""
    if isinstance(value, BaseModel):
        WRONG.extend(f"{type(value).__name__} has no field {name}" for name in value.model_extra or {})
        names = {name: field.alias or name for name, field in type(value).model_fields.items()}
        return {names[name]: plain(getattr(value, name)) for name in value.model_fields_set & names.keys()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dt.datetime):
        return int(value.timestamp())
    return value


class Session(AiohttpSession):
    """Compares what was understood with what was sent."""

    def check_response(self, bot: Bot, method: Any, status_code: int, content: str) -> Any:
        CALLED.add(method.__api_method__)
        response = super().check_response(bot, method, status_code, content)
        sent, understood = json.loads(content)["result"], plain(response.result)
        if sent != understood:
            WRONG.append(f"{method.__api_method__}: sent {sent}, understood {understood}")
        return response


class Person:
    """The person with the phone."""

    def __init__(self, control: str) -> None:
        self.control = control

    def do(self, action: str, **fields: Any) -> Any:
        """Post to the control address; return its JSON."""
        request = urllib.request.Request(f"{self.control}/{action}", json.dumps(fields).encode())
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


def keyboard() -> types.InlineKeyboardMarkup:
    button, copied = types.InlineKeyboardButton, types.CopyTextButton(text="x")
    return types.InlineKeyboardMarkup(
        inline_keyboard=[
            [button(text="Yes", callback_data="a", style="success"), button(text="Deny", callback_data="d")],
            [button(text="Open", url="https://example.com/"), button(text="Copy", copy_text=copied)],
        ]
    )


async def in_private(bot: Bot, person: Person, user: int) -> None:
    entities = [
        types.MessageEntity(type="bold", offset=0, length=4),
        types.MessageEntity(type="text_link", offset=5, length=4, url="https://example.com/"),
        types.MessageEntity(type="pre", offset=10, length=4, language="rust"),
    ]
    first = await bot.send_message(user, "bold link code /start", entities=entities, reply_markup=keyboard())
    await bot.send_message(
        user,
        "<b>x</b>",
        parse_mode="HTML",
        disable_notification=True,
        protect_content=True,
        link_preview_options=types.LinkPreviewOptions(is_disabled=True),
        reply_parameters=types.ReplyParameters(message_id=first.message_id, quote="link"),
    )
    await bot.send_message_draft(chat_id=user, draft_id=5, text="thinking")
    await bot.send_chat_action(user, "typing")
    await bot.edit_message_text("new", chat_id=user, message_id=first.message_id, reply_markup=keyboard())
    await bot.edit_message_reply_markup(chat_id=user, message_id=first.message_id)
    await bot.edit_message_reply_markup(chat_id=user, message_id=first.message_id, reply_markup=keyboard())
    person.do("say", text="/start hello https://example.com", reply_to=first.message_id)
    query = person.do("tap", message_id=first.message_id, button="Deny")
    kinds = ["message", "edited_message", "callback_query", "my_chat_member"]
    await bot.get_updates(allowed_updates=kinds)
    pictures = person.do("album", count=2, caption="two /views")["messages"]
    person.do("edit", message_id=pictures[0]["message_id"], text="two https://example.com")
    updates = await bot.get_updates(allowed_updates=kinds)
    await bot.get_updates(offset=updates[-1].update_id + 1)
    await bot.answer_callback_query(query["id"], text="Denied", show_alert=True)
    await bot.set_message_reaction(user, first.message_id, [types.ReactionTypeEmoji(emoji="\U0001f44d")])
    await bot.pin_chat_message(user, first.message_id, disable_notification=True)
    await bot.get_chat(user)
    await bot.unpin_chat_message(chat_id=user, message_id=first.message_id)
    await bot.get_chat_member(user, user)
    await bot.get_chat_member(user, bot.id)
    await bot.delete_message(user, first.message_id)
    person.do("chats", id=user, blocked=True)
    await expect(TelegramForbiddenError, bot.send_message(user, "x"))
    person.do("chats", id=user, blocked=False)
    await bot.get_updates()


async def in_a_forum(bot: Bot, person: Person, user: int) -> None:
    person.do("chats", id=-1009, type="supergroup", title="Team", is_forum=True, members=[1002])
    topic = await bot.create_forum_topic(-1009, "api", icon_color=7322096)
    there = {"chat_id": -1009, "message_thread_id": topic.message_thread_id}
    await bot.send_message(**there, text="in the topic")
    await bot.edit_forum_topic(**there, name="gateway")
    await bot.close_forum_topic(**there)
    await bot.reopen_forum_topic(**there)
    person.do("say", text="hello", chat_id=-1009, user_id=1002, thread_id=topic.message_thread_id)
    await bot.get_updates()
    await bot.delete_forum_topic(**there)
    await bot.get_chat(-1009)
    for who in (user, bot.id, 1002):
        await bot.get_chat_member(-1009, who)
    for status in ("member", "left", "kicked"):
        person.do("chats", id=-1009, bot_status=status)
        await bot.get_chat_member(-1009, bot.id)
    await bot.get_updates()


async def the_rest(bot: Bot, person: Person, user: int, picture: bytes) -> None:
    await bot.get_me()
    sent = await bot.send_document(
        user, types.BufferedInputFile(b"hello" * 99, "build.log"), caption="the log"
    )
    if sent.document is None or (await bot.download(sent.document.file_id)).read() != b"hello" * 99:
        WRONG.append("the document that came back is another")
    await bot.send_document(user, sent.document.file_id, reply_markup=keyboard())
    await bot.send_photo(
        user,
        types.BufferedInputFile(picture, "a.png"),
        caption="*a*",
        parse_mode="MarkdownV2",
        has_spoiler=True,
        show_caption_above_media=True,
    )
    commands = [types.BotCommand(command="status", description="How it goes")]
    await bot.set_my_commands(commands, scope=types.BotCommandScopeChat(chat_id=user))
    await bot.get_my_commands(scope=types.BotCommandScopeChat(chat_id=user))
    await bot.delete_my_commands()
    await bot.set_webhook("https://example.com/hook", max_connections=5, allowed_updates=["message"])
    await expect(TelegramConflictError, bot.get_updates())
    await bot.get_webhook_info()
    await bot.delete_webhook(drop_pending_updates=True)
    await expect(TelegramBadRequest, bot.send_message(42, "x"))
    for error, fault in (
        (TelegramRetryAfter, {"error_code": 429, "parameters": {"retry_after": 9}}),
        (TelegramMigrateToChat, {"error_code": 400, "parameters": {"migrate_to_chat_id": -5}}),
        (TelegramServerError, {"error_code": 502}),
        (TelegramUnauthorizedError, {"error_code": 401}),
    ):
        person.do("fail", method="sendMessage", **fault)
        await expect(error, bot.send_message(user, "x"))


async def expect(error: type[Exception], call: Any) -> None:
    """Note it when a call does not raise what aiogram makes of this answer."""
    try:
        await call
    except error:
        return
    except Exception as other:  # noqa: BLE001 - any other is a finding
        WRONG.append(f"expected {error.__name__}, got {other!r}")
    else:
        WRONG.append(f"expected {error.__name__}, got an answer")


def fields_of(model: type[BaseModel]) -> dict[str, bool]:
    """Return the fields of a model and which of them are required."""
    return {field.alias or name: field.is_required() for name, field in model.model_fields.items()}


async def main() -> None:
    told = json.loads(sys.argv[1])
    session = Session(api=TelegramAPIServer.from_base(told["api_base"]))
    person = Person(told["control"])
    async with Bot(told["token"], session=session) as bot:
        await in_private(bot, person, told["user_id"])
        await in_a_forum(bot, person, told["user_id"])
        await the_rest(bot, person, told["user_id"], bytes.fromhex(told["picture"]))
    made = [getattr(methods, name) for name in methods.__all__]
    table = {
        one.__api_method__: fields_of(one)
        for one in made
        if isinstance(getattr(one, "__api_method__", None), str)
    }
    objects = {
        name: fields_of(getattr(types, name))
        for name in types.__all__
        if isinstance(getattr(types, name), type) and issubclass(getattr(types, name), BaseModel)
    }
    found = {"called": sorted(CALLED), "wrong": WRONG, "table": table, "objects": objects}
    sys.stdout.write(json.dumps(found | {"api": aiogram.__api_version__}))


asyncio.run(main())
