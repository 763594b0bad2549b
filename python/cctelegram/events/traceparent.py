"""The W3C trace context of an event: the trace that it belongs to, and the span that caused it. Start-cheap.

Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

KEY = "traceparent"
# Environment variable in which a producer's caller hands it on.
VARIABLE = "TRACEPARENT"
DIGITS = frozenset("0123456789abcdef")
LENGTHS = (2, 32, 16, 2)  # hexadecimal digits of version, trace id, parent id, flags
SAMPLED = 1


def parse(text: object) -> tuple[str, str, int] | None:
    """Return trace id, parent id (hexadecimal digits) and flags; None for what the specification rejects."""
    if not isinstance(text, str):
        return None
    fields = text.split("-")
    if len(fields) < 4 or tuple(map(len, fields[:4])) != LENGTHS:
        return None
    version, trace_id, parent_id, flags = fields[:4]
    if version == "ff" or (version == "00" and len(fields) > 4) or not DIGITS.issuperset("".join(fields[:4])):
        return None
    if not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return trace_id, parent_id, int(flags, 16)


def valid(text: object) -> str | None:
    """Return a valid `traceparent` as it is, None for anything else: it then counts as missing."""
    return text if isinstance(text, str) and parse(text) is not None else None


def first(*texts: object) -> str | None:
    """Return the first valid `traceparent`, or None."""
    return next((found for text in texts if (found := valid(text)) is not None), None)


def trace_id(text: object) -> str | None:
    """Return the trace id of a `traceparent`, 32 hexadecimal digits; None for what is not valid."""
    found = parse(text)
    return None if found is None else found[0]


def of(event: Mapping[str, Any]) -> str | None:
    """Return the `traceparent` of an event as its producer wrote it, at the top level or in `data`."""
    data = event.get("data")
    return first(event.get(KEY), data.get(KEY) if isinstance(data, dict) else None)
