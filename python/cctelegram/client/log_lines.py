"""One line of the bridge's log: read, chosen, and made safe to print."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from cctelegram import _native
from cctelegram.times.instant import rfc3339

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
# The fields that hold ids of events and traces.
IDS: Final = ("event_id", "event_ids", "first", "last", "trace", "traces")
# A bot token: the bot's number and 35 characters. The log has none; this is the second lock.
TOKEN: Final = re.compile(r"\d{5,}:[A-Za-z0-9_-]{30,}")
MASK: Final = "********"
# Fields that have columns of their own.
COLUMNS: Final = ("timestamp", "level", "event", "exception")
# A value that needs no quotes.
WORD: Final = re.compile(r"[^\s\"=]+")


class Entry(NamedTuple):
    """A line of the log.

    Attributes:
        at: in us since the epoch; None when it says none.
        level: one of LEVELS; "" for a line that is not of the log's form.
        key: what happened, as docs/logging.md lists it.
        fields: all others, in their order.
        traceback: of an error, else "".
    """

    at: int | None
    level: str
    key: str
    fields: dict[str, Any]
    traceback: str = ""


class Choice(NamedTuple):
    """Which lines are wanted.

    Attributes:
        level: the lowest, one of LEVELS.
        named: the id of an event or a trace; None for all.
        since: in us since the epoch.
    """

    level: str = "debug"
    named: str | None = None
    since: int = 0

    def takes(self, line: bytes) -> Entry | None:
        """Return the entry of a wanted line, None for another or for one that is no JSON object."""
        if self.named is not None and orjson.dumps(self.named) not in line:
            return None  # without parsing: most lines are about others
        found = entry(line)
        if found is None or found.level not in LEVELS[LEVELS.index(self.level) :]:
            return None
        if (found.at or 0) < self.since or (self.named is not None and not _names(found, self.named)):
            return None
        return found


def entry(line: bytes) -> Entry | None:
    """Read a line; None for one that is not of the log, such as the half that a full disk left."""
    try:
        content = orjson.loads(line)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    content = _redacted(content)
    fields = {name: value for name, value in content.items() if name not in COLUMNS}
    key, level = str(content.get("event", "")), str(content.get("level", ""))
    return Entry(
        _microseconds(content.get("timestamp")), level, key, fields, str(content.get("exception", ""))
    )


def text_of(fields: dict[str, Any]) -> str:
    """Return fields as `name=value`, on one line, with control and direction characters escaped."""
    return " ".join(f"{_native.one_line(name)}={_shown(value)}" for name, value in fields.items())


def as_json(found: Entry) -> dict[str, Any]:
    """Return an entry as the log has it, redacted."""
    at = None if found.at is None else rfc3339(found.at)
    content = {"timestamp": at, "level": found.level, "event": found.key, **found.fields}
    return {**content, "exception": found.traceback} if found.traceback else content


def _names(found: Entry, named: str) -> bool:
    for name in IDS:
        value = found.fields.get(name)
        if value == named or (isinstance(value, list | dict) and named in value):
            return True
        if isinstance(value, dict) and named in value.values():
            return True
    return False


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return TOKEN.sub(MASK, value)
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    if isinstance(value, dict):
        return {_redacted(name): _redacted(item) for name, item in value.items()}
    return value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_shown, value))
    if isinstance(value, str):
        shown = _native.one_line(value)
        return shown if WORD.fullmatch(shown) else orjson.dumps(shown).decode()
    return str(_native.one_line(orjson.dumps(value, default=str).decode()))


def _microseconds(timestamp: Any) -> int | None:
    try:
        at = datetime.fromisoformat(timestamp)
    except (TypeError, ValueError):
        return None
    return round(at.timestamp() * 1_000_000) if at.tzinfo is not None else None
