"""Closing a decision: the ledger's row, the answer for the agent, in one transaction."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import orjson

from cctelegram.decisions import ledger, outcomes
from cctelegram.events.event import from_row
from cctelegram.outbox import answers, intake
from cctelegram.spool import responses

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.decisions.ledger import Decision


def answer_file(connection: sqlite3.Connection, decision: Decision, now: int) -> None:
    """Enter the answer of a decision that was just closed; its file is written from there."""
    event = from_row(intake.event_row(connection, decision.event))
    content = outcomes.answer(
        decision,
        event.event_id,
        event.task_id,
        answer_id=new_id(),
        delivered=ledger.delivered_at(connection, decision.id) is not None,
    )
    if event.correlation_id is not None:
        content["correlation_id"] = event.correlation_id
    name = responses.name(event.event_id, now, secrets.randbits(32))
    answers.add(connection, "decision", decision.event, name, orjson.dumps(content).decode(), now)


def new_id() -> str:
    """Make an answer's id: 32 hexadecimal digits."""
    return secrets.token_hex(16)
