"""What can come of a call, and what Telegram means by it.

    TelegramError                 method, code (None where nothing was answered), description
      Refused                     Telegram answered, and did not do it
        NotModified               400: it already is what was asked for
        EditImpossible            400: the message is gone, or cannot be edited
        CantParseEntities         400: our entities are wrong
        ButtonRefused             400: a button, or the keyboard as a whole
        FileRefused               400: the file, while a text may be taken
        TooLong                   400: more text than a message or a caption takes
        Migrated                  400: the group has another id now, `chat_id`
        ThreadNotFound            400: the topic is gone or closed
        ChatUnavailable           400: there is no such chat, or the bot may not write in it
        TooOld                    400: the tap was too long ago to be answered
        Rejected                  any other 4xx: will never be taken as it is
        Unauthorized              401, 404: the token is wrong or revoked
        Forbidden                 403: blocked, kicked
        Conflict                  409: another poller, or `webhook`
        TooLarge                  413: too large an upload
        RetryAfter                429: wait `seconds`, all of them
        ServerFault               an answer in Telegram's place that passed nothing on: try again
          Doubtful                5xx: something failed on the way or behind it; it may have been taken
      NoAnswer                    nothing that can be read came back
        NotSent                   the request did not leave: safe to repeat
        Unclear                   it left; nobody knows whether it was taken

No error holds the token: none has the address of its request, and none has a cause that has.
"""

from __future__ import annotations

import math
import re
from typing import Any

import orjson

# For a 429 that does not say how long. One second is the pace of one chat, the least that can help; where
# it is too short, the next answer says so again.
UNTOLD_SECONDS = 1.0


class TelegramError(Exception):
    """A call that did not do what it asked for.

    Args:
        method: the Bot API method.
        code: error code of the answer, None where there was none.
        description: Telegram's words, or ours for what happened on the way.
    """

    def __init__(self, method: str, code: int | None, description: str) -> None:
        self.method = method
        self.code = code
        self.description = description
        super().__init__(f"{method}: {description}" if code is None else f"{method}: {code} {description}")


class Refused(TelegramError):
    """Telegram answered, and did not do it."""


class NotModified(Refused):
    """The message already is what was asked for: a success."""


class EditImpossible(Refused):
    """The message to edit is gone, or cannot be edited."""


class CantParseEntities(Refused):
    """Our entities do not fit the text."""


class ButtonRefused(Refused):
    """A button of ours does not please, or there are too many of them."""


class FileRefused(Refused):
    """The file is not taken, here or at all; a text may be."""


class TooLong(Refused):
    """The text is longer than a message or a caption takes."""


class Migrated(Refused):
    """The group became a supergroup; `chat_id` is its new id."""

    def __init__(self, method: str, code: int | None, description: str, chat_id: int) -> None:
        super().__init__(method, code, description)
        self.chat_id = chat_id


class ThreadNotFound(Refused):
    """The topic is gone, or closed."""


class ChatUnavailable(Refused):
    """There is no such chat, the bot does not know it yet, or it may not write there."""


class TooOld(Refused):
    """The tap was too long ago to be answered."""


class Rejected(Refused):
    """Telegram will never take this as it is."""


class Unauthorized(Refused):
    """The token is wrong or revoked."""


class Forbidden(Refused):
    """The chat cannot be written to: blocked, kicked, never started."""


class Conflict(Refused):
    """Somebody else reads the updates: a webhook if `webhook`, else another poller."""

    @property
    def webhook(self) -> bool:
        """Whether a webhook is set, as against another poller."""
        return "webhook" in self.description.lower()


class TooLarge(Refused):
    """The request is larger than Telegram takes."""


class RetryAfter(Refused):
    """Too many requests; the next one may come after `seconds`, never earlier."""

    def __init__(self, method: str, code: int | None, description: str, seconds: float) -> None:
        super().__init__(method, code, description)
        self.seconds = seconds


class ServerFault(Refused):
    """Telegram has a problem, or something between answered in its place."""


class Doubtful(ServerFault):
    """A 5xx, which came after all of the request had left: nobody knows whether it was taken.

    A gateway says 502, 503 or 504 of a request that it passed on as well as of one that it did not. Nor does
    the Bot API's own 500 say at which step it failed, so it counts as one of these.
    """


class NoAnswer(TelegramError):
    """Nothing that can be read came back."""


class NotSent(NoAnswer):
    """Nothing of the request left this machine: it is safe to repeat."""


class Unclear(NoAnswer):
    """The request left, at least in part; whether it was taken is not known."""


