"""Time zones by name, and the zone of this machine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cctelegram.config import environment

# The machine's zone on Unix. Windows has no such file: the current offset is used there.
LOCALTIME = Path("/etc/localtime")


def named(name: str) -> ZoneInfo:
    """Return the zone with this IANA name. Raises ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ZoneInfoNotFoundError) as error:
        # A name that is a directory of the database, or not a valid file name, raises OSError.
        raise ValueError(f"no time zone {name!r}") from error


def zone(name: str) -> dt.tzinfo:
    """Return the zone with this IANA name; for an empty name, the machine's zone.

    The machine's zone: `TZ` if it is an IANA name, else /etc/localtime, else the current offset.
    """
    if name:
        return named(name)
    try:
        return named((environment.get("TZ") or "").removeprefix(":"))
    except ValueError:
        pass
    try:
        with LOCALTIME.open("rb") as opened:
            return ZoneInfo.from_file(opened, key="localtime")
    except (OSError, ValueError):
        return dt.datetime.now().astimezone().tzinfo or dt.UTC
