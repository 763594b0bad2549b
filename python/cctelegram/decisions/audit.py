"""Entries of the audit log: who decided what, when, on exactly which input; each is chained to the previous.

An entry is a line of JSON with the SHA-256 of the previous line (`previous`); the store keeps the hash of the
newest. This detects a line that was damaged, changed, removed or moved. It does not protect against a writer
of both the log and the store, unless the hash of the newest entry is kept elsewhere.

Entries of earlier versions end with a `mac`, which the next entry names in place of a hash: for these, only
the order is checked, not the content.

An entry is stored in the transaction that closes its decision, so neither exists without the other; the store
keeps it until it is in a file (audit_files.py).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram.decisions import outcomes
from cctelegram.store import facts
from cctelegram.times.instant import rfc3339

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from cctelegram.decisions.ledger import Decision
    from cctelegram.events.event import Event

# `previous` of the first entry.
NO_PREVIOUS: Final = "0" * 64
HEAD: Final = "audit_head"
SINCE: Final = "audit_since"
# A longer input is logged as its hash only.
MAX_INPUT: Final = 16_384


class Line(NamedTuple):
    """A line of the log, and its location: a file and a line number, or the store."""

    location: str
    text: bytes


class Entry(NamedTuple):
    """An entry; `digest` is the `previous` of the next one."""

    number: int
    digest: str
    content: dict[str, Any]


class Waiting(NamedTuple):
    """An entry that is not in a file yet."""

    number: int
    line: str


class Closed(NamedTuple):
    """A closed decision from the ledger, and its event as the producer wrote it."""

    decision: int
    event_id: str
    state: str
    option: int | None
    text: str | None
    user_id: int | None
    body: str


def content(decision: Decision, event: Event, body: str) -> dict[str, Any]:
    """Return the logged fields of a closed decision; `body` is the event as its producer wrote it."""
    label = None if decision.option is None else decision.options[decision.option]
    fields = {
        "at": rfc3339(decision.closed_at or decision.opened_at),
        "decision": decision.id,
        "event_id": event.event_id,
        "task_id": event.task_id,
        "source": event.source,
        "state": decision.state,
        "action": outcomes.action(decision),
        "option": label,
        "text": decision.text,
        "user_id": decision.user_id,
        "username": decision.username,
        "first_name": decision.first_name,
        "chat_id": decision.chat_id,
        "message_id": decision.message_id,
        "prompt": decision.prompt,
        "options": list(decision.options),
        "input_sha256": hashlib.sha256(body.encode()).hexdigest(),
        "input": body if len(body) <= MAX_INPUT else None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def line_of(number: int, previous: str, content: dict[str, Any]) -> tuple[str, str]:
    """Return the line of entry `number` and its digest."""
    line = msgspec.json.encode({"number": number, "previous": previous, **content})
    return line.decode(), _digest(line)


def read(line: bytes) -> Entry | None:
    """Return the entry of a line, or None when the line is not an entry."""
    try:
        parsed = msgspec.json.decode(line)
        return Entry(int(parsed["number"]), _digest(line), {"previous": parsed["previous"], **parsed})
    except (ValueError, KeyError, TypeError):
        return None


def check(lines: Iterable[Line]) -> tuple[list[Entry], list[str]]:
    """Follow the chain; return the entries, and each break as a sentence.

    The first entry may have any number: old files are removed by age.
    """
    entries: list[Entry] = []
    faults: list[str] = []
    broken = False
    for line in lines:
        entry = read(line.text)
        if entry is None:
            faults.append(f"{line.location}: this line is not an entry of the log")
            broken = True
            continue
        before = entries[-1] if entries else None
        if before is not None and not broken and not follows(entry, before):
            faults.append(
                f"{line.location}: entry {entry.number} does not name the hash of entry {before.number}: "
                f"entry {before.number} was changed, or entries between them are missing"
            )
        broken = False
        entries.append(entry)
    return entries, faults


def follows(entry: Entry, before: Entry) -> bool:
    """Return whether an entry follows `before` in the chain."""
    names = (before.digest, before.content.get("mac"))
    return entry.number == before.number + 1 and entry.content["previous"] in names


def is_head(entry: Entry, number: int, digest: str) -> bool:
    """Return whether an entry is the newest one recorded in the store."""
    return entry.number == number and digest in (entry.digest, entry.content.get("mac"))


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def head(connection: sqlite3.Connection) -> tuple[int, str] | None:
    """Return the number and digest of the newest entry; None before the first."""
    stored = facts.get(connection, HEAD)
    if stored is None:
        return None
    number, _, digest = stored.decode().partition(" ")
    return int(number), digest


def add(connection: sqlite3.Connection, number: int, digest: str, line: str, now: int) -> None:
    """Store an entry, in the transaction of what it records; `now` in us."""
    connection.execute("INSERT INTO audit (number, line) VALUES (?, ?)", (number, line))
    facts.put(connection, HEAD, f"{number} {digest}".encode())
    facts.get_or_make(connection, SINCE, lambda: str(now).encode())


def waiting(connection: sqlite3.Connection, limit: int = 100) -> list[Waiting]:
    """Return the entries that are not in a file yet, in order."""
    found = connection.execute("SELECT number, line FROM audit ORDER BY number LIMIT ?", (limit,))
    return [Waiting(*row) for row in found]


def written(connection: sqlite3.Connection, number: int) -> None:
    """Record that the entries up to `number` are in a file."""
    connection.execute("DELETE FROM audit WHERE number <= ?", (number,))


def closed_since(connection: sqlite3.Connection, moment: int) -> list[Closed]:
    """Return the decisions that were closed at `moment` (us) or later, and after the log began."""
    began = facts.get(connection, SINCE)
    if began is None:
        return []
    found = connection.execute(
        "SELECT decisions.id, events.event_id, decisions.state, decisions.option, decisions.text, "
        "decisions.user_id, events.body "
        "FROM decisions JOIN events ON events.id = decisions.event "
        "WHERE decisions.state != 'open' AND decisions.closed_at >= ? ORDER BY decisions.id",
        (max(moment, int(began)),),
    )
    return [Closed(*row) for row in found]
