"""Events to messages: `message`, `card`, `outcome`, `notice`, `buttons`, `repeated`; they make `Text`."""

from cctelegram.render.buttons import Button, buttons
from cctelegram.render.card import card, outcome
from cctelegram.render.message import message
from cctelegram.render.notice import notice
from cctelegram.render.repeated import repeated
from cctelegram.render.text import Entity, Text

__all__ = ["Button", "Entity", "Text", "buttons", "card", "message", "notice", "outcome", "repeated"]