# Telegram's words for a 400, in lower case, as far as they decide; the first that is found counts. An edit
# that changes nothing speaks of the "reply markup" too.
_WORDS: tuple[tuple[str, type[Refused]], ...] = (
    ("message is not modified", NotModified),
    ("message to edit not found", EditImpossible),
    ("message can't be edited", EditImpossible),
    ("message_id_invalid", EditImpossible),
    ("inline keyboard", ButtonRefused),
    ("reply markup", ButtonRefused),
    ("reply_markup", ButtonRefused),
    ("button_", ButtonRefused),
    ("can't parse entities", CantParseEntities),
    ("entity_bounds_invalid", CantParseEntities),
    ("entity beginning at utf-16 offset", CantParseEntities),
    ("can't parse messageentity", CantParseEntities),
    ("entity_", CantParseEntities),
    ("entities_", CantParseEntities),
    ("message is too long", TooLong),
    ("message_too_long", TooLong),
    ("caption is too long", TooLong),
    ("caption_too_long", TooLong),
    ("rights to send documents", FileRefused),
    ("rights to send media", FileRefused),
    ("chat_send_docs_forbidden", FileRefused),
    ("chat_send_media_forbidden", FileRefused),
    ("file must be non-empty", FileRefused),
    ("file is too big", FileRefused),
    ("wrong file identifier", FileRefused),
    ("file_part", FileRefused),
    ("document_invalid", FileRefused),
    ("message thread not found", ThreadNotFound),
    ("topic_id_invalid", ThreadNotFound),
    ("topic_closed", ThreadNotFound),
    ("topic_deleted", ThreadNotFound),
    ("chat not found", ChatUnavailable),
    ("peer_id_invalid", ChatUnavailable),
    ("chat_write_forbidden", ChatUnavailable),
    ("have no rights to send a message", ChatUnavailable),
    ("not enough rights to send", ChatUnavailable),
    ("query is too old", TooOld),
)
_CODES: dict[int, type[Refused]] = {401: Unauthorized, 403: Forbidden, 409: Conflict, 413: TooLarge}
_RETRY_AFTER = re.compile(r"retry after (\d+)", re.IGNORECASE)
_SHOWN = 500  # characters of a description that are kept


def classify(method: str, status: int, body: bytes, retry_after: str | None = None) -> Refused | NoAnswer:
    """Return what an answer means that is not a success.

    Args:
        method: the method that was called.
        status: the HTTP status.
        body: the body, JSON where it comes from Telegram.
        retry_after: the header `Retry-After`, which stands on some 429 that come from in between.
    """
    answer = _object(body)
    if answer is None:
        return _foreign(method, status, retry_after)
    code = answer.get("error_code")
    code = code if type(code) is int else status
    words = answer.get("description")
    description = words[:_SHOWN] if isinstance(words, str) else f"no description, HTTP status {status}"
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        return RetryAfter(method, code, description, _seconds(parameters, description, retry_after))
    migrated = parameters.get("migrate_to_chat_id")
    if code == 400 and type(migrated) is int:
        return Migrated(method, code, description, migrated)
    return _kind(code, description.lower())(method, code, description)


def _kind(code: int, words: str) -> type[Refused]:
    if code == 400:
        return next((kind for part, kind in _WORDS if part in words), Rejected)
    if code == 404:
        # A Bot API server of one's own also says 404 for a method that it does not know.
        return Rejected if "method not found" in words else Unauthorized
    if code in _CODES:
        return _CODES[code]
    if 400 <= code < 500:
        return Rejected
    return Doubtful if code >= 500 else ServerFault


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and answer.get("ok") is False else None


def _foreign(method: str, status: int, retry_after: str | None) -> Refused | NoAnswer:
    """Judge what is not the Bot API's JSON: a web server before it, a proxy, a log-in page of a network.

    Its 403 says nothing of the chat and its 404 nothing of the token. A 2xx may hide that the request was
    taken.
    """
    if 200 <= status < 300:
        return Unclear(method, status, f"HTTP status {status}, and the answer is not the Bot API's")
    description = f"HTTP status {status} from something that is not the Bot API"
    if status == 429:
        return RetryAfter(method, status, description, _seconds({}, "", retry_after))
    if status == 413:
        return TooLarge(method, status, description)
    kind = Doubtful if status >= 500 else ServerFault
    return kind(method, status, description)


def _seconds(parameters: dict[str, Any], description: str, header: str | None) -> float:
    """Return how long to wait: as the parameters say, else the words, else the header; never shortened."""
    told: Any = parameters.get("retry_after")
    if isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told) and told > 0:
        return float(told)
    words = _RETRY_AFTER.search(description)
    for text in (told, words[1] if words else None, header):
        if isinstance(text, str) and re.fullmatch(r"[0-9]{1,15}", text.strip()) and int(text) > 0:
            return float(text)
    return UNTOLD_SECONDS
