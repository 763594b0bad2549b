"""Parse durations and sizes as people write them: `14d`, `90m`, `100MB`.

A setting stores its text, so that it is shown as written; code that needs the number parses it here.
"""

from __future__ import annotations

import re
from typing import Final

SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
BYTES: Final = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3}
# Ten years: a longer time is a mistake.
LONGEST: Final = 3650 * 86_400


def seconds(text: str) -> int:
    """Return the seconds of a time such as `30s`, `90m`, `24h`, `14d`. Raises ValueError for another text."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd])", text.replace(" ", ""))
    if found is None or int(found[1]) * SECONDS[found[2]] > LONGEST:
        raise ValueError(f"{text!r} is no length of time")
    return int(found[1]) * SECONDS[found[2]]


def size(text: str) -> int:
    """Return the bytes of a size such as `500KB`, `100MB`, `2GB`. Raises ValueError for another text."""
    found = re.fullmatch(r"([0-9]{1,12})(B|KB|MB|GB)", text.replace(" ", ""))
    if found is None:
        raise ValueError(f"{text!r} is no size")
    return int(found[1]) * BYTES[found[2]]
