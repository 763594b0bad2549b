"""Users that are not allowed: never answered, counted, and the owner notified of each one's first try."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cctelegram.delivery.growing_notice import GrowingNotice


class Stranger(msgspec.Struct, frozen=True):
    """A user as named in the notice: the id, the self-chosen names, the act."""

    user_id: int
    name: str
    did: str

    @property
    def line(self) -> str:
        """Return the line of the notice; the self-chosen names come last."""
        return f"user id {self.user_id}, {self.did}: {self.name}"


def stranger(update: dict[str, Any]) -> Stranger:
    """Return the sender of a message or a tap."""
    query = update.get("callback_query")
    person = (update["message"] if query is None else query)["from"]
    names = [str(person[key]) for key in ("first_name", "last_name") if person.get(key)]
    if person.get("username"):
        names.append(f"(@{person['username']})")
    return Stranger(int(person["id"]), " ".join(names), "wrote" if query is None else "tapped a button")


STRANGERS: Final = GrowingNotice(
    "strangers_notice",
    Stranger,
    title=lambda count: (
        f"{'A user who is' if count == 1 else f'{count} users who are'} not allowed contacted the bot"
    ),
    last_line=(
        "The bot did not answer. To allow a user, add the user id to telegram.allowed_users "
        "(TELEGRAM_ALLOWED_USERS in .env)."
    ),
    every=3_600_000_000,
    silent=True,
)
