"""Values as words: what was written, as it was written."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cctelegram import _native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Not strftime: its names follow the locale of the process.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Deeper values are shown as JSON: indentation would leave no room on a phone.
DEEPEST = 6
# Milliseconds; more than this (ten years) is shown as given only.
LONGEST = 10 * 366 * 86_400_000


def is_number(value: Any) -> bool:
    """Tell whether a JSON value is a number that can be reckoned with; true and false are none."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def words(value: Any) -> str:
    """Say a JSON value: text as it is, an object or list as lines, all else as JSON has it."""
    if isinstance(value, str):
        # Here, not only when it is written: joined with a line break, a carriage return at its end would go.
        return _native.visible(value) or '""'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list) and value:
        return "\n".join(_outline(value, 0))
    return _json(value)


def is_simple(value: Any) -> bool:
    """Tell whether a value fits behind its name on one line."""
    return not isinstance(value, dict | list) or not value


def duration(milliseconds: float) -> str:
    """Say a duration as a person would, with the figure as given: "1 min 5 s (65000 ms)"."""
    given = f"{_json(milliseconds)} ms"
    if not 1000 <= milliseconds < LONGEST:
        return given
    seconds = int(milliseconds // 1000)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    shown = [f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if count]
    return f"{' '.join(shown[:2])} ({given})"


def moment(microseconds: int, zone: tzinfo) -> str:
    """Say a time (microseconds since the epoch) in a zone: "23 Nov 14:02 CET"."""
    try:
        at = (EPOCH + timedelta(microseconds=microseconds)).astimezone(zone)
    except (OverflowError, ValueError):
        return f"{microseconds} µs since 1970"
    return f"{at.day} {MONTHS[at.month - 1]} {at:%H:%M} {at.tzname() or ''}".rstrip()


def repetition(times: int) -> str:
    """Say how many equal events a title stands for: "3x ", or nothing for one."""
    return f"{times}x " if times > 1 else ""


def _outline(value: Any, depth: int) -> Iterator[str]:
    """Give an object or list as lines: `name: value`, `- item`, what is within indented by two."""
    indent = "  " * depth
    named = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for name, item in named:
        head = "- " if name is None else f"{_native.one_line(name)}: "
        if is_simple(item):
            yield f"{indent}{head}{words(item)}"
        elif depth + 1 >= DEEPEST:
            yield f"{indent}{head}{_json(item)}"
        elif name is None:
            first, *rest = _outline(item, depth + 1)
            yield f"{indent}- {first.lstrip(' ')}"
            yield from rest
        else:
            yield f"{indent}{head.rstrip()}"
            yield from _outline(item, depth + 1)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
