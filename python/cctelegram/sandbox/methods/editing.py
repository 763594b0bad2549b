"""Methods that edit and delete messages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cctelegram.sandbox import keyboards
from cctelegram.sandbox.entities import formatted
from cctelegram.sandbox.methods.addressed import own_post, paced
from cctelegram.sandbox.refused import bad

if TYPE_CHECKING:
    from cctelegram.sandbox.chat import Chat, Posted
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
_CONTENT = ("text", "entities", "caption", "caption_entities", "reply_markup", "link_preview_options")
DELETABLE_SECONDS = 48 * 3600


async def edit_message_text(state: State, params: Parameters) -> dict[str, Any]:
    """Replace text, entities and keyboard; a keyboard that is not repeated is removed."""
    if "text" not in params:
        raise bad("message text is empty")
    chat, posted = own_post(state, params, "edit")
    _check_own(state, posted)
    if "text" not in posted.message:
        raise bad("there is no text in the message to edit")
    text, entities = formatted(params["text"], params.get("entities"), params.get("parse_mode"))
    content: dict[str, Any] = {"text": text}
    if entities:
        content["entities"] = entities
    if params.get("link_preview_options"):
        content["link_preview_options"] = params["link_preview_options"]
    return _replaced(state, chat, posted, content, params.get("reply_markup"))


async def edit_message_reply_markup(state: State, params: Parameters) -> dict[str, Any]:
    """Replace or remove the keyboard."""
    chat, posted = own_post(state, params, "edit")
    _check_own(state, posted)
    content = {
        key: posted.message[key] for key in _CONTENT if key in posted.message and key != "reply_markup"
    }
    return _replaced(state, chat, posted, content, params.get("reply_markup"))


async def delete_message(state: State, params: Parameters) -> bool:
    """Delete a message of the last 48 hours: the bot's own, or one it received."""
    chat, posted = own_post(state, params, "delete")
    foreign = posted.message["from"]["id"] != state.bot["id"]
    too_old = time.time() - posted.message["date"] > DELETABLE_SECONDS
    if too_old or (foreign and chat.is_group and chat.bot_status != "administrator"):
        raise bad("message can't be deleted")
    posted.deleted = True
    state.changed(posted)
    return True


def _check_own(state: State, posted: Posted) -> None:
    if posted.message["from"]["id"] != state.bot["id"]:
        raise bad("message can't be edited")


def _replaced(
    state: State, chat: Chat, posted: Posted, content: dict[str, Any], markup: dict[str, Any] | None
) -> dict[str, Any]:
    shown = keyboards.checked(markup)
    if shown:
        content["reply_markup"] = shown
    before = {key: posted.message[key] for key in _CONTENT if key in posted.message}
    if before == content:
        raise bad(NOT_MODIFIED)
    paced(state, chat, edit=True)
    posted.edits.append(before | {"until": time.time()})
    kept = {key: value for key, value in posted.message.items() if key not in _CONTENT}
    # Copy: other holders of the message (the calls' record, a queued update) must not see it change.
    posted.message = kept | {"edit_date": int(time.time())} | content
    state.changed(posted)
    return posted.message
