"""Report a recovered store: to the owner once, in the status while the damaged file is kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from cctelegram import render
from cctelegram.decisions import close, ledger
from cctelegram.decisions.question import question
from cctelegram.delivery.payload import Payload, pack
from cctelegram.events.event import from_row
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.problem import Problem
from cctelegram.runtime.signals import DeliveriesQueued, SettingsChanged, StoreReplaced
from cctelegram.store import deliveries, facts, intake, recovery

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.delivery.modes import Modes
    from cctelegram.runtime.context import Context
    from cctelegram.store.recovery import Losses

NOTIFIED: Final = "recovery_told"  # the name of the fact in existing stores
# Tables whose rows mean something to a person, and the words for them.
WORDS: Final = {
    "events": "events",
    "deliveries": "deliveries",
    "decisions": "questions",
    "answers": "answers",
    "updates": "messages from Telegram",
    "cards": "cards on the phone",
}


class RecoveryNotice(Component):
    """Notifies the owner of the last recovery of a store."""

    name = "reporting a recovered store"
    wakes_on = (SettingsChanged, StoreReplaced)

    def __init__(self, context: Context, modes: Modes) -> None:
        super().__init__(context)
        self._modes = modes
        self._losses: Losses | None = None

    def problems(self) -> list[Problem]:
        """Return the losses, while the damaged file is kept."""
        losses = self._losses
        if losses is None or not self._store.path.with_name(losses.kept).exists():
            return []
        return [Problem(f"{sentence(losses)} Remove state/{losses.kept} when it is no longer needed.")]

    async def _work(self) -> None:
        """Queue a notice for the owner if the last recovery is not reported yet, in one transaction."""
        while True:
            owner = self._context.settings.telegram.owner
            if owner is not None and await self._store.run(partial(self._notify, owner=owner)):
                self._signals.send(DeliveriesQueued((owner,)))
            await self._wake.wait()

    def _notify(self, connection: sqlite3.Connection, owner: int) -> bool:
        self._losses = losses = recovery.losses(connection)
        if losses is None or facts.get(connection, NOTIFIED) == losses.kept.encode():
            return False
        reopened = reopen_decisions(connection, clock.wall())
        lines = [sentence(losses), f"The damaged file is kept as state/{losses.kept}."]
        if losses.events:
            lines.append(f"Lost events: {', '.join(losses.events)}")
        lines.append("Messages that may have arrived already are sent again, marked as repeats.")
        payload = pack(Payload(text=render.notice("The store was damaged", lines)))
        deliveries.enqueue(connection, owner, [payload], clock.wall(), held=self._modes.holds())
        facts.put(connection, NOTIFIED, losses.kept.encode())
        self._log.error(
            "store.recovered",
            kept=losses.kept,
            recovered=losses.recovered,
            restored=losses.restored,
            snapshot=losses.snapshot,
            lost=losses.lost,
            exact=losses.exact,
            events=losses.events,
            asked_anew=reopened,
        )
        return True


def sentence(losses: Losses) -> str:
    """Return the sentence that names what was recovered and what was lost."""
    found = f"The store was damaged and was recovered with {losses.recovered.get('events', 0)} events."
    if losses.restored.get("events"):
        found += f" {losses.restored['events']} of them come from the snapshot {losses.snapshot}."
    words = [f"{losses.lost[name]} {word}" for name, word in WORDS.items() if losses.lost.get(name)]
    if not words:
        return f"{found} {'Nothing was lost.' if losses.exact else 'Some rows could not be read.'}"
    return f"{found} Lost{'' if losses.exact else ', at least'}: {', '.join(words)}."


def reopen_decisions(connection: sqlite3.Connection, now: int) -> int:
    """Open decisions for recovered events whose decisions were lost; return how many."""
    found = connection.execute(
        "SELECT id FROM events WHERE type = 'approval_request' AND id NOT IN (SELECT event FROM decisions)"
    ).fetchall()
    for (event,) in found:
        event_row = from_row(intake.event_row(connection, event))
        decision = ledger.open_decision(connection, event, question(event_row), event_row.occurred_at, now)
        if decision.state != "open":
            close.store_answer(connection, decision, now)
    return len(found)
