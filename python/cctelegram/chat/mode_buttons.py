"""Buttons that change the mode, below the words that confirm a change.

A button says what it orders by a name of the table here, with a MAC over it and the chat
(decisions/codes.py): nobody without the key can make one, and one that is copied into another chat counts for
nothing.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from cctelegram.decisions import codes
from cctelegram.policy.judge import LOCAL, MUTED, NOMAD


class Order(NamedTuple):
    """What a button says and orders; `lasting` as in `Modes.change`."""

    label: str
    mode: str
    lasting: str | None = None


ORDERS: Final = {
    "mute-1h": Order("Mute 1 h", MUTED, "1h"),
    "nomad": Order("Nomad", NOMAD),
    "local": Order("Local", LOCAL),
}


def buttons(key: bytes, chat_id: int, mode: str) -> tuple[tuple[dict[str, Any], ...], ...]:
    """Give one row with the orders that change something while `mode` counts."""
    return (
        tuple(
            {"text": order.label, "callback_data": codes.order_data(key, name, chat_id)}
            for name, order in ORDERS.items()
            if order.lasting is not None or order.mode != mode
        ),
    )


def read(key: bytes, data: str, chat_id: int) -> Order | None:
    """Give what a button orders, or None when it is not ours, not whole, or of another chat."""
    name = codes.read_order(key, data, chat_id)
    return None if name is None else ORDERS.get(name)
