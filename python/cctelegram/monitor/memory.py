"""The memory of this process."""

from __future__ import annotations

import os
import sys

from cctelegram._native import keep_memory_small

__all__ = ["keep_memory_small", "resident", "resident_by_psutil"]


def resident() -> int:
    """Return the resident memory in bytes.

    Read from `/proc` where it exists: psutil itself costs a megabyte.
    """
    if sys.platform == "win32":
        return resident_by_psutil()
    try:
        with open("/proc/self/statm", "rb") as opened:  # noqa: PTH123 - pathlib is not loaded everywhere
            return int(opened.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return resident_by_psutil()


def resident_by_psutil() -> int:
    """Return the resident memory in bytes, on any system."""
    import psutil  # noqa: PLC0415 - see above

    return int(psutil.Process().memory_info().rss)


def descriptors() -> int | None:
    """Return the number of open file descriptors, or None where the system does not say."""
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - as said above; one is of this listing
    except OSError:
        return None
