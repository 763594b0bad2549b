"""Format settings as text for `cctelegram config show`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from cctelegram.config.restart import value_of
from cctelegram.config.secret import MASK, Secret
from cctelegram.config.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.config.load import Loaded


def rows(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Return (key, value as TOML with secrets masked, origin) for the home and each key, in table order."""
    return [(key, text(value), origin) for key, value, origin in values(loaded)]


def values(loaded: Loaded) -> Iterator[tuple[str, Any, str]]:
    """Yield (key, value, origin) for the home and each key, in table order; a secret as its mask."""
    yield "home", loaded.settings.home, ""
    for key in TABLE:
        value = value_of(loaded.settings, key.name)
        yield key.name, MASK if isinstance(value, Secret) else value, loaded.origins[key.name]


def text(value: Any) -> str:
    """Return a setting's value as TOML; the mask unquoted, "" for None."""
    if value is None:
        return ""
    if value == MASK:
        return MASK
    if isinstance(value, msgspec.Struct):
        return text(msgspec.to_builtins(value))
    if isinstance(value, Mapping):
        pairs = (f"{_name(name)} = {text(each)}" for name, each in value.items() if each is not None)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(text(each) for each in value) + "]"
    if isinstance(value, str):
        # A JSON string is a TOML basic string, except for DEL, which TOML requires escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _name(name: str) -> str:
    """Return a key as TOML: bare if possible."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else text(name)
