"""Print JSON for programs to read: one line, valid whatever is in it. Start-cheap."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def json_line(value: Any, dumps: Callable[[Any], bytes] | None = None) -> None:
    """Print a value; bytes of a path that are no text are written as Python names them (U+DC80 to U+DCFF).

    Args:
        value: what JSON can say; anything else is printed as `str` has it.
        dumps: makes the JSON; orjson, which costs more than a command that must start fast may, by default.
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
