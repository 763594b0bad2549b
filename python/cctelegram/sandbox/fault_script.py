"""Parsers of faults: a compact text, a file of JSON lines, a TOML file.

An error names the file, the line and the field.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.sandbox.fault_kinds import KINDS
from cctelegram.sandbox.faults import FIELDS, BadFault, Fault, fault

if TYPE_CHECKING:
    from pathlib import Path

# Shorter names in the compact text.
SHORT: Final = {
    "chat": "chat_id",
    "code": "error_code",
    "delay": "delay_seconds",
    "to": "new_chat_id",
    "p": "probability",
}
# Fields of the compact text that are not numbers.
TEXTS: Final = {"kind", "method", "description", "drop"}
_HEADER = re.compile(r"\s*\[\[\s*fault\s*\]\]")
_AT_LINE = re.compile(r"\(at line (\d+),")


class Script(NamedTuple):
    """The content of a file: the faults in order, and the seed if it sets one."""

    faults: list[Fault]
    seed: int | None


class BadScript(ValueError):
    """An invalid script; the message names the position and the field."""


def compact(text: str) -> Fault:
    """Read `KIND[=VALUE][,FIELD=VALUE...]`, as `flood=30,chat=-7` or `slow=2,method=getMe,p=0.1`.

    Raises BadScript.
    """
    head, *rest = text.split(",")
    kind, _, value = head.strip().partition("=")
    if kind not in KINDS:
        raise BadScript(f"fault {text!r}: there is no kind {kind!r}; allowed: {', '.join(KINDS)}")
    fields: dict[str, Any] = {"kind": kind}
    if value:
        field = KINDS[kind].value
        if not field:
            raise BadScript(f"fault {text!r}: {kind} has no value")
        fields[field] = _number(text, field, value)
    for item in rest:
        name, equals, value = item.strip().partition("=")
        field = SHORT.get(name, name)
        if not equals:
            raise BadScript(f"fault {text!r}: {item.strip()!r} is not FIELD=VALUE")
        if field not in FIELDS or field in ("kind", "parameters"):
            raise BadScript(f"fault {text!r}: there is no field {name!r} here; allowed: {_names()}")
        if field in fields:
            raise BadScript(f"fault {text!r}: {name} is set twice")
        fields[field] = value if field in TEXTS else _number(text, field, value)
    try:
        return fault(fields)
    except BadFault as error:
        raise BadScript(f"fault {text!r}: {error}") from None


def _names() -> str:
    short = {field: name for name, field in SHORT.items()}
    return ", ".join(short.get(field, field) for field in FIELDS if field not in ("kind", "parameters"))


def _number(text: str, field: str, value: str) -> float:
    try:
        return int(value) if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else float(value)
    except ValueError:
        raise BadScript(f"fault {text!r}: {field}: {value!r} is not a number") from None


def from_file(path: Path) -> Script:
    """Read a file: TOML if its suffix is `.toml`, else JSON lines.

    Raises BadScript, or OSError when the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadScript(f"{path}: it is not UTF-8 (byte {error.start})") from None
    return _toml(str(path), text) if path.suffix == ".toml" else lines(str(path), text)


def lines(name: str, text: str) -> Script:
    """Read JSON lines, each a fault's fields or `{"seed": N}`; skip blank lines and those that begin with #.

    Raises BadScript.
    """
    faults: list[Fault] = []
    seed: int | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        position = f"{name}:{number}"
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise BadScript(f"{position}: not JSON: {error}") from None
        if not isinstance(fields, dict):
            raise BadScript(f"{position}: a line must be a JSON object with the fields of a fault")
        if "seed" in fields:
            seed = _seed(position, fields)
        else:
            faults.append(_fault(position, fields))
    return Script(faults, seed)


def _toml(name: str, text: str) -> Script:
    """Read `seed = N` and a table `[[fault]]` for each fault."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        raise BadScript(f"{name}:{at[1] if at else len(text.splitlines())}: not TOML: {error}") from None
    source = text.split("\n")
    headers = [number for number, line in enumerate(source, start=1) if _HEADER.match(line)]
    for key in read.keys() - {"seed", "fault"}:
        raise BadScript(f"{name}:{_line_of(source, 0, key)}: {key}: unknown key; allowed: seed, [[fault]]")
    tables = read.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadScript(f"{name}:{_line_of(source, 0, 'fault')}: fault: write [[fault]] above each")
    seed = _seed(f"{name}:{_line_of(source, 0, 'seed')}", read) if "seed" in read else None
    faults = []
    for index, table in enumerate(tables):
        begin = headers[index] if index < len(headers) else 0
        try:
            faults.append(fault(table))
        except BadFault as error:
            raise BadScript(f"{name}:{_line_of(source, begin, error.field) or begin}: {error}") from None
    return Script(faults, seed)


def _line_of(source: list[str], begin: int, key: str) -> int:
    """Return the number of the first line after line `begin` that sets `key`; `begin` if none does."""
    sets = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""")
    found = (number for number, line in enumerate(source[begin:], begin + 1) if key and sets.match(line))
    return next(found, begin)


def _fault(position: str, fields: dict[str, Any]) -> Fault:
    try:
        return fault(fields)
    except BadFault as error:
        raise BadScript(f"{position}: {error}") from None


def _seed(position: str, fields: dict[str, Any]) -> int:
    seed = fields["seed"]
    if type(seed) is not int:
        raise BadScript(f"{position}: seed: it is {seed!r}; it must be an integer")
    return seed
