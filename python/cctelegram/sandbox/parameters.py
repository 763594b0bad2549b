"""Checks a method's parameters against the table of the Bot API in `parameters.json`.

The table holds the part of Bot API 10.1 (June 11, 2026) that the sandbox needs: `A|B!` is a required A
or B, `Array of X` a list, `-` a parameter that exists but that the sandbox does not act on.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import orjson

from cctelegram.sandbox.refused import Refused, bad, stricter

_TABLE: dict[str, Any] = orjson.loads(files(__package__).joinpath("parameters.json").read_bytes())
METHODS: dict[str, dict[str, str]] = _TABLE["methods"]
TYPES: dict[str, dict[str, str] | list[str]] = _TABLE["types"]

QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"

# What Telegram answers when a required parameter is missing; any other gets `parameter "x" is required`.
_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "callback_query_id": QUERY_TOO_OLD,
    "document": "there is no document in the request",
    "photo": "there is no photo in the request",
    "file_id": "invalid file_id",
    "user_id": "invalid user_id specified",
    "action": "wrong parameter action in request",
    "message_thread_id": "invalid message thread identifier specified",
    "name": "topic name must be non-empty",
}
_TRUE = {"true", "yes", "1"}
_FALSE = {"false", "no", "0"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart request."""

    name: str
    content_type: str
    content: bytes


def checked(
    method: str, values: dict[str, Any], uploads: dict[str, Upload], *, typed: bool
) -> dict[str, Any]:
    """Return the parameters of `method` with the types of the table.

    `typed` is true for a JSON body, where a number is a number; values of forms and query strings are
    text and are parsed as Telegram does. Uploaded files appear under the name of their parameter.
    Raises `Refused`.
    """
    table = METHODS[method]
    found: dict[str, Any] = {}
    attached: set[str] = set()
    for name, value in values.items():
        if value is None:
            continue
        kinds = _kinds(method, table, name)
        if "InputFile" in kinds and isinstance(value, str) and value.startswith("attach://"):
            part = value.removeprefix("attach://")
            if part not in uploads:
                raise bad(f"can't find file {part} in the request")
            attached.add(part)
            found[name] = uploads[part]
        else:
            found[name] = _value(name, value, kinds, typed=typed)
    for name in uploads.keys() - attached:
        if "InputFile" not in _kinds(method, table, name):
            raise bad(f"can't parse {name}: a file is not expected there")
        found[name] = uploads[name]
    for name, spec in table.items():
        if spec.endswith("!") and name not in found:
            raise bad(_MISSING.get(name, f'parameter "{name}" is required'))
    return found


def _kinds(method: str, table: dict[str, str], name: str) -> list[str]:
    if name not in table:
        raise stricter(f'method {method} has no parameter "{name}"; Telegram would ignore it')
    if table[name] == "-":
        raise stricter(f'parameter "{name}" of {method} is not supported here; Telegram would act on it')
    return table[name].rstrip("!").split("|")


def _value(name: str, value: Any, kinds: list[str], *, typed: bool) -> Any:
    if isinstance(value, str) and "String" not in kinds:
        if kinds in (["Integer"], ["Boolean"]):
            if typed:
                raise stricter(f'"{name}" must be {kinds[0]}, not a string; Telegram would convert it')
            return _scalar(name, value, kinds[0])
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad(f"can't parse {name} JSON object") from None
    return _checked(name, value, kinds)


def _scalar(name: str, text: str, kind: str) -> int | bool:
    if kind == "Boolean":
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise stricter(f'"{name}" must be true or false; Telegram would read "{text}" as false')
    try:
        return int(text)
    except ValueError:
        raise stricter(f'"{name}" must be an Integer; Telegram would read "{text[:40]}" as 0') from None


def _checked(where: str, value: Any, kinds: list[str]) -> Any:
    """Return `value` if it has one of `kinds`; otherwise raise the refusal of the likeliest kind."""
    if len(kinds) == 1:
        return _one(where, value, kinds[0])
    refusal: Refused | None = None
    for kind in sorted(kinds, key=lambda kind: -_likeness(value, kind)):
        try:
            return _one(where, value, kind)
        except Refused as error:
            refusal = refusal or error
    assert refusal is not None  # noqa: S101 - kinds is never empty
    raise refusal


def _likeness(value: Any, kind: str) -> int:
    fields = TYPES.get(kind)
    if not isinstance(value, dict) or not isinstance(fields, dict):
        return 0
    return len(value.keys() & fields.keys())


def _one(where: str, value: Any, kind: str) -> Any:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            raise bad(f"can't parse {where}: expected an Array")
        return [_one(where, item, kind.removeprefix("Array of ")) for item in value]
    expected = {"Integer": int, "String": str, "Boolean": bool}.get(kind)
    if expected is not None:
        if not isinstance(value, expected) or (kind == "Integer" and isinstance(value, bool)):
            raise bad(f"can't parse {where}: must be of type {kind}")
        return value
    fields = TYPES.get(kind)
    if isinstance(fields, list):
        return _checked(where, value, fields)
    if fields is None:  # InputFile that was not uploaded
        raise bad(f"can't parse {where}: expected {kind}")
    return _object(where, value, kind, fields)


def _object(where: str, value: Any, kind: str, fields: dict[str, str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad(f"can't parse {where}: expected an Object")
    found = {}
    for name, item in value.items():
        if item is None:
            continue
        spec = fields.get(name)
        if spec is None:
            raise stricter(f'{kind} has no field "{name}"; Telegram would ignore it')
        if spec == "-":
            raise stricter(f'field "{name}" of {kind} is not supported here; Telegram would act on it')
        found[name] = _checked(f"{where}.{name}", item, spec.rstrip("!").split("|"))
    for name, spec in fields.items():
        if spec.endswith("!") and name not in found:
            raise bad(f"can't parse {where}: can't find field \"{name}\"")
    return found
