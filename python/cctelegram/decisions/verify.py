"""Verify that the audit log is complete and agrees with the ledger. Read-only, also while a bridge runs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cctelegram.decisions import audit
from cctelegram.decisions.audit import Entry, Line
from cctelegram.decisions.audit_files import DAY, files

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


class Found(NamedTuple):
    """The entries in order, and the faults, each as a sentence."""

    entries: list[Entry]
    faults: list[str]


def verify(connection: sqlite3.Connection, directory: Path, *, keep_days: int, now: int) -> Found:
    """Check the chain through the files and the store, its end, and its agreement with the ledger.

    Args:
        connection: to the store; all reads see one state of it.
        directory: of the files of the log.
        keep_days: older decisions may have been removed from the log.
        now: us since the epoch.
    """
    connection.execute("BEGIN")
    try:
        entries, faults = audit.check(_lines(connection, directory))
        head = audit.head(connection)
        if head is None:
            faults += [f"{file}: the store has no record of any entry" for file in files(directory)]
        # A running bridge may have written more since this read of the store began.
        elif not any(audit.is_head(entry, *head) for entry in entries):
            last = f"ends with entry {entries[-1].number}" if entries else "is empty"
            fault = f"the log {last}, but the newest entry is {head[0]}: the end was changed or removed"
            faults.append(f"{directory}: {fault}")
        faults += _differences(entries, audit.closed_since(connection, now - keep_days * DAY * 1_000_000))
        return Found(entries, faults)
    finally:
        connection.execute("ROLLBACK")


def _lines(connection: sqlite3.Connection, directory: Path) -> Iterator[Line]:
    """Yield each line with its location; one that is both in a file and in the store, once."""
    waiting = {entry.line.encode() for entry in audit.waiting(connection, limit=-1)}
    for file in files(directory):
        for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
            if line:
                waiting.discard(line)
                yield Line(f"{file.name}, line {number}", line)
    for entry in audit.waiting(connection, limit=-1):
        if entry.line.encode() in waiting:
            yield Line("the store", entry.line.encode())


def _differences(entries: list[Entry], closed: list[audit.Closed]) -> Iterator[str]:
    logged = {entry.content.get("decision"): entry.content for entry in entries}
    for decision in closed:
        content = logged.get(decision.decision)
        if content is None:
            yield f"{decision.event_id}: its decision is in the ledger, but not in the log"
            continue
        options = content.get("options", [])
        known = decision.option is not None and decision.option < len(options)
        option = options[decision.option] if known else None
        if hashlib.sha256(decision.body.encode()).hexdigest() != content.get("input_sha256"):
            yield f"{decision.event_id}: the event in the store differs from the one that was decided on"
        ledger = (decision.state, option, decision.text, decision.user_id)
        entry = tuple(content.get(name) for name in ("state", "option", "text", "user_id"))
        if ledger != entry:
            yield f"{decision.event_id}: the ledger has {ledger}, but entry {content['number']} has {entry}"
