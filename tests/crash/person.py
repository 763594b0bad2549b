"""The person with the phone: taps, replies, writes; records every action."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cctelegram.sandbox.client import ControlError
from crash.account import cards_with_buttons

if TYPE_CHECKING:
    import random
    from collections.abc import Collection

    from cctelegram.sandbox.client import Control


class Person:
    """Acts on what is on the phone now."""

    def __init__(self, control: Control, chance: random.Random, written: Collection[str]) -> None:
        self._control = control
        self._written = written  # the events whose cards are for this person
        self._chance = chance
        self.taps: dict[str, list[str]] = defaultdict(list)
        self.said: list[str] = []

    def tap(self, share: float, most: int = 10**9) -> int:
        """Tap some of the cards that can be tapped, copies too, some of them twice; return the number."""
        count = 0
        for tag, cards in cards_with_buttons(self._control.messages()).items():
            if tag not in self._written or self._chance.random() > share or count >= most:
                continue
            card = self._chance.choice(cards)
            chat_id = card["chat"]["id"]
            who = chat_id if chat_id > 0 else None  # in a group, the owner taps
            label = self._chance.choice(("Yes", "No"))
            for _ in range(self._chance.choice((1, 1, 2))):
                try:
                    self._control.tap(card["message_id"], label, chat_id=chat_id, user_id=who)
                except ControlError:
                    break  # the card was edited since it was read
                self.taps[tag].append(label)
                count += 1
        return count

    def command(self, command: str) -> None:
        """Send a command to the bridge itself: help, nomad, local, mute."""
        self._control.say(f"/{command}")

    def say(self) -> None:
        """Write a message to the agent."""
        text = f"words number {len(self.said)}"
        self.said.append(text)
        self._control.say(text)
