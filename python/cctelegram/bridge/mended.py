"""What became of a damaged store, said aloud: to the owner once, in the status while the file is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cctelegram import render
from cctelegram.bridge import clock, close
from cctelegram.bridge.payload import Payload, pack
from cctelegram.decisions import ledger
from cctelegram.decisions.question import question
from cctelegram.events.event import from_row
from cctelegram.outbox import deliveries, facts, intake, recovery

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.outbox.recovery import Losses
    from cctelegram.outbox.store import Store

TOLD: Final = "recovery_told"
ALERTS: Final = 1
# Tables whose rows mean something to a person, in the words for them.
WORDS: Final = {
    "events": "events",
    "deliveries": "deliveries",
    "decisions": "questions",
    "answers": "answers",
    "updates": "messages from Telegram",
    "cards": "cards on the phone",
}


class Mended:
    """Tells of the last recovery of a store.

    Args:
        holds: gives the reason for which even notices are held, or None.
    """

    def __init__(self, store: Store, *, holds: Callable[[], str | None], log: Any) -> None:
        self._store = store
        self._holds = holds
        self._log = log
        self._losses: Losses | None = None

    @property
    def problem(self) -> str | None:
        """What was lost, in a sentence, while the damaged file is kept; None when there is none."""
        losses = self._losses
        if losses is None or not self._store.path.with_name(losses.kept).exists():
            return None
        return f"{sentence(losses)} Remove state/{losses.kept} when you do not need it any more."

    async def tell(self, owner: int) -> bool:
        """Queue for the owner what is not told yet, in one transaction; returns whether there was any."""
        return await self._store.run(lambda c: self._tell(c, owner))

    def _tell(self, connection: sqlite3.Connection, owner: int) -> bool:
        self._losses = losses = recovery.losses(connection)
        if losses is None or facts.get(connection, TOLD) == losses.kept.encode():
            return False
        asked = ask_anew(connection, clock.wall())
        lines = [sentence(losses), f"The damaged file is kept as state/{losses.kept}."]
        if losses.events:
            lines.append(f"Lost events: {', '.join(losses.events)}")
        lines.append("What may have arrived before is sent again with a mark.")
        payload = pack(Payload(text=render.notice("The store was damaged", lines)))
        deliveries.enqueue(connection, owner, [payload], clock.wall(), lane=ALERTS, held=self._holds())
        facts.put(connection, TOLD, losses.kept.encode())
        self._log.error(
            "store recovered",
            kept=losses.kept,
            recovered=losses.recovered,
            restored=losses.restored,
            snapshot=losses.snapshot,
            lost=losses.lost,
            exact=losses.exact,
            events=losses.events,
            asked_anew=asked,
        )
        return True


def sentence(losses: Losses) -> str:
    """Say what was recovered and what was lost."""
    found = f"The store was damaged and was recovered with {losses.recovered.get('events', 0)} events."
    if losses.restored.get("events"):
        found += f" {losses.restored['events']} of them come from the snapshot {losses.snapshot}."
    words = [f"{losses.lost[name]} {word}" for name, word in WORDS.items() if losses.lost.get(name)]
    if not words:
        return f"{found} {'Nothing was lost.' if losses.exact else 'Some of it could not be read.'}"
    return f"{found} Lost{'' if losses.exact else ', at least'}: {', '.join(words)}."


def ask_anew(connection: sqlite3.Connection, now: int) -> int:
    """Open the questions of events that were recovered without theirs; returns how many."""
    found = connection.execute(
        "SELECT id FROM events WHERE type = 'approval_request' AND id NOT IN (SELECT event FROM decisions)"
    ).fetchall()
    for (event,) in found:
        event_row = from_row(intake.event_row(connection, event))
        decision = ledger.open_decision(connection, event, question(event_row), event_row.occurred_at, now)
        if decision.state != "open":
            close.answer_file(connection, decision, now)
    return len(found)
