"""Answers for agents: the ledger is the truth, the files under `responses/` are copies of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.events import traceparent
from cctelegram.store import intake

if TYPE_CHECKING:
    import sqlite3


UNWRITTEN: Final = f"""
SELECT answers.id, name, answers.body, corrects, events.event_id, {intake.TRACEPARENTS}
FROM answers LEFT JOIN events ON events.id = answers.event
WHERE written_at IS NULL ORDER BY answers.id LIMIT ?
"""  # noqa: S608 - constants


class Answer(NamedTuple):
    """An answer whose file is not on the disk yet; `body` is its JSON.

    `corrects`: the answer that an edit of its message replaces.
    """

    answer: int
    name: str
    body: str
    corrects: int | None = None
    event_id: str | None = None
    traceparents: str | None = None

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields by which the log is searched for the event of the answer; none without an event."""
        trace = traceparent.trace_id(intake.first_traceparent(self.traceparents))
        named = {"event_id": self.event_id, "trace": trace}
        return {name: value for name, value in named.items() if value is not None}


class Place(NamedTuple):
    """A message of a person: the bot's row, the chat, the message."""

    bot: int
    chat_id: int
    message_id: int


class Filed(NamedTuple):
    """The newest answer made from a person's message."""

    answer: int
    body: str


def add(
    connection: sqlite3.Connection,
    kind: str,
    event: int | None,
    name: str,
    body: str,
    now: int,
    *,
    place: Place | None = None,
    corrects: int | None = None,
) -> Answer:
    """Store an answer, in the transaction of the decision, message or command it comes from.

    Args:
        place: the message that it forwards, so that an edit finds it.
        corrects: the answer that an edit of its message replaces.
    """
    cursor = connection.execute(
        "INSERT INTO answers (kind, event, name, body, created_at, bot, chat_id, message_id, corrects) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (kind, event, name, body, now, *(place or (None, None, None)), corrects),
    )
    return Answer(int(cursor.lastrowid or 0), name, body, corrects)


def of_message(connection: sqlite3.Connection, place: Place) -> Filed | None:
    """Return the newest answer that forwards a person's message."""
    row = connection.execute(
        "SELECT id, body FROM answers WHERE bot = ? AND chat_id = ? AND message_id = ? "
        "ORDER BY id DESC LIMIT 1",
        place,
    ).fetchone()
    return None if row is None else Filed(*row)


def unwritten(connection: sqlite3.Connection, limit: int = 100) -> list[Answer]:
    """Return the answers whose files are still to be written, oldest first."""
    found = connection.execute(UNWRITTEN, (limit,))
    return [Answer(*row) for row in found]


def corrected(connection: sqlite3.Connection, answer: Answer) -> Answer | None:
    """Return the answer that another corrects, as it was written; None when there is none any more."""
    row = connection.execute(
        "SELECT id, name, body, corrects FROM answers WHERE id = ?", (answer.corrects,)
    ).fetchone()
    return None if row is None else Answer(*row)


def written(connection: sqlite3.Connection, answer: int, now: int, body: str | None = None) -> None:
    """Record that an answer's file is on the disk; `body` is its content when it differs."""
    connection.execute(
        "UPDATE answers SET written_at = ?, body = coalesce(?, body) WHERE id = ?", (now, body, answer)
    )
