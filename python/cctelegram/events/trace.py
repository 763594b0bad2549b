"""The trace that an event belongs to, by its `traceparent` (W3C Trace Context). Start-cheap."""

from __future__ import annotations

# The lengths of the parts of a traceparent: version, trace id, parent id, flags.
PARTS = (2, 32, 16, 2)
HEX = frozenset("0123456789abcdef")


def trace_id(traceparent: object) -> str | None:
    """Return the trace id of a traceparent, 32 hexadecimal digits; None for anything else."""
    if not isinstance(traceparent, str):
        return None
    parts = traceparent.split("-")
    if tuple(map(len, parts[:4])) != PARTS or not all(HEX.issuperset(part) for part in parts[:4]):
        return None
    # Only a later version may have more parts.
    if parts[0] == "ff" or (parts[0] == "00" and len(parts) > len(PARTS)):
        return None
    return parts[1] if parts[1].strip("0") and parts[2].strip("0") else None
