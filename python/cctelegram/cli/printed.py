"""Print JSON for programs: one line, valid for any content. Start-cheap."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def json_line(value: Any, dumps: Callable[[Any], bytes] | None = None) -> None:
    """Print a value; bytes of a path that are not text become U+DC80 to U+DCFF, as in Python.

    Args:
        value: any value; `str` of what JSON does not have.
        dumps: makes the JSON; orjson by default, whose import a command that must start fast avoids.
    """
    try:
        text = (dumps or _orjson)(value).decode()
    except (TypeError, UnicodeEncodeError):
        import json  # noqa: PLC0415 - for such a path alone

        text = json.dumps(value, default=str)
    sys.stdout.write(f"{text}\n")


def _orjson(value: Any) -> bytes:
    import orjson  # noqa: PLC0415 - see above

    return orjson.dumps(value, default=str)
