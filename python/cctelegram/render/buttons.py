"""The buttons that an event requests, as data; the bridge builds the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from cctelegram import _native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.events.event import Event

# A button shows about this many characters of its label.
LABEL_SHOWN: Final = 40


class Button(msgspec.Struct, frozen=True):
    """A button: a tap opens `url` or answers with `action`; the other of the two is None.

    `position`: of the entry in `data.actions`, from 0.
    """

    position: int
    label: str
    url: str | None
    action: str | None
    style: str | None


def labels(options: Sequence[str]) -> tuple[str, ...]:
    """Return the button labels of these options: one line each, numbered if any two look alike.

    Two labels look alike when they differ only in look-alike or invisible characters, blanks or case, or only
    beyond the characters that a button shows.
    """
    shown = [_native.one_line(label) or "(blank)" for label in options]
    for seen in (options, [label[:LABEL_SHOWN] for label in shown]):
        if len(set(map(_native.skeleton, seen))) < len(seen):
            return tuple(f"{number}. {label}" for number, label in enumerate(shown, 1))
    return tuple(shown)


def buttons(event: Event) -> tuple[Button, ...]:
    """Return the buttons of `data.actions`, in order.

    An entry without a text, or with an address that is not a link (`_native.is_link`), gets no button; the
    message's details show every entry.
    """
    actions = event.data.get("actions")
    found = (
        (_button(position, entry) for position, entry in enumerate(actions))
        if isinstance(actions, list)
        else ()
    )
    return tuple(button for button in found if button is not None)


def _button(position: int, entry: object) -> Button | None:
    if not isinstance(entry, dict):
        return None
    label, url, action, style = (entry.get(key) for key in ("text", "url", "action", "style"))
    if not isinstance(label, str) or not label.strip():
        return None
    style = style if isinstance(style, str) else None
    shown = _native.one_line(label)
    if url is None:
        return Button(position, shown, None, action if isinstance(action, str) and action else label, style)
    if isinstance(url, str) and _native.is_link(url):
        return Button(position, shown, url, None, style)
    return None
