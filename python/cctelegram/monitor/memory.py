"""The memory of this process."""

from __future__ import annotations

import os


def resident() -> int:
    """Give the resident memory in bytes.

    From `/proc` where there is one: psutil costs megabytes itself, so it is loaded elsewhere alone.
    """
    try:
        with open("/proc/self/statm", "rb") as opened:  # noqa: PTH123 - pathlib is not loaded everywhere
            return int(opened.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return told_by_psutil()


def told_by_psutil() -> int:
    """Give the same on any system."""
    import psutil  # noqa: PLC0415 - as said above

    return int(psutil.Process().memory_info().rss)
