"""Buttons that change the mode, below the message that confirms a change.

A button's data is a name from `ORDERS` with a MAC over the name and the chat (decisions/codes.py): a button
cannot be made without the key, and a copy in another chat has no effect.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from cctelegram.decisions import codes
from cctelegram.policy.judge import LOCAL, MUTED, NOMAD


class Order(NamedTuple):
    """The label and the effect of a button; `lasting` as in `Modes.change`."""

    label: str
    mode: str
    lasting: str | None = None


ORDERS: Final = {
    "mute-1h": Order("Mute 1 h", MUTED, "1h"),
    "nomad": Order("Nomad", NOMAD),
    "local": Order("Local", LOCAL),
}


def buttons(key: bytes, chat_id: int, mode: str) -> tuple[tuple[dict[str, Any], ...], ...]:
    """Return one row with the buttons that change something in `mode`."""
    return (
        tuple(
            {"text": order.label, "callback_data": codes.mode_data(key, name, chat_id)}
            for name, order in ORDERS.items()
            if order.lasting is not None or order.mode != mode
        ),
    )


def read(key: bytes, data: str, chat_id: int) -> Order | None:
    """Return the order of a button, or None when it is forged, damaged, or from another chat."""
    name = codes.read_mode(key, data, chat_id)
    return None if name is None else ORDERS.get(name)
