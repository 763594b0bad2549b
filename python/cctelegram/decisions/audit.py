"""The audit log's entries: who decided what, when, on exactly which input, each bound to the one before.

An entry is a line of JSON that ends with its MAC: HMAC-SHA256 under the store's audit key over the line
without it. The line holds the MAC of the one before (`previous`), so that none can be changed, taken out or
put in between without the key. Whoever can read the store has the key: the log proves nothing against them.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram.decisions import outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cctelegram.decisions.ledger import Decision
    from cctelegram.events.event import Event

KEY_BYTES: Final = 32
# What stands in `previous` of the first entry.
NONE: Final = "0" * 64
# A longer input stands in the log by its hash alone.
MOST_INPUT: Final = 16_384


class Line(NamedTuple):
    """A line of the log, and where it stands: `place` is a file and a line number, or the store."""

    place: str
    text: bytes


class Entry(NamedTuple):
    """An entry that is genuine; `mac` is the one the next entry names."""

    number: int
    mac: str
    content: dict[str, Any]


def content(decision: Decision, event: Event, body: str) -> dict[str, Any]:
    """Give what is kept of a closed decision; `body` is the event as its producer wrote it."""
    label = None if decision.option is None else decision.options[decision.option]
    kept = {
        "at": outcomes.rfc3339(decision.closed_at or decision.opened_at),
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
        "input": body if len(body) <= MOST_INPUT else None,
    }
    return {key: value for key, value in kept.items() if value is not None}


def seal(key: bytes, number: int, previous: str, content: dict[str, Any]) -> tuple[str, str]:
    """Make the line of entry `number`; give it and its MAC."""
    open_line = msgspec.json.encode({"number": number, "previous": previous, **content})
    mac = _mac(key, open_line)
    return f'{open_line[:-1].decode()},"mac":"{mac}"}}', mac


def read(key: bytes, line: bytes) -> Entry | None:
    """Give the entry that a line holds; None when it is not one that was made with this key."""
    body, mark, rest = line.rpartition(b',"mac":"')
    mac = rest.removesuffix(b'"}').decode("ascii", "replace")
    if not mark or not hmac.compare_digest(mac.encode(), _mac(key, body + b"}").encode()):
        return None
    kept = msgspec.json.decode(line)
    return Entry(int(kept["number"]), mac, kept)


def check(key: bytes, lines: Iterable[Line]) -> tuple[list[Entry], list[str]]:
    """Follow the chain; give the genuine entries, and each break of it in a sentence.

    The first entry may be any: older files are removed by age.
    """
    entries: list[Entry] = []
    faults: list[str] = []
    broken = False
    for line in lines:
        entry = read(key, line.text)
        if entry is None:
            faults.append(f"{line.place}: this line was changed, or not made by this bridge")
            broken = True
            continue
        before = entries[-1] if entries else None
        if before is not None and entry.content["previous"] != before.mac and not broken:
            faults.append(f"{line.place}: entry {entry.number} does not follow entry {before.number}")
        broken = False
        entries.append(entry)
    return entries, faults


def _mac(key: bytes, text: bytes) -> str:
    return hmac.digest(key, text, "sha256").hex()
