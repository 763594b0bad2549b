"""The ledger: decisions in the store, opened with their event, closed once by tap, text, expiry or cancel.

Every function uses the write connection of the store, inside the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram.decisions import codes
from cctelegram.decisions.question import is_denial

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from cctelegram.decisions.question import Question


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger; times in us since the epoch."""

    id: int
    event: int
    code: str
    prompt: str
    options: tuple[str, ...]
    default_pair: bool
    allow_text: bool
    awaited_by: str | None
    opened_at: int
    expires_at: int | None
    default_option: int | None
    state: str
    option: int | None = None
    text: str | None = None
    user_id: int | None = None
    username: str | None = None
    first_name: str | None = None
    chat_id: int | None = None
    message_id: int | None = None
    closed_at: int | None = None


class Responder(NamedTuple):
    """The person who answered, and where."""

    user_id: int
    username: str | None
    first_name: str | None
    chat_id: int
    message_id: int | None


class Card(NamedTuple):
    """The message that shows a decision; `message_id` is None while it is unknown."""

    card: int
    decision: int
    delivery: int
    chat_id: int
    message_id: int | None
    payload: str
    shown: str
    sent_at: int | None
    attempts: int


COLUMNS: Final = ", ".join(Decision.__struct_fields__)
CARD_COLUMNS: Final = "id, decision, delivery, chat_id, message_id, payload, shown, sent_at, attempts"


def open_decision(
    connection: sqlite3.Connection, event: int, question: Question, opened_at: int, now: int
) -> Decision:
    """Store a question; one that arrives after its expiry time is stored as expired.

    It was never shown, so its default applies only when it is a denial.
    """
    late = question.expires_at is not None and question.expires_at <= now
    default = question.default_option
    denied = late and default is not None and is_denial(question.options[default])
    connection.execute(
        "INSERT INTO decisions (event, code, prompt, options, default_pair, allow_text, "
        "awaited_by, opened_at, expires_at, default_option, state, option, closed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event,
            codes.new_code(),
            question.prompt,
            msgspec.json.encode(question.options).decode(),
            question.default_pair,
            question.allow_text,
            question.awaited_by,
            opened_at,
            question.expires_at,
            question.default_option,
            "expired" if late else "open",
            default if denied else None,
            now if late else None,
        ),
    )
    found = of_event(connection, event)
    if found is None:  # pragma: no cover - it was written in the line above
        raise KeyError(event)
    return found


def of_event(connection: sqlite3.Connection, event: int) -> Decision | None:
    """Return the decision of an event, or None."""
    return _one(connection, "event = ?", event)


def by_id(connection: sqlite3.Connection, decision: int) -> Decision | None:
    """Return a decision by its row, or None."""
    return _one(connection, "id = ?", decision)


def by_code(connection: sqlite3.Connection, code: str) -> Decision | None:
    """Return the decision that a button names, or None."""
    return _one(connection, "code = ?", code)


def answer(
    connection: sqlite3.Connection,
    decision: int,
    responder: Responder,
    now: int,
    *,
    option: int | None = None,
    text: str | None = None,
) -> Decision | None:
    """Close an open decision with a person's answer; None when it was closed before: the first one wins."""
    changed = connection.execute(
        "UPDATE decisions SET state = 'answered', option = ?, text = ?, user_id = ?, username = ?, "
        "first_name = ?, chat_id = ?, message_id = ?, closed_at = ? WHERE id = ? AND state = 'open'",
        (option, text, *responder, now, decision),
    ).rowcount
    return by_id(connection, decision) if changed else None


def cancel(connection: sqlite3.Connection, decision: int, now: int) -> Decision | None:
    """Cancel an open decision on behalf of its asker; None when it was closed before."""
    return _close(connection, decision, "cancelled", None, now)


def expire(connection: sqlite3.Connection, decision: Decision, now: int) -> Decision | None:
    """Close an open decision that is past its expiry time; None when it was closed before.

    The default applies only when it is a denial, or when the card was on a phone for at least half of the
    time: a question that could not be seen approves nothing.
    """
    return _close(connection, decision.id, "expired", default_of(connection, decision), now)


def default_of(connection: sqlite3.Connection, decision: Decision) -> int | None:
    """Return the option that applies when the decision expires, or None."""
    chosen = decision.default_option
    if chosen is None or decision.expires_at is None or is_denial(decision.options[chosen]):
        return chosen
    shown = delivered_at(connection, decision.id)
    half = (decision.expires_at - decision.opened_at) / 2
    return chosen if shown is not None and decision.expires_at - shown >= half else None


def delivered_at(connection: sqlite3.Connection, decision: int) -> int | None:
    """Return when a card of a decision was first sent (us), or None when none was."""
    (when,) = connection.execute("SELECT min(sent_at) FROM cards WHERE decision = ?", (decision,)).fetchone()
    return None if when is None else int(when)


def due(connection: sqlite3.Connection, now: int) -> list[Decision]:
    """Return the open decisions that are past their expiry time."""
    return _many(connection, "state = 'open' AND expires_at <= ? ORDER BY expires_at LIMIT 100", now)


def next_expiry(connection: sqlite3.Connection) -> int | None:
    """Return when the next open decision expires (us), or None."""
    (when,) = connection.execute("SELECT min(expires_at) FROM decisions WHERE state = 'open'").fetchone()
    return None if when is None else int(when)


def add_card(
    connection: sqlite3.Connection, decision: int, delivery: int, bot: int, chat_id: int, payload: str
) -> int:
    """Store a card before it is sent; a repeat of the same delivery has its own card."""
    cursor = connection.execute(
        "INSERT INTO cards (decision, delivery, bot, chat_id, payload) VALUES (?, ?, ?, ?, ?)",
        (decision, delivery, bot, chat_id, payload),
    )
    return int(cursor.lastrowid or 0)


