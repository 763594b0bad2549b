"""The last lines of the log, for those who look at a running bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from cctelegram.runtime.log import LEVELS
from cctelegram.runtime.log_file import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Most bytes that are read from the end of a file.
MOST: Final = 1 << 20
# The fields of a line that hold the id of an event.
EVENT_FIELDS: Final = ("event_id", "first", "last")


def tail(directory: Path, level: str, event: str | None, limit: int) -> list[dict[str, Any]]:
    """Return at most `limit` of the last lines of the log, the newest last.

    Args:
        level: the least level.
        event: the id of an event, for its lines alone.

    Raises:
        ValueError: there is no such level.
    """
    if level not in LEVELS:
        raise ValueError(f"there is no level {level!r}; there are: {', '.join(LEVELS)}")
    found: list[dict[str, Any]] = []
    for content in _backwards(directory):
        if LEVELS.get(str(content.get("level")), 0) < LEVELS[level]:
            continue
        if event is not None and all(content.get(name) != event for name in EVENT_FIELDS):
            continue
        found.append(content)
        if len(found) == limit:
            break
    return found[::-1]


def _backwards(directory: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines from the newest on: of the current file, then of the one that was rotated last."""
    # The names of rotated files hold the time: the greatest is the newest.
    rotated = sorted(directory.glob("bridge-*.jsonl"))[-1:]
    for file in (directory / NAME, *rotated):
        for line in reversed(_lines(file)):
            try:
                content = orjson.loads(line)
            except ValueError:
                continue  # cut off by a full disk
            yield content


def _lines(file: Path) -> list[bytes]:
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            opened.seek(max(0, size - MOST))
            lines = opened.read().splitlines()
    except OSError:
        return []
    return lines[1:] if size > MOST else lines
