"""`/control/<secret>/...`: routes for tests, and for the page, to control and query the sandbox.

| request | body or query | answer |
|---|---|---|
| GET /calls | after, method | calls received: number, method, params, at, monotonic, seconds, answer |
| GET /messages | chat_id, deleted | the messages of each chat as a person sees them, with earlier contents |
| GET /state | | users, commands, taps and their answers, pending updates, limits, faults |
| GET /wait | after, timeout | the revision, once it exceeds `after` |
| POST /fail | a fault: its fields, or `fault`: its compact text | the number of pending faults |
| POST /faults | seed, faults: a list of the same | |
| POST /say | text, user_id, chat_id, reply_to, thread_id | the message |
| POST /edit | message_id, text, user_id, chat_id | the message, edited by its author |
| POST /album | count, caption, user_id, chat_id | the messages of an album of pictures |
| POST /tap | message_id, button (index or label) or data, user_id, chat_id | the callback query |
| POST /chats | id, type, title, is_forum, members, started, blocked, bot_status, deleted, migrate_to | chat |
| POST /limits | chat_per_second, chat_burst, group_per_minute, total_per_second, callback_seconds | |
| POST /update | an update, unchanged | the queued update |
| POST /reset | | clears faults, rate limit counts and waits |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.routing import BaseRoute, Route

from cctelegram.sandbox import migration, person, view
from cctelegram.sandbox.bot_api import json_response
from cctelegram.sandbox.chat import PRIVATE
from cctelegram.sandbox.fault_script import compact
from cctelegram.sandbox.faults import Fault, fault
from cctelegram.sandbox.person import Impossible
from cctelegram.sandbox.refused import Refused

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from cctelegram.sandbox.state import State

LONGEST_WAIT = 60.0


class Say(msgspec.Struct, forbid_unknown_fields=True):
    """A message that a person writes."""

    text: str
    user_id: int | None = None
    chat_id: int | None = None
    reply_to: int | None = None
    thread_id: int | None = None


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """A change of a person's own message."""

    message_id: int
    text: str
    user_id: int | None = None
    chat_id: int | None = None


class Album(msgspec.Struct, forbid_unknown_fields=True):
    """An album of pictures that a person sends."""

    count: int
    caption: str = ""
    user_id: int | None = None
    chat_id: int | None = None


class Tap(msgspec.Struct, forbid_unknown_fields=True):
    """A press of a button by a person."""

    message_id: int
    button: int | str | None = None
    data: str | None = None
    user_id: int | None = None
    chat_id: int | None = None


class OpenChat(msgspec.Struct, forbid_unknown_fields=True):
    """A chat to create, or to change if it exists."""

    id: int
    type: str = PRIVATE
    title: str = ""
    is_forum: bool | None = None
    members: list[int] = []
    started: bool | None = None
    blocked: bool | None = None
    bot_status: str | None = None
    migrate_to: int | None = None
    deleted: bool = False


class NewFaults(msgspec.Struct, forbid_unknown_fields=True):
    """Faults that replace the pending ones."""

    faults: list[dict[str, Any] | str] = []
    seed: int = 0


class NewLimits(msgspec.Struct, forbid_unknown_fields=True):
    """Limits to change; those not given stay."""

    chat_per_second: float | None = None
    chat_burst: int | None = None
    group_per_minute: int | None = None
    total_per_second: int | None = None
    callback_seconds: float | None = None


Shape = TypeVar("Shape")


async def _read(request: Request, shape: type[Shape]) -> Shape:
    return msgspec.json.decode(await request.body() or b"{}", type=shape)


