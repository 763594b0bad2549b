"""Read a TOML file, and find the line of a key."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import Any

from cctelegram.config.encoding import Undecodable, decode
from cctelegram.config.errors import SettingsError

_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
_BARE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_HEADER = re.compile(r"\s*\[\[?(.+?)\]\]?\s*(?:#.*)?")


def read(path: str) -> tuple[dict[str, Any], str]:
    """Return the parsed file and its text; both empty if there is no file. Raises SettingsError."""
    try:
        with open(path, "rb") as opened:  # noqa: PTH123  pathlib costs more than `send` may take
            data = opened.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=path) from None
    try:
        text = decode(data).replace("\r\n", "\n")
    except Undecodable as error:
        raise SettingsError(error.problem, file=path, line=data.count(b"\n", 0, error.offset) + 1) from None
    try:
        return tomllib.loads(text), text
    except RecursionError:
        raise SettingsError("is nested too deeply", file=path) from None
    except ValueError as error:  # also raised by int() for thousands of digits
        found = _PLACE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        problem = _PLACE.sub("", str(error)).strip()
        raise SettingsError(f"is not TOML: {problem}", file=path, line=line) from None


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the line, from 1, that sets `path` in a valid text; else that of its table; else None.

    For a key inside an inline table, return the line where that table begins.
    """
    best, depth = None, 0
    for number, full in _places(text):
        if full[: len(path)] == path:
            return number
        if depth < len(full) and path[: len(full)] == full:
            best, depth = number, len(full)
    return best


@lru_cache(maxsize=1)
def _places(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """Return the line and the full path of each header and each `key =`: tomllib records no positions.

    Cached only for the last text: all its keys are requested one after the other.
    """
    found = []
    table: tuple[str, ...] = ()
    inside = ""  # the quotes of an open multi-line string
    for number, line in enumerate(text.split("\n"), start=1):
        if inside:
            inside = "" if line.count(inside) % 2 else inside
            continue
        if header := _HEADER.fullmatch(line):
            table = full = _split(header[1])
        elif "=" in line:
            full = table + _split(line.partition("=")[0])
            inside = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
        else:
            continue
        found.append((number, full))
    return found


def _split(dotted: str) -> tuple[str, ...]:
    """Return the parts of a dotted key as TOML parses it; empty for an invalid key."""
    if _BARE.fullmatch(dotted := dotted.strip()):
        return tuple(dotted.split("."))
    try:
        parsed: Any = tomllib.loads(f"{dotted} = 0")
    except (ValueError, RecursionError):
        return ()
    parts = []
    while isinstance(parsed, dict) and len(parsed) == 1:
        ((part, parsed),) = parsed.items()
        parts.append(part)
    return tuple(parts)
