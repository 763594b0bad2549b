"""The buttons an event asks for, as data; the bridge makes the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cctelegram import _native

if TYPE_CHECKING:
    from cctelegram.events.event import Event


class Button(msgspec.Struct, frozen=True):
    """A button: it opens `url`, or a tap on it is an answer with `action`; one of the two is None."""

    label: str
    url: str | None
    action: str | None
    style: str | None


def buttons(event: Event) -> tuple[Button, ...]:
    """Give the buttons of `data.actions`, in order.

    An entry without a text, or whose address is not a link (`_native.is_link`), has no button; the message's
    details show every entry.
    """
    actions = event.data.get("actions")
    made = (_button(entry) for entry in actions) if isinstance(actions, list) else ()
    return tuple(button for button in made if button is not None)


def _button(entry: object) -> Button | None:
    if not isinstance(entry, dict):
        return None
    label, url, action, style = (entry.get(key) for key in ("text", "url", "action", "style"))
    if not isinstance(label, str) or not label.strip():
        return None
    style = style if isinstance(style, str) else None
    shown = _native.visible(label)
    if url is None:
        return Button(shown, None, action if isinstance(action, str) and action else label, style)
    if isinstance(url, str) and _native.is_link(url):
        return Button(shown, url, None, style)
    return None