def drop_card(connection: sqlite3.Connection, card: int) -> None:
    """Delete a card that certainly did not arrive."""
    connection.execute("DELETE FROM cards WHERE id = ? AND message_id IS NULL", (card,))


def card_sent(connection: sqlite3.Connection, card: int, message_id: int, shown: str, now: int) -> None:
    """Record the message of a sent card, and the state of the decision that it shows."""
    connection.execute(
        "UPDATE cards SET message_id = ?, sent_at = ?, shown = ? WHERE id = ?", (message_id, now, shown, card)
    )


def card_at(
    connection: sqlite3.Connection, bot: int, decision: int, chat_id: int, message_id: int, now: int
) -> Card | None:
    """Return the card that a tap came from, or None.

    A card with unknown delivery status has no message id: a tap on it proves that it arrived, and supplies
    the id. Any other message is not a card of this decision.
    """
    where = f"SELECT {CARD_COLUMNS} FROM cards WHERE bot = ? AND decision = ? AND chat_id = ? AND "  # noqa: S608 - a constant list
    key = (bot, decision, chat_id)
    row = connection.execute(where + "message_id = ?", (*key, message_id)).fetchone()
    if row is None:
        row = connection.execute(where + "message_id IS NULL ORDER BY id LIMIT 1", key).fetchone()
        if row is None:
            return None
        connection.execute(
            "UPDATE cards SET message_id = ?, sent_at = ? WHERE id = ?", (message_id, now, row[0])
        )
        return Card(*row)._replace(message_id=message_id, sent_at=now)
    return Card(*row)


def card_of_message(connection: sqlite3.Connection, bot: int, chat_id: int, message_id: int) -> Card | None:
    """Return the card in a message, or None; for a reply to it."""
    row = connection.execute(
        f"SELECT {CARD_COLUMNS} FROM cards WHERE bot = ? AND chat_id = ? AND message_id = ?",  # noqa: S608
        (bot, chat_id, message_id),
    ).fetchone()
    return None if row is None else Card(*row)


def stale_cards(
    connection: sqlite3.Connection, bot: int, now: int, allowed: Collection[int], limit: int = 50
) -> list[Card]:
    """Return the sent cards that need an edit.

    They do not show how their decision ended, or are in the chat of a person that is not in `allowed`.
    """
    names = ", ".join(f"cards.{name.strip()}" for name in CARD_COLUMNS.split(","))
    found = connection.execute(
        f"SELECT {names} FROM cards JOIN decisions ON decisions.id = cards.decision "  # noqa: S608
        f"WHERE cards.bot = ? AND {_is_stale(allowed)} AND cards.not_before <= ? ORDER BY cards.id LIMIT ?",
        (bot, now, limit),
    )
    return [Card(*row) for row in found]


def has_stale_cards(connection: sqlite3.Connection, bot: int, allowed: Collection[int]) -> bool:
    """Return whether any card needs an edit, now or later."""
    found = connection.execute(
        "SELECT 1 FROM cards JOIN decisions ON decisions.id = cards.decision WHERE cards.bot = ? "  # noqa: S608
        f"AND {_is_stale(allowed)} LIMIT 1",
        (bot,),
    ).fetchone()
    return found is not None


def _is_stale(allowed: Collection[int]) -> str:
    # A positive chat id is a private chat, and equals the user id.
    people = ", ".join(str(int(user)) for user in allowed)
    return (
        "cards.message_id IS NOT NULL AND cards.shown = 'open' AND (decisions.state != 'open' "
        f"OR (cards.chat_id > 0 AND cards.chat_id NOT IN ({people})))"
    )


def mark_card(connection: sqlite3.Connection, card: int, state: str) -> None:
    """Record the state that a card's message now shows."""
    connection.execute("UPDATE cards SET shown = ? WHERE id = ?", (state, card))


def delay_card(connection: sqlite3.Connection, card: int, not_before: int) -> None:
    """Schedule a retry of a failed edit at `not_before` (us)."""
    connection.execute(
        "UPDATE cards SET attempts = attempts + 1, not_before = ? WHERE id = ?", (not_before, card)
    )


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of decisions in each state."""
    return dict(connection.execute("SELECT state, count(*) FROM decisions GROUP BY state").fetchall())


def oldest_open(connection: sqlite3.Connection) -> int | None:
    """Return when the oldest open decision was opened, in us, or None."""
    (opened_at,) = connection.execute("SELECT min(opened_at) FROM decisions WHERE state = 'open'").fetchone()
    return None if opened_at is None else int(opened_at)


def _close(
    connection: sqlite3.Connection, decision: int, state: str, option: int | None, now: int
) -> Decision | None:
    changed = connection.execute(
        "UPDATE decisions SET state = ?, option = ?, closed_at = ? WHERE id = ? AND state = 'open'",
        (state, option, now, decision),
    ).rowcount
    return by_id(connection, decision) if changed else None


def _one(connection: sqlite3.Connection, where: str, value: Any) -> Decision | None:
    return next(iter(_many(connection, where, value)), None)


def _many(connection: sqlite3.Connection, where: str, value: Any) -> list[Decision]:
    found = connection.execute(f"SELECT {COLUMNS} FROM decisions WHERE {where}", (value,))  # noqa: S608 - constants
    return [_decision(row) for row in found]


def _decision(row: tuple[Any, ...]) -> Decision:
    values: dict[str, Any] = dict(zip(Decision.__struct_fields__, row, strict=True))
    values["options"] = tuple(msgspec.json.decode(values["options"]))
    for flag in ("default_pair", "allow_text"):
        values[flag] = bool(values[flag])
    return Decision(**values)
