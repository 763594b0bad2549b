"""Event rows as the spool makes them, for tests of the store."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from cctelegram.store import chats, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.store.intake import Recipient

EVENT_COLUMNS = (
    "intake_key",
    "event_id",
    "type",
    "title",
    "source",
    "task_id",
    "correlation_id",
    "lane",
    "severity",
    "occurred_at",
    "body",
    "warnings",
)
NOW = 1_800_000_000_000_000


def row(number: int, **changes: Any) -> tuple[Any, ...]:
    """Make an event row in EVENT_COLUMNS order, different for each number."""
    body = changes.pop("fields", {"type": "info_notification", "title": f"Event {number}"})
    values: dict[str, Any] = {
        "intake_key": number.to_bytes(16, "big"),
        "event_id": f"event-{number}",
        "type": body.get("type", "info_notification"),
        "title": body.get("title", f"Event {number}"),
        "source": "test",
        "task_id": f"event-{number}",
        "correlation_id": None,
        "lane": 2,
        "severity": "low",
        "occurred_at": NOW + number,
        "body": json.dumps(body).encode(),
        "warnings": None,
    }
    values.update(changes)
    return tuple(values[name] for name in EVENT_COLUMNS)


def to(*recipients: Recipient) -> Callable[[tuple[Any, ...]], tuple[Recipient, ...]]:
    """Let every event go to the same recipients."""
    return lambda _: recipients


def memory(*, bot: bool = True) -> sqlite3.Connection:
    """Make an empty store in memory, with one bot or none; the caller closes it."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    for script in schema.MIGRATIONS:
        opened.executescript(script)
    if bot:
        chats.bot(opened, "http://127.0.0.1:1", 5)
    return opened
