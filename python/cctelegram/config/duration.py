"""Parse durations as people write them: 90s, 10m, 2h, 1 d."""

from __future__ import annotations

import re
from typing import Final

SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_WRITTEN: Final = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(s|m|min|h|d)?\s*", re.IGNORECASE)


def seconds(text: str) -> float:
    """Return the seconds of a text; a number without a unit is in seconds. Raises ValueError."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"a time such as 90s, 10m, 2h or 1d is wanted, not {text[:80]!r}")
    return float(found[1]) * SECONDS[(found[2] or "s").lower()]