class Control:
    """The routes of one sandbox."""

    def __init__(self, state: State) -> None:
        self.state = state

    def routes(self) -> list[BaseRoute]:
        """Return the routes below the secret."""
        gets = {"calls": self.calls, "messages": self.messages, "state": self.overview, "wait": self.wait}
        posts = {
            "fail": self.fail,
            "faults": self.faults,
            "say": self.say,
            "edit": self.edit,
            "album": self.album,
            "tap": self.tap,
            "chats": self.chats,
            "limits": self.limits,
            "update": self.update,
            "reset": self.reset,
        }
        found: list[BaseRoute] = [Route(f"/{name}", answer, methods=["GET"]) for name, answer in gets.items()]
        return found + [
            Route(f"/{name}", _posted(answer), methods=["POST"]) for name, answer in posts.items()
        ]

    async def calls(self, request: Request) -> Response:
        """Return the calls received after number `after`, of one `method` or of all."""
        after = int(request.query_params.get("after", 0))
        method = request.query_params.get("method")
        found = [one for one in self.state.calls[after:] if method in (None, one["method"])]
        return json_response(found)

    async def messages(self, request: Request) -> Response:
        """Return the messages that a person sees."""
        chat_id = request.query_params.get("chat_id")
        deleted = request.query_params.get("deleted") == "1"
        return json_response(view.messages(self.state, int(chat_id) if chat_id else None, deleted=deleted))

    async def overview(self, _request: Request) -> Response:
        """Return the rest of the state."""
        return json_response(view.overview(self.state))

    async def wait(self, request: Request) -> Response:
        """Answer once the revision exceeds `after`, or after `timeout` seconds at the latest."""
        after = int(request.query_params.get("after", -1))
        seconds = min(LONGEST_WAIT, float(request.query_params.get("timeout", 30)))
        return json_response({"revision": await self.state.changes.wait(after, seconds)})

    async def fail(self, request: Request) -> dict[str, Any]:
        """Make the next calls fail."""
        self.state.faults.add(_fault(await _read(request, dict[str, Any])))
        return {"pending": len(self.state.faults)}

    async def faults(self, request: Request) -> dict[str, Any]:
        """Replace all faults by these, with this seed."""
        body = await _read(request, NewFaults)
        found = [_fault(one) for one in body.faults]
        self.state.faults.restart(body.seed)
        for one in found:
            self.state.faults.add(one)
        return {"pending": len(self.state.faults), "seed": body.seed}

    async def say(self, request: Request) -> dict[str, Any]:
        """Write as a person."""
        body = await _read(request, Say)
        user_id = self.state.user_id if body.user_id is None else body.user_id
        posted = person.say(
            self.state, body.text, user_id, body.chat_id, reply_to=body.reply_to, thread_id=body.thread_id
        )
        return posted.message

    async def edit(self, request: Request) -> dict[str, Any]:
        """Change a message as its author."""
        body = await _read(request, Edit)
        user_id = self.state.user_id if body.user_id is None else body.user_id
        return person.edit(self.state, body.message_id, body.text, user_id, body.chat_id).message

    async def album(self, request: Request) -> dict[str, Any]:
        """Send an album as a person."""
        body = await _read(request, Album)
        user_id = self.state.user_id if body.user_id is None else body.user_id
        made = person.send_album(self.state, body.count, user_id, body.chat_id, caption=body.caption)
        return {"messages": [posted.message for posted in made]}

    async def tap(self, request: Request) -> dict[str, Any]:
        """Press a button as a person."""
        body = await _read(request, Tap)
        user_id = self.state.user_id if body.user_id is None else body.user_id
        query = person.tap(
            self.state, body.message_id, user_id, body.chat_id, button=body.button, data=body.data
        )
        return query.json()

    async def chats(self, request: Request) -> dict[str, Any]:
        """Create or change a chat."""
        body = await _read(request, OpenChat)
        chat = self.state.chats.get(body.id)
        if chat is None and body.type == PRIVATE:
            chat = person.chat_for(self.state, body.id, None)
        elif chat is None:
            forum, members = bool(body.is_forum), body.members
            chat = person.open_group(
                self.state, body.id, body.type, body.title, is_forum=forum, members=members
            )
        if body.is_forum is not None:
            chat.is_forum = body.is_forum
            self.state.topics_in_private |= chat.kind == PRIVATE and body.is_forum
        if body.blocked is not None:
            person.block(self.state, chat, blocked=body.blocked)
        if body.started is not None:
            chat.started = body.started
        if body.bot_status is not None:
            person.set_bot_status(self.state, chat, body.bot_status)
        if body.migrate_to is not None:
            chat = migration.begin(self.state, chat.id, body.migrate_to)
            if chat is None:
                raise Impossible("only a group can migrate, once, to an id that is free")
        if body.deleted:
            person.delete(self.state, chat)
        self.state.changes.add()
        return chat.json()

    async def limits(self, request: Request) -> dict[str, Any]:
        """Change limits and clear the counts."""
        body = await _read(request, NewLimits)
        for name in ("chat_per_second", "chat_burst", "group_per_minute", "total_per_second"):
            value = getattr(body, name)
            if value is not None:
                setattr(self.state.limits.rates, name, value)
        if body.callback_seconds is not None:
            self.state.callback_seconds = body.callback_seconds
        self.state.limits.clear()
        limits: dict[str, Any] = view.overview(self.state)["limits"]
        return limits

    async def update(self, request: Request) -> dict[str, Any]:
        """Queue an update as it is: forged, repeated or future."""
        update = self.state.updates.add_raw(await _read(request, dict[str, Any]))
        self.state.changes.add()
        return update

    async def reset(self, _request: Request) -> dict[str, Any]:
        """Clear faults and rate limit counts; messages stay."""
        self.state.faults.restart(self.state.faults.seed)
        self.state.limits.clear()
        return {}


def _fault(fields: dict[str, Any] | str) -> Fault:
    try:
        if isinstance(fields, str):
            return compact(fields)
        if isinstance(fields.get("fault"), str) and len(fields) == 1:
            return compact(fields["fault"])
        return fault(fields)
    except ValueError as error:
        raise Impossible(str(error)) from None


def _posted(answer: Any) -> Any:
    """Wrap a POST: answer its result as JSON, an impossible action as 400 with the reason."""

    async def route(request: Request) -> Response:
        try:
            return json_response(await answer(request))
        except (Impossible, msgspec.MsgspecError) as error:
            return json_response({"error": str(error)}, 400)
        except Refused as refusal:  # the same limits apply to a person's text
            return json_response({"error": refusal.description}, 400)

    return route
