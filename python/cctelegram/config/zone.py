"""Time zones by name, and the one of this machine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cctelegram.config import environment

# Where Unix keeps the machine's zone. Windows has nothing of the kind: there the present offset is used.
LOCALTIME = Path("/etc/localtime")


def named(name: str) -> ZoneInfo:
    """Return the zone with this IANA name; ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ZoneInfoNotFoundError) as error:
        # A name that is a directory of the database, or that is no file name, ends in OSError.
        raise ValueError(f"no time zone {name!r}") from error


def zone(name: str) -> dt.tzinfo:
    """Return the zone with this IANA name, the machine's own for the empty one.

    The machine's: `TZ` where it is an IANA name, else /etc/localtime, else the offset of this moment.
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
