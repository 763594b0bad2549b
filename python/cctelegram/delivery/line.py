"""One bot at one API base, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cctelegram.delivery.pacing import Pacing
    from cctelegram.delivery.pauses import Pauses
    from cctelegram.telegram.api import Api


class BotLine(NamedTuple):
    """What is sent over, what it is signed with, and what holds it back.

    `files` calls over the pool for uploads; `bot` is its row in the store.
    """

    api: Api
    files: Api
    bot: int
    key: bytes
    pauses: Pauses
    pacing: Pacing
