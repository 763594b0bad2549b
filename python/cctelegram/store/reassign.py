"""After a change of recipients: deliveries for a chat that is no longer a recipient go to the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

REASSIGNED: Final = "the chat is no longer a recipient; the owner's message reports the event"
NOT_ALLOWED: Final = "the person is no longer allowed"


def reassign(
    connection: sqlite3.Connection, chats: Collection[int], allowed: Collection[int], owner: int
) -> int:
    """Reassign to the owner the deliveries that wait for chats not in `chats`; return how many.

    A delivery of an event that the owner gets anyway is `digested` into the owner's; the rest become the
    owner's and are rendered again, since buttons are signed for their chat. A digest for such a chat is split
    first. A notice to a person who is not allowed now is kept as dead; notices to others are sent.

    Args:
        chats: the recipients of events now, the owner among them.
        allowed: the allowed users.
    """
    here, people = _numbers({*chats, owner}), _numbers({*allowed, owner})
    gone = f"deliveries.state IN ('queued', 'held') AND deliveries.chat_id NOT IN ({here})"
    digests = (
        f"SELECT id FROM deliveries WHERE {gone} AND event IS NULL "  # noqa: S608 - numbers, as all below
        "AND id IN (SELECT merged_into FROM deliveries WHERE state = 'digested')"
    )
    split = [digest for (digest,) in connection.execute(digests).fetchall()]
    connection.executemany(
        "UPDATE deliveries SET state = 'queued', merged_into = NULL "
        "WHERE state = 'digested' AND merged_into = ?",
        ((digest,) for digest in split),
    )
    connection.executemany("DELETE FROM deliveries WHERE id = ?", ((digest,) for digest in split))
    connection.execute(
        f"UPDATE deliveries SET state = 'dead', reason = ? WHERE {gone} AND event IS NULL "  # noqa: S608
        f"AND chat_id > 0 AND chat_id NOT IN ({people})",
        (NOT_ALLOWED,),
    )
    gone += " AND deliveries.event IS NOT NULL"
    connection.execute(
        f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {gone}) "  # noqa: S608
        "AND message_id IS NULL"
    )
    copy = (
        "SELECT min(own.id) FROM deliveries AS own WHERE own.event = deliveries.event AND own.chat_id = ? "
        "AND own.state != 'dead'"
    )
    merged = connection.execute(
        f"UPDATE deliveries SET state = 'digested', reason = ?, merged_into = ({copy}) "  # noqa: S608
        f"WHERE {gone} AND EXISTS ({copy} HAVING count(*) > 0)",
        (REASSIGNED, owner, owner),
    ).rowcount
    connection.execute(
        f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {gone})"  # noqa: S608
    )
    moved = connection.execute(
        f"UPDATE deliveries SET chat_id = ?, thread_id = NULL, not_before = 0 WHERE {gone}",  # noqa: S608
        (owner,),
    ).rowcount
    return merged + moved


def ask_the_owner(connection: sqlite3.Connection, owner: int, now: int, held: str | None) -> int:
    """Queue for the owner the open questions that were never sent to them; return how many.

    Their cards may be on phones of people who are no longer allowed, so that no one could answer.

    Args:
        now: microseconds since the epoch.
        held: the reason for which they are held, or None.
    """
    return connection.execute(
        "INSERT INTO deliveries (event, chat_id, lane, state, silent, reason, queued_at) "
        "SELECT decisions.event, ?, events.lane, ?, 0, ?, ? FROM decisions "
        "JOIN events ON events.id = decisions.event WHERE decisions.state = 'open' AND NOT EXISTS "
        "(SELECT 1 FROM deliveries WHERE deliveries.event = decisions.event "
        "AND (deliveries.chat_id = ? OR deliveries.chat_id IS NULL))",
        (owner, "queued" if held is None else "held", held, now, owner),
    ).rowcount


def _numbers(ids: Collection[int]) -> str:
    return ", ".join(str(int(one)) for one in ids)
