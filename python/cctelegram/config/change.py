"""Change one setting in the text of config.toml or .env; the rest of the text stays as written.

Comments, order, blank lines and notation stay. The new text is parsed again, and refused if it does not
yield exactly the intended settings.
"""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from cctelegram.config import dotenv
from cctelegram.config.errors import SettingsError
from cctelegram.config.load import unknown, wrong
from cctelegram.config.table import BY_NAME, Key

BY_HAND = "it cannot be changed there without rewriting the file; use `cctelegram config edit`"


def key_of(name: str) -> Key:
    """Return a key by its dotted name. Raises SettingsError, which names the nearest key."""
    key = BY_NAME.get(name)
    if key is None:
        raise SettingsError(unknown(name, BY_NAME), key=name)
    return key


def value_of(key: Key, text: str) -> Any:
    """Return the value of a text for a key, as TOML represents it: parsed as TOML, else as the environment.

    Raises SettingsError for a value that is not allowed.
    """
    try:
        parsed = tomllib.loads(f"value = {text}")
        if set(parsed) == {"value"}:
            key.kind.check(parsed["value"])
            return parsed["value"]
    except (ValueError, RecursionError):
        pass  # not TOML, or not of the key's kind: a word without quotes, for example
    try:
        value = key.kind.text(text)
        key.kind.check(value)
    except ValueError as error:
        raise wrong(key, text, None, None, error) from None
    return value


def put(text: str, path: tuple[str, ...], value: Any) -> str:
    """Return the text of a config.toml with the key at `path` set. Raises SettingsError."""
    wanted = tomllib.loads(text)
    _put(wanted, path, copy.deepcopy(value))

    def change(document: tomlkit.TOMLDocument) -> None:
        _put(document, path, value)

    return _changed(text, wanted, change)


def drop(text: str, path: tuple[str, ...]) -> str:
    """Return the text of a config.toml without the key at `path`. Raises KeyError if it is not set."""
    wanted = tomllib.loads(text)
    _drop(wanted, path)
    return _changed(text, wanted, lambda document: _drop(document, path))


def put_line(text: str, name: str, value: str) -> str:
    """Return the text of an .env with the variable `name` set; the last line that sets it is replaced."""
    lines = text.split("\n")
    found = _lines_of(lines, name)
    if found:
        lines[found[-1]] = f"{name}={value}"
        return "\n".join(lines)
    ending = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{ending}{name}={value}\n"


def drop_lines(text: str, name: str) -> str:
    """Return the text of an .env without the lines that set `name`. Raises KeyError if there are none."""
    lines = text.split("\n")
    found = _lines_of(lines, name)
    if not found:
        raise KeyError(name)
    return "\n".join(line for number, line in enumerate(lines) if number not in found)


def _lines_of(lines: list[str], name: str) -> list[int]:
    return [
        number
        for number, line in enumerate(lines)
        if not line.strip().startswith("#") and dotenv.name_of(line.strip().removeprefix("\ufeff")) == name
    ]


def _changed(text: str, wanted: dict[str, Any], change: Any) -> str:
    try:
        document = tomlkit.parse(text)
        change(document)
        written = tomlkit.dumps(document)
        same = _filled(tomllib.loads(written)) == _filled(wanted)
    except (TOMLKitError, ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
        raise SettingsError(BY_HAND, file="config.toml") from None
    if not same:
        raise SettingsError(BY_HAND, file="config.toml")
    return written


def _filled(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table without its empty tables: an empty `[lanes]` has no meaning."""
    below = {name: _filled(value) if isinstance(value, dict) else value for name, value in table.items()}
    return {name: value for name, value in below.items() if value != {}}


def _put(table: Any, path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        if part not in table:
            table[part] = {}
        table = table[part]
        if not isinstance(table, dict):
            raise SettingsError(f"{part} is not a table there", file="config.toml")
    table[path[-1]] = value


def _drop(table: Any, path: tuple[str, ...]) -> None:
    for part in path[:-1]:
        table = table[part]
        if not isinstance(table, dict):
            raise KeyError(part)
    del table[path[-1]]
