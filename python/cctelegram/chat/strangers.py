"""Users that are not allowed: never answered, counted, and the owner notified of each one's first try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram import render
from cctelegram.delivery.payload import Payload, pack
from cctelegram.store import deliveries, facts

if TYPE_CHECKING:
    import sqlite3

# The number of users named in a notice; the rest are counted.
NAMED: Final = 5
# The interval between notices, in us; users that arrive meanwhile are in the next one.
EVERY: Final = 3_600_000_000
FACT: Final = "strangers_notice"
ALERTS: Final = 1
HOW_TO_ALLOW: Final = (
    "The bot did not answer. To allow a user, add the user id to telegram.allowed_users "
    "(TELEGRAM_ALLOWED_USERS in .env)."
)


class Stranger(msgspec.Struct, frozen=True):
    """A user as named in the notice: the id, the self-chosen names, the act."""

    user_id: int
    name: str
    did: str

    @property
    def line(self) -> str:
        """Return the line of the notice; the self-chosen names come last."""
        return f"user id {self.user_id}, {self.did}: {self.name}"


class Notice(msgspec.Struct, frozen=True):
    """The newest notice; `goes_at` (us) is the earliest time to send it."""

    delivery: int
    count: int
    named: tuple[Stranger, ...]
    goes_at: int


def stranger(update: dict[str, Any]) -> Stranger:
    """Return the sender of a message or a tap."""
    query = update.get("callback_query")
    person = (update["message"] if query is None else query)["from"]
    names = [str(person[key]) for key in ("first_name", "last_name") if person.get(key)]
    if person.get("username"):
        names.append(f"(@{person['username']})")
    return Stranger(int(person["id"]), " ".join(names), "wrote" if query is None else "tapped a button")


def tell(connection: sqlite3.Connection, who: Stranger, owner: int, now: int, held: str | None) -> None:
    """Queue a notice for the owner, or add to the one that is still queued."""
    kept = facts.get(connection, FACT)
    last = None if kept is None else msgspec.json.decode(kept, type=Notice)
    if last is not None and deliveries.is_untouched(connection, last.delivery):
        notice = Notice(last.delivery, last.count + 1, (*last.named, who)[:NAMED], last.goes_at)
        part = deliveries.parts(connection, last.delivery, 1)[0].part
        deliveries.replace_part(connection, part, pack(Payload(text=_words(notice))))
    else:
        goes_at = now if last is None else max(now, last.goes_at + EVERY)
        notice = Notice(0, 1, (who,), goes_at)
        payload = pack(Payload(text=_words(notice)))
        delivery = deliveries.enqueue(connection, owner, [payload], now, lane=ALERTS, silent=True, held=held)
        deliveries.later(connection, delivery, goes_at)
        notice = msgspec.structs.replace(notice, delivery=delivery)
    facts.put(connection, FACT, msgspec.json.encode(notice))


def _words(notice: Notice) -> render.Text:
    count = notice.count
    who = "A user who is" if count == 1 else f"{count} users who are"
    title = f"{who} not allowed contacted the bot"
    lines = [one.line for one in notice.named]
    if count > len(lines):
        lines.append(f"and {count - len(lines)} more")
    lines.append(HOW_TO_ALLOW)
    return render.notice(title, lines)
