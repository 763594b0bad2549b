"""A time zone for one test, whose clock shows a chosen time now."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME = "Test/Own"


def make(folder: Path, shows: str) -> str:
    """Write the zone whose clock shows "HH:MM:SS" now; return the folder for PYTHONTZPATH."""
    now = datetime.now(UTC)
    wanted = datetime.combine(now.date(), datetime.fromisoformat(f"2000-01-01T{shows}").time(), UTC)
    offset = (wanted - now) // timedelta(seconds=1)
    (folder / "Test").mkdir(parents=True, exist_ok=True)
    # TZif, RFC 9636, version 1: counts of six kinds, one type of local time, its name.
    header = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    (folder / NAME).write_bytes(header + struct.pack(">lbb", offset, 0, 0) + b"OWN\0")
    return str(folder)
