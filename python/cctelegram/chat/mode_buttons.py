"""Buttons that change the mode, below the message that confirms a change.

A button's data is a name from `BUTTONS` with a MAC over the name and the chat (decisions/codes.py): a button
cannot be made without the key, and a copy in another chat has no effect.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from cctelegram.decisions import codes
from cctelegram.policy.judge import LOCAL, MUTED, NOMAD


class ModeButton(NamedTuple):
    """The label and the effect of a button; `duration` as in `Modes.change`."""

    label: str
    mode: str
    duration: str | None = None


BUTTONS: Final = {
    "mute-1h": ModeButton("Mute 1 h", MUTED, "1h"),
    "nomad": ModeButton("Nomad", NOMAD),
    "local": ModeButton("Local", LOCAL),
}


def buttons(key: bytes, chat_id: int, mode: str) -> tuple[tuple[dict[str, Any], ...], ...]:
    """Return one row with the buttons that change something in `mode`."""
    return (
        tuple(
            {"text": button.label, "callback_data": codes.mode_data(key, name, chat_id)}
            for name, button in BUTTONS.items()
            if button.duration is not None or button.mode != mode
        ),
    )


def read(key: bytes, data: str, chat_id: int) -> ModeButton | None:
    """Return a genuine button, or None when it is forged, damaged, or from another chat."""
    name = codes.read_mode(key, data, chat_id)
    return None if name is None else BUTTONS.get(name)
