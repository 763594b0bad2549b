"""Typed calls of the Bot API."""

from __future__ import annotations

import io
import time
from typing import IO, TYPE_CHECKING, Any

import orjson

from cctelegram.monitor import catalogue
from cctelegram.monitor.values import Metrics
from cctelegram.pools.explain import words
from cctelegram.pools.lean import httpx
from cctelegram.telegram import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cctelegram.pools.pool import Pool

    Entities = Iterable[Mapping[str, Any]]  # as MessageEntity: type, offset and length in UTF-16 units

# The topic that every forum has. Telegram does not take its number: it is the chat itself.
GENERAL = 1
_JSON = {"Content-Type": "application/json"}
_MASK = b"********"


class Api:
    """The Bot API of one bot over one pool.

    Every call raises only errors.TelegramError (errors.py shows the tree); the caller decides whether to
    retry. (A closed pool raises RuntimeError.)

    Args:
        pool: `send` for messages, `poll` for updates, `files` for uploads.
        base: address of the API without a trailing slash.
        token: the bot's token; it appears in no error, repr or log.
        metrics: counts and times the requests by method.
    """

    def __init__(self, pool: Pool, base: str, token: str, metrics: Metrics | None = None) -> None:
        self._metrics = Metrics() if metrics is None else metrics
        self._pool = pool
        self._token = token.encode()
        self._root = f"{base}/bot{token}/"
        self._urls: dict[str, httpx.URL] = {}

    def __repr__(self) -> str:
        return "Api(********)"

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Call `method` with the parameters that are not None; return `result` of the answer."""
        present = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            content = orjson.dumps(present)
        except TypeError as error:  # a lone surrogate, a number over 64 bits: a retry cannot succeed
            raise errors.Rejected(method, None, f"the parameters cannot be encoded: {error}") from None
        return await self._post(method, content=content, headers=_JSON)

    async def upload(
        self, method: str, params: Mapping[str, Any], field: str, file: tuple[str, bytes | IO[bytes], str]
    ) -> Any:
        """Call `method` with a file in `field`, as multipart; parameters that are not strings go as JSON.

        `file` is name, content and media type: without the type, httpx would load a table of half a megabyte.
        A content that is an open file is read while it is sent, then closed.
        """
        fields = {
            key: value if isinstance(value, str) else orjson.dumps(value).decode()
            for key, value in params.items()
            if value is not None
        }
        name, content, media_type = file
        # httpx's response and its stream form a reference cycle that holds the request: closing the file
        # frees it before the garbage collector finds the cycle.
        with io.BytesIO(content) if isinstance(content, bytes) else content as opened:
            return await self._post(method, data=fields, files={field: (name, opened, media_type)})

    async def get_me(self) -> dict[str, Any]:
        """Return the bot as a user."""
        me: dict[str, Any] = await self.call("getMe")
        return me

    async def get_updates(
        self, offset: int | None, wait_seconds: int, allowed_updates: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return updates from `offset` on, waiting for at least one; confirm all earlier ones."""
        params = {"offset": offset, "timeout": wait_seconds, "allowed_updates": list(allowed_updates)}
        updates: list[dict[str, Any]] = await self.call("getUpdates", params)
        return updates

    async def send_message(
        self,
        chat_id: int,
        text: str,
        entities: Entities = (),
        *,
        reply_markup: Mapping[str, Any] | None = None,
        silent: bool = False,
        thread_id: int | None = None,
    ) -> dict[str, Any]:
        """Send an unparsed text without a link preview; return the message."""
        params = {
            **_text(text, entities),
            "chat_id": chat_id,
            "message_thread_id": _thread(thread_id),
            "disable_notification": silent or None,
            "reply_markup": reply_markup,
        }
        message: dict[str, Any] = await self.call("sendMessage", params)
        return message

    async def edit_message_text(
        self,
        chat_id: int,
        message_id: int,
        text: str,
        entities: Entities = (),
        *,
        reply_markup: Mapping[str, Any] | None = None,
    ) -> dict[str, Any] | bool:
        """Replace text, entities and buttons of a message; without `reply_markup`, remove the buttons."""
        params = {
            **_text(text, entities),
            "chat_id": chat_id,
            "message_id": message_id,
            "reply_markup": reply_markup,
        }
        edited: dict[str, Any] | bool = await self.call("editMessageText", params)
        return edited

    async def send_document(
        self,
        chat_id: int,
        name: str,
        content: bytes | IO[bytes],
        *,
        media_type: str = "application/octet-stream",
        caption: str | None = None,
        silent: bool = False,
        thread_id: int | None = None,
    ) -> dict[str, Any]:
        """Send a file of up to 50 MB; for the `files` pool."""
        params = {
            "chat_id": chat_id,
            "caption": caption,
            "message_thread_id": _thread(thread_id),
            "disable_notification": silent or None,
        }
        file = (name, content, media_type)
        message: dict[str, Any] = await self.upload("sendDocument", params, "document", file)
        return message

    async def answer_callback_query(self, query_id: str, text: str) -> bool:
        """Answer a tap with up to 200 characters."""
        params = {"callback_query_id": query_id, "text": text or None}
        return bool(await self.call("answerCallbackQuery", params))

    async def get_chat(self, chat_id: int) -> dict[str, Any]:
        """Return Telegram's data on a chat (`ChatFullInfo`)."""
        chat: dict[str, Any] = await self.call("getChat", {"chat_id": chat_id})
        return chat

    async def create_forum_topic(self, chat_id: int, name: str) -> int:
        """Create a topic with a name of up to 128 characters; return its thread id."""
        topic = await self.call("createForumTopic", {"chat_id": chat_id, "name": name})
        return int(topic["message_thread_id"])

    async def edit_forum_topic(self, chat_id: int, thread_id: int, name: str) -> bool:
        """Rename a topic."""
        params = {"chat_id": chat_id, "message_thread_id": thread_id, "name": name}
        return bool(await self.call("editForumTopic", params))

    async def set_my_commands(self, commands: Mapping[str, str]) -> bool:
        """Show these commands, name -> description, in the menu of every chat."""
        listed = [{"command": name, "description": about} for name, about in commands.items()]
        return bool(await self.call("setMyCommands", {"commands": listed}))

    async def _post(self, method: str, **body: Any) -> Any:
        began, result = time.perf_counter(), "cancelled"
        try:
            answer = await self._exchange(method, **body)
            result = "ok"
        except errors.TelegramError as error:
            result = type(error).__name__
            raise
        else:
            return answer
        finally:
            self._metrics.add(catalogue.REQUESTS, 1, method, result)
            self._metrics.observe(catalogue.REQUEST_TIME, time.perf_counter() - began, method)

    async def _exchange(self, method: str, **body: Any) -> Any:
        url = self._urls.get(method)
        if url is None:
            url = self._urls[method] = httpx.URL(self._root + method)
        sent = _SentTrace()
        try:
            response = await self._pool.post(url, **body, extensions={"trace": sent})
        except httpx.HTTPError as error:
            description = words(error).replace(self._token.decode(), _MASK.decode())
        else:
            return self._result(method, response)
        # Raised here and not above, where the httpx error would be its context: that error holds its
        # request, the request its address, and the address the token.
        raise (errors.Unclear if sent.started else errors.NotSent)(method, None, description)

    def _result(self, method: str, response: httpx.Response) -> Any:
        body = response.content
        if response.status_code == 200:
            try:
                answer = orjson.loads(body)
            except ValueError:
                answer = None
            if isinstance(answer, dict) and answer.get("ok") is True and "result" in answer:
                return answer["result"]
        # An answer may contain the token: a proxy's error page can show the requested address.
        body = body.replace(self._token, _MASK)
        raise errors.classify(method, response.status_code, body, response.headers.get("retry-after"))


class _SentTrace:
    """Record whether any part of the request was passed to the socket."""

    __slots__ = ("started",)

    def __init__(self) -> None:
        self.started = False

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        # With a proxy, CONNECT goes first and is not part of the request.
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self.started = True


def _text(text: str, entities: Entities) -> dict[str, Any]:
    listed = [{key: value for key, value in each.items() if value is not None} for each in entities]
    return {"text": text, "entities": listed or None, "link_preview_options": {"is_disabled": True}}


def _thread(thread_id: int | None) -> int | None:
    return None if thread_id == GENERAL else thread_id
