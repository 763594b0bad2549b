"""Render events as messages; each function here returns `Text`: text and entities."""

from cctelegram._native import one_line, visible
from cctelegram.render.buttons import Button, buttons, labels
from cctelegram.render.card import card, outcome
from cctelegram.render.digest import digest
from cctelegram.render.message import message
from cctelegram.render.notice import notice
from cctelegram.render.repeated import repeated
from cctelegram.render.text import Entity, Text
from cctelegram.render.whole import caption, document, excerpt, is_readable, shortened

__all__ = [
    "Button",
    "Entity",
    "Text",
    "buttons",
    "caption",
    "card",
    "digest",
    "document",
    "excerpt",
    "is_readable",
    "labels",
    "message",
    "notice",
    "one_line",
    "outcome",
    "repeated",
    "shortened",
    "visible",
]
