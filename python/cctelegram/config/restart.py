"""Settings that take effect only at the next start: they keep their values, and differences are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cctelegram.config.load import Loaded, build
from cctelegram.config.table import TABLE

if TYPE_CHECKING:
    from cctelegram.config.settings import Settings


class Waiting(msgspec.Struct, frozen=True):
    """A setting with a new value that takes effect at the next start.

    Args:
        key: its dotted name.
        in_force: the value in force.
        written: the new value, from `origin`.
        origin: description of the source of `written`.
    """

    key: str
    in_force: Any
    written: Any
    origin: str


def hold(in_force: Loaded, read: Loaded) -> tuple[Loaded, tuple[Waiting, ...]]:
    """Return the settings that were read, but with the values in force where a change needs a restart.

    The second item holds the changes that wait for the restart.
    """
    held = [key.name for key in TABLE if not key.live]
    waiting = tuple(
        Waiting(name, now, then, read.origins[name])
        for name in held
        if (now := value_of(in_force.settings, name)) != (then := value_of(read.settings, name))
    )
    if not waiting:
        return read, ()
    values = {key.name: value_of(read.settings, key.name) for key in TABLE}
    values |= {each.key: each.in_force for each in waiting}
    origins = read.origins | {each.key: in_force.origins[each.key] for each in waiting}
    return Loaded(build(values, in_force.settings.home), origins, read.warnings), waiting


def value_of(settings: Settings, name: str) -> Any:
    """Return the value of a dotted key."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value
