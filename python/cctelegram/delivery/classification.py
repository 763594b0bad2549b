"""What follows from a failed send: one pure table, read by the sender."""

from __future__ import annotations

import random
from typing import NamedTuple

from cctelegram.delivery import plainer
from cctelegram.runtime.retry import REQUEST
from cctelegram.telegram import errors


class Retry(NamedTuple):
    """It certainly did not arrive: the same again after `seconds`."""

    seconds: float
    reason: str


class Repeat(NamedTuple):
    """Nobody knows whether it arrived: repeat it after `seconds`, with a mark.

    Once, when the answer was lost; `until_clear`, when Telegram answered that something is wrong: in an hour
    of 502 every message would else be given up after two tries.
    """

    seconds: float
    reason: str
    until_clear: bool = False


class Pause(NamedTuple):
    """Telegram wants us to wait: all of `seconds`, for this chat."""

    seconds: float
    reason: str


class Dead(NamedTuple):
    """Telegram will never take this message."""

    reason: str


class DeadChat(NamedTuple):
    """The chat cannot be written to; its queue is kept."""

    reason: str


class DeadToken(NamedTuple):
    """The token is wrong or revoked; everything is kept until it is changed."""

    reason: str


class Moved(NamedTuple):
    """The group became a supergroup with another id."""

    chat_id: int


class WithoutThread(NamedTuple):
    """The topic is gone: send it outside of a topic."""

    error: errors.Refused


class Plainer(NamedTuple):
    """The message was refused as it is: send it in the next plainer form, if it has one."""

    error: errors.Refused


Verdict = Retry | Repeat | Pause | Dead | DeadChat | DeadToken | Moved | WithoutThread | Plainer


def classify(error: errors.TelegramError, attempts: int) -> Verdict:  # noqa: PLR0911 - a table, row by row
    """Say what follows from `error` after `attempts` failed tries."""
    reason = str(error)
    wait = REQUEST.seconds(attempts, random.random())  # noqa: S311 - spreads load, guards nothing
    match error:
        case errors.RetryAfter():
            return Pause(float(error.seconds), reason)
        case errors.Migrated():
            return Moved(error.chat_id)
        case errors.Unauthorized():
            return DeadToken(reason)
        case errors.Forbidden() | errors.ChatUnavailable():
            return DeadChat(reason)
        case errors.ThreadNotFound():
            return WithoutThread(error)
        case errors.Refused() if plainer.may_help(error):
            return Plainer(error)
        case errors.Unclear():
            return Repeat(wait, reason)
        case errors.Doubtful():
            return Repeat(wait, reason, until_clear=True)
        case errors.NotSent() | errors.ServerFault() | errors.Conflict():
            return Retry(wait, reason)
        case _:
            return Dead(reason)
