"""Parse sizes as people write them: `500KB`, `100MB`. A setting stores its text, to be shown as written."""

from __future__ import annotations

import re
from typing import Final

BYTES: Final = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3}


def size(text: str) -> int:
    """Return the bytes of a size such as `500KB`, `100MB`, `2GB`. Raises ValueError for another text."""
    found = re.fullmatch(r"([0-9]{1,12})(B|KB|MB|GB)", text.replace(" ", ""))
    if found is None:
        raise ValueError(f"{text!r} is no size")
    return int(found[1]) * BYTES[found[2]]
