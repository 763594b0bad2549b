"""Format values as text, unchanged from what the producer wrote."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from cctelegram import _native
from cctelegram.times.duration import exact

if TYPE_CHECKING:
    from collections.abc import Iterator

# Deeper values are shown as JSON: indentation would leave no room on a phone.
MAX_DEPTH = 6
# Milliseconds (ten years); a longer duration is shown only in milliseconds.
MAX_DURATION = 10 * 366 * 86_400_000


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a finite number; true and false are not numbers."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def format_value(value: Any) -> str:
    """Format a JSON value: a string unquoted, an object or list as lines, all else as JSON."""
    if isinstance(value, str):
        # Also applied here, before lines are joined: a trailing carriage return before a line break would
        # be lost.
        return _native.visible(value) or '""'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list) and value:
        return "\n".join(_outline(value, 0))
    return _json(value)


def is_simple(value: Any) -> bool:
    """Return whether a value fits on one line after its name."""
    return not isinstance(value, dict | list) or not value


def duration(milliseconds: float) -> str:
    """Format a duration for people, with the exact number: "1 min 5 s (65000 ms)"."""
    given = f"{_json(milliseconds)} ms"
    if not 1000 <= milliseconds < MAX_DURATION:
        return given
    return f"{exact(int(milliseconds // 1000))} ({given})"


def repetition(times: int) -> str:
    """Return the number of equal events as a prefix of a title: "3x ", or "" for one."""
    return f"{times}x " if times > 1 else ""


def _outline(value: Any, depth: int) -> Iterator[str]:
    """Yield the lines of an object or list: `name: value`, `- item`, nested ones indented by two."""
    indent = "  " * depth
    named = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for name, item in named:
        head = "- " if name is None else f"{_native.one_line(name)}: "
        if is_simple(item):
            yield f"{indent}{head}{format_value(item)}"
        elif depth + 1 >= MAX_DEPTH:
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
