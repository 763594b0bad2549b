"""One bot at one API base, and its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cctelegram.delivery.pacing import Pacing
    from cctelegram.delivery.pauses import Pauses
    from cctelegram.telegram.api import Api


class Bot(NamedTuple):
    """The API clients to send with, the key to sign with, and the limits on sending.

    `files` calls over the pool for uploads; `row` is the bot's row in the store.
    """

    api: Api
    files: Api
    row: int
    key: bytes
    pauses: Pauses
    pacing: Pacing
