"""Close a decision: ledger row, answer and audit entry, in one transaction."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import orjson

from cctelegram.decisions import audit, ledger, outcomes
from cctelegram.events.event import from_row
from cctelegram.runtime.signals import Closed, DecisionClosed
from cctelegram.spool import responses
from cctelegram.store import answers, intake

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.decisions.ledger import Decision
    from cctelegram.events.event import Event


def answer(
    connection: sqlite3.Connection,
    decision: Decision,
    responder: ledger.Responder,
    now: int,
    *,
    option: int | None = None,
    text: str | None = None,
) -> Decision | None:
    """Close a decision with a person's answer; None when it was closed before.

    An answer that arrives after the expiry time, but before the expiry component acts, closes the decision
    as expired; the state of the returned decision says so.
    """
    if decision.state == "open" and decision.expires_at is not None and decision.expires_at <= now:
        closed = ledger.expire(connection, decision, now)
    else:
        closed = ledger.answer(connection, decision.id, responder, now, option=option, text=text)
    if closed is not None:
        store_answer(connection, closed, now)
    return closed


def store_answer(connection: sqlite3.Connection, decision: Decision, now: int) -> None:
    """Store the answer and the audit entry of a decision that was just closed; files are written later."""
    row = intake.event_row(connection, decision.event)
    event = from_row(row)
    _add_entry(connection, decision, event, str(row[intake.BODY]), now)
    content = outcomes.answer(
        decision,
        event.event_id,
        event.task_id,
        answer_id=new_id(),
        delivered=ledger.delivered_at(connection, decision.id) is not None,
    )
    if event.correlation_id is not None:
        content["correlation_id"] = event.correlation_id
    if event.traceparent is not None:
        content["traceparent"] = event.traceparent
    name = responses.name(event.event_id, now, secrets.randbits(32))
    answers.add(connection, "decision", decision.event, name, orjson.dumps(content).decode(), now)


def _add_entry(connection: sqlite3.Connection, decision: Decision, event: Event, body: str, now: int) -> None:
    number, previous = audit.head(connection) or (0, audit.NO_PREVIOUS)
    line, digest = audit.line_of(number + 1, previous, audit.content(decision, event, body))
    audit.add(connection, number + 1, digest, line, now)


def signal(*decisions: Decision) -> DecisionClosed:
    """Return the signal that these decisions were closed."""
    return DecisionClosed(
        [Closed(each.state, ((each.closed_at or 0) - each.opened_at) / 1_000_000) for each in decisions]
    )


def new_id() -> str:
    """Return a new answer id: 32 hexadecimal digits."""
    return secrets.token_hex(16)
