"""The answer to /pending: open questions, and counts of queued, held and dead deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.chat import recent
from cctelegram.times.duration import rough
from cctelegram.times.instant import SECOND, moment

if TYPE_CHECKING:
    import sqlite3
    from datetime import tzinfo

# The number of open questions that are listed; the rest are counted.
LISTED: Final = 15
TITLE: Final = 120
STATES: Final = {
    "queued": "waiting to be sent",
    "sending": "being sent",
    "held": "held",
    "ambiguous": "with unknown delivery status",
    "dead": "dead",
}


def lines(connection: sqlite3.Connection, chat_id: int, now: int, zone: tzinfo) -> list[str]:
    """Return the answer to /pending for a chat; `now` in us since the epoch. The first line is the title."""
    questions = recent.questions(connection, chat_id)
    waiting = recent.waiting(connection, chat_id)
    if not questions and not waiting:
        return ["Nothing is pending", "No open questions, and no queued, held or dead messages."]
    shown = []
    if questions:
        count = "1 open question" if len(questions) == 1 else f"{len(questions)} open questions"
        shown.append(f"{count}, the oldest {rough((now - questions[0].opened_at) / SECOND)} old:")
        for one in questions[:LISTED]:
            until = "" if one.expires_at is None else f" (until {moment(one.expires_at, zone)})"
            shown.append(f"- {one.title[:TITLE]}{until}")
        if len(questions) > LISTED:
            shown.append(f"and {len(questions) - LISTED} more")
    for group in waiting:
        reason = "" if group.reason is None else f" ({group.reason})"
        age = rough((now - group.oldest) / SECOND)
        shown.append(f"{group.many} {STATES[group.state]}{reason}, the oldest {age} old")
    return ["Pending", *shown]
