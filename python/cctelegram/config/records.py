"""Settings that are tables: a list of records (`[[routes]]`), or records by name (`[rules.NAME]`).

A record is a frozen msgspec Struct that forbids unknown fields; its `__post_init__` checks what its types
cannot express, and raises ValueError with a sentence. A text (environment, `.env`, flag) is parsed as JSON.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from cctelegram.config.kinds import Kind, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def listed(record: type[msgspec.Struct], allowed: str) -> Kind:
    """Allow a list of `record`; the value is a tuple of them."""

    def check(value: object) -> tuple[Any, ...]:
        return _converted(value, tuple[record, ...])  # type: ignore[valid-type,no-any-return]

    return Kind("list of tables", allowed, check, _json)


def by_name(
    record: type[msgspec.Struct], allowed: str, further: Callable[[str, Any], None] = lambda *_: None
) -> Kind:
    """Allow tables by name; the value is a read-only mapping of name to `record`.

    Args:
        further: checks a record under its name; raises NotAllowed, `below` the record.
    """

    def check(value: object) -> Mapping[str, Any]:
        tables = _converted(value, dict[str, Any])
        return MappingProxyType({name: checked(name, each) for name, each in tables.items()})

    def checked(name: str, table: object) -> Any:
        try:
            found = _converted(table, record)
            further(name, found)
        except NotAllowed as error:
            raise NotAllowed(str(error), below=(name, *error.below), read=table) from None
        return found

    return Kind("tables by name", allowed, check, _json)


def _converted(value: object, wanted: Any) -> Any:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        # `$[0].to` means [0].to of the setting, `$.to` the key `to` of the record.
        raise NotAllowed(str(error).replace("`$.", "`").replace("`$", "`")) from None


def _json(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise NotAllowed(str(error)) from None
