"""Several people and groups, for tests of the whole path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flow.phone import labels
from running import QUICK, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

OTHER, GROUP, FORUM = 2002, -3003, -1004004


def routes(*lines: str, config: str = QUICK) -> str:
    """Return a config with a route for each of `lines`, which are TOML."""
    return config + "".join(f"\n[[routes]]\n{each}\n" for each in lines)


def make_chats(sandbox: Sandbox) -> None:
    """Create another person, a group and a forum, with both people in them."""
    control, both = sandbox.control, [sandbox.user_id, OTHER]
    control.chat(OTHER, type="private", started=True)
    control.chat(GROUP, type="group", title="Group", members=both)
    control.chat(FORUM, type="supergroup", title="Forum", is_forum=True, members=both)


def both_allowed(home: Path, sandbox: Sandbox, *lines: str) -> Path:
    """Make a home in which both people are allowed, with these routes."""
    users = f"{sandbox.user_id},{OTHER}"
    return make_home(home, sandbox, routes(*lines), TELEGRAM_ALLOWED_USERS=users)


def told(sandbox: Sandbox, chat_id: int, word: str = "") -> list[dict[str, Any]]:
    """Return the bot's messages with a word in a chat, oldest first."""
    found = sandbox.control.messages(chat_id)
    return [one for one in found if one["from"]["is_bot"] and word in one.get("text", "")]


def see_in(sandbox: Sandbox, chat_id: int, *words: str) -> dict[str, Any]:
    """Wait until a message of the bot in a chat has all of these words; return it."""

    def look() -> dict[str, Any]:
        found = (one for one in told(sandbox, chat_id) if all(word in one.get("text", "") for word in words))
        return next(found, {})

    return wait_for(look, f"a message with {words} in {chat_id}")


def closed_everywhere(sandbox: Sandbox, word: str, *chat_ids: int) -> list[str]:
    """Wait until the cards with a word have no buttons in any of these chats; return their texts."""

    def look() -> list[str]:
        cards = [card for chat_id in chat_ids for card in told(sandbox, chat_id, word)]
        done = len(cards) >= len(chat_ids) and not any(labels(card) for card in cards)
        return [card["text"] for card in cards] if done else []

    return wait_for(look, f"the cards of {word} are closed")
