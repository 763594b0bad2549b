"""Methods that write to a chat: messages, drafts, chat actions, reactions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cctelegram.sandbox import keyboards
from cctelegram.sandbox.chat import PRIVATE, TYPING_SECONDS
from cctelegram.sandbox.entities import formatted
from cctelegram.sandbox.methods.addressed import chat_of, paced, replied, threaded, writable
from cctelegram.sandbox.refused import bad

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State

ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
REACTIONS = frozenset(
    "❤👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)


async def send_message(state: State, params: Parameters) -> dict[str, Any]:
    """Post a text; return the `Message`."""
    chat = writable(state, params)
    text, entities = formatted(params["text"], params.get("entities"), params.get("parse_mode"))
    content: dict[str, Any] = threaded(chat, params) | replied(state, chat, params) | {"text": text}
    if entities:
        content["entities"] = entities
    if params.get("link_preview_options"):
        content["link_preview_options"] = params["link_preview_options"]
    return finished(state, params, content)


def finished(state: State, params: Parameters, content: dict[str, Any]) -> dict[str, Any]:
    """Add the fields common to all messages, apply the rate limit, post it, return the `Message`."""
    chat = writable(state, params)
    markup = keyboards.checked(params.get("reply_markup"))
    if markup:
        content["reply_markup"] = markup
    if params.get("protect_content"):
        content["has_protected_content"] = True
    paced(state, chat)
    return state.post(chat, state.bot, content, silent=bool(params.get("disable_notification"))).message


async def send_message_draft(state: State, params: Parameters) -> bool:
    """Show a draft of a text; only in private chats, until the next message."""
    chat = writable(state, params)
    if chat.kind != PRIVATE:
        raise bad("CHAT_TYPE_INVALID")
    if not params["draft_id"]:
        raise bad("RANDOM_ID_INVALID")
    text: str = params.get("text", "")
    entities: list[dict[str, Any]] = []
    if text:
        text, entities = formatted(text, params.get("entities"), params.get("parse_mode"))
    chat.drafts = {params["draft_id"]: {"text": text, "entities": entities} | threaded(chat, params)}
    state.changes.add()
    return True


async def send_chat_action(state: State, params: Parameters) -> bool:
    """Show an action such as `typing` for five seconds or until the next message."""
    chat = writable(state, params)
    threaded(chat, params)
    if params["action"] not in ACTIONS:
        raise bad("wrong parameter action in request")
    chat.typing = (params["action"], time.time() + TYPING_SECONDS)
    state.changes.add()
    return True


async def set_message_reaction(state: State, params: Parameters) -> bool:
    """Replace the bot's reaction to a message; bots may set one at most, and no custom emoji of their own."""
    chat = chat_of(state, params)
    posted = chat.post(params["message_id"])
    if posted is None:
        raise bad("message to react not found")
    reactions = params.get("reaction", [])
    if len(reactions) > 1:
        raise bad("REACTIONS_TOO_MANY")
    for reaction in reactions:
        if reaction["type"] == "emoji" and reaction["emoji"].removesuffix("\ufe0f") not in REACTIONS:
            raise bad("REACTION_INVALID")
    posted.reactions = reactions
    state.changed(posted)
    return True
